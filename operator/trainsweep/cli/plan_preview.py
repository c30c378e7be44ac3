"""What the operator would do about each manifest, told by the same steps: identify, observe, plan. Reads only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from trainsweep.accounts.account import Account
from trainsweep.accounts.blocked import obstacle, trouble, unfit
from trainsweep.api.common import DeletionPolicy, Mode
from trainsweep.api.names import FINALIZER
from trainsweep.api.provider import UNKNOWN
from trainsweep.calls.circuit_breaker import CircuitOpen
from trainsweep.cli.plan_inputs import Ground
from trainsweep.cli.reading import reading, utc_now
from trainsweep.controller.attempt_state import AttemptState
from trainsweep.controller.gather import bounds_of, identity_of
from trainsweep.controller.lists import AwaitedLists
from trainsweep.controller.lookup import identify
from trainsweep.controller.observe import Observer
from trainsweep.core.account_id import AccountID
from trainsweep.core.dry_run import DryRun, cause, dry_run
from trainsweep.core.errors import ConfigurationError, ProviderError
from trainsweep.core.external import Remote, Target
from trainsweep.core.inputs import Absent, Inputs, Obstacle
from trainsweep.core.policy import effective_policy
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Key, Resource
from trainsweep.kube.cluster_reads import Namespace
from trainsweep.providers.registry import Endpoints, support_of


@dataclass(frozen=True, slots=True)
class Forecast:
    """One manifest. `why` names what asks for its steps; `problem` says what a person has to mend first, "" mostly.

    `rehearsal` is None for a manifest that makes no sense.
    """

    source: str
    key: Key
    seen: Remote | Absent | None = None
    rehearsal: DryRun | None = None
    why: str = ""
    problem: str = ""

    @property
    def changes(self) -> bool:
        return self.rehearsal is not None and self.rehearsal.changes


@dataclass(frozen=True, slots=True)
class Terms:
    """How the operator is taken to be set, and whether the resources are looked at as if they were being deleted."""

    endpoints: Endpoints
    deletion_policy: DeletionPolicy = DeletionPolicy.DELETE
    deleting: bool = False


async def forecast(ground: Ground, terms: Terms, told: Callable[[int, int], None]) -> list[Forecast]:
    """In the order of the files; `told` hears how many of how many are done."""
    records = [ground.store.records[key] for key in ground.subjects if key not in ground.problems]
    done = 0
    async with AsyncExitStack() as stack:
        accounts: dict[Key, Account | Obstacle] = {}
        for key in {record.config: None for record in records}:
            accounts[key] = await _open(key, ground, terms, stack)
        memories = {record.key: AttemptState.of(record) for record in records}
        begun = (_facts(record, ground, terms, accounts[record.config], memories[record.key]) for record in records)
        known = await asyncio.gather(*begun)
        _claim(known, ground)
        owned = [replace(facts, owner=_owner(facts, ground)) for facts in known]

        async def finish(facts: Inputs) -> Forecast:
            nonlocal done
            account = accounts[facts.record.config]
            result = _told(await _look(facts, account, memories[facts.record.key], ground), ground)
            told(done := done + 1, len(records))
            return result

        found = {result.key: result for result in await asyncio.gather(*map(finish, owned))}
    for key, problem in ground.problems.items():
        found[key] = Forecast(ground.sources[key], key, problem=problem)
    return [found[key] for key in ground.subjects]


async def _open(key: Key, ground: Ground, terms: Terms, stack: AsyncExitStack) -> Account | Obstacle:
    config = ground.store.configs.get(key)
    if config is None:
        return obstacle(Reason.CONFIG_NOT_FOUND, f"{key} does not exist; create it.")
    try:
        opened = reading(config.spec, ground.credentials(config), terms.endpoints)
        return await stack.enter_async_context(opened)
    except ConfigurationError as error:
        return trouble(error)


async def _facts(
    record: Resource, ground: Ground, terms: Terms, account: Account | Obstacle, memory: AttemptState
) -> Inputs:
    """What is known before the remote thing is read, its identity included."""
    if terms.deleting:
        record = replace(record, deleting=True, finalizers=(FINALIZER,))
    namespace = ground.namespaces.get(record.key.namespace, Namespace())
    config = ground.store.configs.get(record.config)
    support = support_of(config.spec, record.thing) if config else UNKNOWN
    facts = Inputs(
        record,
        terms.deletion_policy,
        utc_now(),
        mode=config.spec.mode if config else Mode.PLAN,
        bounds=bounds_of(config),
        support=support,
    )
    try:
        own = record.spec.deletion_policy
        policy, source = effective_policy(own, namespace.policy, terms.deletion_policy, support.verbs)
        facts = replace(facts, policy=policy, policy_source=source)
        if wrong := unfit(record, config, namespace):
            return replace(facts, obstacle=wrong)
        if isinstance(account, Obstacle):
            return replace(facts, obstacle=account)
        found = await identify(record, memory, account, ground.store, _lists(account))
    except (ConfigurationError, ProviderError, CircuitOpen) as error:
        return replace(facts, obstacle=trouble(error))
    return replace(facts, seen=found, fresh=True) if isinstance(found, Absent) else replace(facts, target=found)


def _claim(known: list[Inputs], ground: Ground) -> None:
    """Note what every resource names, in the files and in the cluster: then it is clear who owns what."""
    targets = {facts.record.key: facts.target for facts in known}
    for key, record in ground.store.records.items():
        given = record.past.external_id or record.given_id
        target = targets.get(key) or (Target(record.thing, given) if given else None)
        if target and (account := _identity(record, ground)):
            ground.store.ownership.claim(key, account, target)


def _owner(facts: Inputs, ground: Ground) -> Key | None:
    account = _identity(facts.record, ground)
    if not (account and facts.target):
        return None
    owner = ground.store.ownership.claim(facts.record.key, account, facts.target)
    return owner.key if owner else None


def _identity(record: Resource, ground: Ground) -> AccountID | None:
    return identity_of(ground.store.configs.get(record.config))


def _lists(account: Account) -> AwaitedLists:
    return AwaitedLists(account.lists, asyncio.get_running_loop().time())


async def _look(facts: Inputs, account: Account | Obstacle, memory: AttemptState, ground: Ground) -> Inputs:
    if isinstance(account, Obstacle) or facts.target is None or facts.owner:
        return facts
    target = facts.target
    try:
        facts = replace(facts, account=await account.locate())
        if facts.moved:
            return facts
        observer = Observer(facts.record, target, memory, account, ground.store, _lists(account))
        return replace(facts, seen=(await observer.observe(fresh=True)).seen, fresh=True)
    except (ConfigurationError, ProviderError, CircuitOpen) as error:
        return replace(facts, obstacle=trouble(error))


def _told(facts: Inputs, ground: Ground) -> Forecast:
    rehearsal = dry_run(facts)
    stuck = facts.obstacle is not None or rehearsal.now.stalled
    return Forecast(
        source=ground.sources[facts.record.key],
        key=facts.record.key,
        seen=facts.seen,
        rehearsal=rehearsal,
        why=cause(facts),
        problem=rehearsal.now.message if stuck and not rehearsal.steps else "",
    )
