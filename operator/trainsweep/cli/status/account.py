"""How an account stands, from what its ProviderConfig says: circuit, rate, guard. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from trainsweep.api.common import Mode
from trainsweep.cluster.decode import Config
from trainsweep.core.errors import ConfigurationError
from trainsweep.core.last_status import LastStatus, format_time, parse_time
from trainsweep.core.resource import Key
from trainsweep.providers.registry import identity, plugin_of


@dataclass(frozen=True, slots=True)
class AccountStory:
    """`removals` were let through in the guard's window of `window` seconds that ends now, `limit` are let through at
    most; `held` wait for an approval. `resources` is None until the operator has told.
    """

    key: Key
    place: str
    mode: Mode
    ready: bool | None
    reason: str
    message: str
    circuit: str
    circuit_since: datetime | None
    reads_per_second: float
    writes_per_second: float
    limit: int
    window: int
    removals: int
    under_way: int
    held: int
    held_since: datetime | None
    approved_until: datetime | None
    resources: int | None
    active_seconds: int
    idle_seconds: int
    deleting: bool = False

    @property
    def guard(self) -> str:
        """Such as "3 of 100 removals in this hour"."""
        told = f"{self.removals} of {self.limit} removals in {_window(self.window)}"
        if self.under_way:
            told += f", {self.under_way} under way"
        if self.held:
            told += f"; {self.held} held" + (f" since {format_time(self.held_since)}" if self.held_since else "")
        if self.approved_until:
            told += f"; approved until {format_time(self.approved_until)}"
        return told

    @property
    def suspended(self) -> bool:
        """No calls go out to it now."""
        return self.circuit == "Open" or self.ready is False


def account_story(config: Config, now: datetime) -> AccountStory:
    spec, status = config.spec, json.loads(config.status or "{}")
    ready = LastStatus.parse(config.status).condition("Ready")
    circuit, removals, held = (status.get(name) or {} for name in ("circuit", "removals", "held"))
    latest = parse_time(removals.get("latest"))
    counts = latest is not None and now - latest <= timedelta(seconds=spec.deletion_guard.window_seconds)
    approved = config.approved_until
    pace = plugin_of(spec.provider).limits
    return AccountStory(
        key=config.key,
        place=_place(config),
        mode=config.mode,
        ready={"True": True, "False": False}.get(ready.get("status", "")),
        reason=ready.get("reason", ""),
        message=config.problem or ready.get("message", ""),
        circuit=circuit.get("state", ""),
        circuit_since=parse_time(circuit.get("since")),
        reads_per_second=spec.rate_limit.reads_per_second or pace.reads,
        writes_per_second=spec.rate_limit.writes_per_second or pace.writes,
        limit=spec.deletion_guard.max_deletions,
        window=spec.deletion_guard.window_seconds,
        removals=removals.get("count", 0) if counts else 0,
        under_way=removals.get("underWay", 0),
        held=held.get("count", 0),
        held_since=parse_time(held.get("since")),
        approved_until=approved if approved and approved > now else None,
        resources=status.get("resources"),
        active_seconds=spec.polling.active_seconds,
        idle_seconds=spec.polling.idle_seconds,
        deleting=config.deleting,
    )


def _place(config: Config) -> str:
    try:
        return str(identity(config.spec))
    except ConfigurationError as error:
        return f"{config.spec.provider}, {error}"


def _window(seconds: int) -> str:
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds == size:
            return f"this {word}"
        if seconds % size == 0:
            return f"{seconds // size} {word}s"
    return f"{seconds} seconds"
