"""Who must look again when something changes: one table. What is said of a resource here holds for its next pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum

from trainsweep.cluster.cache import Cache
from trainsweep.core.resource import Key, Resource


class Changed(StrEnum):
    """What has changed. `meaning` is for the documentation."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Changed:
        """Carry the sentence beside the value."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    RESOURCE = "resource", "The spec, the annotations or the deletion of a resource."
    PINNED = "pinned", "A resource has pinned an id: it has seen its remote thing."
    LOOKED = "looked", "A resource could reach its remote thing, or could not, and before it was otherwise."
    GONE = "gone", "A resource is gone or let go."


#: Whom each change concerns, in the words of the selectors below.
TABLE: dict[Changed, tuple[str, ...]] = {
    Changed.RESOURCE: ("itself", "referrers", "account"),
    Changed.PINNED: ("referrers", "contenders", "account"),
    Changed.LOOKED: ("contenders",),
    Changed.GONE: ("referrers", "contenders", "account"),
}


class Requeue:
    """`wake(key)` brings a resource back, `revisit(key)` its account."""

    def __init__(self, store: Cache, *, wake: Callable[[Key], None], revisit: Callable[[Key], None]) -> None:
        self._store = store
        self._wake = wake
        self.revisit = revisit

    def __call__(self, changed: Changed, record: Resource) -> None:
        for selector in TABLE[changed]:
            if selector == "account":
                self.revisit(record.config)
            else:
                for key in tuple(self._select(selector, record.key)):
                    self._wake(key)

    def _select(self, selector: str, key: Key) -> Iterable[Key]:
        match selector:
            case "itself":
                return (key,)
            case "referrers":
                return self._store.referrers.get(key, ())
            case _:
                return self._store.ownership.contenders(key)
