"""How a look gets the lists that it needs: the operator comes back for them, a command waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from trainsweep.accounts.list_cache import CompleteList, ListCache
from trainsweep.core.resource import Key


class Lists(Protocol):
    async def get(self, collection: str, *, floor: float, max_age: float) -> CompleteList:
        """A list begun at `floor` (loop time) or later and at most `max_age` seconds ago."""
        ...


@dataclass(frozen=True, slots=True)
class ParkedLists:
    """Raises `ListPending` for a list that is not there; the resource comes back when it is. A list from before `since`
    is one of another client, and maybe of another account.
    """

    cache: ListCache
    asker: Key
    since: float

    async def get(self, collection: str, *, floor: float, max_age: float) -> CompleteList:
        return self.cache.at_hand(collection, self.asker, floor=max(floor, self.since), max_age=max_age)


@dataclass(frozen=True, slots=True)
class AwaitedLists:
    """Waits for a list."""

    cache: ListCache
    now: float

    async def get(self, collection: str, *, floor: float, max_age: float) -> CompleteList:
        return await self.cache.get(collection, max(floor, self.now - max_age))
