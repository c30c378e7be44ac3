"""The Kubernetes API as five verbs on paths. `kubernetes.aio` does the connection, TLS and the login."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import aiohttp
from kubernetes.aio import client, config

from trainsweep.kube import paths
from trainsweep.kube.fair_slots import FairSlots
from trainsweep.kube.session import open_session
from trainsweep.kube.sockets import Sockets

log = logging.getLogger(__name__)

FIELD_MANAGER = "trainsweep"
PAGE = 500
JSON = "application/json"
METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
#: Seconds for which a login that is refused is not loaded anew: that may start a program.
LOGIN_PAUSE = 10.0
#: Seconds before a request that was not taken on is made again.
PAUSE = 1.0

#: Told of every request: the method, what it is about ("trainingjobs/status"), and the status, 0 without an answer.
Observer = Callable[[str, str, int], None]


class KubeError(Exception):
    """An answer of the API server that is not success. `status` 0 means that there was none."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}" if status else message)
        self.status = status
        self.reason = reason


class KubeClient:
    """A thin client: JSON in, JSON out, errors as `KubeError`. At most `connections` requests are on their way, and
    namespaces take turns for them.

    A request whose login is refused (401) is made once more with what `log_in()` loads. One that is not taken on (429,
    as of a kind that was defined a moment ago) is made again `patience` times, a second apart.
    """

    def __init__(
        self,
        configuration: client.Configuration,
        *,
        log_in: Callable[[], Awaitable[client.Configuration]] | None = None,
        connections: int = 20,
        timeout: float = 30.0,
        patience: int = 0,
        observe: Observer = lambda *_: None,
    ) -> None:
        self._log_in = log_in
        self._connections = connections
        self._timeout = timeout
        self._patience = patience
        self._observe = observe
        self._slots = FairSlots(connections)
        self._sockets = Sockets()
        self._api = self._connect(configuration)
        self._retired: client.ApiClient | None = None
        self._renewal: asyncio.Task[None] | None = None
        self._renewed_at = float("-inf")
        #: The header `Date` of the newest answer, "" when it had none.
        self.server_date = ""

    async def get(
        self, path: str, query: Mapping[str, str] | None = None, *, metadata_only: bool = False
    ) -> dict[str, Any]:
        """One object or list; `metadata_only` leaves everything else out of the answer."""
        return await self._call("GET", path, query=query, accept=METADATA_ONLY if metadata_only else JSON)

    async def post(self, path: str, body: Mapping[str, Any], *, dry_run: bool = False) -> dict[str, Any]:
        return await self._call("POST", path, query=_writing(dry_run=dry_run), body=body)

    async def put(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return await self._call("PUT", path, query=_writing(), body=body)

    async def merge(self, path: str, body: Mapping[str, Any], *, dry_run: bool = False) -> dict[str, Any]:
        """JSON merge patch: None removes a field, a list is replaced whole. A dry run is judged and not stored."""
        query, kind = _writing(dry_run=dry_run), "application/merge-patch+json"
        return await self._call("PATCH", path, query=query, body=body, content_type=kind)

    async def delete(self, path: str) -> dict[str, Any]:
        return await self._call("DELETE", path)

    async def list(self, path: str, query: Mapping[str, str] | None = None) -> AsyncIterator[list[dict[str, Any]]]:
        """The items of a list, page by page; `query` holds selectors."""
        async for page in self.pages(path, query):
            yield page.get("items") or []

    async def pages(self, path: str, query: Mapping[str, str] | None = None) -> AsyncIterator[dict[str, Any]]:
        """A list as the API server hands it out, whose version is that of its first page."""
        selectors = dict(query or {})
        query = {"limit": str(PAGE), **selectors}
        while True:
            answer = await self.get(path, query)
            yield answer
            proceed = (answer.get("metadata") or {}).get("continue")
            if not proceed:
                return
            query = {"limit": str(PAGE), "continue": proceed, **selectors}

    async def aclose(self) -> None:
        if self._renewal:
            self._renewal.cancel()
        for api in filter(None, (self._api, self._retired)):
            await api.close()
        await self._sockets.cut()

    def _connect(self, configuration: client.Configuration) -> client.ApiClient:
        api = client.ApiClient(configuration)
        api.user_agent = f"{FIELD_MANAGER}/operator"
        api.rest_client.pool_manager = open_session(configuration, self._sockets, limit=self._connections)
        return api

    async def _renewed(self, refused: client.ApiClient) -> bool:
        """Whether there is another login than the one refused; it is loaded once for all whose requests were."""
        now = asyncio.get_running_loop().time()
        if self._api is refused and self._log_in and not self._renewal and now > self._renewed_at + LOGIN_PAUSE:
            self._renewed_at = now
            self._renewal = asyncio.create_task(self._renew(self._log_in))
        if self._renewal:
            await asyncio.shield(self._renewal)  # one request's patience is not that of the others
        return self._api is not refused

    async def _renew(self, log_in: Callable[[], Awaitable[client.Configuration]]) -> None:
        before = self._api
        try:
            configuration = await log_in()
            if before.configuration.api_key and not configuration.api_key:
                # Without a token nobody is asked to log in: the answers would be 403 from then on.
                raise config.ConfigException("it holds no token")
            if self._retired:
                await self._retired.close()
            self._api, self._retired = self._connect(configuration), before
            log.info("logged in to the API server again")
        except Exception as error:
            why = str(error) if isinstance(error, config.ConfigException) else type(error).__name__
            log.warning("the login of the API server was refused and cannot be loaded anew", extra={"error": why})
        finally:
            self._renewal = None

    async def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        content_type: str = JSON,
        accept: str = JSON,
    ) -> dict[str, Any]:
        headers = {"Accept": accept} | ({} if body is None else {"Content-Type": content_type})
        exchange = partial(self._exchange, method=method, path=path, query=query or {}, headers=headers, body=body)
        api = self._api
        status, raw = await exchange(api)
        if status == 401 and await self._renewed(api):
            status, raw = await exchange(self._api)
        for _ in range(self._patience):
            if status != 429:
                break
            await asyncio.sleep(PAUSE)
            status, raw = await exchange(self._api)
        return _decode(status, raw)

    async def _exchange(
        self,
        api: client.ApiClient,
        *,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Mapping[str, Any] | None,
    ) -> tuple[int, bytes]:
        """Status and body of the answer."""
        try:
            prepared = await api.param_serialize(
                method,
                path,
                query_params=list(query.items()),
                header_params=dict(headers),
                body=body,
                auth_settings=["BearerToken"],
            )
        except (config.ConfigException, OSError) as error:
            raise KubeError(0, "NoLogin", f"The login for the API server cannot be read: {error}") from error
        try:
            async with self._slots.hold(paths.namespace_of(path)):
                response = await api.call_api(*prepared, _request_timeout=self._timeout)
                raw = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._observe(method, paths.subject(path), 0)
            raise KubeError(0, "Unreachable", f"The API server gave no answer: {error!r}") from error
        self.server_date = response.headers.get("Date", "")
        self._observe(method, paths.subject(path), response.status)
        return response.status, raw


def _writing(*, dry_run: bool = False) -> dict[str, str]:
    return {"fieldManager": FIELD_MANAGER} | ({"dryRun": "All"} if dry_run else {})


def _decode(status: int, raw: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(raw) if raw else {}
    except ValueError:
        answer = {"message": raw[:200].decode(errors="replace")}
    if 200 <= status < 300 and isinstance(answer, dict):
        return answer
    detail = answer if isinstance(answer, dict) else {}
    raise KubeError(status, detail.get("reason") or "Error", detail.get("message") or "no message")
