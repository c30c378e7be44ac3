"""Every HTTP request of an account, pages and token fetches included, waits for its turn here."""

from __future__ import annotations

from typing import Any, Protocol

import httpx

from trainsweep.providers.proxy import RoutedTransport


class Pace(Protocol):
    """Says when a request may go out, and at the last moment whether it still may."""

    async def turn(self) -> None: ...

    def check(self) -> None:
        """Raises when the request must not go out any more."""
        ...


class PacedTransport(httpx.AsyncBaseTransport):
    """Waits for the request's turn, and checks again when a connection stands, right before the first byte is sent:
    connecting may have taken seconds.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, pace: Pace) -> None:
        self._inner = inner
        self.pace = pace

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self.pace.turn()
        request.extensions = {**request.extensions, "trace": self._trace}
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _trace(self, event: str, _info: dict[str, Any]) -> None:
        """Follows a request through httpcore (https://www.encode.io/httpcore/extensions/#trace)."""
        if event.endswith(".send_request_headers.started"):
            self.pace.check()


def paced(pace: Pace, max_connections: int) -> PacedTransport:
    """A transport of its own connection pool, through the environment's proxy where there is one; certificates are
    verified as httpx does by default.
    """
    limits = httpx.Limits(max_connections=max_connections, max_keepalive_connections=max_connections)
    return PacedTransport(RoutedTransport(lambda proxy: httpx.AsyncHTTPTransport(limits=limits, proxy=proxy)), pace)
