"""From a decision to the status that is written. Pure; equal input gives equal text, so that rest costs no write."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from trainsweep.core.account_id import AccountID
from trainsweep.core.decision import Plan, Standing
from trainsweep.core.external import ExternalState, Remote
from trainsweep.core.inputs import Absent, Inputs
from trainsweep.core.last_status import LastStatus, format_time
from trainsweep.core.policy import PolicySource
from trainsweep.core.state_table import finished_at, started_at

#: Longest message kept in a status: a provider's page of HTML helps nobody.
MESSAGE_LIMIT = 500
#: The same of a name or a word of a provider.
NAME_LIMIT = 256


def status_of(facts: Inputs, plan: Plan, last_call: Mapping[str, Any]) -> dict[str, Any]:
    """The whole status of a resource. Fields without a value are left out."""
    record, past = facts.record, facts.record.past
    seen = facts.seen
    remote = seen if isinstance(seen, Remote) else None
    external_state = remote.state.value if remote else (ExternalState.ABSENT.value if seen else past.external_state)
    # What was seen before stays readable after the thing is gone: it is the record of what was cleaned up.
    external_id = past.external_id or (facts.target.id if remote and facts.target else "")
    account = _account(facts, remote)
    fields = {
        "observedGeneration": record.generation,
        "conditions": conditions(past, plan.standing, record.generation, facts.now),
        "externalID": external_id,
        "account": account.to_status() if account else None,
        "parentID": (remote.parent if remote else "") or past.parent,
        "listed": (past.listed or facts.listed) or None,
        "externalName": remote.name[:NAME_LIMIT] if remote else past.external_name,
        "externalState": external_state,
        "providerState": remote.provider_state[:NAME_LIMIT]
        if remote
        else ("" if isinstance(seen, Absent) else past.provider_state),
        # Never replaced: a config made again under its name is told from the pinned one by this time alone.
        "createdAt": _time(past.created_at or (remote.created_at if remote else None)),
        "startedAt": _time(started_at(facts)),
        "finishedAt": _time(finished_at(facts)),
        "effectiveDeletionPolicy": "" if facts.policy_source is PolicySource.UNCLEAR else facts.policy.value,
        "lastCall": dict(last_call) or past.last_call,
        "plannedAction": plan.planned,
        "lastHandledReconcileAt": record.requested_at or past.handled_request,
    }
    return {name: value for name, value in fields.items() if value not in ("", None, {})}


def _account(facts: Inputs, remote: Remote | None) -> AccountID | None:
    """Where the id was found. Written with the first look that shows the thing; later looks add keys alone."""
    pinned, account = facts.record.past.account, facts.account
    if remote is None or account is None or facts.moved:
        return pinned
    return pinned.seen_with(account.keys) if pinned and facts.record.past.external_id else account


def _provider_state(seen: Remote | Absent | None, past: LastStatus) -> str:
    if isinstance(seen, Absent):
        return ""
    return seen.provider_state if seen else past.provider_state


def conditions(past: LastStatus, standing: Standing, generation: int, now: datetime) -> list[dict[str, Any]]:
    """Ready and Synced always, Reconciling and Stalled only while true, as the kstatus rules ask."""
    before = past.condition("Ready")
    ready = standing.ready
    if ready is None and past.generation != generation:
        # What was said of an older spec says nothing about this one.
        entries = [("Ready", "Unknown", standing.reason.value, standing.message)]
    elif ready is None:
        kept = {field: before.get(field, default) for field, default in _UNKNOWN.items()}
        entries = [("Ready", kept["status"], kept["reason"], kept["message"])]
    else:
        entries = [("Ready", str(ready), standing.reason.value, standing.message)]
    synced_message = standing.synced_message
    entries.append(("Synced", str(standing.synced), standing.synced_reason.value, synced_message))
    if standing.progressing:
        entries.append(("Reconciling", "True", standing.reason.value, standing.message))
    if standing.stalled:
        entries.append(("Stalled", "True", standing.reason.value, standing.message))
    return [
        _condition(past.condition(kind), now, {"type": kind, "status": status, "reason": reason, "message": message})
        | {"observedGeneration": generation}
        for kind, status, reason, message in entries
    ]


_UNKNOWN = {"status": "Unknown", "reason": "Observing", "message": "Not yet read."}


def _condition(before: Mapping[str, Any], now: datetime, said: dict[str, str]) -> dict[str, Any]:
    """One condition. The time of transition moves only when the status does."""
    since = before.get("lastTransitionTime") if before.get("status") == said["status"] else None
    return said | {"message": said["message"][:MESSAGE_LIMIT], "lastTransitionTime": since or format_time(now)}


def _time(value: datetime | None) -> str | None:
    return format_time(value) if value else None
