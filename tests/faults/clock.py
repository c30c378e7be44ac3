"""The world's time: it runs FACTOR times as fast as the clock on the wall, for the runner, the simulators and the
operators alike. So a minute without an API server, and every pause of the operator, passes in six seconds, and no
pause has to be shortened for the tests. Only the API server lives in real time.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

FACTOR = 10.0


@dataclass(frozen=True)
class Clock:
    """Both clocks agreed when the monotonic clock showed `monotonic`: it was `epoch` then, in seconds.

    `step` is a file that holds by how many seconds the operators' clock is wrong.
    """

    epoch: float
    monotonic: float
    step: str

    @classmethod
    def start(cls, step: Path) -> Clock:
        step.write_text("0")
        return cls(time.time(), time.monotonic(), str(step))

    @property
    def elapsed(self) -> float:
        """Seconds of the world since the start."""
        return (time.monotonic() - self.monotonic) * FACTOR

    def time(self) -> float:
        """The true time, as epoch seconds."""
        return self.epoch + self.elapsed

    def shown(self) -> datetime:
        """The time as the operators' machine shows it."""
        return datetime.fromtimestamp(self.time() + float(Path(self.step).read_text() or 0), UTC)

    def set_wrong_by(self, seconds: float) -> None:
        Path(self.step).write_text(str(seconds))

    async def reach(self, elapsed: float) -> None:
        """Wait, in an ordinary loop, until so many seconds of the world have passed since the start."""
        await asyncio.sleep(max(0.0, elapsed - self.elapsed) / FACTOR)


class _FastSelector(selectors.DefaultSelector):
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(timeout / FACTOR if timeout else timeout)


class FastLoop(asyncio.SelectorEventLoop):
    """An event loop in which the world's time passes: timers and timeouts are scaled, I/O is as it is."""

    def __init__(self) -> None:
        super().__init__(_FastSelector())

    def time(self) -> float:
        return super().time() * FACTOR


class FastPolicy(asyncio.DefaultEventLoopPolicy):
    """Makes `asyncio.run` use such a loop: kopf runs in a thread with a loop of its own."""

    _loop_factory = FastLoop
