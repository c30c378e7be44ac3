"""The accounts in use: opens them from ProviderConfig and Secret, and says on the ProviderConfig how each one stands.

Nothing here waits for a provider: however many accounts hang, the others are looked after.

A Secret is read by name, again after `SECRET_AGE` and at once when the provider refuses it; the last good credentials
stay in use while the Secret cannot be read, so that a deleted Secret does not strand the clean-up that needs it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from weakref import WeakValueDictionary

from trainsweep.accounts.account import Account, fingerprint
from trainsweep.accounts.blocked import obstacle, trouble, unfit, unreadable
from trainsweep.accounts.ceilings import UNLIMITED, Ceilings
from trainsweep.accounts.in_use_finalizer import InUseFinalizer
from trainsweep.accounts.secrets import existing
from trainsweep.accounts.status_writer import AccountStatusWriter, guard_of
from trainsweep.cluster.cache import Cache, Change
from trainsweep.cluster.decode import Config, Unreadable, decode
from trainsweep.core.backoff import Backoff
from trainsweep.core.errors import ConfigurationError
from trainsweep.core.inputs import Obstacle
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Key, Resource
from trainsweep.kube import paths
from trainsweep.kube.client import KubeClient, KubeError
from trainsweep.kube.cluster_reads import Namespace
from trainsweep.kube.event_recorder import EventRecorder
from trainsweep.kube.writer import Writer
from trainsweep.providers.credentials import Credentials
from trainsweep.providers.pacing import paced
from trainsweep.providers.registry import Endpoints, OpenProvider, open_provider, plugin_of
from trainsweep.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

#: Seconds after which a Secret is read again.
SECRET_AGE = 60.0
#: The same for one that is missing or unfit: somebody is about to mend it.
MISSING_AGE = 5.0

#: Seconds after which an account is looked after again when that failed: first and longest pause.
RETRY = (1.0, 60.0)

#: Said of an account whose Secret is missing or unfit while it is at work.
LAST_GOOD = "Until the operator restarts it goes on with the last good credentials."

#: Said of a Secret whose deletion waits for the account. It would hold up whoever deletes and creates it anew.
BEING_DELETED = (
    "is being deleted, and stays until no resource needs it. Name another Secret in credentials.secretRef; until then "
    "this one is used."
)


class AccountManager:
    """`wake(key)` brings a resource back, `resume(key)` one that waited for a list; `revisit(key)` brings a
    ProviderConfig back soon, `look_after(key)` at once.
    """

    def __init__(
        self,
        client: KubeClient,
        writer: Writer,
        store: Cache,
        events: EventRecorder,
        *,
        endpoints: Endpoints,
        now: Callable[[], datetime],
        wake: Callable[[Key], None],
        resume: Callable[[Key], None],
        revisit: Callable[[Key], None],
        look_after: Callable[[Key], None],
        may_act: Callable[[], bool] = lambda: True,
        open_provider: OpenProvider = open_provider,
        metrics: Metrics | None = None,
        ceilings: Ceilings = UNLIMITED,
    ) -> None:
        self._client = client
        self._open_provider = open_provider
        self._may_act = may_act
        self._metrics = metrics or Metrics()
        self._reporter = AccountStatusWriter(writer, store, events, now)
        self._store = store
        self._endpoints = endpoints
        self._ceilings = ceilings
        self._now = now
        self._wake = wake
        self._resume = resume
        self._revisit = revisit
        self._look_after = look_after
        self._protection = InUseFinalizer(client, writer, store, edited=self._edited, works=self._works)
        self._accounts: dict[Key, Account] = {}
        self._obstacles: dict[Key, Obstacle] = {}
        #: What is wrong with the Secrets of accounts that go on without.
        self._lapsed: dict[Key, Obstacle] = {}
        #: Whose turn it is to find out whether some credentials are accepted.
        self._logins: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._failures: dict[Key, Backoff] = {}

    def get(self, key: Key) -> Account | None:
        return self._accounts.get(key)

    def find(self, record: Resource, namespace: Namespace) -> Account | Obstacle:
        """The account of a resource, or what stands in the way of using it. One that was made again under its name is
        another account.
        """
        key = record.config
        if problem := self._store.unreadable.get(key):
            return unreadable(key, problem)
        config = self._store.configs.get(key)
        wrong = unfit(record, config, namespace)
        if wrong or config is None:
            return wrong or obstacle(Reason.CONFIG_NOT_FOUND, f"{key} does not exist; create it.")
        account = self._accounts.get(key)
        if key in self._obstacles and (account is None or account.uid == config.uid):
            return self._obstacles[key]
        if account and account.uid == config.uid:
            return account
        return Obstacle(Reason.OBSERVING, f"{key} is being looked at.")

    def _works(self, key: Key) -> bool:
        account = self._accounts.get(key)
        return account is not None and account.check.proven

    def kept(self, record: Resource) -> AbstractAsyncContextManager[None]:
        """Keeps ProviderConfig and Secret from vanishing while the finalizer of a resource is being stored."""
        return self._protection.kept(record)

    async def reconcile(self, key: Key) -> float | None:
        """Seconds until the account should come back by itself, None for when something changes."""
        try:
            pause = await self._pass(key)
        except KubeError as error:
            if error.status == 409:
                await self._refresh(key)
            log.warning("an account could not be looked after", extra={"account": str(key), "error": str(error)})
        except Exception as error:
            # The type alone: words of an unexpected error may quote what it met in a Secret.
            unexpected = type(error).__name__
            log.warning("an account could not be looked after", extra={"account": str(key), "error": unexpected})
        else:
            self._failures.pop(key, None)
            return pause
        return self._failures.setdefault(key, Backoff(*RETRY, spread=(1.0, 1.1))).next()

    async def _refresh(self, key: Key) -> None:
        """Read a ProviderConfig that somebody else has written meanwhile: its watch may be late."""
        try:
            view = decode(key.kind, await self._client.get(paths.resource(key)))
        except KubeError:
            return  # the next try meets it again
        change = self._store.put_config(view) if isinstance(view, Config) else Change.NOTHING
        if isinstance(view, Unreadable):
            change = self._store.put_unreadable(view)
        if change is Change.SUBSTANCE:
            self._edited(key)

    async def aclose(self) -> None:
        for account in self._accounts.values():
            await account.aclose()

    async def _pass(self, key: Key) -> float | None:
        """Bring one account up to date: Secret, client, finalizers, status."""
        config = self._store.configs.get(key)
        if config is None:
            await self._close(key)
            return None
        if (account := self._accounts.get(key)) and account.uid != config.uid:
            await self._drop(key)
        before = self._obstacles.get(key)
        if config.problem:
            self._obstacles[key] = unreadable(key, config.problem)
            if before != self._obstacles[key]:
                self._wake_all(key)
            await self._report(key)
            return None
        fit, proven = False, self._works(key)
        try:
            # Protected before anything is observed with it: what was once observed waits for its account.
            secret = await self._protection.settle(config)
            form = plugin_of(config.spec.provider).credentials
            await self._open(config, existing(secret, config.secret).credentials(form))
            self._obstacles.pop(key, None)
            self._lapsed.pop(key, None)
            if secret and secret.deleting and not config.deleting:
                self._lapsed[key] = obstacle(Reason.SECRET_NOT_FOUND, f"{secret} {BEING_DELETED}")
            fit = True
            if proven and (account := self._accounts.get(key)):
                account.secured = True
        except ConfigurationError as error:
            account = self._accounts.get(key)
            if account and error.reason != Reason.ENDPOINT_NOT_ALLOWED:
                self._lapsed[key] = obstacle(Reason.of(error.reason), f"{error.message} {LAST_GOOD}")
                account.reconfigure(config.spec, config.approved_until)
                account.secured = proven
            else:
                self._obstacles[key] = trouble(error)
        if before != self._obstacles.get(key):
            self._wake_all(key)
        await self._report(key)
        return SECRET_AGE if fit else MISSING_AGE

    async def _open(self, config: Config, credentials: Credentials) -> None:
        """Open the account, or take over what changed. Raises `ConfigurationError`."""
        account = self._accounts.get(config.key) or self._new(config)
        was_approved = account.guard.approved_until
        account.reconfigure(config.spec, config.approved_until)
        if was_approved != config.approved_until:
            self._wake_all(config.key)
        if account.fingerprint == fingerprint(config.spec, credentials):
            return
        transport = paced(account.gate, self._ceilings.in_flight(config.spec), self._endpoints, self._now)
        provider = self._open_provider(
            config.spec, credentials, endpoints=self._endpoints, transport=transport, now=self._now
        )
        self._accounts[config.key] = account
        await account.use(provider, credentials, transport.clock)
        for other in account.sharers():
            if other.gate.circuit.refused:
                account.gate.suspend(other.gate.circuit)
        # One after the other: of accounts with the same credentials only the first finds out that they are refused.
        account.check.begin(self._logins.setdefault(account.login, asyncio.Lock()))
        self._store.ownership.let_look_again(set(self._store.users.get(config.key, ())))
        self._wake_all(config.key)

    def _new(self, config: Config) -> Account:
        account = Account(
            config.spec,
            now=self._now,
            wake=self._wake,
            resume=self._resume,
            troubled=lambda: self._troubled(config.key),
            doubted=lambda: self._known(config.key),
            others=self._accounts.values,
            ceilings=self._ceilings,
            may_write=self._may_act,
            observe=lambda call, result, took: self._metrics.remote_call(
                config.key.place, call.operation, call.kind, result, took=took, waited=call.waited
            ),
        )
        account.uid = config.uid
        account.guard = guard_of(config)
        return account

    def _troubled(self, key: Key) -> None:
        """The circuit opened or closed: say so, and read the Secret again. While it is open, one question at its pace
        finds out when the provider is back.
        """
        self._revisit(key)
        account = self._accounts.get(key)
        if account and account.gate.circuit.open:
            account.check.again()
        self._wake_all(key)

    def _known(self, key: Key) -> None:
        """What is known of the credentials has changed: look after the Secret, and say so."""
        self._look_after(key)
        account = self._accounts.get(key)
        if account and account.check.doubt:
            why = str(account.check.doubt)
            log.warning("the provider does not accept the account", extra={"account": str(key), "why": why})

    async def _close(self, key: Key) -> None:
        self._obstacles.pop(key, None)
        self._lapsed.pop(key, None)
        self._failures.pop(key, None)
        await self._drop(key)
        self._wake_all(key)
        await self._protection.forsake(key)

    async def _drop(self, key: Key) -> None:
        account = self._accounts.pop(key, None)
        if account:
            await account.aclose()
            self._metrics.forget_account(key.place)

    def _wake_all(self, key: Key) -> None:
        for user in self._store.users.get(key, ()):
            self._wake(user)

    async def _report(self, key: Key) -> None:
        account = self._accounts.get(key)
        ill = account.trouble if account else None
        wrong = self._obstacles.get(key) or self._lapsed.get(key) or (trouble(ill) if ill else None)
        if await self._reporter.report(key, account, wrong):
            self._edited(key)

    def _edited(self, key: Key) -> None:
        """An answer held somebody's edit; the watch will have nothing new to say of it."""
        self._revisit(key)
        self._wake_all(key)
