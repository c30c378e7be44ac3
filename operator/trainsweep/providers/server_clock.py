"""The provider's clock, as its answers tell it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from trainsweep.providers.http import http_date

#: Clocks that differ by no more are the same: a `Date` is in whole seconds, and an answer takes a moment to come.
_SAME = timedelta(seconds=2)


def utc_now() -> datetime:
    return datetime.now(UTC)


class ServerClock:
    """Compares our clock with the `Date` of the newest answer. Without one, ours is right."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._offset = timedelta(0)
        self.heard = False

    @property
    def ahead(self) -> timedelta | None:
        """By how much the provider's clock is ahead of ours; None before it has told a time."""
        return self._offset if self.heard else None

    def hear(self, date: str) -> None:
        """Take the `Date` header of an answer that was just received; "" or what is no date changes nothing."""
        if moment := http_date(date):
            self._offset = moment - self._now()
            self.heard = True

    def earlier(self, now: datetime) -> datetime:
        """The smaller of `now`, which is our clock, and the provider's time at that moment."""
        if self._offset >= -_SAME:
            return now
        try:
            return now + self._offset
        except OverflowError:
            return now
