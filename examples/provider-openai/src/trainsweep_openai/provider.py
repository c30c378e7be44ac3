"""The client: one HTTP exchange for each read and each stop, and lists that are complete or an error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx

from trainsweep.core.errors import ConfigurationError, Malformed
from trainsweep.core.external import Receipt, Remote, Target, Thing
from trainsweep.providers.error_overrides import ErrorOverride
from trainsweep.providers.http import HEADERS, TIMEOUT, json_object, send
from trainsweep.providers.pacing import InTurn
from trainsweep_openai.answers import error_of, parse_job, request_id_of

PAGE = 100
JOBS = "jobs"


class OpenAIProvider:
    """Fine-tuning jobs of one account; each is a FineTuningTask of its own. See `trainsweep.providers.base`."""

    place = ""

    def __init__(
        self,
        endpoint: str,
        key: str,
        *,
        overrides: Sequence[ErrorOverride] = (),
        transport: httpx.AsyncBaseTransport | None = None,
        now: Callable[[], datetime],
    ) -> None:
        self._url = endpoint.rstrip("/") + "/v1/fine_tuning/jobs"
        self._overrides, self._now, self._secrets = tuple(overrides), now, (key,)
        headers = {**HEADERS, "authorization": f"Bearer {key}"}
        self._http = httpx.AsyncClient(
            auth=InTurn(None, transport), headers=headers, timeout=TIMEOUT, transport=transport
        )

    async def locate(self) -> str:
        return ""

    async def read(self, target: Target) -> Remote:
        body, _ = await self._call("GET", f"/{_id(target)}")
        return _about(target, parse_job(body))

    async def list(self, collection: str) -> tuple[Remote, ...]:
        """All jobs. Each page begins after the last job of the one before; a job is never removed."""
        if collection != JOBS:
            raise _unfit(f"OpenAI has no collection {collection!r}.")
        found: dict[str, Remote] = {}
        after = ""
        while True:
            body, _ = await self._call("GET", params={"limit": PAGE} | ({"after": after} if after else {}))
            data, more = body.get("data"), body.get("has_more")
            if not isinstance(data, list) or not isinstance(more, bool):
                raise Malformed("OpenAI answered a list without data and has_more: it proves nothing.", status=200)
            page = [parse_job(item) for item in data]
            if more and (not page or page[-1].id in found):
                raise Malformed("OpenAI answered with a page that leads nowhere.", status=200)
            found |= {job.id: job for job in page}
            if not more:
                return tuple(sorted(found.values(), key=lambda job: (job.created_at is None, job.created_at, job.id)))
            after = page[-1].id

    def collection(self, target: Target) -> str:
        _id(target)
        return JOBS

    def collections_of_names(self, thing: Thing, parent: str = "") -> tuple[str, ...]:
        if thing is Thing.TUNING_TASK:
            return (JOBS,)
        raise _unfit(f"OpenAI has no {thing}.")

    async def stop(self, target: Target) -> Receipt:
        body, request_id = await self._call("POST", f"/{_id(target)}/cancel", write=True)
        _about(target, parse_job(body))
        return Receipt(request_id)

    async def delete(self, target: Target) -> Receipt:
        raise _unfit(f"OpenAI cannot delete {target.thing} {target.id}: its API has no way to.")

    async def probe(self) -> None:
        await self._call("GET", params={"limit": 1})

    def part(self, target: Target, part: Remote) -> Target:
        raise _unfit(f"{target.thing} {target.id} of OpenAI has no parts.")

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _call(
        self, method: str, path: str = "", *, params: dict[str, Any] | None = None, write: bool = False
    ) -> tuple[dict[str, Any], str]:
        """The object of a success and the id of the call. Raises ProviderError."""
        request = self._http.build_request(method, self._url + path, params=params)
        response = await send(self._http, request, write=write)
        if response.is_success:
            return json_object(response), request_id_of(response, self._secrets)
        raise error_of(response, self._overrides, self._secrets, write=write, now=self._now())


def _id(target: Target) -> str:
    if target.thing is not Thing.TUNING_TASK:
        raise _unfit(f"OpenAI has no {target.thing}; its fine-tuning jobs are FineTuningTasks.")
    return quote(target.id, safe="")


def _about(target: Target, job: Remote) -> Remote:
    if job.id != target.id:
        raise Malformed(f"OpenAI was asked about {target.id} and answered about {job.id}.", status=200)
    return job


def _unfit(message: str) -> ConfigurationError:
    return ConfigurationError("InvalidSpec", message)
