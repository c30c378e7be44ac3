"""The sockets of one client, so that none outlives it.

A TLS connection whose request was cut off waits for the other side's farewell, and no session waits for it: when the
event loop ends first, its socket is left to the garbage collector.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from weakref import WeakSet

from aiohttp import AddrInfoType

#: Seconds that connections get to notice that they were cut. It takes them a turn or two of the loop.
CUT = 1.0


class Sockets:
    """`make` is aiohttp's `socket_factory`."""

    def __init__(self) -> None:
        self._made: WeakSet[socket.socket] = WeakSet()

    def make(self, address: AddrInfoType) -> socket.socket:
        family, kind, protocol, *_ = address
        made = socket.socket(family, kind, protocol)
        self._made.add(made)
        return made

    async def cut(self) -> None:
        """End what is left of the connections, whatever the other side does."""
        for made in self._made:
            with suppress(OSError):  # never connected, or closed already
                made.shutdown(socket.SHUT_RDWR)
        with suppress(TimeoutError):
            async with asyncio.timeout(CUT):
                while any(made.fileno() != -1 for made in self._made):  # noqa: ASYNC110 (nobody tells)
                    await asyncio.sleep(0.001)
