"""The lists of an account: one complete list serves every resource that waits for it.

No resource waits in a worker for a list: `at_hand` gives what is there, or starts a fetch, raises `ListPending` and
wakes the resource when the fetch has ended, whatever came of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from trainsweep.calls.single_flight import SingleFlightCache
from trainsweep.core.external import Remote
from trainsweep.core.resource import Key


class ListPending(Exception):
    """The list is being read; whoever asked is woken when that has ended."""


@dataclass(frozen=True, slots=True)
class CompleteList:
    """A complete list by id. `begun` is the loop's time at which it was asked for."""

    entries: Mapping[str, Remote]
    begun: float = 0.0

    def named(self, name: str) -> tuple[Remote, ...]:
        """The entries with exactly this name."""
        return tuple(entry for entry in self.entries.values() if entry.name == name)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a fetch brought to one that waited for it: a list begun at `begun`, or an error."""

    begun: float
    error: Exception | None = None


class ListCache:
    """`fetch(collection)` reads a whole list or raises; `wake(key)` brings a resource back."""

    def __init__(self, fetch: Callable[[str], Awaitable[tuple[Remote, ...]]], wake: Callable[[Key], None]) -> None:
        self._fetch = fetch
        self._wake = wake
        self._lists: SingleFlightCache[str, CompleteList] = SingleFlightCache(self._read)
        #: By list, who waits for one begun at what time or later.
        self._waiting: dict[str, dict[Key, float]] = {}
        #: By resource and list, what a look that goes on has been answered.
        self._answers: dict[Key, dict[str, _Answer]] = {}
        self._serving: dict[str, asyncio.Task[None]] = {}

    async def get(self, collection: str, begun_after: float) -> CompleteList:
        """A list begun at `begun_after` (loop time) or later; waits for it. Raises what the fetch raises."""
        return await self._lists.get(collection, begun_after)

    def at_hand(self, collection: str, asker: Key, *, floor: float, max_age: float) -> CompleteList:
        """A list begun at `floor` or later and at most `max_age` seconds ago.

        What `asker` has waited for counts until its look has `finished`, however long it took: a list, or what its
        fetch raised. Raises `ListPending` for what is not there.
        """
        latest = self._lists.latest(collection)
        answer = self._answers.get(asker, {}).get(collection)
        if answer and answer.begun >= floor:
            if answer.error:
                raise answer.error
            if latest and latest.begun >= answer.begun:
                return latest
        now = asyncio.get_running_loop().time()
        begun_after = max(floor, now - max_age)
        if latest and latest.begun >= begun_after:
            return latest
        waiting = self._waiting.setdefault(collection, {})
        waiting[asker] = max(floor, waiting.get(asker, begun_after))
        if collection not in self._serving:
            self._serving[collection] = asyncio.get_running_loop().create_task(self._serve(collection))
        raise ListPending(collection)

    def latest(self, collection: str) -> CompleteList | None:
        return self._lists.latest(collection)

    def forget(self, collection: str) -> None:
        """Drop a list that nobody follows; one that is waited for stays."""
        if collection not in self._waiting:
            self._lists.forget(collection)

    def finished(self, asker: Key) -> None:
        """The look of a resource has come to its end: what it waited for is of no more use."""
        self._answers.pop(asker, None)

    def forget_asker(self, key: Key) -> None:
        self._answers.pop(key, None)
        for waiting in self._waiting.values():
            waiting.pop(key, None)

    async def aclose(self) -> None:
        tasks = list(self._serving.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, collection: str) -> CompleteList:
        begun = asyncio.get_running_loop().time()
        entries = await self._fetch(collection)
        return CompleteList({entry.id: entry for entry in entries}, begun)

    async def _serve(self, collection: str) -> None:
        """Read the list until all who wait for it have their answer."""
        try:
            await self._serve_all(collection)
        finally:  # at once: a resource that asks in the next moment must start another fetch
            del self._serving[collection]

    async def _serve_all(self, collection: str) -> None:
        while waiting := self._waiting.get(collection):
            begun = asyncio.get_running_loop().time()
            error: Exception | None = None
            try:
                begun = (await self._lists.get(collection, max(waiting.values()))).begun
            except Exception as raised:  # whatever it is, it is the answer to those who wait
                error = raised
            for asker in [key for key, wanted in waiting.items() if wanted <= begun]:
                del waiting[asker]
                self._answers.setdefault(asker, {})[collection] = _Answer(begun, error)
                self._wake(asker)
            if not waiting:
                del self._waiting[collection]
