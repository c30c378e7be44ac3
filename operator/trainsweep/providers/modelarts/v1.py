"""The V1 API: jobs that hold versions, and saved configs.

Source: the vendor's historical API reference, training management (old version).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from trainsweep.core.errors import Malformed
from trainsweep.core.external import Receipt, Remote
from trainsweep.providers.modelarts import v1_answers
from trainsweep.providers.modelarts.client import Client
from trainsweep.providers.modelarts.fields import name_of, number, text
from trainsweep.providers.modelarts.paging import Page, every_page

#: The longest page that the API gives.
PAGE = 1000

_JOBS, _CONFIGS = "training-jobs", "training-job-configs"
_OLDEST_FIRST = {"sortBy": "create_time", "order": "asc"}


class V1:
    """Calls of the V1 API. Reads accept an answer by its content; a write only by its `is_success: true`."""

    def __init__(self, client: Client, workspace_id: str) -> None:
        self._client = client
        self._scope = {"workspace_id": workspace_id} if workspace_id else {}

    async def jobs(self) -> tuple[Remote, ...]:
        """All jobs of the workspace, oldest first."""
        query = {**_OLDEST_FIRST, **self._scope}
        return await self._list((_JOBS,), query, "jobs", "job_total_count", v1_answers.job_row)

    async def configs(self) -> tuple[Remote, ...]:
        """All saved configs of the user's own, oldest first."""
        query = {**_OLDEST_FIRST, "config_type": "custom"}
        return await self._list((_CONFIGS,), query, "configs", "config_total_count", v1_answers.config)

    async def job(self, job_id: str) -> Remote:
        """One job, told by its versions, oldest first: the API has no call for a job itself, and no order for these."""
        names: list[str] = []

        async def fetch(page: int) -> Page:
            body = await self._page((_JOBS, job_id, "versions"), {}, page)
            _same("job", job_id, body.get("job_id"))
            names.append(name_of(body.get("job_name")))
            count = number(body.get("version_count"))
            rows = _rows(body, "versions", count, page)
            # Whether the count goes down with a delete is not documented, so it must not make the list unusable.
            return Page(tuple(v1_answers.version(row, job_id) for row in rows), count, binding=False)

        versions = sorted(await every_page(fetch, PAGE), key=v1_answers.version_number)
        return v1_answers.job(job_id, names[-1], tuple(versions))

    async def version(self, job_id: str, version_id: str) -> Remote:
        body = (await self._client.call("GET", "v1", *_version(job_id, version_id))).body
        _same("job", job_id, body.get("job_id"))
        version = v1_answers.version(body, job_id)
        _same("version", f"{job_id}/{version_id}", version.id)
        return version

    async def config(self, name: str) -> Remote:
        query = {"config_type": "custom"}
        config = v1_answers.config((await self._client.call("GET", "v1", _CONFIGS, name, query=query)).body)
        _same("config", name, config.id)
        return config

    async def stop_version(self, job_id: str, version_id: str) -> Receipt:
        return await self._write("POST", *_version(job_id, version_id), "stop")

    async def delete_version(self, job_id: str, version_id: str) -> Receipt:
        return await self._write("DELETE", *_version(job_id, version_id))

    async def delete_job(self, job_id: str) -> Receipt:
        return await self._write("DELETE", _JOBS, job_id)

    async def delete_config(self, name: str) -> Receipt:
        return await self._write("DELETE", _CONFIGS, name)

    async def probe(self) -> None:
        query = {"per_page": "1", "page": "1", **_OLDEST_FIRST, **self._scope}
        await self._client.call("GET", "v1", _JOBS, query=query)

    async def _write(self, method: str, *path: str) -> Receipt:
        answer = await self._client.call(method, "v1", *path, write=True)
        if answer.body.get("is_success") is not True:
            raise Malformed(
                f"ModelArts answered {method} {'/'.join(path)} without is_success, so it is not known to be accepted; "
                "the next read will tell.",
                request_id=answer.request_id,
            )
        return Receipt(answer.request_id)

    async def _list(
        self,
        path: tuple[str, ...],
        query: Mapping[str, str],
        key: str,
        total_key: str,
        row: Callable[[Mapping[str, Any]], Remote],
    ) -> tuple[Remote, ...]:
        async def fetch(page: int) -> Page:
            body = await self._page(path, query, page)
            total = number(body.get(total_key))
            return Page(tuple(row(entry) for entry in _rows(body, key, total, page)), total)

        return await every_page(fetch, PAGE)

    async def _page(self, path: tuple[str, ...], query: Mapping[str, str], page: int) -> dict[str, Any]:
        numbered = {"per_page": str(PAGE), "page": str(page + 1), **query}
        return (await self._client.call("GET", "v1", *path, query=numbered)).body


def _version(job_id: str, version_id: str) -> tuple[str, ...]:
    return (_JOBS, job_id, "versions", version_id)


def _same(what: str, asked: str, answered: Any) -> None:
    """An answer may leave the id out, but must not be about another thing."""
    if text(answered) not in ("", asked):
        raise Malformed(f"ModelArts was asked for {what} {asked} and answered for another one.")


def _rows(body: Mapping[str, Any], key: str, total: int | None, page: int) -> list[Mapping[str, Any]]:
    """The rows of a page. No array is an empty page only after the first one, or when the total is 0."""
    rows = body.get(key)
    if rows is None and (total == 0 or (page > 0 and key in body)):
        return []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Malformed(f"ModelArts answered a list without a usable array {key!r}, so the list proves nothing.")
    return rows
