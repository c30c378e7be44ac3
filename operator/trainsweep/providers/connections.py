"""The connections of one account: resolved, checked and opened here, over one TLS context for all accounts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

import httpcore
import httpx

from trainsweep.providers.addresses import Address
from trainsweep.providers.endpoints import Endpoints
from trainsweep.providers.http import Held
from trainsweep.providers.resolver import HostNotFound, Resolver
from trainsweep.providers.trust_store import TRUST_STORES

#: Seconds that a connection without work is kept.
KEPT = 5.0

#: The one of this process: a name under way is shared by all accounts.
RESOLVER = Resolver()


class UnknownHost(Held):
    """There is no such host, by the name server's own answer."""


def connections(proxy: str | None, most: int, endpoints: Endpoints) -> httpx.AsyncBaseTransport:
    """Through a proxy, which resolves the names itself, or straight.

    Raises `Held` without usable certificates, and what httpx raises for a proxy's URL that is none.
    """
    limits = httpx.Limits(max_connections=most, max_keepalive_connections=most, keepalive_expiry=KEPT)
    if proxy:
        return httpx.AsyncHTTPTransport(verify=TRUST_STORES.context(), limits=limits, proxy=proxy)
    return DirectTransport(most, Backend(RESOLVER, endpoints.admits_address))


class DirectTransport(httpx.AsyncBaseTransport):
    """httpcore's pool behind httpx's seam, with a backend of ours, which httpx does not let one choose."""

    def __init__(self, most: int, backend: httpcore.AsyncNetworkBackend) -> None:
        self._most = most
        self._backend = backend
        self._pools: dict[str, httpcore.AsyncConnectionPool] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        core = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _translated():
            answer = await self._pool(url.scheme).handle_async_request(core)
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Stream(answer), extensions=answer.extensions
        )

    async def aclose(self) -> None:
        for pool in self._pools.values():
            await pool.aclose()

    def _pool(self, scheme: str) -> httpcore.AsyncConnectionPool:
        """Made at first use: an account that is never called costs nothing, one without TLS needs no certificates."""
        if scheme not in self._pools:
            self._pools[scheme] = httpcore.AsyncConnectionPool(
                ssl_context=TRUST_STORES.context() if scheme == "https" else None,
                max_connections=self._most,
                max_keepalive_connections=self._most,
                keepalive_expiry=KEPT,
                network_backend=self._backend,
            )
        return self._pools[scheme]


class _Stream(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _translated():
            async for part in self._answer.aiter_stream():
                yield part

    async def aclose(self) -> None:
        await self._answer.aclose()


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Errors of httpcore as those of httpx, which have the same names."""
    try:
        yield
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError) as error:
        raise getattr(httpx, type(error).__name__)(str(error)) from error
    except httpcore.UnsupportedProtocol as error:
        raise httpx.UnsupportedProtocol(str(error)) from error


class Backend(httpcore.AsyncNetworkBackend):
    """Resolves a name, refuses addresses that `admits(host, address)` does not, and connects to one of the others."""

    def __init__(self, resolver: Resolver, admits: Callable[[str, Address], bool]) -> None:
        self._resolver = resolver
        self._admits = admits
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (httpcore's interface)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """`timeout` is for all of it, the look-up of the name too."""
        clock = asyncio.get_running_loop().time
        end = None if timeout is None else clock() + timeout
        addresses = await self._resolve(host, end)
        for tried, address in enumerate(addresses):
            left = None if end is None else max(0.1, (end - clock()) / (len(addresses) - tried))
            try:
                return await self._inner.connect_tcp(str(address), port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                # An address that does not answer leaves time for the others.
                if tried == len(addresses) - 1:
                    raise
        raise httpcore.ConnectError("the name has no address")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)

    async def _resolve(self, host: str, end: float | None) -> list[Address]:
        try:
            async with asyncio.timeout_at(end):
                addresses = await self._resolver.addresses(host)
        except TimeoutError:
            raise httpcore.ConnectTimeout("the name was not resolved in time") from None
        except HostNotFound:
            raise UnknownHost(f"the host {host} was not found; check the region or the endpoint.") from None
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from None
        admitted = [address for address in addresses if self._admits(host, address)]
        if addresses and not admitted:
            raise Held(
                f"{host} leads to an address inside of the machine or the cluster (loopback, link-local or metadata), "
                "where no provider is; see --allowed-endpoint-host and --allow-http-endpoints."
            )
        return admitted
