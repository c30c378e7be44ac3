"""One errand for all who wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from trainsweep.core.errors import NotSent

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Runs an errand once at a time; whoever asks meanwhile gets the same result, or the same error.

    Sharing the error matters: ten waiting calls must not log in ten times with a wrong password, which locks the user.
    The errand goes on when one of those who wait is cancelled.
    """

    def __init__(self, errand: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._errand = errand
        self._task: asyncio.Task[T] | None = None

    async def join(self) -> T:
        """Start the errand, or wait for the one under way. Raises `NotSent` when that is given up."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._errand())
            self._task.add_done_callback(_retrieve)
        task = self._task
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled() and not _asked_to_stop():
                raise NotSent(
                    "The client was closed, as the credentials just changed; it will be tried again."
                ) from None
            raise

    async def aclose(self) -> None:
        """Give up an errand under way."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])


def _asked_to_stop() -> bool:
    """Whether the running task itself is being cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Mark an error as seen, for the case that nobody waits any more."""
    if not task.cancelled():
        task.exception()
