"""The deletion guard at work: which removals of an account it lets through, and who hears of what changes in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from trainsweep.cluster.cache import Cache
from trainsweep.core.deletion_guard import Guard
from trainsweep.core.last_status import parse_time
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Key, Resource


class DeletionGate:
    """`revisit(key)` asks for a new look at a ProviderConfig, which tells what the guard holds; `wake(key)` brings a
    resource back.
    """

    def __init__(
        self, store: Cache, *, now: Callable[[], datetime], wake: Callable[[Key], None], revisit: Callable[[Key], None]
    ) -> None:
        self._store = store
        self._now = now
        self._wake = wake
        self._revisit = revisit

    def admits(self, guard: Guard, record: Resource) -> bool:
        """May the removal that this resource asks for go out now? By our clock: an approval is no matter of the
        provider's.
        """
        past = record.past
        called = parse_time(past.last_call.get("time")) if past.last_call.get("success") else None
        was_held = past.condition("Ready").get("reason") == Reason.DELETION_HELD
        asked = None if was_held else record.deleted_at
        with self._watching(guard, record.config):
            return guard.admits(record.uid, self._now(), self._due(record.config), called=called, asked=asked)

    def done(self, guard: Guard, config: Key, uid: str) -> None:
        """The removal that a resource asked for has ended, or is not asked for any more."""
        with self._watching(guard, config):
            guard.done(uid, self._due(config))

    def _due(self, config: Key) -> int:
        return self._store.demand.due(config, self._now())

    @contextmanager
    def _watching(self, guard: Guard, config: Key) -> Iterator[None]:
        """What changes in the guard is told on the ProviderConfig; whom it holds no longer comes at once."""
        held, tally = guard.held, guard.tally
        yield
        if (held, tally) != (guard.held, guard.tally):
            self._revisit(config)
        if held and not guard.held:
            for key in tuple(self._store.demand.asking.get(config, ())):
                self._wake(key)
