"""The way of a request to a provider: straight, or through the proxy that HTTPS_PROXY and NO_PROXY name.

httpx follows these variables only where it makes the transport itself.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from urllib.request import getproxies, proxy_bypass

import httpx

from trainsweep.providers.http import Held


class RoutedTransport(httpx.AsyncBaseTransport):
    """`open_way(proxy)` makes the transport through a proxy's URL, or the straight one for None; each is made once."""

    def __init__(self, open_way: Callable[[str | None], httpx.AsyncBaseTransport]) -> None:
        self._open_way = open_way
        self._ways: dict[str | None, httpx.AsyncBaseTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        proxy = proxy_for(request.url)
        if proxy not in self._ways:
            self._ways[proxy] = self._open(proxy)
        return await self._ways[proxy].handle_async_request(request)

    async def aclose(self) -> None:
        for way in self._ways.values():
            await way.aclose()

    def _open(self, proxy: str | None) -> httpx.AsyncBaseTransport:
        try:
            return self._open_way(proxy)
        except (ValueError, ImportError, httpx.InvalidURL):
            # Neither the cause nor the text is quoted: a proxy's URL may hold a password.
            raise Held("HTTPS_PROXY or HTTP_PROXY is not an http:// or https:// URL.") from None


def proxy_for(url: httpx.URL) -> str | None:
    """The URL of the proxy for `url`, None for the straight way. This machine itself is never reached by a proxy."""
    proxy = getproxies().get(url.scheme)
    if not proxy or _is_this_machine(url.host) or proxy_bypass(url.netloc.decode()):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
