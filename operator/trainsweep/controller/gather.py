"""What a pass learns: from the cluster when it begins, from the provider when the plan asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

from trainsweep.accounts.account import Account
from trainsweep.accounts.blocked import trouble
from trainsweep.accounts.manager import AccountManager
from trainsweep.api.common import DeletionPolicy, Mode
from trainsweep.calls.circuit_breaker import CircuitOpen
from trainsweep.calls.single_flight import SingleFlightCache
from trainsweep.cluster.cache import Cache
from trainsweep.cluster.crd_monitor import CrdMonitor
from trainsweep.controller.attempt_state import AttemptState
from trainsweep.controller.backoff import backoff
from trainsweep.controller.observe import identify, observe
from trainsweep.core.errors import ConfigurationError, ProviderError
from trainsweep.core.external import Target
from trainsweep.core.inputs import Absent, Inputs, Obstacle
from trainsweep.core.policy import PolicySource, effective_policy
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Key, Resource
from trainsweep.kube.cluster_reads import Namespace

#: Seconds for which a namespace's annotations and labels, and the fate of a definition, may be remembered.
NAMESPACE_AGE = 30.0


@dataclass(slots=True)
class Pass:
    """What one pass learns on its way.

    `quiet`: the trouble is the whole account's and is told on the ProviderConfig, not again on each resource.
    `retry`: seconds until the next try after an error.
    """

    facts: Inputs
    account: Account | None
    quiet: bool = False
    retry: float | None = None


class Gatherer:
    """`namespace(name)` and `definitions` read the API server; `wake(key)` puts a resource on the queue."""

    def __init__(
        self,
        store: Cache,
        accounts: AccountManager,
        namespace: Callable[[str], Awaitable[Namespace]],
        definitions: CrdMonitor,
        *,
        default_policy: DeletionPolicy,
        now: Callable[[], datetime],
        wake: Callable[[Key], None],
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._namespaces: SingleFlightCache[str, Namespace] = SingleFlightCache(namespace)
        self._definitions = definitions
        self._default_policy = default_policy
        self._now = now
        self._wake = wake

    async def gather(self, record: Resource, memory: AttemptState) -> Pass:
        """All that the plan needs to know before the provider is asked. Raises `KubeError`."""
        now = asyncio.get_running_loop().time()
        if record.deleting and not memory.deleting_since:
            memory.deleting_since = now
        asked_for = record.requested_at != record.past.handled_request
        recent = now if asked_for else max(memory.deleting_since, now - NAMESPACE_AGE)
        namespace = await self._namespaces.get(record.key.namespace, recent)
        wrong: Obstacle | None = None
        policy, source = self._default_policy, PolicySource.OPERATOR
        try:
            policy, source = effective_policy(record.spec.deletion_policy, namespace.policy, policy)
        except ConfigurationError as error:
            source = PolicySource.UNCLEAR
            wrong = Obstacle(Reason.of(error.reason), error.message, stalled=True)
        going = record.deleting and await self._definitions.going(record.key.kind, recent)
        config = self._store.configs.get(record.config)
        facts = Inputs(
            record=record,
            policy=policy,
            policy_source=source,
            now=self._now(),
            # Of an account that is not known nothing is promised: it may turn out to be one that only plans.
            mode=config.spec.mode if config else Mode.PLAN,
            crd_going=going,
            observed=memory.seen,
            namespace_going=namespace.terminating,
            asked=memory.asked,
        )
        found = wrong or await self._accounts.find(record, namespace)
        if isinstance(found, Obstacle):
            # Namespaces are not watched: what depends on their annotations and labels is looked at again.
            depends = wrong or found.reason is Reason.NOT_ALLOWED
            return Pass(replace(facts, obstacle=found), None, retry=NAMESPACE_AGE if depends else None)
        known = record.past.external_id or record.given_id
        if known:
            facts = self._claimed(facts, found, Target(record.thing, known))
        return Pass(facts, found)

    async def look(self, state: Pass, memory: AttemptState, *, fresh: bool) -> None:
        """Identify and observe. An error becomes an obstacle, and the plan says what follows from it."""
        account, record = state.account, state.facts.record
        if account is None:
            raise RuntimeError(f"{record.key} has no account to look at")
        try:
            target = await identify(record, memory, account, self._store)
            if isinstance(target, Absent):
                state.facts = replace(state.facts, seen=target, fresh=True)
                return
            state.facts = self._claimed(state.facts, account, target)
            if state.facts.owner:
                return
            seen = await observe(record, target, memory, account, fresh=fresh)
        except (CircuitOpen, ProviderError, ConfigurationError) as error:
            state.facts = replace(state.facts, obstacle=trouble(error), seen=None)
            match error:
                case CircuitOpen():
                    state.retry, state.quiet = error.seconds, True
                case ProviderError():
                    state.retry, state.quiet = backoff(memory), error.account_wide
                case ConfigurationError():
                    state.retry = account.spec.polling.idle_seconds
        else:
            state.facts = replace(
                state.facts,
                seen=seen,
                target=target,
                fresh=fresh and (isinstance(seen, Absent) or seen.complete),
                observed=memory.seen,
                listed=memory.listed,
            )

    def _claimed(self, facts: Inputs, account: Account, target: Target) -> Inputs:
        key, identity = facts.record.key, account.identity
        moved = self._store.moved(key, identity)
        owner = self._store.claim(key, identity, target)
        for rival in self._store.rivals(key) if moved else ():
            self._wake(rival)  # it may have taken another account for this one
        settled = owner is not None and self._store.settled(owner, identity)
        return replace(facts, owner=owner, owner_pinned=settled, target=target)
