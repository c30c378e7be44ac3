"""The look at the provider within a pass: which thing it is, who owns it, what it is now."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from trainsweep.accounts.account import Account
from trainsweep.accounts.blocked import trouble
from trainsweep.accounts.list_cache import ListPending
from trainsweep.calls.circuit_breaker import CircuitOpen
from trainsweep.cluster.cache import Cache
from trainsweep.controller.attempt_state import AttemptState
from trainsweep.controller.backoff import backoff
from trainsweep.controller.gather import Gatherer, Pass
from trainsweep.controller.lists import ParkedLists
from trainsweep.controller.lookup import identify
from trainsweep.controller.observe import Observer
from trainsweep.core.errors import ConfigurationError, ProviderError, Unavailable
from trainsweep.core.external import Remote
from trainsweep.core.inputs import Absent


async def look(state: Pass, attempt: AttemptState, store: Cache, gatherer: Gatherer, *, fresh: bool) -> None:
    """Identify and observe. An error becomes an obstacle, and the plan says what follows from it.

    Raises `ListPending` when the resource comes back for a list, and `Throttled`.
    """
    account, record = state.account, state.facts.record
    if account is None:
        raise RuntimeError(f"{record.key} has no account to look at")
    goes_on = False
    try:
        await _Look(state, attempt, store, gatherer, account)(fresh=fresh)
    except ListPending:
        goes_on = True
        raise
    except (CircuitOpen, ProviderError, ConfigurationError) as error:
        state.facts = replace(state.facts, obstacle=trouble(error), seen=None)
        match error:
            case CircuitOpen():
                state.quiet = True  # it wakes its resources when it closes
            case ProviderError():
                state.retry, state.quiet = backoff(attempt), error.account_wide
            case ConfigurationError():
                state.retry = account.spec.polling.idle_seconds
    finally:
        if not goes_on:
            account.lists.finished(record.key)


@dataclass(frozen=True, slots=True)
class _Look:
    state: Pass
    attempt: AttemptState
    store: Cache
    gatherer: Gatherer
    account: Account

    async def __call__(self, *, fresh: bool) -> None:
        state, attempt, account = self.state, self.attempt, self.account
        record, since = state.facts.record, account.since
        lists = ParkedLists(account.lists, record.key, since)
        state.facts = replace(state.facts, account=await account.locate())
        if state.facts.moved:
            return
        target = await identify(record, attempt, account, self.store, lists)
        if isinstance(target, Absent):
            state.facts = replace(state.facts, target=None, seen=target, fresh=True)
            return
        state.facts = self.gatherer.claimed(state.facts, target, attempt)
        if state.facts.owner or state.facts.heir or state.facts.heir_unsure:
            return
        observed = await Observer(record, target, attempt, account, self.store, lists).observe(fresh=fresh)
        if account.since != since:
            raise Unavailable(f"The credentials of {record.config} were changed during the look; it begins anew.")
        seen = observed.seen
        if isinstance(seen, Absent) and not record.known_id:
            # By name: another thing may bear it by now, or nothing; only a list that begins now can tell.
            attempt.name_floor = asyncio.get_running_loop().time()
            return await self(fresh=fresh)
        if isinstance(seen, Remote):
            attempt.seen_with = state.facts.account.keys if state.facts.account else ()
            if record.deleting:
                state.facts = self.gatherer.seen(state.facts, target, attempt)
        attempt.seen = attempt.seen or isinstance(seen, Remote)
        state.facts = replace(
            state.facts,
            seen=seen,
            target=replace(target, parent=attempt.parent),
            fresh=(observed.by_id and seen.complete) if isinstance(seen, Remote) else True,
            observed=state.facts.observed or attempt.seen,
            listed=state.facts.listed or observed.listed,
        )
