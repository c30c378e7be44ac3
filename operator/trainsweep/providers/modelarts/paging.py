"""Reading a numbered list to its end so that what is missing from it is missing.

Both APIs page by number over a list that changes meanwhile. A row removed from an earlier page moves every later row
up, so reading forward can step over a row that is there all the time, and a deleted job would not be the only one to
look absent. Reading backward cannot: a row only ever moves towards pages that are still to be read. The lists are asked
for oldest first, so what is created meanwhile goes to the end and moves nothing. Hence: the first page for the total,
then the last page down to the first, again including the first. That is one request more than there are pages, and
one in all when everything fits on one page. Removals and creations between the requests need no repetition.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from trainsweep.core.errors import Malformed
from trainsweep.core.external import Remote

#: Rounds until a list that holds fewer rows than it announces is given up.
_ROUNDS = 3
#: The highest page number that the API documents.
_MOST_PAGES = 65_535
#: No account holds so many things: a server that always knows one more is broken.
MOST_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one page. `total` is the length of the whole list by the provider's count, None when it gives none.

    `binding`: a list with fewer rows than that is unusable. Otherwise the total is only a reason to look on.
    """

    rows: tuple[Remote, ...]
    total: int | None = None
    binding: bool = True


Fetch = Callable[[int], Awaitable[Page]]


async def every_page(fetch: Fetch, size: int, first: Page | None = None) -> tuple[Remote, ...]:
    """All rows, each id once, in the order of the list. `fetch` takes a page's number from 0 and asks for `size` rows.
    `first` is page 0, if it was just read.

    A short page ends the list, unless the total says that there is more: then pages may be as long as the first one
    came (a server may cap them). Raises Malformed when the announced rows do not come, for such a list proves nothing.
    """
    first = first or await fetch(0)
    rows, total = _distinct([first]), first.total
    if len(first.rows) < size and len(rows) >= (total or 0):
        return rows
    if len(first.rows) < size:
        more = (await fetch(1)).rows
        if not more and not first.binding:
            return rows
        if more and first.rows:
            size = len(first.rows)
    for _ in range(_ROUNDS):
        pages = await _backward(fetch, total, size)
        rows, total = _distinct(pages), pages[0].total
        if len(rows) >= _announced(pages):
            return rows
    raise Malformed(
        f"ModelArts announced {total} entries of a list and gave {len(rows)}, so the list proves nothing. If the "
        "account has several workspaces, set modelArts.workspaceID in the ProviderConfig."
    )


def _announced(pages: Sequence[Page]) -> int:
    """How many rows must have been seen: the lowest total, for a row created after the first look may be missing."""
    totals = [page.total or 0 for page in pages if page.binding and page.rows]
    return min(totals, default=(pages[0].total or 0) if pages[0].binding else 0)


async def _backward(fetch: Fetch, total: int | None, size: int) -> list[Page]:
    """All pages, in ascending order, read from the last one down."""
    if (total or 0) > MOST_ROWS:
        raise Malformed(f"ModelArts announced {total} entries of a list, which is more than can be read.")
    last = max(1, -(-(total or 0) // size) - 1)
    page = await fetch(last)
    while len(page.rows) >= size:  # the list is longer than was announced
        last += 1
        following = await fetch(last)
        if following.rows == page.rows:
            raise Malformed("ModelArts answers every page number of a list with the same rows, so the list has no end.")
        if last >= _MOST_PAGES or last * size >= MOST_ROWS:
            raise Malformed("ModelArts answers with more and more rows of a list, so the list has no end.")
        page = following
    earlier = [await fetch(number) for number in range(last - 1, -1, -1)]
    return [*reversed(earlier), page]


def _distinct(pages: Iterable[Page]) -> tuple[Remote, ...]:
    """Each id once; of two readings of a row the one on the lower page, which was read later."""
    rows: dict[str, Remote] = {}
    for page in pages:
        for row in page.rows:
            rows.setdefault(row.id, row)
    return tuple(rows.values())
