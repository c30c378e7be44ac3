"""What would come of a resource if every call worked: `plan()` asked again and again, the world imagined. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from trainsweep.api.names import FINALIZER
from trainsweep.core.decision import AddFinalizer, Delete, Observe, Plan, RemoveFinalizer, Standing, Stop
from trainsweep.core.external import ExternalState, Remote, Target, state_of_parts
from trainsweep.core.inputs import Absent, Inputs
from trainsweep.core.plan import Cause, plan, wanted

#: More than any resource needs: hold, look, stop, wait, delete the parts, wait, delete, wait, free.
STEPS = 20


@dataclass(frozen=True, slots=True)
class DryRun:
    """`steps` are the actions that would be carried out, in order; `now` and `end` how the resource stands before the
    first and after the last of them. `planned` is what would be held back, `after` the seconds until a clock
    (activeDeadlineSeconds, ttlSecondsAfterFinished) brings more.
    """

    steps: tuple[Stop | Delete | RemoveFinalizer, ...]
    now: Standing
    end: Standing
    planned: str = ""
    after: float | None = None

    @property
    def changes(self) -> bool:
        """Something remote would be stopped or deleted."""
        return any(isinstance(step, Stop | Delete) for step in self.steps)


def dry_run(facts: Inputs) -> DryRun:
    """The facts must hold a look at the provider (`seen`), or say what stands in its way."""
    steps: list[Stop | Delete | RemoveFinalizer] = []
    first: Standing | None = None
    for _ in range(STEPS):
        decision = plan(facts)
        match decision.action:
            case Observe(fresh=True):
                facts = replace(facts, fresh=True)
                continue
            case AddFinalizer():
                held = (*facts.record.finalizers, FINALIZER)
                facts = replace(facts, record=replace(facts.record, finalizers=held))
                continue
            case Observe():
                raise ValueError("a rehearsal begins when the provider has been read")
        first = first or decision.standing
        imagined = _after(decision, facts)
        if decision.action:
            steps.append(decision.action)
        if imagined is None:
            return DryRun(tuple(steps), first, decision.standing, decision.planned, decision.after)
        facts = replace(facts, seen=imagined)
    raise RuntimeError(f"the plan of {facts.record.key} does not come to an end")


def cause(facts: Inputs) -> str:
    """What in the resource asks for it, in words: the cause that the audit log would name."""
    match wanted(facts)[1]:
        case Cause.DELETION:
            return f"the resource is being deleted under the deletion policy {facts.policy}"
        case Cause.EXPIRY | Cause.DEADLINE as clock:
            return f"{clock} has passed"
        case Cause.DESIRED_STATE:
            return f"desiredState is {facts.desired}"


def _after(decision: Plan, facts: Inputs) -> Remote | Absent | None:
    """What would be seen once the action, or the wait, is over; None when there is nothing more to come."""
    seen = facts.seen
    if not isinstance(seen, Remote):
        return None
    match decision.action:
        case Stop(targets=targets):
            return _stopped(seen, targets)
        case Delete(targets=targets):
            return _deleted(seen, targets, facts.target)
        case None if decision.moving and seen.state is ExternalState.STOPPING:
            return _stopped(seen, ())
        case None if decision.moving and seen.state is ExternalState.DELETING:
            return Absent("it is gone")
    return None


def _stopped(seen: Remote, targets: tuple[Target, ...]) -> Remote:
    """The runs named have ended, and with them the thing."""
    asked = {target.id for target in targets}
    parts = seen.parts and tuple(
        replace(part, state=ExternalState.STOPPED) if part.id in asked or part.state is ExternalState.STOPPING else part
        for part in seen.parts
    )
    return replace(seen, state=state_of_parts(parts) if parts else ExternalState.STOPPED, parts=parts)


def _deleted(seen: Remote, targets: tuple[Target, ...], target: Target | None) -> Remote | Absent:
    """The thing is gone, or those of its parts that were named."""
    asked = {entry.id for entry in targets}
    if target is not None and target.id in asked:
        return Absent("it is gone")
    return replace(seen, parts=tuple(part for part in seen.parts or () if part.id not in asked))
