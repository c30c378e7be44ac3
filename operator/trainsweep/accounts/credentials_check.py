"""Whether the provider accepts an account: asked until a call works. Until then no ProviderConfig says that it does.

Nothing waits for it but the account's own calls, and these only for the first answer: of a refused key one call is
enough to know it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from trainsweep.calls.circuit_breaker import CircuitOpen
from trainsweep.core.backoff import Backoff
from trainsweep.core.errors import ConfigurationError, ProviderError, Unavailable

log = logging.getLogger(__name__)

#: Pauses between questions (seconds): they double, with a tenth of jitter.
ASK_FIRST, ASK_LONGEST = 5.0, 300.0


class CredentialsCheck:
    """`ask` is a cheap call to the provider; `changed` is called when what is known of the account has changed.

    `doubt` is why the account is not proven, None once any call has worked. `unanswered`: nothing is known yet.
    """

    def __init__(self, ask: Callable[[], Awaitable[None]], changed: Callable[[], None]) -> None:
        self._ask = ask
        self._changed = changed
        self._asking: asyncio.Task[None] | None = None
        #: A call has worked since the circuit opened last; one has worked with these credentials at all.
        self.given = self.proven = False
        self.unanswered = False
        self.doubt: ProviderError | ConfigurationError | None = None

    def begin(self, turn: asyncio.Lock) -> None:
        """Ask, and go on asking until a call works. The first question waits for its `turn`: accounts with the same
        credentials share it, so that only the first one finds out that they are refused.
        """
        self.given, self.proven, self.doubt, self.unanswered = False, False, None, True
        self._start(turn)

    def again(self) -> None:
        """The circuit has opened: ask at its pace until a call works. A question that is under way goes on."""
        self.given = False
        if self._asking is None or self._asking.done():
            self._start(None)

    async def stop(self) -> None:
        asking, self._asking = self._asking, None
        self.unanswered = False
        if asking:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    def give(self) -> None:
        """A call has worked."""
        self._know(None, given=True)

    def _start(self, turn: asyncio.Lock | None) -> None:
        self._asking = asyncio.get_running_loop().create_task(self._go_on(turn))

    async def _go_on(self, turn: asyncio.Lock | None) -> None:
        pauses = Backoff(ASK_FIRST, ASK_LONGEST, spread=(1.0, 1.1))
        if turn:
            async with turn:
                pause = await self._try(pauses)
        else:
            pause = pauses.next()
        while not self.given:
            await asyncio.sleep(pause)
            if not self.given:
                pause = await self._try(pauses)

    async def _try(self, pauses: Backoff) -> float:
        """Ask, and answer how long to wait until the next time."""
        try:
            await self._ask()
        except CircuitOpen as circuit:
            self._know(circuit.cause)
            return circuit.seconds
        except (ProviderError, ConfigurationError) as error:
            self._know(error)
        except Exception as defect:
            log.exception("a question to the provider failed; this is a defect")
            self._know(Unavailable(f"The account could not be asked ({type(defect).__name__}); see the log."))
        return pauses.next()

    def _know(self, error: ProviderError | ConfigurationError | None, *, given: bool = False) -> None:
        before, self.doubt = self.doubt, error
        first, self.unanswered = self.unanswered, False
        news = given and not (self.given and self.proven)
        self.given, self.proven = self.given or given, self.proven or given
        if first or news or str(before) != str(error):
            self._changed()
