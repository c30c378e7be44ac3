"""The manager: takes in events, keeps the queues of both stages, and lets the reconciler work them off."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from trainsweep.accounts.ceilings import UNLIMITED, Ceilings
from trainsweep.accounts.deletion_gate import DeletionGate
from trainsweep.accounts.manager import AccountManager
from trainsweep.api.common import DeletionPolicy
from trainsweep.api.kinds import REMOTE_KINDS
from trainsweep.cluster.cache import Cache, Change
from trainsweep.cluster.crd_monitor import CrdMonitor
from trainsweep.cluster.decode import Config, Unreadable, decode, key_of
from trainsweep.cluster.informer import Informer, InformerFactory
from trainsweep.cluster.namespace_monitor import NamespaceMonitor
from trainsweep.cluster.resync import Resync, resync
from trainsweep.controller.account_queues import AccountQueues
from trainsweep.controller.act import Act
from trainsweep.controller.gather import Gatherer
from trainsweep.controller.last_check import LastCheck
from trainsweep.controller.reconciler import Reconciler
from trainsweep.controller.requeue import Changed, Requeue
from trainsweep.controller.rest import Rest
from trainsweep.controller.stats import Stats
from trainsweep.controller.status_writer import StatusWriter
from trainsweep.core.errors import TrainsweepError
from trainsweep.core.resource import Key, Resource
from trainsweep.kube.client import KubeClient
from trainsweep.kube.cluster_reads import ClusterReads
from trainsweep.kube.event_recorder import EventRecorder
from trainsweep.kube.leader_election import Lease
from trainsweep.kube.login import Login
from trainsweep.kube.writer import Writer
from trainsweep.providers.registry import Endpoints, OpenProvider, open_provider
from trainsweep.telemetry.metrics import Metrics
from trainsweep.telemetry.state import LeaseState, Resources, State

log = logging.getLogger(__name__)

#: Seconds that events which wait get at the end: the standby waits for us.
LAST_WORDS = 1.0
#: Seconds in which a watch that begins has listed what is there.
LISTED = 10.0
#: Seconds given to a free Lease to become ours before everything is listed for the first time.
FREE = 1.0


class LeaseLost(TrainsweepError):
    """Another replica may have taken over."""


@dataclass(frozen=True, slots=True)
class ManagerSettings:
    namespaces: tuple[str, ...] = ()
    deletion_policy: DeletionPolicy = DeletionPolicy.DELETE
    endpoints: Endpoints = field(default_factory=Endpoints)
    drain_seconds: float = 20.0
    ceilings: Ceilings = UNLIMITED


class Manager:
    """`run()` works until `stop()` is called, or until the lease is lost. Without a lease it is always the leader.

    `informer` and `open_provider` make what reaches the cluster's events and the providers.
    """

    def __init__(
        self,
        client: KubeClient,
        login: Login,
        settings: ManagerSettings,
        *,
        lease: Lease | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        metrics: Metrics | None = None,
        informer: InformerFactory = Informer,
        open_provider: OpenProvider = open_provider,
    ) -> None:
        self._client = client
        self._settings = settings
        self._lease = lease
        self._store = Cache(clock=_loop_time)
        self._queues = AccountQueues(
            self._store,
            settle=lambda key: self._reconciler.settle(key),  # noqa: PLW0108 (made below)
            work=lambda key, permit: self._reconciler.work(key, permit),  # noqa: PLW0108 (made below)
            look_after=lambda key: self._accounts.reconcile(key),  # noqa: PLW0108 (made below)
            opened=lambda key: self._accounts.get(key),  # noqa: PLW0108 (made below)
            ceilings=settings.ceilings,
        )
        wake, revisit = self._queues.wake, self._queues.revisit
        writer = Writer(client)
        self._events = EventRecorder(client, now)
        self._accounts = AccountManager(
            client,
            writer,
            self._store,
            self._events,
            endpoints=settings.endpoints,
            ceilings=settings.ceilings,
            now=now,
            wake=wake,
            resume=lambda key: self._reconciler.resume(key),  # noqa: PLW0108 (made below)
            revisit=revisit,
            look_after=self._queues.look_after,
            may_act=self._may_act,
            open_provider=open_provider,
            metrics=metrics,
        )
        reads = ClusterReads(client)
        self._definitions = CrdMonitor(reads.crd_going, self._store, wake=wake)
        self._namespaces = NamespaceMonitor(reads.namespace, self._store, wake=wake)
        gatherer = Gatherer(
            self._store,
            self._accounts,
            self._namespaces,
            self._definitions,
            default_policy=settings.deletion_policy,
            now=now,
            wake=wake,
        )
        self._requeue = Requeue(self._store, wake=wake, revisit=revisit)
        self._status_writer = StatusWriter(client, writer, self._events, self._store, metrics)
        removals = DeletionGate(self._store, now=now, wake=wake, revisit=revisit)
        rest = Rest(self._store, self._status_writer, removals, self._requeue, wake=wake)
        self._last_check = LastCheck(client, self._store, gatherer, self._take)
        act = Act(
            self._store,
            self._status_writer,
            self._last_check,
            removals,
            rest,
            queues=lambda: self._queues,
            now=now,
        )
        self._reconciler = Reconciler(
            store=self._store,
            accounts=self._accounts,
            gatherer=gatherer,
            status_writer=self._status_writer,
            removals=removals,
            requeue=self._requeue,
            act=act,
            rest=rest,
            queues=lambda: self._queues,
        )
        self._watch = informer(login, self._hand_over, namespaces=settings.namespaces, listing=self._watch_lists)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._acquired = asyncio.Event()
        sweep = partial(resync, client, settings.namespaces, self._known, self._receive, reads.crd_going)
        self._sweeps = Resync(sweep, left_out=self._left_out, now=now)
        #: Set once everything was listed, begun at this time of the loop.
        self._filled = asyncio.Event()
        self._filled_from = 0.0
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
        leading = asyncio.create_task(self._lead())
        leading.add_done_callback(self._led)
        monitors: list[asyncio.Task[None]] = []
        try:
            await self._fill()
            if not self._stopping.is_set():
                self._watch.start()
                monitors += (
                    asyncio.create_task(self._definitions.look_after()),
                    asyncio.create_task(self._namespaces.look_after()),
                )
                await _unless(self._stopping, self._sweeps.go_on())
        finally:
            self._stopping.set()
            await self._drain()
            for task in (leading, *monitors):
                task.cancel()
            end, *_ = await asyncio.gather(leading, *monitors, return_exceptions=True)
            if self._lease:
                await self._lease.release()
        if isinstance(end, Exception):
            raise end

    async def _fill(self) -> None:
        """List what is there, unless it is to end before that."""
        if self._lease:  # mostly it is free, and then what is listed next is all that a leader needs
            await asyncio.wait({asyncio.ensure_future(self._acquired.wait())}, timeout=FREE)
        self._filled_from = _loop_time()
        await _unless(self._stopping, self._sweeps.one())
        if not self._stopping.is_set():
            records, accounts = len(self._store.records), len(self._store.configs)
            log.info("started", extra={"resources": records, "accounts": accounts})
            self._filled.set()

    async def _lead(self) -> None:
        """Begin to work once the lease is held, and keep it. Raises `LeaseLost`.

        A replica that has waited lists everything first: its watch may hang, and the former leader may have written
        what is not here yet.
        """
        if not self._lease:
            await self._filled.wait()
            self._queues.open()
            return
        await self._lease.acquire()
        acquired = _loop_time()
        self._acquired.set()
        keeping = asyncio.create_task(self._lease.keep())
        try:
            await _either(keeping, self._list_since(acquired))
            if not (keeping.done() or self._stopping.is_set()):
                self._queues.open()
            await keeping
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
        raise LeaseLost("The Lease was lost; this replica ends and starts anew.")

    async def _list_since(self, moment: float) -> None:
        """Return once everything was listed by a list that began later."""
        await self._filled.wait()
        if self._filled_from < moment:
            await self._sweeps.one()

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
        view = None if gone else decode(kind, body)
        self._loop.call_soon_threadsafe(self._apply, key_of(kind, body), body["metadata"]["uid"], view)

    def _watch_lists(self) -> None:
        """What is deleted between our own list and the watch's is shown by neither: a sweep after both tells."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.call_later, LISTED, self._sweeps.ask)

    def _receive(self, kind: str, gone: bool, body: Mapping[str, Any], listed: float) -> None:
        """From a list that began at `listed`."""
        self._apply(key_of(kind, body), body["metadata"]["uid"], None if gone else decode(kind, body), listed)

    def _take(self, view: Resource | Config | Unreadable) -> None:
        """From an answer of the API server."""
        self._apply(view.key, view.uid, view)

    def _apply(
        self, key: Key, uid: str, view: Resource | Config | Unreadable | None, listed: float | None = None
    ) -> None:
        """Take one view of one object into the cache and queue what follows from it."""
        match view:
            case None:
                self._gone(key, uid)
            case Resource():
                before = self._store.records.get(key)
                self._changed(view, self._store.put(view, listed=listed), before)
            case Config():
                if self._store.put_config(view, listed=listed) is Change.SUBSTANCE:
                    self._account_changed(key)
            case Unreadable():
                if self._store.put_unreadable(view) is Change.SUBSTANCE:
                    log.error("an object does not fit the schema", extra={"resource": str(key), "why": view.problem})
                    if key.kind in REMOTE_KINDS:
                        self._queues.wake(key)
                    else:
                        self._account_changed(key)

    def _changed(self, view: Resource, change: Change, before: Resource | None) -> None:
        if change is Change.SUBSTANCE:
            if before and before.uid == view.uid and before.has_finalizer and not view.has_finalizer:
                self._finalizer_is_gone(before)
            self._reconciler.notice(view)
            self._requeue(Changed.RESOURCE, view)
        elif change is Change.STATUS:
            # Our own words are here before the watch shows them: these are somebody else's, and may be wrong.
            self._queues.recheck(view)

    def _finalizer_is_gone(self, record: Resource) -> None:
        if not self._reconciler.is_releasing(record):
            self._status_writer.finalizer_taken(record)

    def _account_changed(self, key: Key) -> None:
        self._queues.look_after(key)
        for user in tuple(self._store.users.get(key, ())):
            self._queues.wake(user)

    def _gone(self, key: Key, uid: str) -> None:
        record = self._store.records.get(key)
        if self._store.tombstone(key, uid) and record:
            if record.has_finalizer:
                self._finalizer_is_gone(record)
            self._queues.tidy_up(record)
            self._queues.revisit(record.config)
        elif key.kind not in REMOTE_KINDS:
            self._last_check.forget(key)
            self._account_changed(key)


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


async def _either(task: asyncio.Task[None], work: Coroutine[Any, Any, None]) -> None:
    """Do the work; if the task ends first, cut it off."""
    working = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task, working}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


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
