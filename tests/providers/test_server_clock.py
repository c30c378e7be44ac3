"""The smaller of two clocks: ours and the provider's."""

from datetime import UTC, datetime, timedelta

import pytest

from trainsweep.providers.server_clock import ServerClock

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)


def clock():
    return ServerClock(lambda: NOW)


def test_without_an_answer_our_clock_is_right():
    assert clock().earlier(NOW) == NOW


@pytest.mark.parametrize(
    ("date", "earlier"),
    [
        ("Sat, 31 Jan 2026 11:00:00 GMT", NOW - timedelta(hours=1)),
        ("Sat, 31 Jan 2026 13:00:00 GMT", NOW),
        ("Sat, 31 Jan 2026 11:59:58 GMT", NOW),
        ("Sat, 31 Jan 2026 11:59:57 GMT", NOW - timedelta(seconds=3)),
    ],
)
def test_the_smaller_clock_counts_and_two_seconds_are_no_difference(date, earlier):
    server = clock()
    server.hear(date)
    assert server.earlier(NOW) == earlier
    assert server.earlier(NOW + timedelta(days=1)) == earlier + timedelta(days=1)


def test_the_newest_answer_counts_and_nonsense_changes_nothing():
    server = clock()
    server.hear("Sat, 31 Jan 2026 10:00:00 GMT")
    server.hear("Sat, 31 Jan 2026 11:00:00 GMT")
    for nonsense in ("", "yesterday", "x" * 100_000, "Sat, 31 Feb 2026 11:00:00 GMT"):
        server.hear(nonsense)
    assert server.earlier(NOW) == NOW - timedelta(hours=1)


def test_a_date_at_the_beginning_of_time_is_no_error():
    server = clock()
    server.hear("Mon, 01 Jan 0001 00:00:00 GMT")
    assert server.earlier(datetime.min.replace(tzinfo=UTC)) == datetime.min.replace(tzinfo=UTC)
