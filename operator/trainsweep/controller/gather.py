"""What a pass learns from the cluster: namespace, policy, account, owner. No provider is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from trainsweep.accounts.account import Account
from trainsweep.accounts.blocked import trouble
from trainsweep.accounts.manager import AccountManager
from trainsweep.api.common import DeletionPolicy, Mode
from trainsweep.api.provider import UNKNOWN
from trainsweep.api.provider_config import UNBOUNDED, Bounds, ClusterProviderConfigSpec
from trainsweep.cluster.cache import Cache
from trainsweep.cluster.crd_monitor import CrdMonitor
from trainsweep.cluster.decode import Config
from trainsweep.cluster.namespace_monitor import NamespaceMonitor
from trainsweep.controller.attempt_state import AttemptState
from trainsweep.core.account_id import AccountID
from trainsweep.core.errors import ConfigurationError
from trainsweep.core.external import Target
from trainsweep.core.inputs import Inputs, Obstacle
from trainsweep.core.policy import PolicySource, effective_policy
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Key, Resource
from trainsweep.providers.registry import identity, support_of

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
    """`namespaces` and `definitions` read the API server; `wake(key)` puts a resource on the queue."""

    def __init__(
        self,
        store: Cache,
        accounts: AccountManager,
        namespaces: NamespaceMonitor,
        definitions: CrdMonitor,
        *,
        default_policy: DeletionPolicy,
        now: Callable[[], datetime],
        wake: Callable[[Key], None],
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._namespaces = namespaces
        self._definitions = definitions
        self._default_policy = default_policy
        self._now = now
        self._wake = wake

    async def gather(self, record: Resource, attempt: AttemptState, *, begun_after: float | None = None) -> Pass:
        """All that the plan needs to know before the provider is asked. Raises `KubeError`.

        `begun_after` is the loop's time before which nothing may have been read of what surrounds the resource.
        """
        now = asyncio.get_running_loop().time()
        if record.deleting and not attempt.deleting_since:
            attempt.deleting_since = now
        asked_for = record.requested_at != record.past.handled_request
        recent = now if asked_for else max(attempt.deleting_since, now - NAMESPACE_AGE)
        recent = recent if begun_after is None else begun_after
        namespace = await self._namespaces.get(record.key.namespace, recent)
        wrong: Obstacle | None = None
        config = self._store.configs.get(record.config)
        support = support_of(config.spec, record.thing) if config else UNKNOWN
        policy, source = self._default_policy, PolicySource.OPERATOR
        try:
            policy, source = effective_policy(record.spec.deletion_policy, namespace.policy, policy, support.verbs)
        except ConfigurationError as error:
            source = PolicySource.UNCLEAR
            wrong = Obstacle(Reason.of(error.reason), error.message, stalled=True)
        going = record.deleting and await self._definitions.going(record.key.kind, recent)
        found = wrong or self._accounts.find(record, namespace)
        account = found if isinstance(found, Account) else None
        facts = Inputs(
            record=record,
            policy=policy,
            policy_source=source,
            now=account.earlier(self._now()) if account else self._now(),
            # Of an account that is not known nothing is promised: it may turn out to be one that only plans.
            mode=config.mode if config else Mode.PLAN,
            crd_going=going,
            observed=record.pinned or attempt.seen,
            namespace_going=namespace.terminating,
            asked=attempt.asked(now),
            listed=record.past.listed,
            account=account.identity if account else identity_of(config),
            bounds=bounds_of(config),
            unaudited=attempt.unaudited,
            support=support,
        )
        # Without its account a resource claims nothing; and while it is not known which project a name means, it could
        # be let go for the owner of another thing.
        located = facts.account is not None and not facts.account.open
        if (known := record.known_id) and located and (account or record.deleting):
            facts = self.claimed(facts, Target(record.thing, known, attempt.parent), attempt)
        if isinstance(found, Obstacle):
            # An account that is still being opened wakes its resources; that is no news for their statuses.
            return Pass(replace(facts, obstacle=found), None, quiet=found.reason is Reason.OBSERVING)
        if found.gate.circuit.cause:
            return Pass(replace(facts, obstacle=trouble(found.gate.circuit.cause)), found, quiet=True)
        return Pass(facts, found)

    def claimed(self, facts: Inputs, target: Target, attempt: AttemptState) -> Inputs:
        """The inputs with who owns the thing, now that it is known which one it is, and in which account."""
        record, account = facts.record, facts.account
        if account is None:
            return replace(facts, target=target)
        ownership = self._store.ownership
        news = ownership.is_news(record.key, account, target)
        owner = ownership.claim(record.key, account, target)
        if news:
            for contender in ownership.contenders(record.key):
                self._wake(contender)  # it may have waited for this one, or taken another account for its own
        may_hand_over = record.deleting and not owner and _is_home(record, account, attempt)
        heir = ownership.heir(record, account, facts.mode) if may_hand_over else None
        if heir and not heir.sure:
            self._wake(heir.key)  # only its own pass makes it so
        return replace(
            facts,
            target=target,
            owner=owner.key if owner else None,
            owner_pinned=owner.pinned if owner else False,
            owner_going=owner.going if owner else False,
            heir=heir.key if heir and heir.sure else None,
            heir_unsure=heir.key if heir and not heir.sure else None,
        )

    def seen(self, facts: Inputs, target: Target, attempt: AttemptState) -> Inputs:
        """The inputs once a deleted resource has seen its thing: who found nothing before may inherit it now."""
        for key in self._store.ownership.saw(facts.record):
            self._wake(key)
        return self.claimed(facts, target, attempt)


def _is_home(record: Resource, account: AccountID, attempt: AttemptState) -> bool:
    """Whether an account is where the resource has seen its thing. Where the provider does not tell which account a key
    belongs to, a new key proves it by showing the thing.
    """
    home = record.past.account if record.past.external_id else None
    return home is None or not home.keys or not set(account.keys).isdisjoint((*home.keys, *attempt.seen_with))


def bounds_of(config: Config | None) -> Bounds:
    """A ProviderConfig is its namespace's own, and has none."""
    shared = config.spec if config and isinstance(config.spec, ClusterProviderConfigSpec) else None
    return (shared and shared.bounds) or UNBOUNDED


def identity_of(config: Config | None) -> AccountID | None:
    """The account that a config leads to, as far as its spec tells; None when there is none, or the spec is not fit."""
    try:
        return identity(config.spec) if config else None
    except ConfigurationError:
        return None
