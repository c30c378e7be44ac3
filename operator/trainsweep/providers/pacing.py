"""Every HTTP request of an account, pages and token fetches included, waits for its turn here, and then is signed.

A request may wait for minutes, and a signature is good for few. So the wait comes first: `InTurn` is the client's auth,
waits, and only then has the request signed. The transport below asks once more right before the first byte.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import datetime
from typing import Any, Protocol

import httpx

from trainsweep.providers.connections import connections
from trainsweep.providers.endpoints import Endpoints
from trainsweep.providers.http import Held
from trainsweep.providers.proxy import RoutedTransport
from trainsweep.providers.server_clock import ServerClock, utc_now

#: The extension of a request that has waited for its turn.
_TURN = "trainsweep.turn"


class Pace(Protocol):
    """Says when a request may go out, and at the last moment whether it still may."""

    async def turn(self) -> None: ...

    def check(self) -> None:
        """Raises when the request must not go out any more."""
        ...


class PacedTransport(httpx.AsyncBaseTransport):
    """Asks the pace right before the first byte of a request is sent, as connecting may have taken seconds.

    A request that `InTurn` did not see waits here. Once closed, it sends nothing more. `clock` hears every answer.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, pace: Pace, now: Callable[[], datetime] = utc_now) -> None:
        self._inner = inner
        self._closed = False
        self.pace = pace
        self.clock = ServerClock(now)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not request.extensions.pop(_TURN, False):
            await self.pace.turn()
        self._refuse_if_closed()
        follow = request.extensions.get("trace")

        async def trace(event: str, info: dict[str, Any]) -> None:
            if event.endswith(".send_request_headers.started"):
                self.pace.check()
                self._refuse_if_closed()
            if follow:
                await follow(event, info)

        request.extensions = {**request.extensions, "trace": trace}
        response = await self._inner.handle_async_request(request)
        self.clock.hear(response.headers.get("date", ""))
        return response

    async def aclose(self) -> None:
        self._closed = True
        await self._inner.aclose()

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise Held("the credentials just changed; it will be tried again.")


class InTurn(httpx.Auth):
    """Waits for the turn of a request and then has it signed by `inner`, which yields it once.

    `transport` is that of the client. Without a pace, in tests, there is nothing to wait for.
    """

    def __init__(self, inner: httpx.Auth | None, transport: httpx.AsyncBaseTransport | None) -> None:
        self._inner = inner
        self._pace = transport.pace if isinstance(transport, PacedTransport) else None

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        if self._pace:
            await self._pace.turn()
            request.extensions = {**request.extensions, _TURN: True}
        if self._inner is None:
            yield request
            return
        async with aclosing(self._inner.async_auth_flow(request)) as signing:
            yield await anext(signing)


def paced(
    pace: Pace, max_connections: int, endpoints: Endpoints, now: Callable[[], datetime] = utc_now
) -> PacedTransport:
    """A transport of its own connections, through the environment's proxy where there is one.

    It connects to no address inside of the machine or the cluster that `endpoints` do not allow. `now` is the clock
    that the provider's is compared with.
    """
    return PacedTransport(RoutedTransport(lambda proxy: connections(proxy, max_connections, endpoints)), pace, now)
