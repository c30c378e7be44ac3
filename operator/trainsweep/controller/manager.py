"""The engine: takes in events, keeps a queue for each account, and lets the reconciler work them off."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from trainsweep.accounts.manager import AccountManager
from trainsweep.api.common import DeletionPolicy
from trainsweep.api.kinds import REMOTE_KINDS
from trainsweep.cluster.cache import Cache, Change
from trainsweep.cluster.crd_monitor import CrdMonitor
from trainsweep.cluster.decode import Config, Unreadable, decode, key_of
from trainsweep.cluster.informer import Informer
from trainsweep.cluster.resync import Resync, resync
from trainsweep.controller.account_queues import AccountQueues
from trainsweep.controller.gather import Gatherer
from trainsweep.controller.reconciler import Reconciler
from trainsweep.controller.stats import Stats
from trainsweep.controller.status_writer import StatusWriter
from trainsweep.core.errors import TrainsweepError
from trainsweep.core.resource import Key, Resource
from trainsweep.kube.client import KubeClient, Login
from trainsweep.kube.cluster_reads import ClusterReads
from trainsweep.kube.event_recorder import EventRecorder
from trainsweep.kube.leader_election import Lease
from trainsweep.kube.writer import Writer
from trainsweep.providers.registry import Endpoints
from trainsweep.telemetry.metrics import Metrics
from trainsweep.telemetry.state import LeaseState, Resources, State

log = logging.getLogger(__name__)

#: Seconds that events which wait get at the end: the standby waits for us.
LAST_WORDS = 1.0
#: Seconds in which a watch that begins has listed what is there.
LISTED = 10.0


class LeaseLost(TrainsweepError):
    """Another replica may have taken over."""


@dataclass(frozen=True, slots=True)
class ManagerSettings:
    namespaces: tuple[str, ...] = ()
    deletion_policy: DeletionPolicy = DeletionPolicy.DELETE
    endpoints: Endpoints = field(default_factory=Endpoints)
    drain_seconds: float = 20.0


class Manager:
    """`run()` works until `stop()` is called, or until the lease is lost. Without a lease it is always the leader."""

    def __init__(
        self,
        client: KubeClient,
        login: Login,
        settings: ManagerSettings,
        *,
        lease: Lease | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        metrics: Metrics | None = None,
    ) -> None:
        self._client = client
        self._settings = settings
        self._lease = lease
        self._store = Cache()
        self._queues = AccountQueues(
            self._store,
            resource=lambda key: self._reconciler.reconcile(key),  # noqa: PLW0108 (made below)
            account=lambda key: self._accounts.reconcile(key),  # noqa: PLW0108 (made below)
        )
        writer = Writer(client)
        self._events = EventRecorder(client, now)
        self._accounts = AccountManager(
            client,
            writer,
            self._store,
            self._events,
            endpoints=settings.endpoints,
            now=now,
            wake=self._queues.wake,
            revisit=self._queues.revisit,
            may_act=self._may_act,
            metrics=metrics,
        )
        surroundings = ClusterReads(client)
        self._definitions = CrdMonitor(surroundings.crd_going, self._store, wake=self._queues.wake)
        inquiry = Gatherer(
            self._store,
            self._accounts,
            surroundings.namespace,
            self._definitions,
            default_policy=settings.deletion_policy,
            now=now,
            wake=self._queues.wake,
        )
        self._reconciler = Reconciler(
            self._store,
            self._accounts,
            inquiry,
            StatusWriter(client, writer, self._events, self._store, metrics),
            now=now,
            wake=self._queues.wake,
            revisit=self._queues.revisit,
        )
        self._watch = Informer(login, self._hand_over, namespaces=settings.namespaces, listing=self._watch_lists)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._sweeps = Resync(
            partial(resync, client, settings.namespaces, self._known, self._receive), left_out=self._left_out, now=now
        )
        self._census = Stats(self._store, self._accounts, self._queues, now)

    @property
    def leading(self) -> bool:
        """Whether this replica works, as opposed to standing by with a warm store."""
        return self._queues.working

    def state(self) -> State:
        """How it stands, for probes and metrics."""
        return State(
            leading=self.leading,
            lease=LeaseState(self._lease.holder, self._lease.trouble) if self._lease else None,
            watch=self._watch.state,
            last_sweep=self._sweeps.last,
            unseen=self._sweeps.unseen,
            accounts=self._census.accounts(),
            queues=self._census.queues(),
        )

    def resources(self) -> Resources:
        return self._census.resources()

    async def run(self) -> None:
        """Fill the store, then work. Nothing is done before the store is whole: ownership and guard depend on it.

        Raises `LeaseLost` when another replica may have taken over: the process should end and start anew.
        """
        self._loop = asyncio.get_running_loop()
        await _unless(self._stopping, self._sweeps.one())
        if self._stopping.is_set():
            return
        records, accounts = len(self._store.records), len(self._store.configs)
        log.info("started", extra={"resources": records, "accounts": accounts})
        self._watch.start()
        leading = asyncio.create_task(self._lead())
        leading.add_done_callback(self._led)
        looking = asyncio.create_task(self._definitions.look_after())
        try:
            await _unless(self._stopping, self._sweeps.go_on())
        finally:
            self._stopping.set()
            await self._drain()
            leading.cancel()
            looking.cancel()
            end, _ = await asyncio.gather(leading, looking, return_exceptions=True)
            if self._lease:
                await self._lease.release()
        if isinstance(end, Exception):
            raise end

    async def _lead(self) -> None:
        """Begin to work once the lease is held, and keep it. Raises `LeaseLost`."""
        if self._lease:
            await self._lease.acquire()
        if self._stopping.is_set():
            return
        self._queues.open()
        if self._lease:
            await self._lease.keep()
            raise LeaseLost("The Lease was lost; this replica ends and starts anew.")

    def _led(self, leading: asyncio.Task[None]) -> None:
        """When it came to a bad end, another replica may act in a moment: no call of ours may then be on its way."""
        if not leading.cancelled() and leading.exception():
            self.stop()
            self._queues.cut()

    def _may_act(self) -> bool:
        """Whether a stop or delete may go out at this moment: the last answer is asked for right before it does."""
        return not self._stopping.is_set() and (self._lease is None or self._lease.held)

    def stop(self) -> None:
        self._stopping.set()

    def _left_out(self, unseen: frozenset[str]) -> None:
        self._watch.serve(tuple(name for name in self._settings.namespaces if name not in unseen))

    async def _drain(self) -> None:
        """Let the calls under way end, then close. The lease is kept meanwhile."""
        await asyncio.gather(asyncio.to_thread(self._watch.stop), self._queues.drain(self._settings.drain_seconds))
        await self._events.drain(LAST_WORDS)
        await self._accounts.aclose()

    def _known(self, kind: str) -> dict[Key, Resource | Config]:
        objects: Mapping[Key, Resource | Config] = self._store.records if kind in REMOTE_KINDS else self._store.configs
        return {key: known for key, known in objects.items() if key.kind == kind}

    def _hand_over(self, kind: str, gone: bool, body: Mapping[str, Any]) -> None:
        """From the watch's thread: parse there, decide here."""
        if self._loop is None:
            return
        parsed = None if gone else decode(kind, body)
        self._loop.call_soon_threadsafe(self._apply, key_of(kind, body), body["metadata"]["uid"], parsed)

    def _watch_lists(self) -> None:
        """What is deleted between our own list and the watch's is shown by neither: a sweep after both tells."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.call_later, LISTED, self._sweeps.ask)

    def _receive(self, kind: str, gone: bool, body: Mapping[str, Any]) -> None:
        if not gone and self._store.holds(key_of(kind, body), body["metadata"]["resourceVersion"]):
            return
        self._apply(key_of(kind, body), body["metadata"]["uid"], None if gone else decode(kind, body))

    def _apply(self, key: Key, uid: str, parsed: Resource | Config | Unreadable | None) -> None:
        """Take one view of one object into the store and queue what follows from it."""
        match parsed:
            case None:
                self._gone(key, uid)
            case Resource():
                change = self._store.put(parsed)
                if change is Change.SUBSTANCE:
                    self._reconciler.notice(parsed)
                    self._queues.wake(key)
                    self._wake_referrers(key)
                    self._queues.revisit(parsed.config)
                elif change is Change.STATUS:
                    # Our own words are here before the watch shows them: these are somebody else's, and may be wrong.
                    self._queues.recheck(parsed)
            case Config():
                if self._store.put_config(parsed) is Change.SUBSTANCE:
                    self._queues.accounts.add(key)
                    for user in self._store.users.get(key, ()):
                        self._queues.wake(user)
            case Unreadable():
                log.error("an object does not fit the schema", extra={"resource": str(key), "why": parsed.problem})
                known = self._store.records.get(key)
                if known and known.uid == uid:
                    self._apply(key, uid, replace(known, version=parsed.version, problem=parsed.problem))

    def _gone(self, key: Key, uid: str) -> None:
        record = self._store.records.get(key)
        if self._store.bury(key, uid) and record:
            self._queues.bury(record)
            self._queues.revisit(record.config)
        elif key.kind not in REMOTE_KINDS:
            self._queues.accounts.add(key)

    def _wake_referrers(self, key: Key) -> None:
        for referrer in self._store.referrers.get(key, ()):
            self._queues.wake(referrer)


async def _unless(event: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Do the work; if the event comes first, cut it off."""
    working, waiting = asyncio.ensure_future(work), asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        working.cancel()
        waiting.cancel()
        await asyncio.gather(working, waiting, return_exceptions=True)
    if not working.cancelled():
        working.result()
