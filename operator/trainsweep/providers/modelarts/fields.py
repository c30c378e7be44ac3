"""Reading single fields of an answer. The documents and the samples disagree on types, so nothing here ever raises."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from trainsweep.providers.text import name

#: A number at or above this is in milliseconds: as seconds it would lie in the year 5138, as milliseconds in 1973.
_MILLISECONDS_FROM = 10**11
_NUMBER = re.compile(r"-?[0-9]{1,19}")
_DECIMAL_ID = re.compile(r"[1-9][0-9]{0,18}")
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)


def text(value: Any) -> str:
    """Text as it is, whole numbers in decimal, anything else ""."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30 else ""


def name_of(value: Any) -> str:
    """A name or a word, cut and without control characters."""
    return name(text(value))


def number(value: Any) -> int | None:
    """A whole number of at most 19 digits, also when it is written as text."""
    written = text(value)
    return int(written) if _NUMBER.fullmatch(written) else None


def mapping(value: Any) -> dict[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def decimal_id(value: Any) -> str:
    """The id of a V1 job or version (a Long, or text of its digits), "" when it is none."""
    written = text(value)
    return written if _DECIMAL_ID.fullmatch(written) else ""


def moment(value: Any) -> datetime | None:
    """A time in seconds or milliseconds since 1970 (both occur, and their sizes cannot be confused).

    None for 0, null and for times outside of the years 2000 to 2100.
    """
    epoch = number(value)
    if epoch is None or not 0 < epoch < 10**14:
        return None
    seconds = epoch / 1000 if epoch >= _MILLISECONDS_FROM else epoch
    found = datetime.fromtimestamp(seconds, UTC)
    return found if _EARLIEST <= found < _LATEST else None


def after(start: datetime | None, milliseconds: Any) -> datetime | None:
    """The end of what began at `start` and took so many milliseconds; None when either is not known."""
    duration = number(milliseconds)
    if start is None or duration is None or not 0 <= duration < 10**13:
        return None
    return start + timedelta(milliseconds=duration)
