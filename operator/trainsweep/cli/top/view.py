"""What `trainsweep top` shows, from what the API server holds. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from trainsweep.cli.status.account import AccountStory
from trainsweep.cli.status.story import Stories, Story
from trainsweep.core.last_status import parse_time
from trainsweep.core.reasons import Reason

#: Stops and deletes are counted over so long.
WINDOW = timedelta(minutes=1)
#: So many of the resources that move or wait are shown.
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Line:
    """One account. `moving` are on their way, `needy` wait for a person; `writes` a second, by their last calls;
    `oldest` is since when the one waits that has waited longest.
    """

    account: AccountStory
    resources: int
    ready: int
    moving: int
    needy: int
    writes: float
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Moving:
    """A resource that is on its way, or waits for a person. `since` is when its readiness last changed."""

    story: Story
    since: datetime | None


def lines(stories: Stories, now: datetime) -> list[Line]:
    return [_line(account, stories, now) for account in stories.accounts]


def moving(stories: Stories) -> list[Moving]:
    """Who has waited longest comes first."""
    found = [Moving(story, since(story)) for story in stories.resources if _waits(story)]
    return sorted(found, key=lambda entry: entry.since.timestamp() if entry.since else float("inf"))


def since(story: Story) -> datetime | None:
    return story.record.deleted_at or parse_time(story.ready.get("lastTransitionTime"))


def _line(account: AccountStory, stories: Stories, now: datetime) -> Line:
    mine = [story for story in stories.resources if story.record.config == account.key]
    waiting = [story for story in mine if _waits(story)]
    times = [time for story in waiting if (time := since(story))]
    calls = [parse_time(story.past.last_call.get("time")) for story in mine]
    return Line(
        account=account,
        resources=len(mine),
        ready=len(mine) - len(waiting),
        moving=sum(not story.next.needs_person for story in waiting),
        needy=sum(story.next.needs_person for story in waiting),
        writes=sum(time is not None and now - time <= WINDOW for time in calls) / WINDOW.total_seconds(),
        oldest=min(times, default=None),
    )


def _waits(story: Story) -> bool:
    held = story.ready.get("reason") == Reason.DELETION_HELD
    return held or story.record.deleting or story.ready.get("status") != "True"
