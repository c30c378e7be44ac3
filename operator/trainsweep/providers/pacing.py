"""Every HTTP request of an account, pages and token fetches included, waits for its turn here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from typing import Any, Protocol

import httpx

from trainsweep.providers.bounded import EXCHANGE, whole
from trainsweep.providers.route import RoutedTransport
from trainsweep.providers.server_clock import ServerClock

#: Marks a request that has had its turn before it was signed.
_TURN = "trainsweep.turn"


class Pace(Protocol):
    """Says when a request may go out, and at the last moment whether it still may."""

    async def turn(self) -> None: ...

    def check(self) -> None:
        """Raises when the request must not go out any more."""
        ...


class PacedTransport(httpx.AsyncBaseTransport):
    """Waits for the request's turn, and checks again when a connection stands, right before the first byte is sent:
    connecting may have taken seconds. The answer is read whole, within bounds and one deadline.

    `clock` is the provider's, by its answers.
    """

    def __init__(
        self, inner: httpx.AsyncBaseTransport, pace: Pace, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._inner = inner
        self.pace = pace
        self.clock = ServerClock()
        self._now = now

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not request.extensions.get(_TURN):
            await self.pace.turn()
        request.extensions = {**request.extensions, "trace": self._trace}
        try:
            async with asyncio.timeout(EXCHANGE):
                response = await self._inner.handle_async_request(request)
                try:
                    answer = await whole(response)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise httpx.ReadTimeout(f"no whole answer within {EXCHANGE:.0f} s", request=request) from None
        if date := answer.headers.get("date"):
            self.clock.observe(date, self._now())
        return answer

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _trace(self, event: str, _info: dict[str, Any]) -> None:
        """Follows a request through httpcore (https://www.encode.io/httpcore/extensions/#trace)."""
        if event.endswith(".send_request_headers.started"):
            self.pace.check()


class PacedAuth(httpx.Auth):
    """Signs a request when its turn has come, not before: a signature holds for minutes, a turn may take longer."""

    def __init__(self, inner: httpx.Auth, pace: Pace) -> None:
        self._inner = inner
        self._pace = pace

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        await self._pace.turn()
        flow = self._inner.async_auth_flow(request)
        try:
            signed = await anext(flow)
            while True:
                signed.extensions = {**signed.extensions, _TURN: True}
                response = yield signed
                try:
                    signed = await flow.asend(response)
                except StopAsyncIteration:
                    return
                await self._pace.turn()
        finally:
            await flow.aclose()


def signing(auth: httpx.Auth, transport: httpx.AsyncBaseTransport | None) -> httpx.Auth:
    """The scheme, which waits for its turn where the transport has a pace."""
    return PacedAuth(auth, transport.pace) if isinstance(transport, PacedTransport) else auth


def paced(pace: Pace, max_connections: int) -> PacedTransport:
    """A transport of its own connection pool, through the environment's proxy where there is one; certificates are
    verified as httpx does by default.
    """
    limits = httpx.Limits(max_connections=max_connections, max_keepalive_connections=max_connections)
    return PacedTransport(RoutedTransport(lambda proxy: httpx.AsyncHTTPTransport(limits=limits, proxy=proxy)), pace)
