"""What a check amounts to: data, for a table or for JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum

from trainsweep.core.errors import TrainsweepError
from trainsweep.kube.client import KubeError


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """`about` is the cluster or an account, `check` what was looked at, `advice` what to do, "" for nothing."""

    about: str
    check: str
    verdict: Verdict
    found: str
    advice: str = ""

    def as_json(self) -> dict[str, str | None]:
        return asdict(self) | {"verdict": self.verdict.value, "advice": self.advice or None}


@dataclass(frozen=True, slots=True)
class Scribe:
    """Writes the findings about one thing."""

    about: str

    def ok(self, check: str, found: str) -> Finding:
        return Finding(self.about, check, Verdict.OK, found)

    def warning(self, check: str, found: str, advice: str = "") -> Finding:
        return Finding(self.about, check, Verdict.WARNING, found, advice)

    def failed(self, check: str, found: str, advice: str = "") -> Finding:
        return Finding(self.about, check, Verdict.FAILED, found, advice)

    def skipped(self, check: str, found: str, advice: str = "") -> Finding:
        return Finding(self.about, check, Verdict.SKIPPED, found, advice)

    async def attempt(self, check: str, look: Callable[[], Awaitable[list[Finding]]]) -> list[Finding]:
        """What a look found. One that was refused or got no answer is a finding, too."""
        try:
            return await look()
        except KubeError as error:
            if error.status == 403:
                return [self.skipped(check, f"this login may not look: {one_line(error)}")]
            return [self.failed(check, one_line(error))]
        except TrainsweepError as error:
            return [self.failed(check, one_line(error))]


#: Clocks that differ by no more are well (seconds): a `Date` is in whole seconds, and an answer takes a moment.
SAME_CLOCK = 5.0
#: From here on logins and signatures are refused.
WRONG_CLOCK = 300.0


def clock_finding(scribe: Scribe, check: str, of: str, ahead: timedelta | None) -> Finding:
    """`ahead` is by how much the other clock is ahead of this machine's, None when the answer told no time."""
    if ahead is None:
        return scribe.skipped(check, f"the answer of {of} told no time")
    seconds = ahead.total_seconds()
    if abs(seconds) <= SAME_CLOCK:
        return scribe.ok(check, f"this machine and {of} agree within {SAME_CLOCK:.0f} s")
    found = f"this machine's clock is {abs(seconds):.0f} s {'behind' if seconds > 0 else 'ahead of'} that of {of}"
    advice = "Set the clock of the machine (NTP): signatures and logins are refused when it is minutes off."
    return (scribe.failed if abs(seconds) >= WRONG_CLOCK else scribe.warning)(check, found, advice)


def one_line(text: object) -> str:
    """A text of others as one line, without what a terminal takes for a command."""
    return " ".join("".join(char if char.isprintable() else " " for char in str(text)).split())
