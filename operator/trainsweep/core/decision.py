"""The answer of `plan()`: one action, and how the resource stands. Data only."""

from __future__ import annotations

from dataclasses import dataclass

from trainsweep.core.external import Target
from trainsweep.core.reasons import Reason


@dataclass(frozen=True, slots=True)
class Observe:
    """Read the provider, then plan again. `fresh` demands a read by id in this pass; `to_release`, because the resource
    is let go by it, and no call follows.
    """

    fresh: bool = False
    to_release: bool = False


@dataclass(frozen=True, slots=True)
class AddFinalizer:
    """Store the cleanup finalizer, then plan again."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Ask the provider to stop these runs."""

    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Delete:
    """Ask the provider to delete these things."""

    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class RemoveFinalizer:
    """Remove the cleanup finalizer. `left` says whether a remote thing may be left behind, `why` in a sentence."""

    reason: Reason
    why: str
    left: bool


Action = Observe | AddFinalizer | Stop | Delete | RemoveFinalizer


@dataclass(frozen=True, slots=True)
class Standing:
    """How the resource stands, from which its conditions are written.

    `ready` None keeps what was said before. `progressing` and `stalled` exclude each other. `reason` and `message`
    belong to Ready; the message is stable while nothing changes, because every change is a write.
    """

    ready: bool | None
    reason: Reason
    message: str
    progressing: bool = False
    stalled: bool = False
    synced: bool = True
    synced_reason: Reason = Reason.RECONCILED
    synced_message: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now and when to look again.

    `after` is in seconds: None means that nothing is due, a change of the resource or of the account's shared list
    brings it back. `moving` says that the remote thing is expected to change soon: the key comes back with growing
    pauses of its own, `after` being the longest. `planned` is what is held back (mode Plan, the guard, a pause).
    """

    action: Action | None
    standing: Standing
    after: float | None = None
    moving: bool = False
    planned: str = ""
