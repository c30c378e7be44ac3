"""An event loop whose time jumps to the next timer as soon as nothing else is left to do."""

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

DAWN = datetime(2026, 5, 1, tzinfo=UTC)


@dataclass
class Clock:
    """Seconds; shared by the loops of one test, so that time goes on after a restart."""

    seconds: float = 1000.0

    def now(self) -> datetime:
        return DAWN + timedelta(seconds=self.seconds)


class _Leap(selectors.DefaultSelector):
    """Where a real selector would wait, the clock is moved on instead."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout=None):
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            return super().select(5)  # only something from another thread can bring it on
        self._clock.seconds += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        super().__init__(_Leap(self.clock))

    def time(self) -> float:
        return self.clock.seconds

    def run_in_executor(self, executor, func, *args):
        """At once, as no time passes in threads."""
        done = self.create_future()
        done.set_result(func(*args))
        return done


def virtual_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run an async test on a loop of its own with virtual time."""

    @functools.wraps(test)
    def run(*args, **kwargs):
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run


async def settled() -> None:
    """Let everything run that can run without time passing."""
    for _ in range(20):
        await asyncio.sleep(0)
