"""One pass over one resource: gather, plan, act, report. Every pass starts from what is true now, so that it may be cut
off anywhere and begun again by anybody.

There are two stages. The first one settles what the API server alone can settle, and never waits for a provider. What
needs a provider goes on in the second one, in the queue of the account.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from trainsweep.accounts.deletion_gate import DeletionGate
from trainsweep.accounts.list_cache import ListPending
from trainsweep.accounts.manager import AccountManager
from trainsweep.calls.gate import Throttled
from trainsweep.cluster.cache import Cache
from trainsweep.controller.account_queues import AccountQueues
from trainsweep.controller.act import Act
from trainsweep.controller.attempt_state import AttemptState
from trainsweep.controller.backoff import backoff, conflict
from trainsweep.controller.gather import Gatherer, Pass
from trainsweep.controller.look import look
from trainsweep.controller.requeue import Requeue
from trainsweep.controller.rest import FIRST_WORD, Rest
from trainsweep.controller.status_writer import Outrun, StatusWriter
from trainsweep.core.decision import Action, AddFinalizer, Delete, Observe, Plan, RemoveFinalizer, Stop
from trainsweep.core.plan import plan
from trainsweep.core.resource import Key, Resource
from trainsweep.kube.client import KubeError

log = logging.getLogger(__name__)

#: Steps of one pass: hold, look, look closely, act. A plan that wants more is a defect.
STEPS = 6
#: Seconds until a resource whose call is on its way is settled.
UNDER_WAY = 0.5


class Reconciler:
    def __init__(
        self,
        *,
        store: Cache,
        accounts: AccountManager,
        gatherer: Gatherer,
        status_writer: StatusWriter,
        removals: DeletionGate,
        requeue: Requeue,
        act: Act,
        rest: Rest,
        queues: Callable[[], AccountQueues],
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._gatherer = gatherer
        self._writer = status_writer
        self._removals = removals
        self._requeue = requeue
        self._act = act
        self._rest = rest
        self._queues = queues
        self._attempts: dict[Key, AttemptState] = {}

    async def settle(self, key: Key) -> float | None:
        """The first stage: seconds until the resource should come back by itself, None for when something changes."""
        record = self._store.records.get(key)
        if record is None or (record.deleting and not record.has_finalizer):
            self._forget(key)
            return None
        attempt = self._attempt(record)
        return await self._guarded(record, attempt, self._settle(record, attempt))

    async def work(self, key: Key, permit: bool) -> float | None:
        """The second stage, `permit` with the right to make one write."""
        record = self._store.records.get(key)
        if record is None or (record.deleting and not record.has_finalizer):
            return None
        attempt = self._attempt(record)
        account = self._accounts.get(record.config)
        if not permit or account is None:
            return await self._guarded(record, attempt, self._work(record, attempt, permit=False))
        account.gate.take_permit()
        last_write = attempt.last_write
        try:
            return await self._guarded(record, attempt, self._work(record, attempt, permit=True), permit=True)
        finally:
            if attempt.last_write == last_write:
                account.gate.give_permit_back()

    def resume(self, key: Key) -> None:
        """The list that a resource waited for is there: its pass goes on where it was."""
        attempt = self._attempts.get(key)
        self._queues().ask_provider(key, write=attempt is not None and attempt.pending_write)

    def is_releasing(self, record: Resource) -> bool:
        """Whether it is we who take the finalizer off."""
        attempt = self._attempts.get(record.key)
        return attempt is not None and attempt.uid == record.uid and attempt.releasing

    def notice(self, record: Resource) -> None:
        """Note when a deletion was first seen: one look at the surroundings serves all that were seen before it."""
        attempt = self._attempts.get(record.key)
        if record.deleting and attempt and attempt.uid == record.uid and not attempt.deleting_since:
            attempt.deleting_since = asyncio.get_running_loop().time()

    async def _guarded(
        self, record: Resource, attempt: AttemptState, work: Awaitable[float | None], *, permit: bool = False
    ) -> float | None:
        """The work, with what each kind of trouble means for when the resource comes back."""
        try:
            after = await work
        except ListPending:
            attempt.pending_write = permit
            return None
        except Outrun:
            return UNDER_WAY
        except KubeError as error:
            if error.status == 409 and await self._refreshed(record):
                return conflict(attempt)
            log.warning("the API server refused a request", extra={"resource": str(record.key), "error": str(error)})
        except Exception:
            log.exception("a pass failed; this is a defect", extra={"resource": str(record.key)})
        else:
            attempt.conflicts = 0
            return after
        return backoff(attempt)

    async def _refreshed(self, record: Resource) -> bool:
        try:
            await self._writer.refresh(record)
        except KubeError:
            return False
        return True

    async def _settle(self, record: Resource, attempt: AttemptState) -> float | None:
        state = await self._gatherer.gather(record, attempt)
        for _ in range(STEPS):
            decision = plan(state.facts)
            match decision.action:
                case AddFinalizer():
                    if not await self._hold(state):
                        return None
                case RemoveFinalizer() as release:
                    if attempt.writing:
                        return UNDER_WAY
                    await self._release(release, state, attempt)
                    return None
                case Observe() | Stop() | Delete():
                    self._queues().ask_provider(record.key)
                    return await self._first_word(decision, state, attempt)
                case None:
                    return await self._rest(decision, state, attempt)
        raise RuntimeError(f"the plan of {record.key} does not come to an end")

    async def _work(self, record: Resource, attempt: AttemptState, *, permit: bool) -> float | None:
        state = await self._gatherer.gather(record, attempt)
        for _ in range(STEPS):
            decision = plan(state.facts)
            match decision.action:
                case AddFinalizer():
                    self._queues().wake(record.key)
                    return None
                case Observe(fresh=True, to_release=False) if not permit:
                    if self._act.admitted(state):
                        self._queues().ask_provider(record.key, write=True)
                        return None
                case Observe(fresh=fresh):
                    try:
                        await look(state, attempt, self._store, self._gatherer, fresh=fresh or permit)
                    except Throttled:
                        self._queues().ask_provider(record.key, write=permit)
                        return None
                case action:
                    if not self._store.unchanged(record):
                        self._queues().wake(record.key)  # what was seen is told of the spec as it is now
                        return None
                    return await self._conclude(action, decision, state, attempt, permit=permit)
        raise RuntimeError(f"the plan of {record.key} does not come to an end")

    async def _conclude(
        self, action: Action | None, decision: Plan, state: Pass, attempt: AttemptState, *, permit: bool
    ) -> float | None:
        """The provider has been read: let the resource go, act, or rest."""
        key = state.facts.record.key
        match action:
            case RemoveFinalizer():
                await self._release(action, state, attempt)
                return None
            case Stop() | Delete() if state.account and self._act.admitted(state):
                self._rest.answer_force_orphan(state.facts)
                if permit:
                    return await self._act(action, decision, state, attempt, state.account)
                self._queues().ask_provider(key, write=True)
                return None
            case Stop() | Delete():
                decision = plan(state.facts)
        return await self._rest(decision, state, attempt)

    async def _release(self, release: RemoveFinalizer, state: Pass, attempt: AttemptState) -> None:
        """Let the resource go, once: both stages may come to it at the same time."""
        if attempt.releasing:
            return
        attempt.releasing = True
        try:
            await self._writer.release(state.facts, release)
        finally:
            attempt.releasing = False
        self._forget(state.facts.record.key)

    async def _hold(self, state: Pass) -> bool:
        """Store the finalizer; False when the resource was edited meanwhile and its pass begins anew."""
        record = state.facts.record
        async with self._accounts.kept(record):
            held = await self._writer.hold(record)
        self._requeue.revisit(record.config)
        if not self._store.unchanged(replace(record, finalizers=held.finalizers)):
            self._queues().wake(record.key)
            return False
        state.facts = replace(state.facts, record=held)
        return True

    async def _first_word(self, decision: Plan, state: Pass, attempt: AttemptState) -> float | None:
        """A new resource says that it waits for its provider, unless that has answered before."""
        if state.facts.record.status:
            return None
        waited = asyncio.get_running_loop().time() - attempt.begun
        if waited < FIRST_WORD:
            return FIRST_WORD - waited
        await self._rest.tell(state.facts, decision, attempt)
        return None

    def _attempt(self, record: Resource) -> AttemptState:
        attempt = self._attempts.get(record.key)
        if attempt and attempt.uid != record.uid:
            self._forget(record.key)  # another resource of this name
            self._store.ownership.note(record)
            attempt = None
        if attempt is None:
            attempt = self._attempts[record.key] = AttemptState.of(record)
            attempt.begun = asyncio.get_running_loop().time()
        return attempt

    def _forget(self, key: Key) -> None:
        """The resource is gone or let go; another one that names the same remote thing may take over."""
        attempt = self._attempts.pop(key, None)
        account = self._accounts.get(attempt.config) if attempt else None
        if attempt and account:
            account.poller.unfollow(key)
            account.lists.forget_asker(key)
            self._removals.done(account.guard, attempt.config, attempt.uid)
        if attempt:
            self._requeue.revisit(attempt.config)
        contenders = self._store.ownership.contenders(key)
        self._store.ownership.release(key)
        for key_ in (*contenders, *self._store.referrers.get(key, ())):
            self._queues().wake(key_)
