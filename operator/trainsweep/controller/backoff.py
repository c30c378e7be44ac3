"""How long a resource waits until its next pass, in seconds."""

from __future__ import annotations

import random

from trainsweep.controller.attempt_state import AttemptState

#: Pauses while the provider is at work begin here and double, up to `polling.activeSeconds`.
FIRST_LOOK = 1.05
LONGEST_BACKOFF = 300.0
#: After the first conflict; with each further one in a row the pause doubles.
FIRST_CONFLICT = 0.05

_random = random.Random()  # noqa: S311 (spreads retries, guards nothing)


def next_look(memory: AttemptState, longest: float) -> float:
    """Until the provider may be done with what was asked of it."""
    pause = min(longest, FIRST_LOOK * 2.0 ** min(memory.waits, 10))
    memory.waits += 1
    return pause * _random.uniform(1.0, 1.1)


def conflict(memory: AttemptState) -> float:
    """After a write that met somebody else's: at once the first time, then with growing pauses."""
    memory.conflicts += 1
    return min(LONGEST_BACKOFF, FIRST_CONFLICT * 2.0 ** min(memory.conflicts - 1, 14)) * _random.uniform(1.0, 1.1)


def backoff(memory: AttemptState) -> float:
    """After an error: growing pauses with full jitter over the upper half."""
    memory.failures += 1
    return min(LONGEST_BACKOFF, 2.0 ** min(memory.failures, 10)) * _random.uniform(0.5, 1.0)
