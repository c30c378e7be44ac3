"""One account at work: its provider client behind its gate, its lists, its guard and the resources that follow it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime

from trainsweep.accounts.ceilings import UNLIMITED, Ceilings
from trainsweep.accounts.credentials_check import CredentialsCheck
from trainsweep.accounts.list_cache import ListCache
from trainsweep.accounts.list_poller import ListPoller
from trainsweep.api.provider_config import AccountSpec
from trainsweep.calls.gate import Call, Gate, Observer
from trainsweep.core.account_id import AccountID
from trainsweep.core.deletion_guard import Guard
from trainsweep.core.errors import ConfigurationError, ProviderError
from trainsweep.core.external import Receipt, Remote, Target
from trainsweep.core.inputs import Verb
from trainsweep.core.resource import Key
from trainsweep.providers.base import Provider
from trainsweep.providers.credentials import Credentials
from trainsweep.providers.registry import identity
from trainsweep.providers.server_clock import ServerClock

#: Seconds between two looks whether a call may go out, while the first question to the provider is not answered.
UNCHECKED = 0.2


class Account:
    """Everything that the resources of one ProviderConfig share.

    `wake(key)` brings a resource back whose entry in a list has changed, `resume(key)` one that waited for a list;
    `troubled()` is called when the circuit opens or closes; `may_write()` says whether this replica leads at this
    moment; `observe` is told of every call; `doubted()` is called when another thing is known of why the account is not
    proven; `others()` are the accounts in use, of which those with the same credentials share what is refused.
    """

    def __init__(
        self,
        spec: AccountSpec,
        *,
        now: Callable[[], datetime],
        wake: Callable[[Key], None],
        resume: Callable[[Key], None] = lambda _: None,
        troubled: Callable[[], None],
        may_write: Callable[[], bool] = lambda: True,
        observe: Observer = lambda *_: None,
        doubted: Callable[[], None] = lambda: None,
        others: Callable[[], Iterable[Account]] = tuple,
        ceilings: Ceilings = UNLIMITED,
    ) -> None:
        self.spec = spec
        self.uid = ""
        #: Its Secret was looked after since its credentials worked. Nothing is observed before: what was once observed
        #: must be able to be cleaned up.
        self.secured = False
        #: Since when its client is in use (loop time). What an earlier one has shown may be of another account.
        self.since = 0.0
        self.fingerprint = ""
        #: Tells whether two accounts send the same credentials to the same service.
        self.login = ""
        self._key = ""
        self._now = now
        self._others = others
        self._observe = observe
        self.check = CredentialsCheck(self.probe, doubted)
        self._provider: Provider | None = None
        self._clock = ServerClock(now)
        self._locating = asyncio.Lock()
        self._located = False
        self.guard = Guard(limit=spec.deletion_guard.max_deletions, window=spec.deletion_guard.window_seconds)
        self._ceilings = ceilings
        reads, writes = ceilings.limiters(spec)
        self.gate = Gate(
            reads=reads,
            writes=writes,
            in_flight=ceilings.in_flight(spec),
            now=now,
            changed=troubled,
            may_write=may_write,
            observe=self._called,
            sharers=lambda: [other.gate for other in self.sharers()],
        )
        self.lists = ListCache(self._list, resume)
        self.poller = ListPoller(self.lists, spec.polling, wake)

    @property
    def provider(self) -> Provider:
        if self._provider is None:
            raise RuntimeError("the account has no client yet")
        return self._provider

    @property
    def identity(self) -> AccountID:
        return identity(self.spec, self._provider.place if self._provider else "", self._key)

    async def use(self, provider: Provider, credentials: Credentials, clock: ServerClock | None = None) -> None:
        """Go on with this client, and with the clock that hears its answers; a circuit that was open closes."""
        before, self._provider = self._provider, provider
        self._clock = clock or ServerClock(self._now)
        self._located = self.secured = False
        self.since = asyncio.get_running_loop().time()
        self.fingerprint = fingerprint(self.spec, credentials)
        self._key = _key(credentials)
        self.login = _login(self.identity, credentials)
        await self.check.stop()
        self.gate.reset()
        if before:
            await before.aclose()
        self.poller.start()

    def sharers(self) -> list[Account]:
        """The other accounts with the same credentials."""
        return [other for other in self._others() if other is not self and other.login == self.login]

    @property
    def trouble(self) -> ProviderError | ConfigurationError | None:
        """What the account as a whole suffers from."""
        return self.gate.circuit.cause or self.check.doubt or self.gate.limited

    def pause(self, *, write: bool) -> float:
        """Seconds until a call may go out, 0 for now. The first question to the provider is asked alone."""
        if self.check.unanswered or (self.check.proven and not self.secured):
            return UNCHECKED
        return self.gate.pause(write=write)

    def reconfigure(self, spec: AccountSpec, approved_until: datetime | None) -> None:
        """Take over what may change in a ProviderConfig."""
        if spec.rate_limit != self.spec.rate_limit:
            self.gate.repace(*self._ceilings.limiters(spec), self._ceilings.in_flight(spec))
        self.spec = spec
        self.poller.repace(spec.polling)
        self.guard.limit = spec.deletion_guard.max_deletions
        self.guard.window = spec.deletion_guard.window_seconds
        self.guard.approved_until = approved_until

    async def aclose(self) -> None:
        await self.check.stop()
        await self.poller.stop()
        await self.lists.aclose()
        if self._provider:
            await self._provider.aclose()

    def earlier(self, now: datetime) -> datetime:
        """The smaller of our time and the provider's: a clock that is fast must not end what goes on."""
        return self._clock.earlier(now)

    async def locate(self) -> AccountID:
        """Which account this is, asked of the provider where the ProviderConfig only names it."""
        if not self._located:
            async with self._locating:
                if not self._located and self.identity.open:
                    await self.gate.call(self.provider.locate, Call("locate", patient=False))
                self._located = True
        return self.identity

    async def read(self, target: Target) -> Remote:
        return await self.gate.call(lambda: self.provider.read(target), Call("read", target.thing.value, patient=False))

    async def ask(self, verb: Verb, target: Target, wanted: Callable[[], bool]) -> Receipt:
        """Stop or delete, if that is still `wanted` when it goes out; else `Fenced`. Its token was taken before."""
        verbs = {Verb.STOP: self.provider.stop, Verb.DELETE: self.provider.delete}
        call = Call(verb.value, target.thing.value, wanted, permit=True, patient=False)
        return await self.gate.call(lambda: verbs[verb](target), call)

    async def probe(self) -> None:
        await self.gate.call(self.provider.probe, Call("probe"))

    def _called(self, call: Call, outcome: str, took: float) -> None:
        if outcome == "ok" and call.operation != "locate":
            self.check.give()
        self._observe(call, outcome, took)

    async def _list(self, collection: str) -> tuple[Remote, ...]:
        return await self.gate.call(lambda: self.provider.list(collection), Call("list"))


def fingerprint(spec: AccountSpec, credentials: Credentials) -> str:
    """Tells whether a client would be made from the same again, without keeping the credentials."""
    block = spec.settings.model_dump_json() if spec.settings else ""
    classes = spec.model_dump_json(include={"error_classes"})
    return _digest(spec.provider, block, classes, str(UNLIMITED.in_flight(spec)), *credentials.words)


def _login(identity: AccountID, credentials: Credentials) -> str:
    """The whole credentials: a wrong secret key must not shut out those that use the right one."""
    return _digest(identity.provider, identity.host, *credentials.words)


def _key(credentials: Credentials) -> str:
    """A short fingerprint of the access key: 48 bits tell the few keys of a ProviderConfig apart."""
    return _digest(credentials.key)[:12] if credentials.key else ""


def _digest(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()
