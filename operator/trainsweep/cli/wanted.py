"""Which things of an account to show, and in which order. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from trainsweep.cli.inventory import Item
from trainsweep.core.external import ExternalState, Remote, Thing


class Order(StrEnum):
    """As the provider lists them (jobs with their parts), or by one property; the largest and the newest first."""

    LISTED = "listed"
    NAME = "name"
    STATE = "state"
    AGE = "age"
    HOURS = "hours"


@dataclass(frozen=True, slots=True)
class Wanted:
    """An empty tuple or text, or None, admits all. What has no time is older and has run longer than nothing."""

    kinds: tuple[Thing, ...] = ()
    states: tuple[ExternalState, ...] = ()
    name_contains: str = ""
    older_than: timedelta | None = None
    running_for: timedelta | None = None

    def admits(self, item: Item, now: datetime) -> bool:
        remote = item.remote
        return (
            (not self.kinds or item.thing in self.kinds)
            and (not self.states or remote.state in self.states)
            and self.name_contains.lower() in remote.name.lower()
            and (self.older_than is None or _longer(age(remote, now), self.older_than))
            and (self.running_for is None or (remote.state.active and _longer(ran(remote, now), self.running_for)))
        )


def ordered(items: tuple[Item, ...], order: Order, now: datetime) -> tuple[Item, ...]:
    match order:
        case Order.LISTED:
            return items
        case Order.NAME:
            return tuple(sorted(items, key=lambda item: (item.remote.name.lower(), item.id)))
        case Order.STATE:
            states = list(ExternalState)
            return tuple(sorted(items, key=lambda item: states.index(item.remote.state)))
        case Order.AGE:
            return tuple(sorted(items, key=lambda item: _seconds(age(item.remote, now)), reverse=True))
        case Order.HOURS:
            return tuple(sorted(items, key=lambda item: _seconds(ran(item.remote, now)), reverse=True))


def age(remote: Remote, now: datetime) -> timedelta | None:
    """Since it was created."""
    return now - remote.created_at if remote.created_at else None


def ran(remote: Remote, now: datetime) -> timedelta | None:
    """From its start to its end, or until now while it runs; None when the provider does not tell."""
    if remote.started_at is None:
        return None
    if remote.finished_at:
        return max(timedelta(0), remote.finished_at - remote.started_at)
    return max(timedelta(0), now - remote.started_at) if remote.state.active else None


def _longer(span: timedelta | None, than: timedelta) -> bool:
    return span is not None and span > than


def _seconds(span: timedelta | None) -> float:
    return span.total_seconds() if span else -1.0
