"""The true API server, for those who know it: the user of a scenario, the oracle, and the proxy."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from trainsweep.api.kinds import KINDS
from trainsweep.api.names import API_VERSION
from trainsweep_devtools.devcluster import ControlPlane

from ..operator_rights import OPERATOR

_CORE = {"Secret": "secrets", "Namespace": "namespaces", "Event": "events"}
_MERGE = "application/merge-patch+json"


@dataclass(frozen=True)
class Upstream:
    """One session for everything, so that connections and the TLS handshakes behind them are shared. Whoever knows the
    true server is an administrator; what the proxy passes on is the operator's.
    """

    server: str
    token: str
    operator_token: str
    session: aiohttp.ClientSession

    @classmethod
    @asynccontextmanager
    async def open(cls, plane: ControlPlane) -> AsyncIterator[Upstream]:
        login, operator = (json.loads(plane.kubeconfig_for(name).read_text()) for name in ("admin", OPERATOR))
        cluster = login["clusters"][0]["cluster"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        trust = ssl.create_default_context(cadata=authority)
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=trust, limit=0),
            headers={"Accept-Encoding": "identity"},  # the proxy looks into what it passes on
            read_bufsize=2**20,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=30),
        ) as session:
            tokens = (one["users"][0]["user"]["token"] for one in (login, operator))
            yield cls(cluster["server"], *tokens, session)

    def pass_on(self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str]) -> Any:
        """An aiohttp request of the operator; `path` holds the query."""
        return self._request(method, path, body, headers, self.operator_token)

    async def call(self, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        """Status and answer, as an administrator; a body is sent as JSON, to PATCH as a merge patch."""
        kind = _MERGE if method == "PATCH" else "application/json"
        payload = None if body is None else json.dumps(body).encode()
        async with self._request(method, path, payload, {"Content-Type": kind}, self.token) as answer:
            found: dict[str, Any] = json.loads(await answer.read())
            return answer.status, found

    def _request(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], token: str) -> Any:
        mine = {**headers, "Authorization": f"Bearer {token}"}
        return self.session.request(method, f"{self.server}{path}", data=body, headers=mine)


class User:
    """Somebody with kubectl, in one namespace."""

    def __init__(self, upstream: Upstream, namespace: str) -> None:
        self._upstream = upstream
        self.namespace = namespace

    async def create(self, kind: str, name: str, **fields: Any) -> str:
        """The uid, "" when the name is still taken."""
        manifest = {
            "apiVersion": "v1" if kind in _CORE else API_VERSION,
            "kind": kind,
            "metadata": {"name": name, **fields.pop("metadata", {})},
            **fields,
        }
        status, answer = await self._upstream.call("POST", self._path(kind), manifest)
        assert status in (201, 409), answer
        return str(answer["metadata"]["uid"]) if status == 201 else ""

    async def patch(self, kind: str, name: str, patch: Mapping[str, Any]) -> None:
        status, answer = await self._upstream.call("PATCH", self._path(kind, name), patch)
        assert status in (200, 404), answer

    async def delete(self, kind: str, name: str) -> bool:
        """Whether somebody's finalizer keeps the object for now."""
        status, answer = await self._upstream.call("DELETE", self._path(kind, name))
        assert status in (200, 404), answer
        return "deletionTimestamp" in answer["metadata"]

    async def list(self, kind: str) -> list[dict[str, Any]]:
        status, answer = await self._upstream.call("GET", self._path(kind))
        assert status == 200, answer
        items: list[dict[str, Any]] = answer["items"]
        return items

    def _path(self, kind: str, name: str = "") -> str:
        base = "/api/v1" if kind in _CORE else f"/apis/{API_VERSION}"
        scope = "" if kind == "Namespace" else f"/namespaces/{self.namespace}"
        return f"{base}{scope}/{_CORE.get(kind) or KINDS[kind].plural}{'/' if name else ''}{name}"
