"""Whether a resource asks for a stop or a delete, judged by its spec and status alone: the deletion guard's look ahead.

Cheap and a little too eager: no action rests on it. Statuses are parsed only where they can matter.
"""

from __future__ import annotations

from trainsweep.api.common import DeletionPolicy, DesiredState
from trainsweep.core.external import ExternalState
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Resource

#: Stalled for one of these, a resource never asks for anything until somebody changes something.
_NEVER_ASK = frozenset({Reason.CONFLICT, Reason.EXPECTATION_FAILED, Reason.IDENTITY_CHANGED})


def asks_for_removal(record: Resource) -> bool:
    """It wants something stopped or deleted that is not so yet."""
    if record.paused or record.problem or _says(record, "Stalled", _NEVER_ASK):
        return False
    if record.deleting:
        return record.held and record.spec.deletion_policy is not DeletionPolicy.ORPHAN
    if record.spec.desired_state is DesiredState.PRESENT:
        return _says(record, "Ready", {Reason.DELETION_HELD})  # a clock of it struck
    past = record.past
    return past.generation != record.generation or past.condition("Ready").get("status") != "True"


def strikes_at(record: Resource) -> float | None:
    """When a clock of it makes it ask, in seconds of the epoch; None when none is known to run."""
    deadline, expiry = record.deadline, record.expiry
    if (deadline is None and expiry is None) or not record.status or record.paused or record.deleting:
        return None
    past = record.past
    if past.external_state == ExternalState.ABSENT or _says(record, "Stalled", _NEVER_ASK):
        return None
    if expiry is not None and past.finished_at:
        return past.finished_at.timestamp() + expiry
    if deadline is not None and past.started_at and not past.finished_at:
        return past.started_at.timestamp() + deadline
    return None


def _says(record: Resource, condition: str, reasons: frozenset[Reason] | set[Reason]) -> bool:
    """Whether this condition has one of these reasons, said of the present spec."""
    if not any(f'"{reason}"' in record.status for reason in reasons):
        return False
    past = record.past
    return past.generation == record.generation and past.condition(condition).get("reason") in reasons
