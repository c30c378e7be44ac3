"""The poller of one account: refresh each followed list at its pace, and wake the resources whose entry changed.

What has ended or is gone costs no more than the lists of the account: a part (a version, a task) is then followed by
the list of what holds it. What these lists do not tell, whether an ended part is still there and which tasks a job has
by now, is looked at in rotation, one resource an idle interval.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass

from trainsweep.accounts.list_cache import CompleteList, ListCache
from trainsweep.api.provider_config import Polling
from trainsweep.calls.circuit_breaker import CircuitOpen
from trainsweep.core.errors import ConfigurationError, ProviderError
from trainsweep.core.external import Remote
from trainsweep.core.resource import Key

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Followed:
    """What one resource waits for: a change of its entry, or (`by_presence`) that the entry comes or goes.

    `there`: whether the entry was there at the last refresh, None before the first. `looked`: when it was last read.
    """

    collection: str
    remote_id: str
    seen: Remote | None
    by_presence: bool
    looked: float
    there: bool | None = None

    @property
    def moves(self) -> bool:
        return not self.by_presence and _moves(self.seen)


class ListPoller:
    """A list is due `activeSeconds` after it was begun while an entry that is followed has not come to its end, else
    `idleSeconds`; both are jittered by a tenth, so that accounts spread out.
    """

    def __init__(self, lists: ListCache, pace: Polling, wake: Callable[[Key], None]) -> None:
        self._lists = lists
        self.pace = pace
        self._wake = wake
        self._followed: dict[Key, _Followed] = {}
        self._followers: dict[str, dict[Key, _Followed]] = {}
        #: By list, who follows something that moves: the pace must not cost a look at every follower.
        self._moving: dict[str, set[Key]] = {}
        self._due: dict[str, float] = {}
        self._rotated: dict[str, float] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def repace(self, pace: Polling) -> None:
        """Go on at another pace, from now on."""
        if pace != self.pace:
            self.pace = pace
            for collection in tuple(self._due):
                self._schedule(collection)

    def follow(
        self, key: Key, collection: str, remote_id: str, seen: Remote | None, whole: tuple[str, str] = ("", "")
    ) -> None:
        """Wake `key` when the list shows its entry otherwise than `seen`, or shows it gone.

        `whole` is the list and the id of what holds a part: once the part has ended or is gone, that is followed.
        """
        by_presence = bool(whole[0]) and not _moves(seen)
        if by_presence:
            collection, remote_id = whole
        before = self._followed.get(key)
        there = None
        if before and (before.collection, before.remote_id) != (collection, remote_id):
            self.unfollow(key)
        elif before:
            there = before.there
        now = asyncio.get_running_loop().time()
        followed = _Followed(collection, remote_id, seen, by_presence, now, there)
        moved_before = before.moves if before else False
        self._followed[key] = followed
        self._followers.setdefault(collection, {})[key] = followed
        moving = self._moving.setdefault(collection, set())
        (moving.add if followed.moves else moving.discard)(key)
        if collection not in self._due or followed.moves != moved_before:
            self._schedule(collection)

    def unfollow(self, key: Key) -> None:
        followed = self._followed.pop(key, None)
        if followed is None:
            return
        collection = followed.collection
        self._moving[collection].discard(key)
        followers = self._followers[collection]
        del followers[key]
        if not followers:
            for state in (self._followers, self._moving, self._due, self._rotated):
                state.pop(collection, None)
            self._lists.forget(collection)

    def _schedule(self, collection: str) -> None:
        """Set when a list is due; the first of its followers that moves makes it the active pace."""
        now = asyncio.get_running_loop().time()
        seconds = self.pace.active_seconds if self._moving.get(collection) else self.pace.idle_seconds
        due = now + seconds * random.uniform(0.9, 1.1)  # noqa: S311 (spreads polls, guards nothing)
        # A stream of new followers must not push a list into the future for ever.
        self._due[collection] = min(due, self._due.get(collection, due))
        self._changed.set()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._changed.clear()
            nearest = min(self._due.values(), default=None)
            pause = None if nearest is None else max(0.0, nearest - loop.time())
            try:
                async with asyncio.timeout(pause):  # wait_for of Python 3.11 may swallow a cancellation
                    await self._changed.wait()
            except TimeoutError:
                for collection in [name for name, due in self._due.items() if due <= loop.time()]:
                    if collection in self._followers:
                        await self._refresh(collection)

    async def _refresh(self, collection: str) -> None:
        now = asyncio.get_running_loop().time()
        try:
            listing = await self._lists.get(collection, now)
        except CircuitOpen:
            log.debug("poll skipped, circuit open", extra={"collection": collection})
        except (ProviderError, ConfigurationError) as error:
            # Each resource looks for itself: it says in its own conditions what it could not read.
            log.info("poll failed", extra={"collection": collection, "error": str(error)})
            if not getattr(error, "account_wide", False):
                self._wake_all(collection)
        except Exception:
            # The poller outlives whatever a list may raise: without it nothing would be read again.
            log.exception("poll failed; this is a defect", extra={"collection": collection})
            self._wake_all(collection)
        else:
            self._compare(collection, listing)
        self._due.pop(collection, None)
        if collection in self._followers:
            self._schedule(collection)
        else:
            self._lists.forget(collection)

    def _compare(self, collection: str, listing: CompleteList) -> None:
        resting: list[tuple[float, Key]] = []
        for key, followed in list(self._followers.get(collection, {}).items()):
            entry = listing.entries.get(followed.remote_id)
            there, before = entry is not None, followed.there
            followed.there = there
            if followed.by_presence:
                # What is gone goes no further when its whole goes, too.
                if before is not None and there != before and (there or followed.seen is not None):
                    self._wake(key)
                elif followed.seen is not None:
                    resting.append((followed.looked, key))
            elif entry is None or entry.complete or followed.seen is None or followed.moves or entry.state.active:
                if entry != followed.seen:
                    self._wake(key)
            else:
                resting.append((followed.looked, key))
        now = asyncio.get_running_loop().time()
        if resting and now - self._rotated.get(collection, float("-inf")) >= self.pace.idle_seconds * 0.9:
            self._rotated[collection] = now
            self._wake(min(resting)[1])

    def _wake_all(self, collection: str) -> None:
        for key in list(self._followers.get(collection, {})):
            self._wake(key)


def _moves(remote: Remote | None) -> bool:
    return remote is not None and not remote.state.ended
