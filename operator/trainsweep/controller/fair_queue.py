"""An order of work: lower priorities first, and within one the namespaces take turns. Memory only, no I/O."""

from __future__ import annotations

from enum import IntEnum

from trainsweep.core.resource import Key
from trainsweep.core.turns import Turns


class Priority(IntEnum):
    """Lower goes first."""

    DELETION = 0
    CHANGE = 1
    POLL = 2


class FairQueue:
    """Each key waits at most once. A key that is added again with a better priority moves ahead."""

    def __init__(self) -> None:
        self._waiting: dict[Key, Priority] = {}
        self._turns: dict[Priority, Turns[Key, None]] = {priority: Turns() for priority in Priority}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, key: Key) -> bool:
        return key in self._waiting

    def add(self, key: Key, priority: Priority) -> None:
        before = self._waiting.get(key)
        if before is not None and before <= priority:
            return
        self._waiting[key] = priority
        self._turns[priority].add(key.namespace, key, None)

    def discard(self, key: Key) -> Priority | None:
        """Take a key out; the answer is its priority. Its place in a turn is skipped when its time comes."""
        return self._waiting.pop(key, None)

    def pop(self) -> Key | None:
        """The next key, None when nothing waits."""
        for priority, turns in self._turns.items():
            while turns:
                key, _ = turns.next()
                if self._waiting.get(key) == priority:
                    del self._waiting[key]
                    return key
        return None
