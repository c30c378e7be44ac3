"""Whether an account may be called at all. Times are given, so that nothing here waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from trainsweep.core.backoff import DOUBLINGS
from trainsweep.core.errors import CredentialsInvalid, ProviderError

#: Failures in a row that open the circuit.
OUTAGE_THRESHOLD = 5
#: Seconds that the circuit stays open in an outage, first and longest; doubled each time the trial call fails.
OPEN_FIRST, OPEN_LONGEST = 5.0, 60.0
#: The same for refused credentials: Huawei locks a key for five minutes, and a new Secret closes at once.
REFUSED_FIRST, REFUSED_LONGEST = 60.0, 300.0


class CircuitOpen(Exception):
    """No call was made. `seconds` until one may be tried; `cause` is the error that opened the circuit."""

    def __init__(self, seconds: float, cause: ProviderError) -> None:
        super().__init__(f"calls are suspended for {seconds:.0f} s: {cause}")
        self.seconds = seconds
        self.cause = cause


@dataclass(slots=True)
class CircuitBreaker:
    """Closed, or open until a time (of the loop). `since` is wall-clock time, for the status."""

    failures: int = 0
    trips: int = 0
    open_until: float = 0.0
    cause: ProviderError | None = None
    since: datetime | None = None

    @property
    def open(self) -> bool:
        return self.cause is not None

    @property
    def refused(self) -> bool:
        """It is open for the sake of the credentials."""
        return isinstance(self.cause, CredentialsInvalid)

    def trip(self, error: ProviderError, now: float, first: float) -> None:
        """Open it, or open it anew for twice as long; `first` is how long the first time takes."""
        if self.cause is not None and self.open_until > now:
            return
        longest = REFUSED_LONGEST if isinstance(error, CredentialsInvalid) else OPEN_LONGEST
        self.open_until = now + min(longest, first * 2.0 ** min(self.trips, DOUBLINGS))
        self.trips += 1
        self.cause = error

    def join(self, other: CircuitBreaker) -> None:
        """Open it for as long as the other, and for its cause."""
        self.cause = other.cause
        self.trips = max(self.trips, other.trips)
        self.open_until = max(self.open_until, other.open_until)
