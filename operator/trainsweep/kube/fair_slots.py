"""A fixed number of slots for which namespaces take turns: a crowd of one of them delays the others by one turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from trainsweep.core.turns import Turns


class FairSlots:
    def __init__(self, number: int) -> None:
        self._free = number
        self._waiting: Turns[asyncio.Future[None], None] = Turns()

    @asynccontextmanager
    async def hold(self, namespace: str) -> AsyncIterator[None]:
        await self._acquire(namespace)
        try:
            yield
        finally:
            self._release()

    async def _acquire(self, namespace: str) -> None:
        if self._free > 0 and not self._waiting:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.add(namespace, turn, None)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._release()  # it had just come
            raise

    def _release(self) -> None:
        while self._waiting:
            turn, _ = self._waiting.next()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
