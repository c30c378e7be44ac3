"""What an account holds, for people and for programs: a table, its sums, and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from rich.table import Table
from rich.text import Text

from trainsweep.cli.inventory import Item
from trainsweep.cli.wanted import age, ran
from trainsweep.core.external import PART_OF
from trainsweep.core.last_status import format_time
from trainsweep.providers.text import clean


def narrow(items: Iterable[Item], now: datetime) -> Table:
    """For a terminal: it fits 80 columns."""
    table = _table("KIND", "ID", "NAME", "STATE", "AGE", "HOURS")
    for item in items:
        remote = item.remote
        _add(table, item.thing, item.id, remote.name, remote.state, days(age(remote, now)), _hours(item, now))
    return table


def wide(items: Iterable[Item], now: datetime) -> Table:
    """For a pipe, which has no width to keep to."""
    table = _table("KIND", "ID", "NAME", "STATE", "PROVIDER-STATE", "CREATED", "HOURS")
    for item in items:
        remote = item.remote
        created = format_time(remote.created_at) if remote.created_at else ""
        _add(table, item.thing, item.id, remote.name, remote.state, remote.provider_state, created, _hours(item, now))
    return table


def sums(items: Iterable[Item], now: datetime) -> str:
    """Such as "5 things: 2 Running, 3 Stopped. 40.5 hours, 12.0 of them of what runs now". A job's hours are those of
    its parts, so that nothing counts twice.
    """
    found = list(items)
    states = Counter(item.remote.state for item in found)
    counts = ", ".join(f"{count} {state}" for state, count in states.items())
    parents = {item.parent for item in found if item.parent}
    counted = [item for item in found if not (item.thing in PART_OF and item.id in parents)]
    total, running = (
        sum(((ran(item.remote, now) or timedelta(0)) for item in chosen), timedelta(0))
        for chosen in (counted, [item for item in counted if item.remote.state.active])
    )
    told = f" {_in_hours(total)} hours, {_in_hours(running)} of them of what runs now." if total else ""
    return f"{len(found)} thing(s): {counts or 'none'}.{told}"


def as_json(item: Item, now: datetime) -> dict[str, Any]:
    remote = item.remote
    times = {"createdAt": remote.created_at, "startedAt": remote.started_at, "finishedAt": remote.finished_at}
    length = ran(remote, now)
    return {
        "kind": item.thing.value,
        "id": item.id,
        "name": remote.name,
        "parent": item.parent,
        "state": remote.state.value,
        "providerState": remote.provider_state,
        **{name: format_time(time) if time else None for name, time in times.items()},
        "runSeconds": int(length.total_seconds()) if length is not None else None,
    }


def days(span: timedelta | None) -> str:
    """A duration in one unit, as kubectl tells an age."""
    if span is None:
        return ""
    seconds = max(0, int(span.total_seconds()))
    for word, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size}{word}"
    return f"{seconds}s"


def _hours(item: Item, now: datetime) -> str:
    length = ran(item.remote, now)
    return _in_hours(length) if length is not None else ""


def _in_hours(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:.1f}"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", justify="right" if column == "HOURS" else "left")
    return table


def _add(table: Table, *cells: str) -> None:
    table.add_row(*(Text(clean(cell, ())) for cell in cells))
