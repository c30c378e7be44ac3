"""Sets of keys by another key, without empty sets: what is gone leaves nothing behind."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=Hashable)


class Index(dict[K, set[V]]):
    """A dict of sets that keeps no empty set."""

    def add(self, key: K, value: V) -> None:
        self.setdefault(key, set()).add(value)

    def discard(self, key: K, value: V) -> None:
        values = self.get(key)
        if values is None:
            return
        values.discard(value)
        if not values:
            del self[key]
