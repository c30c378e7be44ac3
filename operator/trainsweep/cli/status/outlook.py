"""What happens next to a resource, and when, from what its status remembers. Pure.

The decision is the operator's own (`core.plan`), taken on what it last wrote instead of on a look at the provider.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from trainsweep.cli.status.account import AccountStory
from trainsweep.core.decision import RemoveFinalizer
from trainsweep.core.dry_run import cause, dry_run
from trainsweep.core.external import ExternalState, Remote
from trainsweep.core.inputs import Absent, Inputs, Obstacle
from trainsweep.core.last_status import LastStatus
from trainsweep.core.plan import describe
from trainsweep.core.reasons import Reason

#: Seconds after which a resource that the operator has not looked at is told as trouble.
UNSEEN = 60
#: Standings that end by an act of a person alone, beside those that are Stalled.
_HELD_BACK = frozenset({Reason.DELETION_HELD, Reason.PAUSED, Reason.PLAN_MODE, Reason.NOT_EMPTY})


@dataclass(frozen=True, slots=True)
class Outlook:
    """`steps` come in this order; `at` is when the first of them is due, None for now or for no time that is known.

    `needs_person`: nothing more happens until somebody does something, which the advice of the reason tells.
    """

    text: str
    steps: tuple[str, ...] = ()
    because: str = ""
    at: datetime | None = None
    needs_person: bool = False


def outlook(facts: Inputs, account: AccountStory | None) -> Outlook:
    record, past = facts.record, facts.record.past
    reason = past.condition("Ready").get("reason", "")
    if record.deleting and not record.has_finalizer:
        return Outlook("Kubernetes removes the resource; nothing of Trainsweep holds it.")
    if past.generation < record.generation:
        return _unseen(facts)
    if record.paused:
        return Outlook("Nothing is read or changed until it is resumed.", needs_person=True)
    if record.deleting and record.force_orphan in record.known_ids:
        return Outlook("The resource is let go; the remote thing stays as it is.")
    if record.requested_at and record.requested_at != past.handled_request:
        return Outlook("The operator looks again at once, as reconcile-requested-at asks.")
    if past.condition("Stalled").get("status") == "True":
        again = f" It is looked for again every {account.idle_seconds} s." if account and reason == "NotFound" else ""
        return Outlook(f"Nothing, until somebody changes something.{again}", needs_person=True)
    if account and account.suspended:
        since = f" since {account.circuit_since:%H:%M:%S} UTC" if account.circuit_since else ""
        return Outlook(
            f"Calls to {account.key} are suspended{since} ({account.reason}); they are tried again by itself."
        )
    return _planned(facts, account, reason)


def remembered(past: LastStatus, remote_id: str) -> Remote | Absent | None:
    """The remote thing as the status last told it."""
    if not past.external_state:
        return None
    if past.external_state == ExternalState.ABSENT:
        return Absent("the status says so")
    known = past.external_state in set(ExternalState)
    return Remote(
        id=remote_id,
        name=past.external_name,
        state=ExternalState(past.external_state) if known else ExternalState.UNKNOWN,
        provider_state=past.provider_state,
        created_at=past.created_at,
        started_at=past.started_at,
        finished_at=past.finished_at,
    )


def obstacle_of(past: LastStatus) -> Obstacle | None:
    """What the operator said stands in the way of a look at the provider."""
    synced = past.condition("Synced")
    if synced.get("status") != "False" or synced.get("reason") == Reason.PAUSED:
        return None
    try:
        reason = Reason.of(synced.get("reason", ""))
    except StopIteration:
        return None
    stalled = past.condition("Stalled").get("status") == "True"
    return Obstacle(reason, synced.get("message", ""), stalled=stalled)


def _unseen(facts: Inputs) -> Outlook:
    age = (facts.now - facts.record.created_at).total_seconds()
    text = f"The operator looks at generation {facts.record.generation}; it has not done so yet."
    if age < UNSEEN:
        return Outlook(text)
    return Outlook(f"{text} It may not run, or not watch this namespace: look at its log.", needs_person=True)


def _planned(facts: Inputs, account: AccountStory | None, reason: str) -> Outlook:
    if facts.obstacle or facts.owner:
        return Outlook("The operator tries again by itself, after pauses that grow to five minutes.")
    if facts.seen is None or facts.target is None:
        return Outlook("The operator reads the provider.")
    ideal = dry_run(replace(facts, held_back=""))
    steps = tuple(describe(step) for step in ideal.steps)
    because = cause(facts) if steps else ""
    if reason in _HELD_BACK:
        held = tuple(filter(None, [ideal.planned])) or steps
        return Outlook("Held back until somebody lets it go on.", held, because, needs_person=True)
    if steps:
        return Outlook(_pace(facts, account), steps, because)
    if ideal.after:
        return Outlook("Until then it is only watched.", _at_the_clock(facts), "", _in(facts.now, ideal.after))
    if isinstance(facts.seen, Absent):
        return Outlook("Nothing.")
    return Outlook(f"Nothing. It is read again every {account.idle_seconds} s." if account else "Nothing.")


def _pace(facts: Inputs, account: AccountStory | None) -> str:
    asked = facts.record.past.last_call
    moving = isinstance(facts.seen, Remote) and facts.seen.state in (ExternalState.STOPPING, ExternalState.DELETING)
    seconds = account.active_seconds if account else 15
    if moving or asked.get("success"):
        return f"The provider is at work; it is looked at again within {seconds} s."
    return f"The operator acts at its next turn, within {seconds} s."


def _at_the_clock(facts: Inputs) -> tuple[str, ...]:
    """What the nearer of the two clocks brings."""
    ended = isinstance(facts.seen, Remote) and facts.seen.state.ended
    then = facts.now + timedelta(days=36500)
    if ended and facts.record.expiry is not None:
        return tuple(describe(step) for step in dry_run(replace(facts, now=then)).steps)
    if facts.record.deadline is not None:
        steps = dry_run(replace(facts, now=then)).steps
        return tuple(describe(step) for step in steps if not isinstance(step, RemoveFinalizer))[:1]
    return ()


def _in(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=seconds)
