"""Every HTTP request of an account, pages and token fetches included, waits for its turn here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx


class PacedTransport(httpx.AsyncBaseTransport):
    """Calls `turn()` before each request goes to the inner transport."""

    def __init__(self, inner: httpx.AsyncBaseTransport, turn: Callable[[], Awaitable[None]]) -> None:
        self._inner = inner
        self._turn = turn

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._turn()
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def paced(turn: Callable[[], Awaitable[None]], max_connections: int) -> PacedTransport:
    """A transport of its own connection pool; certificates are verified as httpx does by default."""
    limits = httpx.Limits(max_connections=max_connections, max_keepalive_connections=max_connections)
    return PacedTransport(httpx.AsyncHTTPTransport(limits=limits), turn)
