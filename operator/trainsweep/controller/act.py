"""The one call of a pass: ask the guard, check for the last time, make the call, and say what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from trainsweep.accounts.account import Account
from trainsweep.accounts.blocked import trouble
from trainsweep.accounts.deletion_gate import DeletionGate
from trainsweep.api.names import APPROVE_DELETIONS_UNTIL
from trainsweep.calls.circuit_breaker import CircuitOpen
from trainsweep.calls.gate import Fenced, Throttled
from trainsweep.cluster.cache import Cache
from trainsweep.controller.account_queues import AccountQueues
from trainsweep.controller.attempt_state import AttemptState
from trainsweep.controller.backoff import backoff, next_look
from trainsweep.controller.execute import Rejection, execute, next_target, verb_of
from trainsweep.controller.gather import Pass
from trainsweep.controller.last_check import FRESH, LastCheck
from trainsweep.controller.rest import Rest
from trainsweep.controller.status_writer import StatusWriter
from trainsweep.core.decision import Delete, Plan, Stop
from trainsweep.core.errors import ConfigurationError, ProviderError, Refused
from trainsweep.core.external import Target
from trainsweep.core.inputs import Inputs, Verb
from trainsweep.core.plan import Cause, plan, wanted
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Resource
from trainsweep.telemetry import audit

#: Seconds until a new look, where what was seen is true no more.
LOOK_AGAIN = 0.1


class Act:
    def __init__(
        self,
        store: Cache,
        status_writer: StatusWriter,
        last_check: LastCheck,
        removals: DeletionGate,
        rest: Rest,
        *,
        queues: Callable[[], AccountQueues],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._writer = status_writer
        self._last_check = last_check
        self._removals = removals
        self._rest = rest
        self._queues = queues
        self._now = now

    def admitted(self, state: Pass) -> bool:
        """Ask the deletion guard; what it holds is told by the next plan."""
        account, record = state.account, state.facts.record
        if account is None or self._removals.admits(account.guard, record):
            return True
        guard = account.guard
        held = (
            f"Held by the deletion guard: more than {guard.limit} removals within {guard.window:.0f} s. Approve with"
            f" {APPROVE_DELETIONS_UNTIL} on {record.config}, or withdraw the request."
        )
        state.facts = replace(state.facts, held_back=held)
        return False

    async def __call__(
        self, action: Stop | Delete, decision: Plan, state: Pass, attempt: AttemptState, account: Account
    ) -> float | None:
        """Make the next call of an action, with a permit to do so; seconds until the resource should come back."""
        record = state.facts.record
        if _untold(action, state.facts) and not await self._told(decision, state, attempt):
            return LOOK_AGAIN
        target, verb = next_target(action, attempt), verb_of(action)
        try:
            if not await self._part_is_so(target, verb, state, account):
                attempt.look = None
                return backoff(attempt)
            rejection = await self._call(action, target, state, attempt, account)
        except _Withdrawn:
            self._queues().wake(record.key)
            return None
        except (Fenced, Throttled):
            return backoff(attempt) if self._store.unchanged(record) else None
        except CircuitOpen:
            return None
        except audit.Unwritable as error:
            attempt.unaudited = str(error)
            pause = backoff(attempt)
            failures = attempt.failures
            await self._rest(plan(replace(state.facts, unaudited=attempt.unaudited)), state, attempt)
            attempt.unaudited = ""  # the next try shows whether it can be written again
            attempt.failures = failures
            return pause
        except ConfigurationError as error:
            state.facts = replace(state.facts, obstacle=trouble(error), seen=None)
            state.retry = account.spec.polling.idle_seconds
            return await self._rest(plan(state.facts), state, attempt)
        except ProviderError as error:
            return await self._failed(error, decision, state, attempt)
        if rejection:
            return await self._rejected(rejection, action, decision, state, attempt)
        return await self._accepted(action, decision, state, attempt, account)

    async def _told(self, decision: Plan, state: Pass, attempt: AttemptState) -> bool:
        """Write the status; whether what was seen before may still be acted on."""
        record, begun = state.facts.record, asyncio.get_running_loop().time()
        await self._rest.tell(state.facts, decision, attempt)
        if not self._store.unchanged(record) or asyncio.get_running_loop().time() - begun > FRESH:
            return False
        state.facts = replace(state.facts, record=self._store.records[record.key])
        return True

    async def _accepted(
        self, action: Stop | Delete, decision: Plan, state: Pass, attempt: AttemptState, account: Account
    ) -> float | None:
        attempt.failures = attempt.waits = 0
        self._rest.follow(state)
        more = len(action.targets) > 1
        if more:
            # One thing a turn: whatever else waits for a permit has its turn in between.
            self._queues().ask_provider(state.facts.record.key, write=True)
        if not more or not state.facts.record.past.last_call:
            await self._rest.tell(state.facts, decision, attempt)  # of a cascade the first call and the last one
        return None if more else next_look(attempt, account.spec.polling.active_seconds)

    async def _call(
        self, action: Stop | Delete, target: Target, state: Pass, attempt: AttemptState, account: Account
    ) -> Rejection | None:
        """Check for the last time, and make the call. Raises `_Withdrawn` when it is not wanted any more."""
        begun, since = asyncio.get_running_loop().time(), account.since
        checked = await self._last_check(state, attempt, action, target)
        if checked is None:
            raise _Withdrawn
        record = checked.facts.record
        return await execute(
            verb_of(action),
            target,
            checked.facts,
            attempt,
            account,
            now=self._now,
            still=lambda: account.since == since and self._still(record, begun),
        )

    async def _part_is_so(self, target: Target, verb: Verb, state: Pass, account: Account) -> bool:
        """Whether a part of the thing is still as the plan saw it: it is read by id right before its own call."""
        whole = state.facts.target
        if whole is None or target.id == whole.id:
            return True
        try:
            part = await account.read(target)
        except Refused:
            return False
        return part.state.active if verb is Verb.STOP else part.state.ended

    def _still(self, record: Resource, begun: float) -> bool:
        """Right before the first byte: nothing has changed since, and what was read is no older than it may be."""
        return asyncio.get_running_loop().time() - begun <= FRESH and self._store.unchanged(record)

    async def _failed(self, error: ProviderError, decision: Plan, state: Pass, attempt: AttemptState) -> float:
        """Nothing is certain now: the next pass reads before it does anything."""
        pause = backoff(attempt)
        standing = replace(
            decision.standing, synced=False, synced_reason=Reason.of(error.reason), synced_message=str(error)
        )
        await self._rest.tell(state.facts, replace(decision, standing=standing), attempt)
        return pause

    async def _rejected(
        self, rejection: Rejection, action: Stop | Delete, decision: Plan, state: Pass, attempt: AttemptState
    ) -> float | None:
        if rejection.again and attempt.failures == 0:
            attempt.failures += 1
            return LOOK_AGAIN
        await self._rest.tell(state.facts, replace(decision, standing=rejection.standing), attempt)
        refused = Reason.CANNOT_STOP if isinstance(action, Stop) else Reason.CANNOT_DELETE
        self._writer.event(state.facts, refused, rejection.standing.message, warning=True)
        verb = verb_of(action)
        if any(not attempt.tries.get((verb, one.id)) for one in action.targets):
            self._queues().ask_provider(state.facts.record.key, write=True)  # the others have their turn
            return None
        return backoff(attempt)


def _untold(action: Stop | Delete, facts: Inputs) -> bool:
    """Whether the status must be written before a call. Whatever goes on after a crash must know that there is a thing,
    and which, and what is deleted for its age must not seem lost.
    """
    expired = isinstance(action, Delete) and wanted(facts)[1] is Cause.EXPIRY
    return not facts.record.noted or (expired and facts.record.past.finished_at is None)


class _Withdrawn(Exception):
    """What the last check has read does not ask for this call."""
