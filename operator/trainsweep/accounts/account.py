"""One account at work: its provider client behind its lane, its shared lists, its guard and the keys that wait."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime

from trainsweep.accounts.credentials_check import CredentialsCheck
from trainsweep.accounts.list_cache import CompleteList, ListCache
from trainsweep.accounts.list_poller import ListPoller
from trainsweep.api.provider_config import AccountSpec
from trainsweep.calls.gate import Call, Gate, Observer
from trainsweep.calls.rate_limiter import RateLimiter
from trainsweep.core.deletion_guard import Guard
from trainsweep.core.errors import ConfigurationError, ProviderError
from trainsweep.core.external import Receipt, Remote, Target
from trainsweep.core.inputs import Verb
from trainsweep.core.resource import Key
from trainsweep.providers.base import Provider
from trainsweep.providers.credentials import Credentials
from trainsweep.providers.registry import PACES, identity


class Account:
    """Everything that the resources of one ProviderConfig share.

    `wake(key)` puts a resource on the queue; `troubled()` is called when the circuit opens or closes;
    `may_write()` says whether this replica leads at this moment;
    `observe` is told of every call; `doubted()` is called when another thing is known of why the account is not proven;
    `others()` are the accounts in use, of which those with the same credentials share what is refused.
    """

    def __init__(
        self,
        spec: AccountSpec,
        *,
        now: Callable[[], datetime],
        wake: Callable[[Key], None],
        troubled: Callable[[], None],
        may_write: Callable[[], bool] = lambda: True,
        observe: Observer = lambda *_: None,
        doubted: Callable[[], None] = lambda: None,
        others: Callable[[], Iterable[Account]] = tuple,
    ) -> None:
        self.spec = spec
        self.uid = ""
        self.fingerprint = ""
        #: Tells whether two accounts send the same credentials to the same service.
        self.login = ""
        self._others = others
        self._observe = observe
        self.proof = CredentialsCheck(self.probe, doubted)
        self._provider: Provider | None = None
        self.guard = Guard(limit=spec.deletion_guard.max_deletions, window=spec.deletion_guard.window_seconds)
        reads, writes = _buckets(spec)
        self.lane = Gate(
            reads=reads,
            writes=writes,
            in_flight=in_flight(spec),
            now=now,
            changed=troubled,
            may_write=may_write,
            observe=self._called,
            sharers=lambda: [other.lane for other in self.sharers()],
        )
        self.snapshots: ListCache = ListCache(self._list)
        self.poll = ListPoller(self.snapshots, spec.polling, wake)

    @property
    def provider(self) -> Provider:
        if self._provider is None:
            raise RuntimeError("the account has no client yet")
        return self._provider

    @property
    def identity(self) -> tuple[str, ...]:
        return identity(self.spec, self._provider.place if self._provider else "")

    async def use(self, provider: Provider, credentials: Credentials) -> None:
        """Go on with this client; a circuit that was open closes."""
        before, self._provider = self._provider, provider
        self.fingerprint = fingerprint(self.spec, credentials)
        self.login = _login(self.identity, credentials)
        await self.proof.stop()
        self.lane.reset()
        if before:
            await before.aclose()
        self.poll.start()

    def sharers(self) -> list[Account]:
        """The other accounts with the same credentials."""
        return [other for other in self._others() if other is not self and other.login == self.login]

    @property
    def trouble(self) -> ProviderError | ConfigurationError | None:
        """What the account as a whole suffers from."""
        return self.lane.circuit.cause or self.proof.doubt or self.lane.limited

    def reconfigure(self, spec: AccountSpec, approved_until: datetime | None) -> None:
        """Take over what may change in a ProviderConfig."""
        if spec.rate_limit != self.spec.rate_limit:
            self.lane.repace(*_buckets(spec), in_flight(spec))
        self.spec = spec
        self.poll.pace = spec.polling
        self.guard.limit = spec.deletion_guard.max_deletions
        self.guard.window = spec.deletion_guard.window_seconds
        self.guard.approved_until = approved_until

    async def aclose(self) -> None:
        await self.proof.stop()
        await self.poll.stop()
        if self._provider:
            await self._provider.aclose()

    async def read(self, target: Target) -> Remote:
        return await self.lane.call(lambda: self.provider.read(target), Call("read", target.thing.value))

    async def ask(self, verb: Verb, target: Target, wanted: Callable[[], bool]) -> Receipt:
        """Stop or delete, if that is still `wanted` when its turn comes; else `Fenced`."""
        verbs = {Verb.STOP: self.provider.stop, Verb.DELETE: self.provider.delete}
        return await self.lane.call(lambda: verbs[verb](target), Call(verb.value, target.thing.value, wanted))

    async def probe(self) -> None:
        await self.lane.call(self.provider.probe, Call("probe"))

    def _called(self, call: Call, outcome: str, took: float) -> None:
        if outcome == "ok":
            self.proof.give()
        self._observe(call, outcome, took)

    async def _list(self, collection: str) -> CompleteList:
        return CompleteList.of(await self.lane.call(lambda: self.provider.list(collection), Call("list")))


def in_flight(spec: AccountSpec) -> int:
    return spec.rate_limit.max_in_flight or PACES[spec.provider].in_flight


def _buckets(spec: AccountSpec) -> tuple[RateLimiter, RateLimiter]:
    pace, limit = PACES[spec.provider], spec.rate_limit
    reads, writes = limit.reads_per_second or pace.reads, limit.writes_per_second or pace.writes
    return RateLimiter(reads, limit.burst or 2 * reads), RateLimiter(writes, limit.burst or 2 * writes)


def fingerprint(spec: AccountSpec, credentials: Credentials) -> str:
    """Tells whether a client would be made from the same again, without keeping the credentials."""
    made_from = spec.model_dump_json(include={"model_arts", "qianfan", "error_classes"})
    return _digest(made_from, str(in_flight(spec)), *_values(credentials))


def _login(identity: tuple[str, ...], credentials: Credentials) -> str:
    """The whole credentials, not the access key alone: a wrong secret key must not shut out who has the right one."""
    provider, url, *_ = identity
    return _digest(provider, url, *_values(credentials))


def _values(credentials: Credentials) -> list[str]:
    return [getattr(credentials, name) for name in type(credentials).__slots__]


def _digest(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()
