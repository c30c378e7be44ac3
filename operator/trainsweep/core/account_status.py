"""The status of a ProviderConfig: where an outage is told once. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trainsweep.api.names import APPROVE_DELETIONS_UNTIL
from trainsweep.core.decision import Standing
from trainsweep.core.deletion_guard import Tally
from trainsweep.core.inputs import Obstacle
from trainsweep.core.last_status import LastStatus, format_time
from trainsweep.core.reasons import Reason
from trainsweep.core.status import conditions


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """How an account stands. `obstacle` covers both the cluster's side and an open circuit (`circuit_open`);
    `odd_approval` is an approval of removals that is no time.
    """

    generation: int
    resources: int
    deleting: bool = False
    obstacle: Obstacle | None = None
    circuit_open: bool = False
    circuit_since: datetime | None = None
    held: int = 0
    held_since: datetime | None = None
    odd_approval: str = ""
    tally: Tally | None = None


def account_status(facts: AccountFacts, past: LastStatus, now: datetime) -> dict[str, Any]:
    status: dict[str, Any] = {
        "observedGeneration": facts.generation,
        "conditions": conditions(past, _standing(facts), facts.generation, now),
        "resources": facts.resources,
        "circuit": _circuit(facts),
    }
    if tally := facts.tally:
        latest = format_time(tally.latest)
        status["removals"] = {"count": tally.count, "underWay": tally.under_way, "latest": latest}
    if facts.held:
        status["held"] = {"count": facts.held, "since": format_time(facts.held_since or now)}
    return status


def news(before: LastStatus, status: Mapping[str, Any]) -> tuple[Reason, str, bool] | None:
    """What an event should tell of a new status: reason, message, and whether it is a warning. None for no news."""
    now = next(condition for condition in status["conditions"] if condition["type"] == "Ready")
    reason = Reason.of(now["reason"])
    if reason == before.condition("Ready").get("reason"):
        return None
    return reason, now["message"], reason is not Reason.CONFIG_READY


def _circuit(facts: AccountFacts) -> Mapping[str, str]:
    if not facts.circuit_open or facts.circuit_since is None:
        return {"state": "Closed"}
    reason = facts.obstacle.reason.value if facts.obstacle else Reason.PROVIDER_UNAVAILABLE.value
    return {"state": "Open", "since": format_time(facts.circuit_since), "reason": reason}


def _standing(facts: AccountFacts) -> Standing:
    if obstacle := facts.obstacle:
        return Standing(
            ready=False,
            reason=obstacle.reason,
            message=obstacle.message,
            progressing=not obstacle.stalled,
            stalled=obstacle.stalled,
            synced=False,
            synced_reason=obstacle.reason,
            synced_message=obstacle.message,
        )
    if facts.held:
        message = (
            f"{facts.held} removal(s) are held by deletionGuard; approve them with the annotation"
            f" {APPROVE_DELETIONS_UNTIL}, or withdraw them."
        )
        if facts.odd_approval:
            message += f" It is {facts.odd_approval[:80]!r} now, which is no time such as 2026-01-31T12:00:00Z."
        return Standing(ready=True, reason=Reason.DELETION_HELD, message=message)
    if facts.deleting and facts.resources:
        message = f"{facts.resources} resource(s) may still need this account; it goes when they are gone."
        return Standing(ready=True, reason=Reason.IN_USE, message=message)
    return Standing(ready=True, reason=Reason.CONFIG_READY, message="The provider accepts the credentials.")
