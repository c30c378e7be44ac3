"""From a host's name to its addresses, so that a name server that stays silent holds up nobody but its own host.

The loop's resolver has four threads for the whole process: four names that hang delay all others. Here each name under
way has a thread of its own, shared by all who ask for it, and it is given up by those who ask, not ended: the system's
resolver cannot be interrupted.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable

from trainsweep.providers.addresses import Address, parse_address

#: Names under way at once. A name that hangs costs a sleeping thread until the system's resolver gives up, after
#: half a minute by default.
MOST_LOOKUPS = 256

Lookup = Callable[[str], list[str]]


class HostNotFound(OSError):
    """The name server says that there is no such name."""


class Resolver:
    """`lookup` blocks; it answers with addresses, and raises `socket.gaierror` or `UnicodeError`."""

    def __init__(self, lookup: Lookup | None = None) -> None:
        self._lookup = lookup or look_up
        self._under_way: dict[tuple[asyncio.AbstractEventLoop, str], asyncio.Future[list[str]]] = {}

    async def addresses(self, host: str) -> list[Address]:
        """All addresses of a host, in the order of the system. Raises `HostNotFound` and `OSError`."""
        if address := parse_address(host):
            return [address]
        found = [parse_address(text) for text in await asyncio.shield(self._join(host))]
        return list(dict.fromkeys(address for address in found if address))

    def _join(self, host: str) -> asyncio.Future[list[str]]:
        loop = asyncio.get_running_loop()
        key = (loop, host)
        if (under_way := self._under_way.get(key)) is None:
            if len(self._under_way) >= MOST_LOOKUPS:
                raise OSError("too many names are being looked up")
            under_way = self._under_way[key] = loop.create_future()
            under_way.add_done_callback(lambda _: self._under_way.pop(key, None))
            under_way.add_done_callback(_retrieve)
            threading.Thread(target=self._run, args=(loop, host, under_way), name="lookup", daemon=True).start()
        return under_way

    def _run(self, loop: asyncio.AbstractEventLoop, host: str, under_way: asyncio.Future[list[str]]) -> None:
        outcome: list[str] | OSError
        try:
            outcome = self._lookup(host)
        except socket.gaierror as error:
            outcome = HostNotFound(str(error)) if error.errno in _NO_SUCH_NAME else OSError(str(error))
        except (OSError, UnicodeError) as error:
            outcome = OSError(str(error))
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(_settle, under_way, outcome)


#: Errors of getaddrinfo that are an answer, and not the lack of one.
_NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


def look_up(host: str) -> list[str]:
    """Ask the system, which knows /etc/hosts and the name servers."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


def _settle(under_way: asyncio.Future[list[str]], outcome: list[str] | OSError) -> None:
    if under_way.done():
        return
    if isinstance(outcome, OSError):
        under_way.set_exception(outcome)
    else:
        under_way.set_result(outcome)


def _retrieve(under_way: asyncio.Future[list[str]]) -> None:
    """Mark an error as seen, for the case that nobody waits any more."""
    if not under_way.cancelled():
        under_way.exception()
