"""What the resource's own status remembers. It is the only memory that survives a restart."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from trainsweep.core.account_id import AccountID


@dataclass(frozen=True, slots=True)
class LastStatus:
    """The parts of a status that decisions read. An absent or odd status reads as an empty past."""

    generation: int = -1
    policy: str = ""
    external_id: str = ""
    account: AccountID | None = None
    parent: str = ""
    listed: bool = False
    external_name: str = ""
    external_state: str = ""
    provider_state: str = ""
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    handled_request: str = ""
    conditions: tuple[dict[str, Any], ...] = ()
    last_call: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> LastStatus:
        status = json.loads(text) if text else {}
        return cls(
            generation=status.get("observedGeneration", -1),
            policy=status.get("effectiveDeletionPolicy") or "",
            external_id=status.get("externalID") or "",
            account=AccountID.parse(status.get("account")),
            parent=status.get("parentID") or "",
            listed=status.get("listed") is True,
            external_name=status.get("externalName") or "",
            external_state=status.get("externalState") or "",
            provider_state=status.get("providerState") or "",
            created_at=parse_time(status.get("createdAt")),
            started_at=parse_time(status.get("startedAt")),
            finished_at=parse_time(status.get("finishedAt")),
            handled_request=status.get("lastHandledReconcileAt") or "",
            conditions=tuple(status.get("conditions") or ()),
            last_call=status.get("lastCall") or {},
        )

    @property
    def observed(self) -> bool:
        """The provider has been read with success at least once for this resource."""
        return bool(self.external_state)

    def condition(self, kind: str) -> dict[str, Any]:
        return next((condition for condition in self.conditions if condition.get("type") == kind), {})


def parse_time(text: Any) -> datetime | None:
    """An RFC 3339 text as a time in UTC; None for anything else."""
    if not isinstance(text, str) or not text:
        return None
    try:
        value = datetime.fromisoformat(text)
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def format_time(value: datetime) -> str:
    """RFC 3339 in UTC, whole seconds: the form of all times that Kubernetes writes."""
    try:
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
    except OverflowError:  # the first or last hours of the calendar, with an offset that leads out of it
        return value.isoformat(timespec="seconds")
