"""The way of a request to a provider: straight, or through the proxy that HTTPS_PROXY and NO_PROXY name.

httpx follows these variables only where it makes the transport itself.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from urllib.request import getproxies

import httpx

from trainsweep.providers.addresses import Address, is_loopback, parse_address
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
    proxies = getproxies()
    proxy = proxies.get(url.scheme)
    if (
        not proxy
        or is_loopback(url.host)
        or is_excepted(url.host, url.port or _PORTS.get(url.scheme), proxies.get("no"))
    ):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def is_excepted(host: str, port: int | None, exceptions: str | None) -> bool:
    """Whether NO_PROXY names a host, as curl and Go read it.

    It is a list with commas (or spaces): `*` is every host, a domain is it and what is under it (`a.example`,
    `.a.example` and `*.a.example` alike), an address is itself, a network (`10.0.0.0/8`) what is in it. With `:port` an
    entry is for that port alone. Names are never resolved.
    """
    entries = (exceptions or "").replace(",", " ").split()
    return any(_names(entry.lower(), host.lower().rstrip("."), port) for entry in entries)


#: The ports that a URL leaves out.
_PORTS = {"http": 80, "https": 443}


def _names(entry: str, host: str, port: int | None) -> bool:
    if entry == "*":
        return True
    of, colon, of_port = entry.rpartition(":")
    if colon and of_port.isdecimal() and (":" not in of or of.endswith("]")):
        if of_port != str(port):
            return False
        entry = of
    if address := parse_address(host):
        return _holds(entry, address)
    domain = entry.removeprefix("*").strip(".")
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _holds(entry: str, address: Address) -> bool:
    try:
        return address in ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return False
