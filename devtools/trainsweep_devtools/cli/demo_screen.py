"""How the demo looks: a table that is painted again and again on a terminal, lines of what changed elsewhere."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from trainsweep.core.last_status import LastStatus
from trainsweep.core.resource import Key
from trainsweep_devtools.cli.examples import Write
from trainsweep_devtools.simulators.journal import Entry

#: Operations that ask for a change.
WRITING = ("Stop", "Delete")


@dataclass(frozen=True, slots=True)
class Row:
    """One resource at one moment. After its deletion only the name is left."""

    resource: str
    desired: str
    state: str
    ready: str
    message: str

    @classmethod
    def of(cls, key: Key, body: Mapping[str, Any] | None) -> Row:
        name = f"{key.kind}/{key.name}"
        if body is None:
            return cls(name, "", "", "", "freed: the remote thing is gone")
        past = LastStatus.parse(json.dumps(body.get("status") or {}))
        ready = past.condition("Ready")
        deleting = "deletionTimestamp" in body["metadata"]
        return cls(
            name,
            "(deleted)" if deleting else body["spec"]["desiredState"],
            past.external_state,
            ready.get("status", ""),
            ready.get("message", "not yet looked at"),
        )


class Screen:
    """Times are seconds since the beginning."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._begun = time.monotonic()
        self._rows: tuple[Row, ...] = ()
        self._live: Live | None = None

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._begun

    def say(self, text: str) -> None:
        self.console.print(f"[dim]{self.seconds:5.1f} s[/dim]  {text}", highlight=False, soft_wrap=True)

    def heading(self, text: str) -> None:
        self.console.print(f"\n[bold]{text}[/bold]", highlight=False, soft_wrap=True)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """In this block, `watch` paints one table on a terminal."""
        self._rows = ()
        if not self.console.is_terminal:
            yield
            return
        with Live(console=self.console, auto_refresh=False) as self._live:
            yield
        self._live = None

    def watch(self, keys: Sequence[Key], bodies: Sequence[Mapping[str, Any] | None]) -> None:
        rows = tuple(Row.of(key, body) for key, body in zip(keys, bodies, strict=True))
        if rows == self._rows:
            return
        if self._live:
            self._live.update(_table(rows), refresh=True)
        else:
            for row in rows:
                if row not in self._rows:
                    self.say(escape(_line(row)))
        self._rows = rows

    def journal(self, calls: Sequence[tuple[str, Entry]]) -> None:
        """The writes that the providers received, in the order of their arrival, and how many reads beside them."""
        writes = [(name, entry) for name, entry in calls if entry.operation.startswith(WRITING)]
        table = Table(box=None, pad_edge=False)
        for column in ("TIME", "PROVIDER", "OPERATION", "TARGET", "ANSWER"):
            table.add_column(column)
        for name, entry in sorted(writes, key=lambda call: call[1].time):
            stamp = datetime.fromtimestamp(entry.time).astimezone().strftime("%H:%M:%S.%f")[:-3]
            answer = f"{entry.status}, {'done' if entry.effect else 'nothing changed'}"
            table.add_row(stamp, name, entry.operation, entry.target, answer)
        self.console.print(table)
        self.console.print(f"and {len(calls) - len(writes)} reads", highlight=False)


def missing(wanted: Sequence[Write], calls: Sequence[tuple[str, Entry]]) -> list[Write]:
    """Which of these calls the providers did not receive, or did not follow."""
    arrived = {Write(name, entry.operation, entry.target) for name, entry in calls if entry.effect}
    return [write for write in wanted if write not in arrived]


def _table(rows: Sequence[Row]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("RESOURCE", "DESIRED", "REMOTE", "READY", "MESSAGE"):
        table.add_column(column, overflow="fold")
    for row in rows:
        colour = {"True": "green", "False": "yellow"}.get(row.ready, "")
        ready = f"[{colour}]{row.ready}[/{colour}]" if colour else row.ready
        table.add_row(row.resource, row.desired, row.state, ready, Text(row.message))
    return table


def _line(row: Row) -> str:
    words = (("desired", row.desired), ("remote", row.state), ("ready", row.ready))
    return f"{row.resource}: {', '.join([*(f'{name} {word}' for name, word in words if word), row.message])}"
