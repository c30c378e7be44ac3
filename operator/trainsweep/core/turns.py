"""An order in which namespaces take turns: one of them that has much waiting delays the others by one turn. Pure."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Turns(Generic[K, V]):
    """What waits, by namespace and key. Within a namespace what came first goes first."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, OrderedDict[K, V]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def of(self, namespace: str) -> OrderedDict[K, V]:
        """What waits of one namespace; to be read alone."""
        return self._waiting.get(namespace, OrderedDict())

    @property
    def longest(self) -> str:
        """The namespace of which most waits; something must wait."""
        return max(self._waiting, key=lambda namespace: len(self._waiting[namespace]))

    def add(self, namespace: str, key: K, value: V) -> None:
        """A key that waits already keeps its place."""
        waiting = self._waiting.setdefault(namespace, OrderedDict())
        self._count += key not in waiting
        waiting[key] = value

    def next(self) -> tuple[K, V]:
        """Take out what has its turn; something must wait."""
        namespace, waiting = next(iter(self._waiting.items()))
        found = waiting.popitem(last=False)
        self._count -= 1
        if waiting:
            self._waiting.move_to_end(namespace)
        else:
            del self._waiting[namespace]
        return found

    def drop_latest(self, namespace: str) -> None:
        """Take out what came last of a namespace that has something waiting."""
        self._waiting[namespace].popitem()
        self._count -= 1
        if not self._waiting[namespace]:
            del self._waiting[namespace]
