"""The provider's clock, by the `Date` header of its answers (RFC 9110, section 6.6.1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

#: A header tells whole seconds, and travels: a smaller difference is none.
NONE = timedelta(seconds=2)


class ServerClock:
    """How far the provider's clock is from ours, by its newest answer."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def observe(self, date: str, received: datetime) -> None:
        """Take in a `Date` header that came at `received` (our time). What is no date changes nothing."""
        try:
            theirs = parsedate_to_datetime(date)
        except (ValueError, TypeError, OverflowError):
            return
        ahead = (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)) - received
        self._ahead = ahead if abs(ahead) > NONE else timedelta(0)

    def earlier(self, now: datetime) -> datetime:
        """The smaller of our time and the provider's: a clock that is fast must not end what goes on."""
        return now + min(self._ahead, timedelta(0))
