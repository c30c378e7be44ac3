"""`plan(facts)`: what to do next about one resource. Pure and total: no clock, no I/O, an answer for every input.

The order of the checks is the order of safety: what lets a resource go without touching anything comes first, then
what forbids acting, then the look at the provider, and only then a stop or delete. The state table is in `goal.py`.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from trainsweep.api.common import DeletionPolicy, DesiredState, Mode
from trainsweep.api.names import FORCE_ORPHAN
from trainsweep.core.decision import AddFinalizer, Delete, Observe, Plan, RemoveFinalizer, Standing, Stop
from trainsweep.core.external import ExternalState, Remote
from trainsweep.core.inputs import Inputs, Obstacle
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Key, Resource
from trainsweep.core.state_table import Goal, deadline_passed, due_in, toward, ttl_passed

#: Seconds until a look whether another resource turned out to name the same thing.
HEIR_LOOKS = 2.0


def plan(facts: Inputs) -> Plan:
    """Decide one step. The controller carries it out and, after `Observe` and `AddFinalizer`, asks again."""
    if problem := facts.record.problem:
        unread = Obstacle(Reason.INVALID_SPEC, f"{problem}; correct it.", stalled=True, configuration=True)
        facts = replace(facts, obstacle=unread)
    return _end_of_life(facts) if facts.record.deleting else _life(facts)


def _life(facts: Inputs) -> Plan:
    """The resource is wanted: bring the remote thing to its desired state and keep watching."""
    record = facts.record
    conflict = facts.owner is not None and facts.owner_pinned
    if conflict and not facts.owner_going:
        return _conflict(facts)
    promised = facts.policy is not DeletionPolicy.ORPHAN and facts.mode is Mode.ENFORCE and not record.problem
    unfit = facts.obstacle is not None and facts.obstacle.stalled and facts.obstacle.configuration
    if promised and not unfit and not record.has_finalizer:
        return Plan(AddFinalizer(), _observing())
    if conflict:  # held already: the thing may be handed over to it in a moment
        return _conflict(facts)
    if facts.moved:
        return _stalled(Reason.IDENTITY_CHANGED, facts.moved)
    if held_up := _held_up(facts):
        return held_up
    if facts.seen is None:
        return Plan(Observe(), _observing())
    return _restrained(facts, toward(wanted(facts)[0], facts))


class Cause(StrEnum):
    """What makes a resource ask for its goal."""

    DELETION = "deletion"
    DESIRED_STATE = "desiredState"
    DEADLINE = "activeDeadlineSeconds"
    EXPIRY = "ttlSecondsAfterFinished"


def wanted(facts: Inputs) -> tuple[Goal, Cause]:
    """What the deletion policy says of a resource that is deleted; else the desired state, moved on by the two clocks:
    the deadline stops, the time to live deletes.
    """
    if facts.record.deleting:
        return Goal.STOPPED if facts.policy is DeletionPolicy.STOP else Goal.ABSENT, Cause.DELETION
    if facts.desired is DesiredState.ABSENT:
        return Goal.ABSENT, Cause.DESIRED_STATE
    if ttl_passed(facts):
        return Goal.ABSENT, Cause.EXPIRY
    if facts.desired is DesiredState.STOPPED:
        return Goal.STOPPED, Cause.DESIRED_STATE
    if deadline_passed(facts):
        return Goal.STOPPED, Cause.DEADLINE
    return Goal.PRESENT, Cause.DESIRED_STATE


def _end_of_life(facts: Inputs) -> Plan:
    """The resource is being deleted: clean up, then let it go."""
    record, past = facts.record, facts.record.past
    if not record.has_finalizer:
        return Plan(None, _observing())
    if free := _freed_at_once(facts):
        return free
    if facts.moved:
        return _stalled(Reason.IDENTITY_CHANGED, facts.moved)
    never_there = past.external_state in ("", ExternalState.ABSENT) and not facts.observed
    if facts.obstacle and facts.obstacle.configuration and never_there:
        return _let_go(f"it was never once observed, and {facts.obstacle.message}")
    if held_up := _held_up(facts):
        return held_up
    if facts.seen is None:
        return Plan(Observe(), _observing())
    return _restrained(facts, toward(wanted(facts)[0], facts))


def _freed_at_once(facts: Inputs) -> Plan | None:
    """What lets a resource go without a look at the provider."""
    record = facts.record
    if facts.crd_going:
        return _let_go("its CustomResourceDefinition is being removed, and uninstalling never deletes remotely")
    if facts.policy is DeletionPolicy.ORPHAN:
        return _let_go("the deletion policy is Orphan")
    if facts.owner and facts.owner_pinned:
        return _let_go(f"{_named(facts.owner, record)} manages the remote thing")
    if facts.heir and not record.paused:
        return _hand_over(facts.heir)
    if record.force_orphan in record.known_ids or (facts.target and record.force_orphan == facts.target.id):
        return _let_go(f"{FORCE_ORPHAN} names {record.force_orphan}")
    return None


def _held_up(facts: Inputs) -> Plan | None:
    """What makes it wait before the provider is read."""
    if facts.record.paused:
        return _paused(facts)
    if facts.owner:
        return _waiting_for(_named(facts.owner, facts.record))
    if facts.heir_unsure:
        return _waiting_for_heir(facts.heir_unsure)
    return _blocked(facts) if facts.obstacle else None


def _restrained(facts: Inputs, ideal: Plan) -> Plan:
    """Hold back what the mode forbids, and demand a read by id before every write and every release of what exists.

    In mode Plan a resource whose thing is proven gone is freed all the same: there is nothing to be careful with.
    """
    if forbidden := _out_of_bounds(facts, ideal):
        return forbidden
    match ideal.action:
        case Stop() | Delete() if facts.mode is Mode.ENFORCE and (facts.held_back or facts.unaudited):
            reason = Reason.DELETION_HELD if facts.held_back else Reason.AUDIT_UNAVAILABLE
            message = facts.held_back or facts.unaudited
            standing = Standing(ready=False, reason=reason, message=message, progressing=True)
            return Plan(None, standing, planned=describe(ideal.action))
        case Stop() | Delete() if not facts.fresh:
            return Plan(Observe(fresh=True), ideal.standing)
        case RemoveFinalizer(left=True) if not facts.fresh:
            return Plan(Observe(fresh=True, to_release=True), ideal.standing)
        case Stop() | Delete() | RemoveFinalizer(left=True) if facts.mode is Mode.PLAN:
            planned = ideal.planned or describe(ideal.action)
            standing = Standing(
                ready=False,
                reason=Reason.PLAN_MODE,
                message=f"Would {planned[0].lower()}{planned[1:]}; the account is in mode Plan.",
                progressing=True,
            )
            return Plan(None, standing, after=ideal.after, planned=planned)
        case _:
            return ideal


def _out_of_bounds(facts: Inputs, ideal: Plan) -> Plan | None:
    """A shared account may let a namespace do less than its resources ask for. The name is that of a fresh read."""
    if not isinstance(ideal.action, Stop | Delete) or not isinstance(facts.seen, Remote):
        return None
    namespace, name = facts.record.key.namespace, facts.seen.name
    # What is to be deleted is not stopped on the way either, where it may not be deleted.
    why = facts.bounds.forbid(namespace, name, delete=wanted(facts)[0] is Goal.ABSENT)
    if not why:
        return None
    message = f"{facts.record.config} does not let the namespace {namespace} do this: {why}. Nothing is touched."
    if facts.record.deleting:
        message += " deletionPolicy Orphan frees this resource."
    return _stalled(Reason.OUT_OF_BOUNDS, message)


def describe(action: Stop | Delete | RemoveFinalizer) -> str:
    """An action in words, for `status.plannedAction` and `trainsweep plan`."""
    match action:
        case RemoveFinalizer():
            return f"Free the resource: {action.why}"
        case Stop() | Delete():
            things = ", ".join(f"{target.thing} {target.id}" for target in action.targets)
            return f"{type(action).__name__} {things}"


def _observing() -> Standing:
    return Standing(ready=False, reason=Reason.OBSERVING, message="Reading the provider.", progressing=True)


def _named(other: Key, record: Resource) -> str:
    """Another namespace is another tenant's: what its resources are named is not told here."""
    return str(other) if other.namespace == record.key.namespace else f"A {other.kind} of another namespace"


