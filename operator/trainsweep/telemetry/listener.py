"""Sockets that a crowd cannot exhaust: connections are short, few, and shared out among the addresses that ask.

Whoever can reach the port may open connections and say nothing. The oldest connection of who has the most gives way,
so that a probe always finds room.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from trainsweep.core.errors import TrainsweepError

#: Seconds for a whole connection: TLS, request and answer.
LONGEST = 10.0
#: Connections at the same time, and those of one address.
CONNECTIONS, OF_ONE_ADDRESS = 64, 16
#: Seconds until another try when the system has no room for a connection.
PAUSE = 0.1
#: Seconds given to answers under way at the end.
CLOSING = 1.0

#: What a connection is given to: makes a protocol for each.
Handler = Callable[[], asyncio.Protocol]


class AddressUnusable(TrainsweepError):
    """The address is not one, or cannot be listened on. The text says what to do."""


class Crowd:
    """The tasks of the connections that are open, by the address of who asks."""

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[None]] = set()
        self._open: dict[str, deque[asyncio.Task[None]]] = {}
        self._count = 0

    def admit(self, address: str, task: asyncio.Task[None]) -> None:
        """Cancels the oldest of who has the most when there are too many."""
        self.tasks.add(task)
        self._open.setdefault(address, deque()).append(task)
        self._count += 1
        task.add_done_callback(lambda done: self._leave(address, done))
        if len(self._open[address]) > OF_ONE_ADDRESS:
            self._give_way(address)
        elif self._count > CONNECTIONS:
            self._give_way(max(self._open, key=lambda each: len(self._open[each])))

    def _give_way(self, address: str) -> None:
        oldest = self._open[address][0]
        self._forget(address, oldest)
        oldest.cancel()

    def _leave(self, address: str, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if task in self._open.get(address, ()):
            self._forget(address, task)

    def _forget(self, address: str, task: asyncio.Task[None]) -> None:
        self._open[address].remove(task)
        self._count -= 1
        if not self._open[address]:
            del self._open[address]


class _Watched(asyncio.Protocol):
    """Hands everything on, and tells when the connection has ended."""

    def __init__(self, inner: asyncio.Protocol) -> None:
        self._inner = inner
        self.ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._inner.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._inner.connection_lost(exc)
        self.ended.set()

    def data_received(self, data: bytes) -> None:
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()


@asynccontextmanager
async def listening(
    flag: str, address: str, handler: Handler, tls: Callable[[], ssl.SSLContext] | None = None
) -> AsyncIterator[str]:
    """Listen on `HOST:PORT` while the context lasts; the value is the base URL. `:8080` means every interface, port 0 a
    free one. `flag` is where the address comes from. Raises `AddressUnusable`.
    """
    host, port = parse_address(flag, address)
    try:
        sockets = await _bound(host, port)
    except OSError as error:
        why = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
        raise AddressUnusable(f"{flag}: cannot listen on {address} ({why}); give another port.") from None
    crowd = Crowd()
    accepting = [asyncio.create_task(_accept(each, handler, tls, crowd)) for each in sockets]
    shown = f"[{host}]" if host and ":" in host else host or "127.0.0.1"
    try:
        yield f"{'https' if tls else 'http'}://{shown}:{sockets[0].getsockname()[1]}"
    finally:
        await _end(accepting, 0.0)
        for each in sockets:
            each.close()
        await _end(crowd.tasks, CLOSING)


def parse_address(flag: str, address: str) -> tuple[str | None, int]:
    """Host and port of `HOST:PORT`, `[IPv6]:PORT` or `:PORT` (host None: every interface). Raises `AddressUnusable`."""
    host, colon, port = address.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not colon or not (port.isascii() and port.isdecimal()) or int(port) > 65535 or (":" in bare and bare == host):
        raise AddressUnusable(f"{flag}: {address!r} is not HOST:PORT, for example 127.0.0.1:8080 or :8080.")
    return bare or None, int(port)


async def _bound(host: str | None, port: int) -> list[socket.socket]:
    """A socket for each address that the name has; one of a family that this machine lacks is left out."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    bound: list[socket.socket] = []
    places = list(dict.fromkeys((family, place) for family, _, _, _, place in found))
    for number, (family, place) in enumerate(places, 1):
        try:
            each = socket.create_server(place, family=family, backlog=128)
        except OSError as error:
            lacking = error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
            if lacking and (bound or number < len(places)):
                continue
            for other in bound:
                other.close()
            raise
        each.setblocking(False)
        bound.append(each)
    return bound


async def _accept(
    listener: socket.socket, handler: Handler, tls: Callable[[], ssl.SSLContext] | None, crowd: Crowd
) -> None:
    loop = asyncio.get_running_loop()
    while True:
        try:
            accepted, peer = await loop.sock_accept(listener)
        except OSError:
            await asyncio.sleep(PAUSE)
            continue
        crowd.admit(peer[0], asyncio.create_task(_serve(accepted, _Watched(handler()), tls)))


async def _serve(accepted: socket.socket, protocol: _Watched, tls: Callable[[], ssl.SSLContext] | None) -> None:
    """One connection, to its end or the end of its time."""
    transport: asyncio.Transport | None = None
    with accepted, suppress(OSError, TimeoutError):
        try:
            async with asyncio.timeout(LONGEST):
                transport, _ = await asyncio.get_running_loop().connect_accepted_socket(
                    lambda: protocol, accepted, ssl=tls and tls()
                )
                await protocol.ended.wait()
        finally:
            if transport is not None:
                transport.abort()
                await protocol.ended.wait()


async def _end(tasks: list[asyncio.Task[None]] | set[asyncio.Task[None]], patience: float) -> None:
    if tasks and patience:
        await asyncio.wait(tasks, timeout=patience)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
