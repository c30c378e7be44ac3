"""One pass over one resource: gather, plan, act, report. Every pass starts from what is true now, so that it may be cut
off anywhere and begun again by anybody.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from trainsweep.accounts.account import Account
from trainsweep.accounts.blocked import trouble
from trainsweep.accounts.deletion_gate import DeletionGate
from trainsweep.accounts.manager import AccountManager
from trainsweep.api.names import APPROVE_DELETIONS_UNTIL, FORCE_ORPHAN
from trainsweep.calls.circuit_breaker import CircuitOpen
from trainsweep.calls.gate import Fenced
from trainsweep.cluster.cache import Cache
from trainsweep.controller.attempt_state import AttemptState
from trainsweep.controller.backoff import backoff, next_look
from trainsweep.controller.execute import execute
from trainsweep.controller.gather import Gatherer, Pass
from trainsweep.controller.status_writer import StatusWriter
from trainsweep.core.decision import AddFinalizer, Delete, Observe, Plan, RemoveFinalizer, Standing, Stop
from trainsweep.core.errors import ConfigurationError, ProviderError
from trainsweep.core.external import Remote
from trainsweep.core.inputs import Absent, Inputs, Verb
from trainsweep.core.plan import describe, plan
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Key, Resource
from trainsweep.kube.client import KubeError

log = logging.getLogger(__name__)

#: Steps of one pass: hold, look, look closely, act. A plan that wants more is a defect.
STEPS = 6
#: Obstacles that go by themselves: whoever meets one may still turn out to own what it names.
PASSING = frozenset({Reason.OBSERVING, Reason.PROVIDER_UNAVAILABLE, Reason.RATE_LIMITED})


class Reconciler:
    """`revisit(key)` asks for a new look at a ProviderConfig (its counts changed)."""

    def __init__(
        self,
        store: Cache,
        accounts: AccountManager,
        inquiry: Gatherer,
        reporter: StatusWriter,
        *,
        now: Callable[[], datetime],
        wake: Callable[[Key], None],
        revisit: Callable[[Key], None],
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._inquiry = inquiry
        self._reporter = reporter
        self._now = now
        self._wake = wake
        self._revisit = revisit
        self._removals = DeletionGate(store, now=now, wake=wake, revisit=revisit)
        self._memories: dict[Key, AttemptState] = {}

    async def reconcile(self, key: Key) -> float | None:
        """Seconds until the resource should come back by itself, None for when something changes."""
        record = self._store.records.get(key)
        if record is None or (record.deleting and not record.held):
            self._forget(key)
            return None
        memory = self._memory(record)
        try:
            return await self._pass(record, memory)
        except KubeError as error:
            if error.status == 404:
                return None  # the watch will tell
            if error.status == 409 and await self._refreshed(record):
                return 0.05
            log.warning("the API server refused a request", extra={"resource": str(key), "error": str(error)})
        except Exception:
            log.exception("a pass failed; this is a defect", extra={"resource": str(key)})
        return backoff(memory)

    def notice(self, record: Resource) -> None:
        """Note when a deletion was first seen: one look at the surroundings serves all that were seen before it."""
        memory = self._memories.get(record.key)
        if record.deleting and memory and memory.uid == record.uid and not memory.deleting_since:
            memory.deleting_since = asyncio.get_running_loop().time()

    async def _refreshed(self, record: Resource) -> bool:
        try:
            await self._reporter.refresh(record)
        except KubeError:
            return False
        return True

    async def _pass(self, record: Resource, memory: AttemptState) -> float | None:
        state = await self._inquiry.gather(record, memory)
        for _ in range(STEPS):
            decision = plan(state.facts)
            match decision.action:
                case AddFinalizer():
                    async with self._accounts.kept(record):
                        held = await self._reporter.hold(record)
                    self._revisit(record.config)
                    if not self._store.unchanged(replace(record, finalizers=held.finalizers)):
                        self._wake(record.key)  # edited meanwhile: the facts gathered are those of another spec
                        return None
                    state.facts = replace(state.facts, record=held)
                case Observe(fresh=fresh):
                    await self._inquiry.look(state, memory, fresh=fresh)
                case RemoveFinalizer() as release:
                    await self._reporter.release(state.facts, release)
                    self._forget(record.key)
                    return None
                case Stop() | Delete() as action:
                    self._answer_force_orphan(state.facts)
                    return await self._act(action, decision, state, memory)
                case None:
                    self._answer_force_orphan(state.facts)
                    return await self._rest(decision, state, memory)
        raise RuntimeError(f"the plan of {record.key} does not come to an end")

    def _answer_force_orphan(self, facts: Inputs) -> None:
        """Say so when the annotation names something else: whoever wrote it waits for the resource to go."""
        record = facts.record
        if not record.deleting or not record.force_orphan:
            return
        ids = " or ".join(sorted(record.known_ids | ({facts.target.id} if facts.target else set()))) or "not known yet"
        message = f"{FORCE_ORPHAN} names {record.force_orphan}, but the remote thing is {ids}; it changes nothing."
        self._reporter.event(facts, Reason.FORCE_ORPHAN_IGNORED, message, warning=True)

    async def _act(self, action: Stop | Delete, decision: Plan, state: Pass, memory: AttemptState) -> float | None:
        account, record = state.account, state.facts.record
        if account is None:
            raise RuntimeError(f"{record.key} has no account to act on")
        if not self._removals.admits(account.guard, record, state.facts.now):
            return await self._hold_back(action, state, memory, account)
        if not record.noted:
            # Before the first call: whoever goes on after a crash must know that there is a thing, and which.
            await self._tell(state.facts, decision, memory)
            if not self._store.unchanged(record):
                return None
            state.facts = replace(state.facts, record=self._store.records[record.key])
        try:
            still = partial(self._store.unchanged, state.facts.record)
            setback = await execute(action, state.facts, memory, account, now=self._now(), still=still)
        except Fenced:
            # What changed has put the resource on the queue again; if nothing did, the Lease was in doubt for a moment.
            return backoff(memory) if self._store.unchanged(state.facts.record) else None
        except CircuitOpen as circuit:
            return circuit.seconds
        except ConfigurationError as error:
            state.facts = replace(state.facts, obstacle=trouble(error), seen=None)
            state.retry = account.spec.polling.idle_seconds
            return await self._rest(plan(state.facts), state, memory)
        except ProviderError as error:
            # Nothing is certain now: the next pass reads before it does anything.
            pause = backoff(memory)
            standing = replace(
                decision.standing,
                synced=False,
                synced_reason=Reason.of(error.reason),
                synced_message=str(error),
            )
            await self._tell(state.facts, replace(decision, standing=standing), memory)
            return pause
        if setback:
            if setback.again and memory.failures == 0:
                memory.failures += 1
                return 0.1
            await self._tell(state.facts, replace(decision, standing=setback.standing), memory)
            refused = Reason.CANNOT_STOP if isinstance(action, Stop) else Reason.CANNOT_DELETE
            self._reporter.event(state.facts, refused, setback.standing.message, warning=True)
            return backoff(memory)
        memory.failures = 0
        memory.waits = 0
        self._follow(state)
        await self._tell(state.facts, decision, memory)
        return next_look(memory, account.spec.polling.active_seconds)

    async def _hold_back(self, action: Stop | Delete, state: Pass, memory: AttemptState, account: Account) -> float:
        guard = account.guard
        message = (
            f"Held by the deletion guard: more than {guard.limit} removals within {guard.window:.0f} s. Approve with"
            f" {APPROVE_DELETIONS_UNTIL} on {state.facts.record.config}, or withdraw the request."
        )
        standing = Standing(ready=False, reason=Reason.DELETION_HELD, message=message, progressing=True)
        held = Plan(None, standing, planned=describe(action))
        await self._tell(state.facts, held, memory)
        self._reporter.event(state.facts, Reason.DELETION_HELD, message, warning=True)
        self._follow(state)
        return account.spec.polling.idle_seconds

    async def _rest(self, decision: Plan, state: Pass, memory: AttemptState) -> float | None:
        """Nothing to do now: say how it stands and when to look again."""
        facts, account = state.facts, state.account
        if isinstance(facts.seen, Absent):
            if any(verb is Verb.DELETE for verb, _ in memory.asked):
                self._reporter.removed(facts, min(asked.at for asked in memory.asked.values()), facts.seen.evidence)
            memory.asked.clear()
        if account and not decision.moving and facts.obstacle is None:
            self._removals.done(account.guard, facts.record.config, facts.record.uid)
            memory.waits = 0
        if not (state.quiet and facts.record.past.generation == facts.record.generation):
            await self._tell(facts, decision, memory)
        if account and isinstance(facts.seen, Remote | Absent) and not facts.owner:
            self._follow(state)
        self._make_way(facts)
        if state.retry is not None:
            return state.retry
        memory.failures = 0
        if decision.moving and account:
            return next_look(memory, account.spec.polling.active_seconds)
        if account and facts.seen is not None and facts.target is None:
            return account.spec.polling.idle_seconds  # by name, and no such name yet: no list entry to follow
        return decision.after

    async def _tell(self, facts: Inputs, decision: Plan, memory: AttemptState) -> None:
        """Write the status, and wake whoever depends on what it brought."""
        record = facts.record
        await self._reporter.report(facts, decision, memory)
        if not self._store.unchanged(record):
            # The answer held somebody's edit; the watch will have nothing new to say of it.
            self._wake(record.key)
        now = self._store.records.get(record.key)
        if now and now.past.external_id and not record.past.external_id:
            # An id is pinned: versions may wait for it, and whoever names the same thing may not own it any more.
            for other in (*self._store.referrers.get(record.key, ()), *self._store.rivals(record.key)):
                self._wake(other)

    def _make_way(self, facts: Inputs) -> None:
        """Who looked in vain for what it names keeps it from nobody: it may be another one's to reach."""
        in_vain = isinstance(facts.seen, Absent) or (facts.obstacle and facts.obstacle.reason not in PASSING)
        if in_vain or isinstance(facts.seen, Remote):
            changed = self._store.looked(facts.record.key, in_vain=bool(in_vain))
            for rival in self._store.rivals(facts.record.key) if changed else ():
                self._wake(rival)

    def _follow(self, state: Pass) -> None:
        facts, account = state.facts, state.account
        if account and facts.target:
            collection = account.provider.collection(facts.target)
            account.poll.follow(
                facts.record.key, collection, facts.target.id, facts.seen if isinstance(facts.seen, Remote) else None
            )

    def _memory(self, record: Resource) -> AttemptState:
        memory = self._memories.get(record.key)
        if memory and memory.uid != record.uid:
            self._forget(record.key)  # another resource of this name
            memory = None
        if memory is None:
            memory = self._memories[record.key] = AttemptState.of(record)
        return memory

    def _forget(self, key: Key) -> None:
        """The resource is gone or let go; whoever else names the same remote thing may take over."""
        memory = self._memories.pop(key, None)
        account = self._accounts.get(memory.config) if memory else None
        if memory and account:
            account.poll.unfollow(key)
            self._removals.done(account.guard, memory.config, memory.uid)
            self._revisit(memory.config)
        rivals = self._store.rivals(key)
        self._store.unclaim(key)
        for rival in rivals:
            self._wake(rival)
