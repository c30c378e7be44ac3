"""The state table: from the remote state to the next step toward a goal. Pure."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from trainsweep.api.common import DeletionPolicy, DesiredState
from trainsweep.api.fine_tuning import FineTuningJobSpec
from trainsweep.api.provider import KindSupport
from trainsweep.core.capability import cannot, remark, sentence, undeletable
from trainsweep.core.decision import Action, Delete, Plan, RemoveFinalizer, Standing, Stop
from trainsweep.core.external import PART_OF, ExternalState, Remote, Target, state_of_parts
from trainsweep.core.inputs import Absent, Inputs, Verb
from trainsweep.core.policy import PolicySource
from trainsweep.core.preconditions import mismatch
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Resource

#: Seconds for which an accepted stop or delete is given time before it is asked for again. Providers take a while to
#: show it (some have no "Stopping" state, others no "Deleting"), and asking again early helps nobody. Doubled
#: with each time.
PATIENCE, LONGEST_PATIENCE = 60.0, 300.0


class Goal(StrEnum):
    PRESENT = "Present"
    STOPPED = "Stopped"
    ABSENT = "Absent"


def toward(goal: Goal, facts: Inputs) -> Plan:
    """The next step for a resource whose remote thing was just looked at."""
    seen = facts.seen
    if seen is None:
        raise ValueError("the provider has not been read")
    if isinstance(seen, Absent):
        return _gone(goal, facts)
    if rest := _without_a_call(goal, facts, seen):
        return rest
    state = _activity(seen)
    if state is ExternalState.UNKNOWN:
        message = f"The provider reports {seen.provider_state or 'no state'!r}; waiting until it is a known one."
        return Plan(None, _progress(Reason.UNKNOWN_STATE, message), moving=True)
    if state is ExternalState.STOPPING and (seen.parts or not seen.message):
        return Plan(None, _progress(Reason.STOPPING, "Waiting for the run to end."), moving=True)
    if state is ExternalState.DELETING:
        return Plan(None, _progress(Reason.DELETING, "Waiting until the remote thing is gone."), moving=True)
    if state.active or state is ExternalState.STOPPING:
        if Verb.STOP in facts.support.verbs:
            return _stop(facts, seen)
        if goal is Goal.STOPPED:
            return _unstoppable(facts, seen)
    if goal is Goal.STOPPED:
        return _stopped(facts, seen)
    return _delete(facts, seen)


def _without_a_call(goal: Goal, facts: Inputs, seen: Remote) -> Plan | None:
    """What is settled whatever the thing is doing: it is another one, or the goal cannot be reached or asks nothing."""
    if changed := _other_thing(facts, seen):
        return changed
    if wrong := undeletable(facts, stopping=goal is Goal.STOPPED):
        return Plan(None, _stalled(Reason.INVALID_SPEC, wrong), after=due_in(facts))
    if goal is Goal.PRESENT:
        message = f"The remote thing is {seen.state}.{remark(facts)}"
        return Plan(None, _ready(Reason.AVAILABLE, message), after=due_in(facts))
    return _not_empty(facts, seen) if goal is Goal.ABSENT else None


def _gone(goal: Goal, facts: Inputs) -> Plan:
    if facts.record.deleting:
        standing = _progress(Reason.DELETED_EXTERNAL, "The remote thing is gone.")
        evidence = facts.seen.evidence if isinstance(facts.seen, Absent) else ""
        return Plan(RemoveFinalizer(Reason.DELETED_EXTERNAL, evidence, left=False), standing)
    if goal is Goal.PRESENT:
        message = "No such remote thing; check the id, or delete this resource."
        return Plan(None, _stalled(Reason.NOT_FOUND, message))
    return Plan(None, _ready(Reason.ABSENT, "The remote thing is absent."))


def _stopped(facts: Inputs, remote: Remote) -> Plan:
    if facts.record.deleting and facts.policy is DeletionPolicy.STOP:
        asked = "as the deletion policy Stop asks"
        if facts.policy_source is PolicySource.PROVIDER:
            asked = f"and {cannot(facts, Verb.DELETE)}"
        why = f"the remote thing is {remote.state}, {asked}"
        return Plan(
            RemoveFinalizer(Reason.STOPPED_EXTERNAL, why, left=True),
            _progress(Reason.STOPPED_EXTERNAL, "The run ended."),
        )
    message = f"The remote thing is {remote.state}.{remark(facts)}"
    return Plan(None, _ready(Reason.STOPPED, message), after=due_in(facts))


def _unstoppable(facts: Inputs, remote: Remote) -> Plan:
    """It runs, and its provider knows no way to stop it."""
    reason = cannot(facts, Verb.STOP)
    if facts.record.deleting:
        why = f"{reason}, and it is {remote.state}"
        return Plan(RemoveFinalizer(Reason.LET_GO, why, left=True), _progress(Reason.LET_GO, f"Let go: {why}."))
    return Plan(None, _stalled(Reason.INVALID_SPEC, f"{sentence(reason)}; set desiredState: Present."))


def _stop(facts: Inputs, remote: Remote) -> Plan:
    standing = _progress(Reason.STOPPING, "Stopping the run.")
    targets = _runs(facts, remote, active=True)
    if deadline_alone(facts):
        # Each run has a deadline of its own: one that began later goes on. When one began, a list may not say; the read
        # by id before every stop does.
        late = {part.id for part in remote.parts or () if _overdue(facts, part) or not (facts.fresh or _start(part))}
        targets = tuple(target for target in targets if not remote.parts or target.id in late)
    return _ask(facts, remote, Stop(targets), standing)


def _delete(facts: Inputs, remote: Remote) -> Plan:
    targets: tuple[Target, ...] = (_target(facts),)
    if isinstance(facts.record.spec, FineTuningJobSpec) and remote.parts:
        targets = _runs(facts, remote, active=False)
    return _ask(facts, remote, Delete(targets), _progress(Reason.DELETING, "Deleting the remote thing."))


def _not_empty(facts: Inputs, remote: Remote) -> Plan | None:
    """Without `cascade`, the tasks of a fine-tuning job are not this resource's to touch, not even by a stop."""
    spec = facts.record.spec
    if not isinstance(spec, FineTuningJobSpec) or spec.cascade or not remote.parts:
        return None
    message = f"The job still holds {len(remote.parts)} task(s); set cascade: true or delete them first."
    return Plan(None, _progress(Reason.NOT_EMPTY, message))


