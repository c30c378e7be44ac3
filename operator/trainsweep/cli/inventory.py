"""What an account holds: every collection read once, the parts of each job after it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from trainsweep.accounts.account import Account
from trainsweep.api.fine_tuning import FineTuningJobSpec
from trainsweep.cluster.cache import Cache
from trainsweep.controller.attempt_state import AttemptState
from trainsweep.controller.lists import AwaitedLists
from trainsweep.controller.lookup import identify
from trainsweep.core.errors import ConfigurationError, Misrouted, Unavailable, Unsettled
from trainsweep.core.external import PART_OF, Remote, Target, Thing, state_of_parts
from trainsweep.core.resource import Resource
from trainsweep.providers.registry import identity, plugin_of

#: Told after each list: how many of how many are read.
Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Item:
    """One remote thing. `parent` is the id of the job that holds it, "" for a thing of its own."""

    thing: Thing
    remote: Remote
    parent: str = ""

    @property
    def id(self) -> str:
        return self.remote.id


@dataclass(frozen=True, slots=True)
class Inventory:
    """`gaps` are sentences about collections that this account does not offer."""

    items: tuple[Item, ...]
    gaps: tuple[str, ...] = ()


async def take_inventory(account: Account, told: Told = lambda done, total: None) -> Inventory:
    """Raises `ProviderError`; a collection that is not offered is a gap as long as another one is."""
    items: list[Item] = []
    gaps: list[Misrouted] = []
    kinds = plugin_of(account.spec.provider).kinds
    tops = sorted(Thing(kind) for kind, support in kinds.items() if not support.part_of)
    lists = [(thing, name) for thing in tops for name in account.provider.collections_of_names(thing)]
    for number, (thing, collection) in enumerate(lists):
        try:
            found = await account.lists.get(collection, 0.0)
        except Misrouted as error:
            gaps.append(error)
            continue
        items += await _with_parts(account, thing, tuple(found.entries.values()), told)
        told(number + 1, len(lists))
    if len(gaps) == len(lists):
        raise gaps[0]
    return Inventory(tuple(items), tuple(dict.fromkeys(f"Not offered to this account: {error}" for error in gaps)))


async def _with_parts(account: Account, thing: Thing, things: Sequence[Remote], told: Told) -> list[Item]:
    """Each thing, followed by its parts. Where the list tells of parts at all, it does not tell their names and times:
    all jobs but those without any are looked into.
    """
    done = 0
    full = [remote for remote in things if remote.parts != ()]

    async def look(job: Remote) -> tuple[Remote, ...]:
        nonlocal done
        parts = await account.lists.get(_collection_of_parts(account, thing, job.id), 0.0)
        told(done := done + 1, len(full))
        return tuple(parts.entries.values())

    parts_of = dict(zip((job.id for job in full), await asyncio.gather(*map(look, full)), strict=True))
    items = []
    for remote in things:
        parts = parts_of.get(remote.id)
        items.append(Item(thing, remote if parts is None else _of_parts(remote, parts)))
        items += [Item(PART_OF[thing], part, remote.id) for part in parts or ()]
    return items


def _of_parts(job: Remote, parts: tuple[Remote, ...]) -> Remote:
    """The job in the state that its parts give it, in the word of the part that decides."""
    state = state_of_parts(parts)
    word = next((part.provider_state for part in parts if part.state is state), job.provider_state)
    return replace(job, state=state, provider_state=word, parts=parts)


def _collection_of_parts(account: Account, thing: Thing, job_id: str) -> str:
    part = PART_OF[thing]
    if part is Thing.VERSION:
        return account.provider.collections_of_names(part, job_id)[0]
    return account.provider.collection(Target(part, "", job_id))


async def claimed(account: Account, store: Cache) -> frozenset[tuple[Thing, str]]:
    """The things of the account that a resource of the cluster names, found as the operator finds them.

    A job that is named covers what goes with it: the versions of a TrainingJob, with cascade the tasks of a
    FineTuningJob.
    """
    names: set[tuple[Thing, str]] = set()
    for record in store.records.values():
        target = await _named(record, account, store)
        if target is None:
            continue
        names.add((target.thing, target.id))
        if target.thing is Thing.JOB or (isinstance(record.spec, FineTuningJobSpec) and record.spec.cascade):
            names.add((PART_OF[target.thing], f"{target.id}/*"))
    return frozenset(names)


def is_claimed(item: Item, names: frozenset[tuple[Thing, str]]) -> bool:
    return (item.thing, item.id) in names or (item.thing, f"{item.parent}/*") in names


async def _named(record: Resource, account: Account, store: Cache) -> Target | None:
    """What a resource names in this account. A name that fits nothing, or several things, names none of them."""
    config = store.configs.get(record.config)
    try:
        if config is None or not identity(config.spec).may_be(account.identity):
            return None
        lists = AwaitedLists(account.lists, asyncio.get_running_loop().time())
        found = await identify(record, AttemptState(record.uid, record.config), account, store, lists)
    except (ConfigurationError, Unavailable, Unsettled):
        return None
    return found if isinstance(found, Target) else None
