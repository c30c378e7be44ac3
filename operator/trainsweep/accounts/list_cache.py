"""The shared list of a collection: one complete list serves every resource of an account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trainsweep.calls.single_flight import SingleFlightCache
from trainsweep.core.external import Remote


@dataclass(frozen=True, slots=True)
class CompleteList:
    """A complete list by id."""

    entries: Mapping[str, Remote]

    @classmethod
    def of(cls, entries: tuple[Remote, ...]) -> CompleteList:
        return cls({entry.id: entry for entry in entries})

    def named(self, name: str) -> tuple[Remote, ...]:
        """The entries with exactly this name."""
        return tuple(entry for entry in self.entries.values() if entry.name == name)


ListCache = SingleFlightCache[str, CompleteList]