def _ask(facts: Inputs, remote: Remote, action: Stop | Delete, standing: Standing) -> Plan:
    """Act, unless the expectation forbids it or all of it has been accepted a moment ago."""
    if wrong := mismatch(facts.record.spec.expect, remote):
        return Plan(None, _stalled(Reason.EXPECTATION_FAILED, wrong))
    verb = Verb.STOP if isinstance(action, Stop) else Verb.DELETE
    due = tuple(target for target in action.targets if not _just_asked(facts, verb, target))
    todo: Action | None = type(action)(due) if due else None
    if remote.message and any((verb, target.id) in facts.asked for target in action.targets):
        reason = Reason.NOT_STOPPABLE if verb is Verb.STOP else Reason.DELETE_FAILED
        standing = _progress(reason, f"{remote.message} It is asked for again, with growing pauses.")
    return Plan(todo, standing, moving=True)


def _just_asked(facts: Inputs, verb: Verb, target: Target) -> bool:
    asked = facts.asked.get((verb, target.id))
    if asked is None:
        return False
    patience = min(LONGEST_PATIENCE, PATIENCE * 2.0 ** min(asked.times - 1, 9))
    return asked.ago < patience


def _other_thing(facts: Inputs, remote: Remote) -> Plan | None:
    """What is not the pinned thing is never touched."""
    message = made_again(facts.record, remote, facts.support)
    return Plan(None, _stalled(Reason.IDENTITY_CHANGED, message)) if message else None


def made_again(record: Resource, remote: Remote, support: KindSupport) -> str:
    """Why this is not the thing that the resource has pinned, "" when it is. Where an id returns, as that of a config,
    which is its name, one made again under the same id is another one.
    """
    if not support.id_returns or remote.created_at is None or (pinned := record.past.created_at) is None:
        return ""
    if abs((remote.created_at - pinned).total_seconds()) < 1:
        return ""
    return f"This config was made at {remote.created_at:%Y-%m-%dT%H:%M:%SZ}, not when the pinned one was."


def _activity(remote: Remote) -> ExternalState:
    """The state that decides: that of the parts while one has not ended, as calls work on parts."""
    going = tuple(part for part in remote.parts or () if not part.state.ended)
    return state_of_parts(going) if going else remote.state


