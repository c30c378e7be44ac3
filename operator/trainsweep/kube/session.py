"""The HTTP session of a login: the watch and the writer open theirs here, so that both go the same way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aiohttp
from kubernetes.aio import client

from trainsweep.kube.login import Connection, trust_of
from trainsweep.kube.sockets import Sockets


def open_session(
    configuration: client.Configuration,
    sockets: Sockets,
    *,
    limit: int = 0,
    headers: dict[str, str] | None = None,
    traces: Sequence[aiohttp.TraceConfig] = (),
) -> aiohttp.ClientSession:
    """At most `limit` connections, 0 for any number. Raises `ConfigException` for certificates that are none."""
    trust = configuration.trust if isinstance(configuration, Connection) else trust_of(configuration)
    name = configuration.tls_server_name

    async def expect_name(request: aiohttp.ClientRequest, handler: Any) -> aiohttp.ClientResponse:
        request.server_hostname = name
        answer: aiohttp.ClientResponse = await handler(request)
        return answer

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=limit, ssl=trust, socket_factory=sockets.make),
        headers=headers,
        trace_configs=list(traces) or None,
        proxy=configuration.proxy,
        middlewares=(expect_name,) if name else (),
        # Else every request looks for a netrc file and for proxies, each in a thread: two thirds of its CPU time.
        # The kubeconfig alone says the way, and a login in a netrc file must not get in the way of ours.
        trust_env=False,
    )
