"""A keyed queue: every key waits at most once, is never in two workers, and may be due later.

There are no idle workers: a key that is due starts one, unless `limit` of them run already, and a worker ends when
nothing is due. One queue belongs to one account, so a slow account holds up nobody else.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
from collections.abc import Awaitable, Callable
from enum import IntEnum

from trainsweep.core.resource import Key

log = logging.getLogger(__name__)

#: Seconds until a key comes back whose handler failed: a queue never loses a key.
RETRY = 5.0


class Priority(IntEnum):
    """Lower goes first."""

    DELETION = 0
    CHANGE = 1
    POLL = 2


class WorkQueue:
    """`handle(key)` returns when the key should come back: seconds, or None for not by itself."""

    def __init__(self, handle: Callable[[Key], Awaitable[float | None]], *, limit: int) -> None:
        self._handle = handle
        self.limit = limit
        self._ready: list[tuple[Priority, int, Key]] = []
        self._waiting: dict[Key, Priority] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._working: set[Key] = set()
        self._again: dict[Key, Priority] = {}
        #: When each key became due that waits or is under way, in that order (loop time).
        self._since: dict[Key, float] = {}
        self._count = itertools.count()
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = False

    def open(self) -> None:
        """Begin to work. Keys may be added before."""
        self._open = True
        self._since = dict.fromkeys(self._since, asyncio.get_running_loop().time())
        self._spawn()

    def add(self, key: Key, priority: Priority = Priority.CHANGE, after: float = 0.0) -> None:
        """Let a key be handled, at the earlier of `after` seconds and what it was due at anyway."""
        if after > 0:
            self._later(key, priority, after)
            return
        if timer := self._timers.pop(key, None):
            timer.cancel()
        if key in self._working:
            self._again[key] = min(priority, self._again.get(key, priority))
            return
        if self._waiting.get(key, Priority.POLL + 1) <= priority:
            return
        self._waiting[key] = priority
        self._since.setdefault(key, asyncio.get_running_loop().time())
        heapq.heappush(self._ready, (priority, next(self._count), key))
        self._spawn()

    def forget(self, key: Key) -> None:
        """Drop what is due for a key; work under way on it ends normally."""
        if timer := self._timers.pop(key, None):
            timer.cancel()
        self._again.pop(key, None)

    async def drain(self, seconds: float) -> None:
        """Take no new keys and wait for the work under way; what is not done by then is cut off."""
        self._open = False
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=seconds)
        self.cut()
        await asyncio.gather(*late, return_exceptions=True)

    def cut(self) -> None:
        """Take no new keys and cancel the work under way."""
        self._open = False
        for task in self._tasks:
            task.cancel()

    @property
    def idle(self) -> bool:
        """Nothing is under way, due, or due later."""
        return not (self._tasks or self._waiting or self._timers)

    def __len__(self) -> int:
        """Keys that are due now."""
        return len(self._waiting)

    def oldest(self) -> float:
        """Seconds for which the oldest key has been due, those under way included; counted while the queue is open."""
        since = next(iter(self._since.values()), None)
        return 0.0 if since is None else asyncio.get_running_loop().time() - since

    def _later(self, key: Key, priority: Priority, after: float) -> None:
        if key in self._waiting or key in self._again:
            return
        loop = asyncio.get_running_loop()
        timer = self._timers.get(key)
        if timer and timer.when() <= loop.time() + after:
            return
        if timer:
            timer.cancel()
        self._timers[key] = loop.call_later(after, self._due, key, priority)

    def _due(self, key: Key, priority: Priority) -> None:
        self._timers.pop(key, None)
        self.add(key, priority)

    def _spawn(self) -> None:
        if self._open and self._ready and len(self._tasks) < self.limit:
            task = asyncio.get_running_loop().create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("a worker ended with an error", exc_info=error)
        self._spawn()

    def _take(self) -> Key | None:
        while self._open and self._ready:
            priority, _, key = heapq.heappop(self._ready)
            if self._waiting.get(key) == priority:
                del self._waiting[key]
                return key
        return None

    async def _work(self) -> None:
        while (key := self._take()) is not None:
            self._spawn()
            self._working.add(key)
            after: float | None = None
            try:
                after = await self._handle(key)
            except Exception:
                log.exception("a handler failed; its key comes back", extra={"key": str(key)})
                after = RETRY
            finally:
                self._working.discard(key)
                del self._since[key]
                again = self._again.pop(key, None)
                if again is not None:
                    self.add(key, again)
                elif after is not None:
                    self.add(key, Priority.POLL, max(after, 0.001))
