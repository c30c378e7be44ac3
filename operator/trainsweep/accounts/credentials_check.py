"""Whether the provider accepts an account: asked until a call works. Until then no ProviderConfig says that it does."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from trainsweep.calls.circuit_breaker import CircuitOpen
from trainsweep.core.errors import ConfigurationError, ProviderError

log = logging.getLogger(__name__)

#: Pauses between questions (seconds): they double, with a tenth of jitter.
ASK_FIRST, ASK_LONGEST = 5.0, 300.0


class CredentialsCheck:
    """`ask` is a cheap call to the provider; `changed` is called when what `doubt` says has changed.

    `doubt` is why the account is not proven, None once any call has worked.
    """

    def __init__(self, ask: Callable[[], Awaitable[None]], changed: Callable[[], None]) -> None:
        self._ask = ask
        self._changed = changed
        self._given = False
        self._asking: asyncio.Task[None] | None = None
        self.doubt: ProviderError | ConfigurationError | None = None

    async def begin(self) -> None:
        """Ask once; if that does not work, go on asking beside everything else."""
        self._given, self.doubt = False, None
        pause = await self._try(ASK_FIRST)
        if not self._given:
            self._asking = asyncio.get_running_loop().create_task(self._go_on(pause))

    async def stop(self) -> None:
        asking, self._asking = self._asking, None
        if asking:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    def give(self) -> None:
        """A call has worked."""
        self._given = True
        self._doubt(None)

    async def _go_on(self, pause: float) -> None:
        longest = ASK_FIRST
        while not self._given:
            await asyncio.sleep(pause * random.uniform(1.0, 1.1))  # noqa: S311 (spreads retries, guards nothing)
            if not self._given:
                longest = min(ASK_LONGEST, longest * 2)
                pause = await self._try(longest)

    async def _try(self, pause: float) -> float:
        """Ask, and answer how long to wait until the next time."""
        try:
            await self._ask()
        except CircuitOpen as circuit:
            self._doubt(circuit.cause)
            return circuit.seconds
        except (ProviderError, ConfigurationError) as error:
            self._doubt(error)
        except Exception:
            log.exception("a question to the provider failed; this is a defect")
        return pause

    def _doubt(self, error: ProviderError | ConfigurationError | None) -> None:
        before, self.doubt = self.doubt, error
        if str(before) != str(error):
            self._changed()
