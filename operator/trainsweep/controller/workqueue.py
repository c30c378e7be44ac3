"""A keyed queue: every key waits at most once, is never in two workers, and may be due later.

There are no idle workers: a key that is due starts one, unless `limit` of them run already, and a worker ends when
nothing is due. A queue may have lanes, each with a pace of its own: a key waits in its lane until that is open, and not
in a worker.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from trainsweep.controller.fair_queue import FairQueue, Priority
from trainsweep.core.resource import Key

log = logging.getLogger(__name__)

#: Seconds until a key comes back whose handler failed: a queue never loses a key.
RETRY = 5.0
#: A lane that is closed is looked at again this often (seconds): what closes it may end early.
LOOK_AGAIN = 5.0


def _open_lane() -> float:
    return 0.0


class WorkQueue:
    """`handle(key)` returns when the key should come back: seconds, or None for not by itself.

    `pauses` are the lanes: each says in how many seconds its next key may be taken, 0 for now.
    """

    def __init__(
        self,
        handle: Callable[[Key], Awaitable[float | None]],
        *,
        limit: int,
        pauses: tuple[Callable[[], float], ...] = (_open_lane,),
    ) -> None:
        self._handle = handle
        self.limit = limit
        self._pauses = pauses
        self._lanes = tuple(FairQueue() for _ in pauses)
        self._turn = 0
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        #: Keys under way, with their lane.
        self._working: dict[Key, int] = {}
        self._again: dict[Key, tuple[Priority, int]] = {}
        #: When each key became due that waits or is under way, in that order (loop time).
        self._since: dict[Key, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = False
        self._closed_until = 0.0
        self._reopening: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Begin to work. Keys may be added before."""
        self._open = True
        self._since = dict.fromkeys(self._since, asyncio.get_running_loop().time())
        self._spawn()

    def add(self, key: Key, priority: Priority = Priority.CHANGE, after: float = 0.0, lane: int = 0) -> None:
        """Let a key be handled, at the earlier of `after` seconds and what it was due at anyway."""
        if after > 0:
            self._later(key, priority, after)
            return
        if timer := self._timers.pop(key, None):
            timer.cancel()
        if key in self._working:
            queued, queued_lane = self._again.get(key, (priority, lane))
            self._again[key] = min(priority, queued), max(lane, queued_lane)
            return
        for number, waiting in enumerate(self._lanes):
            if key in waiting and number > lane:
                lane = number  # it waits for more already; its handler decides anew anyway
            elif number < lane and (other := waiting.discard(key)) is not None:
                priority = min(priority, other)
        self._lanes[lane].add(key, priority)
        self._since.setdefault(key, asyncio.get_running_loop().time())
        if self._pauses[lane]() <= 0:
            self._closed_until = 0.0  # only another lane is closed
        self._spawn()

    def lane_of(self, key: Key) -> int:
        """The lane from which a key under way was taken."""
        return self._working[key]

    def kick(self) -> None:
        """Look at the lanes now: what closed them may be over."""
        self._closed_until = 0.0
        self._spawn()

    def forget(self, key: Key) -> None:
        """Drop what is due for a key; work under way on it ends normally."""
        if timer := self._timers.pop(key, None):
            timer.cancel()
        self._again.pop(key, None)
        for waiting in self._lanes:
            if waiting.discard(key) is not None:
                self._since.pop(key, None)

    async def drain(self, seconds: float) -> None:
        """Take no new keys and wait for the work under way; what is not done by then is cut off."""
        self._open = False
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        if self._reopening:
            self._reopening.cancel()
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
        return not (self._tasks or len(self) or self._timers)

    def __len__(self) -> int:
        """Keys that are due now."""
        return sum(map(len, self._lanes))

    def oldest(self) -> float:
        """Seconds for which the oldest key has been due, those under way included; counted while the queue is open."""
        since = next(iter(self._since.values()), None)
        return 0.0 if since is None else asyncio.get_running_loop().time() - since

    def _later(self, key: Key, priority: Priority, after: float) -> None:
        if key in self._again or any(key in waiting for waiting in self._lanes):
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
        loop = asyncio.get_running_loop()
        if self._open and len(self) and len(self._tasks) < self.limit and loop.time() >= self._closed_until:
            task = loop.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("a worker ended with an error", exc_info=error)
        self._spawn()

    def _take(self) -> tuple[Key, int] | None:
        """The next key of an open lane; the lanes take turns."""
        nearest = LOOK_AGAIN
        for step in range(len(self._lanes)):
            number = (self._turn + step) % len(self._lanes)
            waiting = self._lanes[number]
            if not (self._open and len(waiting)):
                continue
            pause = self._pauses[number]()
            if pause > 0:
                nearest = min(nearest, pause)
            elif (key := waiting.pop()) is not None:
                self._turn = number + 1
                return key, number
        if self._open and len(self):
            self._reopen_in(max(nearest, 0.001))
        return None

    def _reopen_in(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._closed_until = loop.time() + seconds
        if self._reopening:
            self._reopening.cancel()
        self._reopening = loop.call_later(seconds, self.kick)

    async def _work(self) -> None:
        while taken := self._take():
            key, lane = taken
            self._working[key] = lane
            after: float | None = None
            try:
                after = await self._begin(key)
            except Exception:
                log.exception("a handler failed; its key comes back", extra={"key": str(key)})
                after = RETRY
            finally:
                del self._working[key]
                self._since.pop(key, None)
                again = self._again.pop(key, None)
                if again is not None:
                    self.add(key, again[0], lane=again[1])
                elif after is not None:
                    self.add(key, Priority.POLL, max(after, 0.001))

    async def _begin(self, key: Key) -> float | None:
        work = self._handle(key)
        asyncio.get_running_loop().call_soon(self._spawn)
        return await work
