"""Whether a resource asks for a stop or a delete, judged by its spec and status alone: the deletion guard's look ahead.

Cheap and a little too eager: no action rests on it. Statuses are parsed only where they can matter.
"""

from __future__ import annotations

from trainsweep.api.common import DeletionPolicy, DesiredState
from trainsweep.core.external import ExternalState
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Resource

#: Not ready for one of these, a resource cannot act until somebody changes something, or the provider does.
_CANNOT_ACT = frozenset(
    {
        Reason.CONFLICT,
        Reason.EXPECTATION_FAILED,
        Reason.IDENTITY_CHANGED,
        Reason.INVALID_SPEC,
        Reason.NOT_ALLOWED,
        Reason.OUT_OF_BOUNDS,
        Reason.AMBIGUOUS_NAME,
        Reason.NOT_EMPTY,
        Reason.UNKNOWN_STATE,
        Reason.NOT_FOUND,
        Reason.REFERENCE_NOT_FOUND,
        Reason.CONFIG_NOT_FOUND,
        Reason.ENDPOINT_NOT_ALLOWED,
    }
)


def asks_for_removal(record: Resource) -> bool:
    """It wants something stopped or deleted that is not so yet."""
    if record.paused or cannot_act(record):
        return False
    if record.deleting:
        return record.has_finalizer and record.spec.deletion_policy is not DeletionPolicy.ORPHAN
    if record.spec.desired_state is DesiredState.PRESENT:
        return _says(record, "Ready", {Reason.DELETION_HELD})  # a clock of it struck
    past = record.past
    return past.generation != record.generation or past.condition("Ready").get("status") != "True"


def cannot_act(record: Resource) -> bool:
    """Its status says, of the present spec, that it cannot act until something changes. One that only waits for an
    older one to look has the reason of a conflict, too, but is not stalled.
    """
    if record.problem:
        return True
    waits = _says(record, "Ready", {Reason.CONFLICT}) and record.past.condition("Stalled").get("status") != "True"
    return not waits and _says(record, "Ready", _CANNOT_ACT)


def is_not_allowed(record: Resource) -> bool:
    """Its status says, of the present spec, that its account does not allow it."""
    return _says(record, "Ready", {Reason.NOT_ALLOWED})


def next_deadline(record: Resource) -> float | None:
    """When a clock of it makes it ask, in seconds of the epoch; None when none is known to run."""
    deadline, expiry = record.deadline, record.expiry
    if (deadline is None and expiry is None) or not record.status or record.paused or record.deleting:
        return None
    past = record.past
    if past.external_state == ExternalState.ABSENT or _says(record, "Ready", _CANNOT_ACT):
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
