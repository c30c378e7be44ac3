"""One answer for many askers: a value is fetched once for all who are content with one begun late enough."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fetched(Generic[T]):
    """`begun` is the loop's time at which the fetch began."""

    begun: float
    value: T


class SingleFlightCache(Generic[K, T]):
    """Values by key. A fetch that fails raises for those who wait for it and replaces nothing."""

    def __init__(self, fetch: Callable[[K], Awaitable[T]]) -> None:
        self._fetch = fetch
        self._latest: dict[K, Fetched[T]] = {}
        self._under_way: dict[K, tuple[float, asyncio.Task[T]]] = {}

    async def get(self, key: K, begun_after: float) -> T:
        """A value whose fetch began at `begun_after` (loop time) or later: one at hand, one under way, or a new one."""
        while True:
            latest = self._latest.get(key)
            if latest and latest.begun >= begun_after:
                return latest.value
            begun, task = self._under_way.get(key) or self._start(key)
            if begun >= begun_after:
                return await asyncio.shield(task)
            # One that began too early must end first: two fetches of the same thing at a time help nobody.
            await asyncio.wait([task])

    def latest(self, key: K) -> T | None:
        known = self._latest.get(key)
        return known.value if known else None

    def keys(self) -> frozenset[K]:
        """For which there is a value at hand."""
        return frozenset(self._latest)

    def forget(self, key: K) -> None:
        self._latest.pop(key, None)

    def _start(self, key: K) -> tuple[float, asyncio.Task[T]]:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        task = loop.create_task(self._run(key, begun))
        task.add_done_callback(_retrieve)
        self._under_way[key] = begun, task
        return begun, task

    async def _run(self, key: K, begun: float) -> T:
        try:
            value = await self._fetch(key)
            self._latest[key] = Fetched(begun, value)
            return value
        finally:
            del self._under_way[key]


def _retrieve(task: asyncio.Task[T]) -> None:
    """Mark the outcome as seen: whoever asked may have been cancelled meanwhile."""
    if not task.cancelled():
        task.exception()
