"""The way to one account: how many calls at once, how fast, and whether at all.

A lane never retries. It makes calls wait for a token, slows down on 429, and shuts for a while (the circuit) when more
calls would only make things worse: after refused credentials at once, because providers lock keys after a few bad
signatures, and after repeated outages.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from trainsweep.calls.circuit_breaker import OPEN_FIRST, OUTAGE_THRESHOLD, REFUSED_FIRST, CircuitBreaker, CircuitOpen
from trainsweep.calls.rate_limiter import RateLimiter
from trainsweep.core.errors import (
    ConfigurationError,
    CredentialsInvalid,
    PermissionDenied,
    ProviderError,
    RateLimited,
    Refused,
    Unavailable,
)

T = TypeVar("T")


@dataclass(slots=True)
class Call:
    """One call under way. `operation` and `kind` name it in the metrics.

    `wanted` is there when it changes something: its requests take their tokens from the write bucket and ask it right
    before they go out. `permit`: the token of its first request was taken before. A call that is not
    `patient` raises `Throttled` instead of a long wait. `waited`: seconds spent waiting for tokens.
    """

    operation: str = ""
    kind: str = ""
    wanted: Callable[[], bool] | None = None
    permit: bool = False
    patient: bool = True
    waited: float = 0.0


#: Answers of a service that has accepted the credentials before it refused the request.
_ACCEPTS_THE_KEY = (Refused, PermissionDenied)

#: The call under way in this task.
_call: contextvars.ContextVar[Call | None] = contextvars.ContextVar("call", default=None)

#: Told of every call that was made: the call, "ok" or the reason of its error, and the seconds that it took.
Observer = Callable[[Call, str, float], None]

#: The longest Retry-After that is followed (seconds): what asks for more is a mistake, and would stop all clean-up.
QUIET_LONGEST = 600.0
#: The same in which every caller looks whether the quiet was ended early.
QUIET_STEP = 5.0
#: Seconds of 429 without a call that worked from which on it is worth telling.
LIMITED_NEWS = 30.0


#: The longest wait of a call that is not patient (seconds).
IMPATIENT = 5.0


class Throttled(Exception):
    """No call was made: its turn comes in `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the next call may go out in {seconds:.0f} s")
        self.seconds = seconds


class Fenced(Exception):
    """No call was made: it is not wanted any more, or this replica does not lead any more."""


class Gate:
    """Runs calls to one account. `changed` is called when the circuit opens or closes.

    `sharers` are the other lanes with the same credentials: providers count the bad signatures of a key, so that what
    one of them is refused holds for all, and one of them alone makes the trial.
    """

    def __init__(
        self,
        *,
        reads: RateLimiter,
        writes: RateLimiter,
        in_flight: int,
        now: Callable[[], datetime],
        changed: Callable[[], None] = lambda: None,
        may_write: Callable[[], bool] = lambda: True,
        observe: Observer = lambda *_: None,
        sharers: Callable[[], Iterable[Gate]] = tuple,
        rng: random.Random | None = None,
    ) -> None:
        self._buckets = {False: reads, True: writes}
        self._slots = asyncio.Semaphore(in_flight)
        self._now = now
        self._changed = changed
        self._may_write = may_write
        self._observe = observe
        self._sharers = sharers
        self._rng = rng or random.Random()  # noqa: S311 (spreads retries, guards nothing)
        self._quiet_until = 0.0
        #: Since when the provider answers 429, and its last one.
        self._limited: tuple[float, RateLimited] | None = None
        self._trial = False
        self.circuit = CircuitBreaker()

    async def call(self, make: Callable[[], Awaitable[T]], call: Call) -> T:
        """Wait for a free slot and make the call. Raises `CircuitOpen` instead of waiting for a circuit, and `Fenced`
        when a call that changes something is not wanted any more by the time that it would go out.
        """
        self._admit()
        async with self._slots:
            trial, circuit = self._admit(begin=True), self.circuit
            try:
                result = await self._made(make, call)
            except ProviderError as error:
                if isinstance(error, RateLimited):
                    self._slow_down(error)
                if circuit is self.circuit:
                    self._failed(error, trial=trial)
                raise
            except BaseException:
                if circuit is self.circuit and trial:
                    self._trial = False
                raise
            for bucket in self._buckets.values():
                bucket.recover()
            self._limited = None
            if circuit is self.circuit:
                self._worked(trial=trial)
            return result

    async def _made(self, make: Callable[[], Awaitable[T]], call: Call) -> T:
        """Make the call and tell of it, however it ends."""
        clock = asyncio.get_running_loop().time
        begun, outcome = clock(), "ok"
        _call.set(call)
        try:
            return await make()
        except BaseException as error:
            outcome = error.reason if isinstance(error, ProviderError | ConfigurationError) else type(error).__name__
            raise
        finally:
            self._observe(call, outcome, clock() - begun - call.waited)

    def pause(self, *, write: bool) -> float:
        """Seconds until a call may go out, 0 for now. While the circuit is open that is the time of the next trial."""
        now = asyncio.get_running_loop().time()
        if self.circuit.open:
            return max(self.circuit.open_until - now, 1.0 if self._trial else 0.0)
        return max(self._quiet_until - now, self._buckets[write].pause(now), 0.0)

    def take_permit(self) -> None:
        """Take the token of a write that is about to be decided on."""
        self._buckets[True].take(asyncio.get_running_loop().time())

    def give_permit_back(self) -> None:
        self._buckets[True].give_back()

    def repace(self, reads: RateLimiter, writes: RateLimiter, in_flight: int) -> None:
        """Go on at another pace; calls under way end as they began."""
        self._buckets = {False: reads, True: writes}
        self._slots = asyncio.Semaphore(in_flight)

    async def turn(self) -> None:
        """Wait until the next request of the call under way may go out."""
        clock = asyncio.get_running_loop().time
        call = _call.get() or Call()
        if call.permit:
            call.permit, due = False, clock()
        else:
            due = clock() + self._buckets[call.wanted is not None].take(clock())
        while (pause := max(due, self._quiet_until) - clock()) > 0:
            if pause > IMPATIENT and not call.patient:
                self._buckets[call.wanted is not None].give_back()
                raise Throttled(pause)
            pause = min(pause, QUIET_STEP)
            await asyncio.sleep(pause)
            call.waited += pause
        self.check()

    def check(self) -> None:
        """Raise `Fenced` unless the call under way may still go out. Asked after every wait: it may have been long, and
        the process may have been frozen in it.
        """
        call = _call.get()
        if call and call.wanted and not (self._may_write() and call.wanted()):
            raise Fenced("it is not wanted any more, or this replica does not lead any more")

    def reset(self) -> None:
        """Begin anew: the credentials changed. Calls that began before count no more, however they end."""
        self._quiet_until = 0.0
        self._limited = None
        self._close()

    def suspend(self, refused: CircuitBreaker) -> None:
        """Open the circuit as that of a sharer, which was refused or makes its trial."""
        with self._telling():
            self.circuit.join(refused)

    @property
    def limited(self) -> RateLimited | None:
        """The last 429, while the provider has answered so for a while or asks for a long pause."""
        if self._limited is None:
            return None
        now, (since, error) = asyncio.get_running_loop().time(), self._limited
        if now > self._quiet_until + QUIET_LONGEST:
            return None  # and nobody has asked since
        return error if max(now, self._quiet_until) - since >= LIMITED_NEWS else None

    def _close(self) -> None:
        with self._telling():
            self.circuit = CircuitBreaker()
            self._trial = False

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Tell of a circuit that opens or closes."""
        was_open = self.circuit.open
        yield
        if self.circuit.open is not was_open:
            if not was_open:
                self.circuit.since = self._now()
            self._changed()

    def _admit(self, *, begin: bool = False) -> bool:
        """Raise while the circuit is open; the first call after its time is the trial, the others go on waiting."""
        circuit = self.circuit
        if circuit.cause is None:
            return False
        wait = circuit.open_until - asyncio.get_running_loop().time()
        if wait > 0 or self._trial:
            raise CircuitOpen(max(wait, 1.0) * self._rng.uniform(1.0, 1.3), circuit.cause)
        self._trial = begin
        if begin and self.circuit.refused:
            ahead = asyncio.get_running_loop().time() + REFUSED_FIRST
            for other in self._sharers():
                other.suspend(replace(circuit, open_until=ahead))
        return begin

    def _worked(self, *, trial: bool) -> None:
        self.circuit.failures = 0
        if trial:
            self._accepted()

    def _accepted(self) -> None:
        """The trial was answered: go on, and so may all that were refused for the same credentials."""
        if self.circuit.refused:
            for other in self._sharers():
                if other.circuit.refused:
                    other._close()
        self._close()

    def _slow_down(self, error: RateLimited) -> None:
        for bucket in self._buckets.values():
            bucket.slow_down()
        now = asyncio.get_running_loop().time()
        pause = min(QUIET_LONGEST, error.retry_after or self._rng.uniform(1.0, 3.0))
        self._quiet_until = max(self._quiet_until, now + pause)
        self._limited = (self._limited[0] if self._limited else now), error

    def _failed(self, error: ProviderError, *, trial: bool) -> None:
        now = asyncio.get_running_loop().time()
        if trial:
            self._trial = False
        if self.circuit.refused and not isinstance(error, _ACCEPTS_THE_KEY):
            # Only an answer that shows that the key was accepted ends a pause that protects it from being locked.
            if trial or isinstance(error, CredentialsInvalid):
                self._trip(self.circuit.cause if trial and self.circuit.cause else error, now, REFUSED_FIRST)
                for other in self._sharers():
                    other.suspend(self.circuit)
        elif isinstance(error, CredentialsInvalid):
            self._trip(error, now, REFUSED_FIRST)
            for other in self._sharers():
                other.suspend(self.circuit)
        elif isinstance(error, Unavailable):
            self.circuit.failures += 1
            if trial or self.circuit.failures >= OUTAGE_THRESHOLD:
                self._trip(error, now, OPEN_FIRST)
        else:
            # The service answered: it is there.
            self.circuit.failures = 0
            if trial:
                self._accepted()

    def _trip(self, error: ProviderError, now: float, first: float) -> None:
        with self._telling():
            self.circuit.trip(error, now, first)
