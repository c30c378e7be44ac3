"""What a plain terminal is told during the long steps."""

import io

import pytest

from trainsweep_devtools.devcluster import PlainProgress
from trainsweep_devtools.devcluster.progress import duration


def test_each_tenth_is_told_once_with_an_estimate():
    now, stream = [0.0], io.StringIO()
    progress = PlainProgress(stream, clock=lambda: now[0])
    progress.step("Building")
    for done in range(1, 41):
        now[0] += 5
        progress.advance(done, 40)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "Building"
    assert lines[1] == "  10 %, about 3 min 0 s left"
    assert lines[-1] == "  100 %"
    assert len(lines) == 11


def test_a_step_of_unknown_length_tells_no_percentage():
    stream = io.StringIO()
    progress = PlainProgress(stream)
    progress.step("Downloading")
    progress.advance(65536, 0)
    progress.gave_way("Nothing arrived.")
    assert stream.getvalue() == "Downloading\n  Nothing arrived.\n"


@pytest.mark.parametrize(("seconds", "words"), [(3.4, "3 s"), (41, "40 s"), (58, "1 min 0 s"), (192, "3 min 10 s")])
def test_estimates_are_rounded_to_what_they_are_worth(seconds, words):
    assert duration(seconds) == words