def _runs(facts: Inputs, remote: Remote, *, active: bool) -> tuple[Target, ...]:
    """The things that a stop or a cascading delete works on: the parts, or the thing itself."""
    kind = PART_OF.get(facts.record.thing)
    if kind is None or not remote.parts:
        return (_target(facts),)
    return tuple(Target(kind, part.id, remote.id) for part in remote.parts if part.state.active or not active)


def _target(facts: Inputs) -> Target:
    if facts.target is None:
        raise ValueError("a remote thing was seen without a target")
    return facts.target


def deadline_passed(facts: Inputs) -> bool:
    """`activeDeadlineSeconds` after the start of a run that is under way."""
    left = _to_deadline(facts)
    return left is not None and left <= 0


def deadline_alone(facts: Inputs) -> bool:
    """Nothing but the deadline asks for a stop."""
    return not facts.record.deleting and facts.desired is DesiredState.PRESENT and not ttl_passed(facts)


def _overdue(facts: Inputs, part: Remote) -> bool:
    left = _left(facts, facts.record.deadline, _start(part))
    return left is not None and left <= 0


def _start(run: Remote) -> datetime | None:
    """When a run began. One that waits has not begun: a start that it tells is that of a former run."""
    return None if run.state is ExternalState.PENDING else run.started_at


def ttl_passed(facts: Inputs) -> bool:
    """`ttlSecondsAfterFinished` after the remote end."""
    left = _to_expiry(facts)
    return left is not None and left <= 0


def due_in(facts: Inputs) -> float | None:
    """Seconds until the nearer of the two clocks strikes; None when none is running."""
    return min((left for left in (_to_deadline(facts), _to_expiry(facts)) if left and left > 0), default=None)


def _to_deadline(facts: Inputs) -> float | None:
    return _left(facts, facts.record.deadline, started_at(facts))


def _to_expiry(facts: Inputs) -> float | None:
    seconds = facts.record.expiry
    return _left(facts, seconds, finished_at(facts)) if seconds is not None else None


def _left(facts: Inputs, seconds: int | None, since: datetime | None) -> float | None:
    """Seconds left of `seconds` since a time. A difference of dates never overflows, a sum may."""
    return seconds - (facts.now - since).total_seconds() if seconds is not None and since else None


def lacks_time(record: Resource, remote: Remote) -> bool:
    """A clock runs by a time that neither this look nor the status tells, as the list of V1 jobs tells none."""
    if record.deadline is not None and remote.state is ExternalState.RUNNING:
        return not (remote.started_at or record.past.started_at)
    if record.expiry is not None and remote.state.ended and _ran(remote):
        return not (remote.finished_at or record.past.finished_at)
    return False


def _ran(remote: Remote) -> bool:
    """A config, or a job that holds no run, has no word for a state either."""
    return bool(remote.parts or remote.provider_state)


def started_at(facts: Inputs) -> datetime | None:
    """The remote start: the provider's word, else what the status remembers, else the moment it was first seen running.
    What waits for its run has none.

    What consists of runs has the start of the first one that is under way: an ended run of before does not count.
    """
    seen, remembered = facts.seen, facts.record.past.started_at
    if not isinstance(seen, Remote):
        return remembered
    if seen.parts:
        active = [start for part in seen.parts if part.state.active and (start := _start(part))]
        # A list may leave it out: what the status remembers holds until the next read by id.
        remembered = None if facts.fresh else remembered
        untold = any(part.state is ExternalState.RUNNING for part in seen.parts)
        ended = seen.started_at or remembered if seen.state.ended else None
        return min(active, default=remembered if untold else ended)
    if seen.state is ExternalState.PENDING:
        return None
    first_seen = facts.now if seen.state is ExternalState.RUNNING else None
    return seen.started_at or remembered or first_seen


def finished_at(facts: Inputs) -> datetime | None:
    """The remote end: the provider's word, else what the status remembers, else the moment it was first seen ended.

    A thing that never ran has no end: a config, or a job that holds no run.
    """
    remembered = facts.record.past.finished_at
    if not isinstance(facts.seen, Remote):
        return remembered
    if not facts.seen.state.ended:
        return None
    return facts.seen.finished_at or remembered or (facts.now if _ran(facts.seen) else None)


def _ready(reason: Reason, message: str) -> Standing:
    return Standing(ready=True, reason=reason, message=message)


def _stalled(reason: Reason, message: str) -> Standing:
    return Standing(ready=False, reason=reason, message=message, stalled=True)


def _progress(reason: Reason, message: str) -> Standing:
    return Standing(ready=False, reason=reason, message=message, progressing=True)
