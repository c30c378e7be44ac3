"""The poll of one account: refresh each followed list at its pace, and wake the resources whose entry changed."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Callable

from trainsweep.accounts.list_cache import ListCache
from trainsweep.api.provider_config import Polling
from trainsweep.calls.circuit_breaker import CircuitOpen
from trainsweep.core.errors import ConfigurationError, ProviderError
from trainsweep.core.external import Remote
from trainsweep.core.resource import Key

log = logging.getLogger(__name__)


class ListPoller:
    """Resources follow one entry of one list. A list is due `activeSeconds` after it was begun while an entry that is
    followed has not come to its end, else `idleSeconds`; both are jittered by a tenth, so that accounts spread out.
    """

    def __init__(self, snapshots: ListCache, pace: Polling, wake: Callable[[Key], None]) -> None:
        self._snapshots = snapshots
        self.pace = pace
        self._wake = wake
        self._followers: defaultdict[str, dict[str, Key]] = defaultdict(dict)
        self._followed: dict[Key, tuple[str, str]] = {}
        self._known: dict[Key, Remote | None] = {}
        #: By list, who follows something that moves: the pace must not cost a look at every follower.
        self._moving: defaultdict[str, set[Key]] = defaultdict(set)
        self._due: dict[str, float] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def follow(self, key: Key, collection: str, remote_id: str, seen: Remote | None) -> None:
        """Wake `key` when the list shows its entry otherwise than `seen`, or shows it gone."""
        if self._followed.get(key) != (collection, remote_id):
            self.unfollow(key)
            self._followed[key] = collection, remote_id
            self._followers[collection][remote_id] = key
        before = self._known.get(key)
        self._known[key] = seen
        if _moves(seen):
            self._moving[collection].add(key)
        else:
            self._moving[collection].discard(key)
        if collection not in self._due or _moves(seen) != _moves(before):
            self._schedule(collection)

    def unfollow(self, key: Key) -> None:
        self._known.pop(key, None)
        collection, remote_id = self._followed.pop(key, ("", ""))
        if collection in self._moving:
            self._moving[collection].discard(key)
        followers = self._followers.get(collection, {})
        if followers.get(remote_id) != key:
            return
        del followers[remote_id]
        if not followers:
            del self._followers[collection]
            self._moving.pop(collection, None)
            self._due.pop(collection, None)
            self._snapshots.forget(collection)

    def _schedule(self, collection: str) -> None:
        """Set when a list is due; the first of its followers that moves makes it the active pace."""
        now = asyncio.get_running_loop().time()
        seconds = self.pace.active_seconds if self._moving[collection] else self.pace.idle_seconds
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
            snapshot = await self._snapshots.get(collection, now)
        except CircuitOpen:
            log.debug("poll skipped, circuit open", extra={"collection": collection})
        except (ProviderError, ConfigurationError) as error:
            # Each resource looks for itself: it says in its own conditions what it could not read.
            log.info("poll failed", extra={"collection": collection, "error": str(error)})
            if not getattr(error, "account_wide", False):
                self._wake_all(collection)
        except Exception:
            # The poll outlives whatever a list may raise: without it nothing would be read again.
            log.exception("poll failed; this is a defect", extra={"collection": collection})
            self._wake_all(collection)
        else:
            for remote_id, key in list(self._followers.get(collection, {}).items()):
                entry = snapshot.entries.get(remote_id)
                if entry != self._known.get(key) or (entry and not entry.complete):
                    self._wake(key)
        self._due.pop(collection, None)
        if collection in self._followers:
            self._schedule(collection)
        else:
            self._snapshots.forget(collection)

    def _wake_all(self, collection: str) -> None:
        for key in list(self._followers.get(collection, {}).values()):
            self._wake(key)


def _moves(remote: Remote | None) -> bool:
    return remote is not None and not remote.state.ended