def _let_go(why: str) -> Plan:
    standing = Standing(ready=False, reason=Reason.LET_GO, message=f"Let go: {why}.")
    return Plan(RemoveFinalizer(Reason.LET_GO, why, left=True), standing)


def _hand_over(heir: Key) -> Plan:
    why = f"{heir} names the same remote thing and wants it to stay, so it is handed over"
    standing = Standing(ready=False, reason=Reason.HANDED_OVER, message=f"Handed over: {heir} has it now.")
    return Plan(RemoveFinalizer(Reason.HANDED_OVER, why, left=True), standing)


def _waiting_for_heir(heir: Key) -> Plan:
    message = f"{heir} may name the same remote thing; waiting until it has looked."
    standing = Standing(ready=False, reason=Reason.OBSERVING, message=message, progressing=True)
    return Plan(None, standing, after=HEIR_LOOKS)


def _waiting_for(owner: str) -> Plan:
    """The thing is not left to a resource that may turn out not to reach it."""
    message = f"{owner} names this remote thing, too, and is older; waiting until it has seen the thing or is gone."
    standing = Standing(ready=False, reason=Reason.CONFLICT, message=message, progressing=True)
    return Plan(None, standing, after=HEIR_LOOKS)


def _stalled(reason: Reason, message: str) -> Plan:
    return Plan(None, Standing(ready=False, reason=reason, message=message, stalled=True))


def _conflict(facts: Inputs) -> Plan:
    owner = _named(facts.owner, facts.record) if facts.owner else "Another resource"
    return _stalled(Reason.CONFLICT, f"{owner} manages this remote thing; this resource never acts on it.")


def _paused(facts: Inputs) -> Plan:
    message = "Paused by annotation; remove it to go on."
    standing = Standing(
        ready=None,
        reason=Reason.PAUSED,
        message=message,
        synced=False,
        synced_reason=Reason.PAUSED,
        synced_message=message,
    )
    waiting = "Clean up and free the resource" if facts.record.deleting else ""
    return Plan(None, standing, planned=waiting)


def _blocked(facts: Inputs) -> Plan:
    """Something stands in the way; the resource comes back by itself when it is gone."""
    obstacle = facts.obstacle
    if obstacle is None:
        raise ValueError("a blocked plan needs an obstacle")
    standing = Standing(
        ready=False,
        reason=obstacle.reason,
        message=obstacle.message,
        progressing=not obstacle.stalled,
        stalled=obstacle.stalled,
        synced=False,
        synced_reason=obstacle.reason,
        synced_message=obstacle.message,
    )
    return Plan(None, standing, after=due_in(facts))
