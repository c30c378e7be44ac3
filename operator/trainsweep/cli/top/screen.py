"""`trainsweep top` as tables that fit 80 columns, and as a line for a log."""

from __future__ import annotations

from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from trainsweep.cli.status.screen import span
from trainsweep.cli.status.story import Stories
from trainsweep.cli.top.view import SHOWN, Line, Moving, lines, moving
from trainsweep.core.last_status import format_time
from trainsweep.providers.text import clean


def screen(stories: Stories, now: datetime) -> RenderableType:
    found = moving(stories)
    parts: list[RenderableType] = [Text(f"trainsweep top  {format_time(now)}", style="bold"), _accounts(stories, now)]
    if found:
        parts += [Text(), _moving(found[:SHOWN], now)]
    if len(found) > SHOWN:
        parts.append(Text(f"and {len(found) - SHOWN} more."))
    parts += [Text(f"! {sentence}", style="yellow") for sentence in stories.unread]
    return Group(*parts)


def log_lines(stories: Stories, now: datetime) -> list[str]:
    """One line an account, for where there is no terminal."""
    return [f"{format_time(now)} {line.account.key}: {_sentence(line, now)}" for line in lines(stories, now)]


def _sentence(line: Line, now: datetime) -> str:
    told = f"{line.resources} resources, {line.ready} ready, {line.moving} moving, {line.needy} wait for a person"
    told += f", {line.account.held} held, {line.writes:.2f} writes/s, circuit {_circuit(line)}"
    return f"{told}, oldest waits {_age(line.oldest, now)}" if line.oldest else told


def _accounts(stories: Stories, now: datetime) -> Table:
    table = _table("ACCOUNT", "CIRCUIT", "READY", "MOVING", "PERSON", "HELD", "GUARD", "WRITES/S", "OLDEST")
    for line in lines(stories, now):
        account = line.account
        table.add_row(
            Text(account.key.place),
            Text(_circuit(line), style="red" if account.suspended else ""),
            f"{line.ready}/{line.resources}",
            str(line.moving),
            Text(str(line.needy), style="yellow" if line.needy else ""),
            Text(str(account.held), style="yellow" if account.held else ""),
            f"{account.removals}/{account.limit}",
            f"{line.writes:.2f}",
            _age(line.oldest, now),
        )
    return table


def _moving(found: list[Moving], now: datetime) -> Table:
    table = _table("RESOURCE", "STATE", "REASON", "SINCE", "NEXT")
    for entry in found:
        story, key = entry.story, entry.story.record.key
        told = story.next.steps[0] if story.next.steps else story.next.text
        table.add_row(
            Text(f"{key.kind} {key.place}"),
            Text(clean(story.past.external_state, ())),
            Text(story.reason, style="yellow" if story.next.needs_person else ""),
            _age(entry.since, now),
            Text(clean(told, ())),
        )
    return table


def _circuit(line: Line) -> str:
    account = line.account
    return account.circuit.lower() if account.circuit else "not told"


def _age(at: datetime | None, now: datetime) -> str:
    return span((now - at).total_seconds()) if at else ""


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
