"""Tokens: how fast requests may follow each other. Time is given, so that nothing here waits."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class RateLimiter:
    """Tokens at `rate` per second, `burst` at most. A 429 halves the rate, success lets it grow back slowly."""

    rate: float
    burst: float
    slowed: float = 1.0
    _tokens: float = field(init=False)
    _at: float = 0.0

    def __post_init__(self) -> None:
        self._tokens = self.burst

    def take(self, now: float) -> float:
        """Take a token; the answer is how many seconds to wait for it."""
        self._refill(now)
        self._tokens -= 1
        return max(0.0, -self._tokens / (self.rate * self.slowed))

    def pause(self, now: float) -> float:
        """Seconds until a token is there; none is taken."""
        self._refill(now)
        return max(0.0, 1.0 - self._tokens) / (self.rate * self.slowed)

    def give_back(self) -> None:
        """A token that was taken is not used."""
        self._tokens = min(self.burst, self._tokens + 1)

    def slow_down(self) -> None:
        self.slowed = max(0.02, self.slowed / 2)
        self._tokens = min(self._tokens, 0.0)

    def recover(self) -> None:
        if self.slowed < 1.0:
            self.slowed = min(1.0, self.slowed + 0.05)

    def _refill(self, now: float) -> None:
        if self._at:
            self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate * self.slowed)
        self._at = now
