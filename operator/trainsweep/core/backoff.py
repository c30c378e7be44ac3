"""Pauses that double up to a limit, for everything that is tried again. Pure: the caller waits."""

from __future__ import annotations

import random
from dataclasses import dataclass

#: After so many doublings a pause has reached every limit in use. More would overflow after days of failures.
DOUBLINGS = 16


@dataclass(slots=True)
class Backoff:
    """`next()` is the next pause in seconds: `first`, then doubled each time, at most `longest`.

    `spread` is the range of the factor that each pause is multiplied by, so that many who wait spread out.
    """

    first: float
    longest: float
    spread: tuple[float, float] = (1.0, 1.0)
    failures: int = 0

    def next(self) -> float:
        pause = min(self.longest, self.first * 2.0 ** min(self.failures, DOUBLINGS))
        self.failures += 1
        return pause * random.uniform(*self.spread)  # noqa: S311 (spreads retries, guards nothing)

    def reset(self) -> None:
        self.failures = 0
