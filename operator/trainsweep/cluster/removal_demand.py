"""Which resources of an account ask for a stop or delete that is not done yet: what the deletion guard foresees.

Deadlines make resources ask later; a heap finds those that are due without a look at all others.
"""

from __future__ import annotations

import heapq
from datetime import datetime

from trainsweep.cluster.index import Index
from trainsweep.core.deletion_demand import asks_for_removal, next_deadline
from trainsweep.core.resource import Key, Resource

#: So many dead entries a heap may hold beside as many live ones, before it is made anew.
SLACK = 16


class RemovalDemand:
    """By account. `asking` holds those that ask now."""

    def __init__(self) -> None:
        self.asking: Index[Key, Key] = Index()
        #: Of the others, those with a deadline: its time, in seconds of the epoch.
        self._deadlines: dict[Key, dict[Key, float]] = {}
        #: The same by time. What `_deadlines` does not say any more is skipped when its time comes.
        self._heaps: dict[Key, list[tuple[float, Key]]] = {}

    def update(self, record: Resource) -> None:
        """Note whether a resource asks for a removal, or else when it will."""
        self.remove(record)
        if asks_for_removal(record):
            self.asking.add(record.config, record.key)
        elif (at := next_deadline(record)) is not None:
            self._deadlines.setdefault(record.config, {})[record.key] = at
            heapq.heappush(self._heaps.setdefault(record.config, []), (at, record.key))

    def remove(self, record: Resource) -> None:
        account = record.config
        self.asking.discard(account, record.key)
        deadlines = self._deadlines.get(account)
        if deadlines is None:
            return
        deadlines.pop(record.key, None)
        if not deadlines:
            del self._deadlines[account], self._heaps[account]
        elif len(self._heaps[account]) > 2 * len(deadlines) + SLACK:
            self._heaps[account] = sorted((at, key) for key, at in deadlines.items())

    def due(self, account: Key, now: datetime) -> int:
        """How many resources of an account ask, those included that a deadline makes ask by now."""
        deadlines, heap = self._deadlines.get(account, {}), self._heaps.get(account, [])
        while heap and heap[0][0] <= now.timestamp():
            at, key = heapq.heappop(heap)
            if deadlines.get(key) == at:
                del deadlines[key]
                self.asking.add(account, key)
        if account in self._deadlines and not deadlines:
            del self._deadlines[account], self._heaps[account]
        return len(self.asking.get(account, ()))
