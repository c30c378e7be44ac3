"""What the controller remembers of one resource between passes. A restart begins with the status alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from trainsweep.core.external import Target
from trainsweep.core.inputs import Asked, Verb
from trainsweep.core.resource import Key, Resource


@dataclass(slots=True)
class AttemptState:
    """Times are those of the loop, 0 for never.

    `last_write`: when our last stop or delete ended; only reads and lists begun after it count.
    `deleting_since`: when the deletion of the resource was first noticed.
    `looked`: when the remote thing was last looked at.
    `seen`: the remote thing was read at least once. `listed`: a list that could prove it absent has held it.
    `reported_at`: when the status was last written.
    `failures` and `waits` give the growing pauses after errors and while waiting for the provider.
    `call`: the last stop or delete with its answer, in the form of `status.lastCall`.
    """

    uid: str
    config: Key
    target: Target | None = None
    parent: str = ""
    last_write: float = 0.0
    deleting_since: float = 0.0
    looked: float = 0.0
    seen: bool = False
    listed: bool = False
    reported_at: float = 0.0
    failures: int = 0
    waits: int = 0
    asked: dict[tuple[Verb, str], Asked] = field(default_factory=dict)
    call: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, record: Resource) -> AttemptState:
        """What the status of a resource gives back."""
        past = record.past
        return cls(record.uid, record.config, seen=bool(past.external_id), listed=past.listed)
