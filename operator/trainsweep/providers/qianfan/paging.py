"""Walks a marker list to its end, or says that the end was not reached: a list must be complete to prove an absence.

Request: `marker` (an id; left out for the first page), `maxKeys` (at most 100). Whether the entry of the marker comes
again is not documented, so entries are counted once. Source: https://cloud.baidu.com/doc/qianfan-api/s/2mo1ah0rw
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

from trainsweep.core.errors import Malformed
from trainsweep.core.external import Remote
from trainsweep.providers.qianfan.answers import Page

#: Entries a page; the service takes more for 100.
PAGE_SIZE = 100

#: No account holds so much: a server that always knows one more page, or one more entry, is broken.
MOST_PAGES = 1_000
MOST_ENTRIES = 50_000


async def walk(read_page: Callable[[str], Awaitable[Page]]) -> AsyncGenerator[Remote]:
    """Every entry, as the pages come. `read_page` takes a marker, "" for the first page.

    Raises `Malformed` if more is said to follow and the next marker is missing or was used before, and if there is no
    end in sight.
    """
    seen = 0
    marker = ""
    used = {marker}
    while len(used) <= MOST_PAGES:
        page = await read_page(marker)
        seen += len(page.things)
        if seen > MOST_ENTRIES:
            raise Malformed(f"Qianfan answered a list of more than {MOST_ENTRIES} entries.", status=200)
        for thing in page.things:
            yield thing
        if page.next_marker is None:
            return
        marker = page.next_marker
        if marker in used:
            break
        used.add(marker)
    raise Malformed(
        f"Qianfan says that a list goes on after {len(used)} page(s), but gives no new marker to read on from; "
        "an incomplete list is not used.",
        status=200,
    )


async def gather(things: AsyncIterator[Remote]) -> tuple[Remote, ...]:
    """All of them, each id once as it was last seen, oldest first."""
    found = {thing.id: thing async for thing in things}
    return tuple(sorted(found.values(), key=lambda thing: (_age(thing), thing.id)))


def _age(thing: Remote) -> float:
    return thing.created_at.timestamp() if thing.created_at else 0.0
