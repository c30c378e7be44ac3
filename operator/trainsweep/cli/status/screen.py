"""`trainsweep status` for people: one resource on one screen, many as a table that fits 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from trainsweep.api.common import Mode
from trainsweep.cli.status.account import AccountStory
from trainsweep.cli.status.scene import Event
from trainsweep.cli.status.story import Clock, Stories, Story
from trainsweep.core.last_status import LastStatus, format_time, parse_time
from trainsweep.providers.text import clean

WIDTH = 100

Row = tuple[str, str]


def console() -> Console:
    """As wide as the terminal, up to a width that is good to read; 80 columns in a pipe."""
    plain = Console(highlight=False, soft_wrap=False)
    return Console(highlight=False, width=min(plain.width, WIDTH))


def screen(stories: Stories, now: datetime, *, one: bool) -> RenderableType:
    """`one`: the story of a single resource, told whole."""
    if one and len(stories.resources) == 1:
        parts = list(_whole(stories.resources[0], now))
    else:
        parts = [block for account in stories.accounts for block in _account_block(account, now)]
        parts += [*_events(stories.events, now), *_many(stories.resources, now)]
    parts += [Text(f"! {sentence}", style="yellow") for sentence in stories.unread]
    return Group(*parts)


def _whole(story: Story, now: datetime) -> Iterator[RenderableType]:
    record, past = story.record, story.past
    yield Text.assemble((str(record.key), "bold"), "  ", _standing(story))
    yield _rows(
        ("wanted", _wanted(story)),
        *(("", text) for text in (_clock(clock, now) for clock in story.clocks)),
        ("deleting it", _policy(story)),
        ("there", _there(past, now)),
        ("owner", f"{story.owner} owns the remote thing" if story.owner else "this resource"),
        *_account_rows(story.account, str(record.config), now),
        *([("last call", _call(past, now))] if past.last_call else []),
        ("says", _says(story)),
    )
    yield from _events(story.events, now)
    yield Text("next", style="bold")
    yield _rows(*_next(story, now))
    if story.advice:
        yield Text("what to do", style="bold")
        yield _rows(("", story.advice))


def _many(stories: tuple[Story, ...], now: datetime) -> Iterator[RenderableType]:
    if not stories:
        yield Text("No resources.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("RESOURCE", "STATE", "REASON", "NEXT"):
        table.add_column(column, overflow="fold")
    for story in stories:
        key = story.record.key
        style = "yellow" if story.next.needs_person else ""
        told = story.next.steps[0] if story.next.steps else story.next.text
        when = f"{_when(story.next.at, now)}: " if story.next.at else ""
        table.add_row(
            Text(f"{key.kind} {key.place}"),
            Text(clean(story.past.external_state, ())),
            Text(story.reason, style=style),
            Text(clean(when + told, ())),
        )
    yield table
    needy = sum(story.next.needs_person for story in stories)
    ready = sum(story.ready.get("status") == "True" for story in stories)
    yield Text(f"{len(stories)} resource(s): {ready} ready, {needy} wait for a person.")


def _standing(story: Story) -> tuple[str, str]:
    status = story.ready.get("status", "Unknown")
    style = {"True": "green", "False": "yellow"}.get(status, "")
    return f"{'Ready' if status == 'True' else 'not Ready'}: {story.reason}", style


def _wanted(story: Story) -> str:
    record = story.record
    if record.deleting:
        since = f" since {format_time(record.deleted_at)}" if record.deleted_at else ""
        return f"gone: the resource is being deleted{since}"
    by = f", set by {record.manager}" if record.manager else ""
    return f"{record.spec.desired_state} (spec.desiredState{by})" + (", paused" if record.paused else "")


def _policy(story: Story) -> str:
    return f"{story.policy or 'not told yet'} ({story.policy_source})"


def _clock(clock: Clock, now: datetime) -> str:
    if clock.at is None:
        return f"{clock.brings} {clock.seconds} s after {clock.since} ({clock.name}), which is not known yet"
    return f"{clock.brings} {_when(clock.at, now)} ({clock.name}: {clock.seconds} s)"


def _there(past: LastStatus, now: datetime) -> str:
    if not past.observed:
        return "not read yet"
    state = past.external_state
    word = f" ({past.provider_state})" if past.provider_state not in ("", state) else ""
    told = " ".join(filter(None, (past.external_id, past.external_name, f"{state}{word}")))
    times = (("created", past.created_at), ("started", past.started_at), ("ended", past.finished_at))
    dates = "".join(f"; {name} {_when(time, now)}" for name, time in times if time)
    return clean(told + dates, ())


def _account_rows(account: AccountStory | None, name: str, now: datetime) -> Iterator[Row]:
    if account is None:
        yield "account", f"{name}: not found, or it may not be read"
        return
    yield "account", f"{account.key}: {account.place}"
    mode = ", mode Plan: nothing is stopped or deleted" if account.mode is Mode.PLAN else ""
    yield "", f"{_account_ready(account)}{mode}"
    since = f" since {_when(account.circuit_since, now)}" if account.circuit_since else ""
    rate = f"{account.reads_per_second:g} reads/s, {account.writes_per_second:g} writes/s"
    yield "", f"circuit {(account.circuit or 'not told').lower()}{since}; {rate}"
    yield "guard", account.guard


def _account_ready(account: AccountStory) -> str:
    if account.ready is None:
        return "not looked at yet"
    return f"{'ready' if account.ready else 'not ready'}: {account.reason}. {clean(account.message, ())}"


def _account_block(account: AccountStory, now: datetime) -> Iterator[RenderableType]:
    going = ", being deleted" if account.deleting else ""
    count = "" if account.resources is None else f"  {account.resources} resource(s)"
    yield Text.assemble((str(account.key), "bold"), f"{count}{going}")
    rows = [(label.replace("account", ""), text) for label, text in _account_rows(account, "", now)]
    rows[0] = ("", account.place)
    yield _rows(*rows)


def _call(past: LastStatus, now: datetime) -> str:
    call = past.last_call
    at = parse_time(call.get("time"))
    told = f"{call.get('operation', '')} {_when(at, now) if at else ''}: "
    told += "accepted" if call.get("success") else "failed"
    if not call.get("success"):
        told += f", {call.get('errorCode') or 'no code'}: {call.get('errorMessage') or 'no message'}"
    return clean(f"{told} (request {call['requestID']})" if call.get("requestID") else told, ())


def _says(story: Story) -> str:
    return clean(str(story.ready.get("message", "")), ()) or "nothing yet"


def _events(events: tuple[Event, ...], now: datetime) -> Iterator[RenderableType]:
    if not events:
        return
    yield Text("events", style="bold")
    yield _rows(
        *(
            (
                _ago(event.at, now),
                f"{'! ' if event.warning else ''}{event.reason}: {clean(event.message, ())}"
                + (f" ({event.count} times)" if event.count > 1 else ""),
            )
            for event in events
        )
    )


def _next(story: Story, now: datetime) -> Iterator[Row]:
    yield "", story.next.text
    when = _when(story.next.at, now) if story.next.at else ""
    for number, step in enumerate(story.next.steps, 1):
        yield when if number == 1 else "", f"{number}. {clean(step, ())}"
    if story.next.because:
        yield "", f"because {story.next.because}"


def _rows(*rows: Row) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", min_width=11, max_width=30)
    table.add_column(overflow="fold")
    for label, text in rows:
        table.add_row(Text(f"  {label}"), Text(text))
    return table


def _when(at: datetime, now: datetime) -> str:
    """A time, and how far away it is."""
    seconds = (at - now).total_seconds()
    return f"{format_time(at)} ({f'in {span(seconds)}' if seconds > 0 else f'{span(-seconds)} ago'})"


def _ago(at: datetime | None, now: datetime) -> str:
    return f"{span((now - at).total_seconds())} ago" if at else ""


def span(seconds: float) -> str:
    """A duration in its two largest units, such as "2 h 5 min"."""
    left = max(0, int(seconds))
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    for number, (word, size) in enumerate(units):
        if left >= size:
            rest = left % size
            next_word, next_size = units[min(number + 1, 3)]
            more = f" {rest // next_size} {next_word}" if rest // next_size and next_word != word else ""
            return f"{left // size} {word}{more}"
    return "0 s"
