"""A thing's states over time, as data: nothing runs in the background, the state is read off the clock.

A timeline is a tuple of (from when, state). `course` lays out what happens by itself, `Timeline.turn` what a stop
changes, and `Departure` says when a deleted thing is gone: after a time, after a number of reads, or both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Timeline:
    """`steps` are (epoch seconds, state), oldest first, never empty."""

    steps: tuple[tuple[float, str], ...]

    def state(self, now: float) -> str:
        current = self.steps[0][1]
        for at, state in self.steps:
            if at > now:
                break
            current = state
        return current

    def entered(self, states: frozenset[str], now: float) -> float | None:
        """When one of these states was first entered, None if it has not happened yet."""
        return next((at for at, state in self.steps if state in states and at <= now), None)

    def turn(self, now: float, *steps: tuple[float, str]) -> Timeline:
        """Forget what was still to come and go another way. `steps` are (seconds from now, state)."""
        past = tuple(step for step in self.steps if step[0] <= now)
        return Timeline(past + tuple((now + after, state) for after, state in steps))


@dataclass(frozen=True, slots=True)
class Stage:
    """A state on the natural course and how long it lasts in seconds; None: until somebody acts."""

    state: str
    lasts: float | None


def course(
    stages: Sequence[Stage],
    start: str,
    now: float,
    *,
    began: float | None = None,
    over: frozenset[str] = frozenset(),
    ended_ago: float = 0.0,
    ends_as: str = "",
) -> Timeline:
    """The natural way on from `start`, in which the thing is now; it was made at `began` (default: now).

    What lies behind is laid out from `began` on, so that start times look true; what lies ahead is counted from now.
    `ends_as` replaces the last state. A state among `over` was reached `ended_ago` seconds ago, after a run. Any other
    state that is not on the course just stays.
    """
    began = now if began is None else began
    names = [stage.state for stage in stages]
    if start in over:
        past = _behind(stages[:-1], began, now)
        return Timeline((*past, (max(past[-1][0], now - ended_ago), start)))
    if start not in names:
        return Timeline(((began, start),))
    first = names.index(start)
    steps = _behind(stages[: first + 1], began, now)
    at = now
    for stage, following in pairwise(stages[first:]):
        if stage.lasts is None:
            break
        at += stage.lasts
        last = following is stages[-1]
        steps.append((at, ends_as if last and ends_as else following.state))
    return Timeline(tuple(steps))


def _behind(stages: Sequence[Stage], began: float, now: float) -> list[tuple[float, str]]:
    """The stages that were entered up to now, none of them later than now."""
    steps, at = [], began
    for stage in stages:
        steps.append((min(at, now), stage.state))
        at += stage.lasts or 0.0
    return steps


@dataclass(slots=True)
class Departure:
    """The way out of a deleted thing: gone once the time `at` has come and `reads` more answers have shown it."""

    at: float
    reads: int = 0

    def gone(self, now: float) -> bool:
        return now >= self.at and self.reads <= 0

    def seen(self) -> None:
        self.reads -= 1
