"""What the controller remembers of one resource between passes: pace and economy. No decision rests on it alone.

All of it may be lost. A restart begins with the status, and comes to the same end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from trainsweep.core.errors import Refused
from trainsweep.core.external import Remote
from trainsweep.core.inputs import Asked, Verb
from trainsweep.core.resource import Key, Resource


@dataclass(frozen=True, slots=True)
class Look:
    """A read by id: which thing, when it began (loop time), and the answer."""

    target_id: str
    begun: float
    answer: Remote | Refused


@dataclass(frozen=True, slots=True)
class Accepted:
    """A verb was accepted for a thing, `times` times in a row, the last time at `at` (loop time)."""

    at: float
    times: int = 1


@dataclass(slots=True)
class AttemptState:
    """Times are those of the loop, 0 for never.

    `last_write`: when our last stop or delete ended; only reads and lists begun after it count.
    `last_seen`: when the remote thing was last seen there. `seen`: it was, though the status may not tell yet; what was
    seen is not let go of as if it never had been. `look`: the last read by id, for as long as it is of use.
    `seen_with`: fingerprints of the key that it was last seen with.
    `emptied`: since when the runs of the thing have been gone, though one was under way when the status was written.
    `name_floor`: only lists begun after it may tell that nothing has the name.
    `deleting_since`: when the deletion of the resource was first noticed. `looked`: when it was last looked at.
    `reported_at`: when the status was last written. `writing`: a stop or delete is on its way;
    `releasing`: the finalizer is about to go. `pending_write`: it had a permit when it began to wait for a list.
    `failures` and `waits` give the growing pauses after errors and while waiting for the provider.
    `accepted`: what the provider has accepted since the thing was last proven absent.
    `call`: the last stop or delete with its answer, in the form of `status.lastCall`.
    `tries`: how often each thing was asked for, so that one that is refused lets the others go first. `begun`: when the
    resource was first handled. `conflicts`: how often in a row a write met somebody else's.
    `unaudited`: why the last line could not be written to the audit log, "" if it could.
    """

    uid: str
    config: Key
    parent: str = ""
    last_write: float = 0.0
    last_seen: float = 0.0
    seen: bool = False
    seen_with: tuple[str, ...] = ()
    look: Look | None = None
    emptied: float = 0.0
    name_floor: float = 0.0
    deleting_since: float = 0.0
    looked: float = 0.0
    reported_at: float = 0.0
    writing: bool = False
    pending_write: bool = False
    releasing: bool = False
    failures: int = 0
    waits: int = 0
    accepted: dict[tuple[Verb, str], Accepted] = field(default_factory=dict)
    call: dict[str, Any] = field(default_factory=dict)
    tries: dict[tuple[Verb, str], int] = field(default_factory=dict)
    begun: float = 0.0
    conflicts: int = 0
    unaudited: str = ""

    def accept(self, verb: Verb, target_id: str, at: float) -> None:
        before = self.accepted.get((verb, target_id))
        self.accepted[(verb, target_id)] = Accepted(at, before.times + 1 if before else 1)

    def asked(self, now: float) -> dict[tuple[Verb, str], Asked]:
        """For the plan. Our clock and the provider's may be set and may differ; the loop's time only goes on."""
        return {what: Asked(now - accepted.at, accepted.times) for what, accepted in self.accepted.items()}

    @classmethod
    def of(cls, record: Resource) -> AttemptState:
        return cls(record.uid, record.config, parent=record.past.parent)
