"""The journal: every call that a simulator received, in order, for tests to count and to read."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

#: Enough for a benchmark of 5,000 things; the oldest entries go first.
CAPACITY = 500_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One call. `time` is epoch seconds by the simulator's clock, `status` 0 when no answer was given (reset, hang),
    `effect` whether it changed something, `access_key` the key or user named in the request, verified or not.
    """

    n: int
    time: float
    method: str
    path: str
    operation: str
    target: str
    status: int
    effect: bool
    access_key: str


class Journal:
    def __init__(self) -> None:
        self.entries: deque[Entry] = deque(maxlen=CAPACITY)
        self.count = 0

    def add(
        self,
        *,
        time: float,
        method: str,
        path: str,
        operation: str,
        target: str,
        status: int,
        effect: bool,
        access_key: str,
    ) -> None:
        self.count += 1
        self.entries.append(Entry(self.count, time, method, path, operation, target, status, effect, access_key))

    def select(self, **wanted: object) -> list[Entry]:
        """Entries whose fields equal all that are given: `select(operation="StopVersion", effect=True)`."""
        return [entry for entry in self.entries if all(getattr(entry, name) == value for name, value in wanted.items())]

    def clear(self) -> None:
        self.entries.clear()

    def as_json(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Entries as objects, filtered by fields given as text; `after=N` leaves out those up to number N."""
        after = int(query.get("after", "0"))
        fields = {name: text for name, text in query.items() if name != "after"}
        unknown = fields.keys() - Entry.__dataclass_fields__.keys()
        if unknown:
            raise ValueError(f"A journal entry has no field {', '.join(sorted(unknown))}.")
        return [
            asdict(entry)
            for entry in self.entries
            if entry.n > after
            and all(str(getattr(entry, name)).lower() == text.lower() for name, text in fields.items())
        ]
