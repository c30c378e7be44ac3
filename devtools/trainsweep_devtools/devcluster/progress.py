"""How the long steps tell where they are. The caller decides what that looks like: a bar, lines, nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Protocol, TextIO


class Progress(Protocol):
    """What the finding of the binaries tells, from one thread: a step, how far it is, maybe that it gave way."""

    def step(self, text: str) -> None:
        """A step begins; the one before it is over."""

    def advance(self, done: int, total: int) -> None:
        """`done` of `total` pieces (bytes, modules, packages) of the step are there; both count from its beginning."""

    def gave_way(self, reason: str) -> None:
        """The step did not lead to the binaries; the next one is tried."""


class PlainProgress:
    """Lines for a log or a plain terminal: each step, and at every tenth of it an estimate of the rest."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream or sys.stderr
        self._clock = clock
        self._begun = 0.0
        self._tenths = 0

    def step(self, text: str) -> None:
        self._begun = self._clock()
        self._tenths = 0
        self._say(text)

    def advance(self, done: int, total: int) -> None:
        tenths = 10 * done // total if total else 0
        if tenths <= self._tenths:
            return
        self._tenths = tenths
        left = (self._clock() - self._begun) * (total - done) / done
        self._say(f"  {10 * tenths} %, about {duration(left)} left" if done < total else "  100 %")

    def gave_way(self, reason: str) -> None:
        self._say(f"  {reason}")

    def _say(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()


def duration(seconds: float) -> str:
    """Seconds in words, as exact as an estimate deserves: "40 s", "3 min 10 s"."""
    whole = round(seconds) if seconds < 10 else 10 * round(seconds / 10)
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
