"""The Kubernetes API as five verbs on paths. `kubernetes.aio` does the connection, TLS and the login."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from kubernetes.aio import client, config

from trainsweep.kube import paths

FIELD_MANAGER = "trainsweep"
PAGE = 500
JSON = "application/json"
METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"


#: Told of every request: the method, what it is about ("trainingjobs/status"), and the status, 0 without an answer.
Observer = Callable[[str, str, int], None]


class KubeError(Exception):
    """An answer of the API server that is not success. `status` 0 means that there was none."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}" if status else message)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Login:
    """Where the login comes from: an explicit kubeconfig and context, else the usual rules, else the pod's account."""

    kubeconfig: str | None = None
    context: str | None = None

    async def configuration(self) -> client.Configuration:
        """Load it afresh: tokens rotate. Raises ConfigException, which says where a login was looked for."""
        loaded = client.Configuration()
        loaded.retries = 1
        try:
            await config.load_kube_config(
                config_file=self.kubeconfig, context=self.context, client_configuration=loaded
            )
        except config.ConfigException as no_file:
            if self.kubeconfig or self.context:
                raise config.ConfigException(f"{self.kubeconfig or 'The kubeconfig'}: {no_file}") from None
            try:
                config.load_incluster_config(client_configuration=loaded)
            except config.ConfigException as no_pod:
                reasons = f"neither a kubeconfig ({no_file}) nor a pod's service account ({no_pod})"
                raise config.ConfigException(f"There is {reasons}.") from None
        return loaded

    async def connection(self) -> dict[str, Any]:
        """The same login as plain values: server, CA, token or client certificate."""
        loaded = await self.configuration()
        scheme, _, token = str(loaded.api_key.get("BearerToken") or "").partition(" ")
        return {
            "server": loaded.host,
            "ca_path": loaded.ssl_ca_cert,
            "insecure": not loaded.verify_ssl,
            "scheme": scheme or None,
            "token": token or None,
            "certificate_path": loaded.cert_file,
            "private_key_path": loaded.key_file,
        }


class KubeClient:
    """A thin client: JSON in, JSON out, errors as `KubeError`. At most `connections` requests are on their way."""

    def __init__(
        self,
        configuration: client.Configuration,
        *,
        connections: int = 20,
        timeout: float = 30.0,
        observe: Observer = lambda *_: None,
    ) -> None:
        configuration.connection_pool_maxsize = connections
        # By default every request looks for a netrc file and for proxies, each in a thread: two thirds of its CPU time.
        # The watch goes by the kubeconfig alone, too, and a login in a netrc file must not get in the way of ours.
        configuration.client_session_kwargs = {"trust_env": False}
        self._api = client.ApiClient(configuration)
        self._api.user_agent = f"{FIELD_MANAGER}/operator"
        self._timeout = timeout
        self._observe = observe
        self._slots = asyncio.Semaphore(connections)

    async def get(
        self, path: str, query: Mapping[str, str] | None = None, *, metadata_only: bool = False
    ) -> dict[str, Any]:
        """One object or list; `metadata_only` leaves everything else out of the answer."""
        return await self._call("GET", path, query=query, accept=METADATA_ONLY if metadata_only else JSON)

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return await self._call("POST", path, query={"fieldManager": FIELD_MANAGER}, body=body)

    async def put(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return await self._call("PUT", path, query={"fieldManager": FIELD_MANAGER}, body=body)

    async def merge(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """JSON merge patch: None removes a field, a list is replaced whole."""
        query = {"fieldManager": FIELD_MANAGER}
        return await self._call("PATCH", path, query=query, body=body, content_type="application/merge-patch+json")

    async def delete(self, path: str) -> dict[str, Any]:
        return await self._call("DELETE", path)

    async def list(self, path: str) -> AsyncIterator[list[dict[str, Any]]]:
        """The items of a list, page by page."""
        async for page in self.pages(path):
            yield page.get("items") or []

    async def pages(self, path: str) -> AsyncIterator[dict[str, Any]]:
        """A list as the API server hands it out, whose version is that of its first page."""
        query = {"limit": str(PAGE)}
        while True:
            answer = await self.get(path, query)
            yield answer
            proceed = (answer.get("metadata") or {}).get("continue")
            if not proceed:
                return
            query = {"limit": str(PAGE), "continue": proceed}

    async def aclose(self) -> None:
        await self._api.close()

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
        headers = {"Accept": accept}
        if body is not None:
            headers["Content-Type"] = content_type
        prepared = await self._api.param_serialize(
            method,
            path,
            query_params=list((query or {}).items()),
            header_params=headers,
            body=body,
            auth_settings=["BearerToken"],
        )
        try:
            async with self._slots:
                response = await self._api.call_api(*prepared, _request_timeout=self._timeout)
                raw = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._observe(method, paths.subject(path), 0)
            raise KubeError(0, "Unreachable", f"The API server gave no answer: {error!r}") from error
        self._observe(method, paths.subject(path), response.status)
        return _decode(response.status, raw)


def _decode(status: int, raw: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(raw) if raw else {}
    except ValueError:
        answer = {"message": raw[:200].decode(errors="replace")}
    if 200 <= status < 300 and isinstance(answer, dict):
        return answer
    detail = answer if isinstance(answer, dict) else {}
    raise KubeError(status, detail.get("reason") or "Error", detail.get("message") or "no message")
