"""What a simulator is, without HTTP: calls in, replies out, and a hand on its world from the side."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from trainsweep_devtools.simulators.faults import Faults
from trainsweep_devtools.simulators.journal import Journal
from trainsweep_devtools.simulators.keys import Key, Keyring
from trainsweep_devtools.simulators.switches import CommonSwitches, CommonTiming, replace_fields
from trainsweep_devtools.simulators.wire import Action, Call, Rejection, Reply

Clock = Callable[[], float]


class Simulator(ABC):
    """Two clocks, both epoch seconds: `clock` moves the things, `wall` checks signatures and tokens. A test can so
    turn the world's clock far ahead while real clients keep signing with the real time.
    """

    def __init__(
        self, switches: CommonSwitches, timing: CommonTiming, keys: list[Key], *, clock: Clock, wall: Clock
    ) -> None:
        self.clock = clock
        self.wall = wall
        self.keyring = Keyring(keys)
        self.journal = Journal()
        self.faults = Faults()
        self._common = switches
        self._timing = timing
        self._tokens = 0.0
        self._refilled = time.monotonic()

    @abstractmethod
    def route(self, call: Call) -> Action:
        """What the call asks for, nothing verified yet."""

    @abstractmethod
    def answer(self, call: Call, action: Action) -> Reply:
        """Verify and carry out. May raise Rejection."""

    @abstractmethod
    def claimed_key(self, call: Call) -> str:
        """The access key or user named in the call, for the journal."""

    @abstractmethod
    def throttled(self) -> Reply:
        """The provider's way to say "too many calls"."""

    @abstractmethod
    def things(self) -> list[dict[str, Any]]:
        """The true state now: objects with at least kind, id, name, state and deleting. Counts as no read."""

    @abstractmethod
    def add(self, kind: str, **fields: Any) -> str:
        """Add a thing as a scenario would, its kind and fields being those of the scenario. Returns its id."""

    @abstractmethod
    def vanish(self, id: str) -> None:
        """Remove a thing behind everyone's back."""

    @abstractmethod
    def set_state(self, id: str, state: str) -> None:
        """Put a run into a state, known or not; it stays there."""

    def rotate(self, keys: list[Key]) -> None:
        """Only these access keys are good from now on."""
        self.keyring.replace(keys)

    def set_password(self, user: str, password: str) -> None:
        """Change a user's password; only ModelArts has users."""
        raise ValueError("This provider has no users with passwords.")

    def handle(self, call: Call, action: Action) -> Reply:
        if not self._admitted():
            return self.throttled()
        try:
            return self.answer(call, action)
        except Rejection as rejection:
            return rejection.reply

    def switches_as_json(self) -> dict[str, Any]:
        return {**self._common.model_dump(mode="json"), "timing": self._timing.model_dump(mode="json")}

    def switch(self, **fields: Any) -> None:
        """Change switches, and the timing under `timing`, from the next call on."""
        replace_fields(self._timing, dict(fields.pop("timing", None) or {}))
        replace_fields(self._common, fields)

    @property
    def latency(self) -> float:
        return self._common.latency

    def _admitted(self) -> bool:
        """A token bucket that holds one second's worth."""
        rate = self._common.requests_per_second
        if not rate:
            return True
        now = time.monotonic()
        self._tokens = min(max(rate, 1.0), self._tokens + (now - self._refilled) * rate)
        self._refilled = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
