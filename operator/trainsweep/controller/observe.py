"""Find out which remote thing a resource names, and what it is now. Reads only.

A shared list serves first; a read by id when freshness matters. Absence needs both: the service itself refuses the id,
and a complete list begun after our last write does not hold it. A list may leave out what can be read by id (a job of
another workspace); so it testifies only for what it has shown before, unless the refusal says "no such thing".
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from trainsweep.accounts.account import Account
from trainsweep.api.common import DesiredState
from trainsweep.api.fine_tuning import FineTuningJobSpec
from trainsweep.api.training import TrainingJobSpec, TrainingJobVersionSpec
from trainsweep.calls.circuit_breaker import CircuitOpen
from trainsweep.cluster.cache import Cache
from trainsweep.controller.attempt_state import AttemptState
from trainsweep.core.errors import ConfigurationError, NotFound, ProviderError, Refused, Withdrawn
from trainsweep.core.external import WHOLE_OF, Remote, Target, Thing
from trainsweep.core.inputs import Absent
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Key, Resource
from trainsweep.core.state_table import lacks_time, made_again

#: Which looks after a call are by id, come what may: the thing is mostly gone by then, and the proof takes this read
#: anyway. Whoever waits longer is better served by the list that all share.
CLOSE_LOOKS = (1, 2)


async def identify(record: Resource, memory: AttemptState, account: Account, store: Cache) -> Target | Absent:
    """The one remote thing that the resource names. Pinned once, it is never looked up again.

    Raises `ConfigurationError` for a name that several things have or a reference that leads nowhere.
    """
    known = record.past.external_id or record.given_id
    if memory.target is None and known:
        memory.target = Target(record.thing, known)
    if memory.target is not None:
        return Target(memory.target.thing, memory.target.id, memory.parent)
    found = await _look_up(record, account, store)
    if isinstance(found, Target):
        memory.target = found
    return found


async def _look_up(record: Resource, account: Account, store: Cache) -> Target | Absent:
    spec = record.spec
    match spec:
        case TrainingJobSpec() | FineTuningJobSpec():
            return await _by_name(account, record.thing, spec.job_name or "")
        case TrainingJobVersionSpec():
            job = await _job_of(record, spec, account, store)
            if isinstance(job, Absent):
                return job
            if spec.version_id:
                return Target(Thing.VERSION, f"{job}/{spec.version_id}")
            return await _by_name(account, Thing.VERSION, spec.version_name or "", parent=job)
        case _:
            raise ConfigurationError(Reason.INVALID_SPEC, "The spec names no remote thing.")


async def _job_of(record: Resource, spec: TrainingJobVersionSpec, account: Account, store: Cache) -> str | Absent:
    """The id of the V1 job that holds the version."""
    if spec.job_id:
        return spec.job_id
    if spec.job_ref:
        return _referenced(record, spec.job_ref.name, store)
    found = await _by_name(account, Thing.VERSION, spec.job_name or "")
    return found if isinstance(found, Absent) else found.id


def _referenced(record: Resource, name: str, store: Cache) -> str:
    job = store.records.get(Key("TrainingJob", record.key.namespace, name))
    if job and job.config != record.config:
        raise ConfigurationError(
            Reason.INVALID_SPEC,
            f"TrainingJob {name}, named by jobRef, uses {job.config}, and this version {record.config}: the number of "
            "a job means another job in another account. Name the same providerConfigRef in both.",
        )
    job_id = (job.past.external_id or job.given_id) if job else ""
    if not job_id:
        what = "has no id yet" if job else "does not exist"
        raise ConfigurationError(Reason.REFERENCE_NOT_FOUND, f"TrainingJob {name}, named by jobRef, {what}.")
    return _decimal(job_id, f"TrainingJob {name}")


def _decimal(job_id: str, what: str) -> str:
    if job_id.isdecimal():
        return job_id
    raise ConfigurationError(Reason.INVALID_SPEC, f"The {what} is a V2 job ({job_id}), which has no versions.")


async def _by_name(account: Account, thing: Thing, name: str, parent: str = "") -> Target | Absent:
    """The one thing of this name, by equality, in complete lists begun now or a moment ago. A version that has no
    `parent` yet stands for the job that holds it.

    Where an API is withdrawn, the lists of the others can find a thing, but not that there is none.
    """
    collections = account.provider.collections_of_names(thing, parent)
    missing: Withdrawn | None = None
    matches: list[Remote] = []
    for age in (account.spec.polling.active_seconds, 0.0):
        begun_after = asyncio.get_running_loop().time() - age
        for collection in collections:
            try:
                matches += (await account.snapshots.get(collection, begun_after)).named(name)
            except Withdrawn as error:
                missing = error
        if matches:
            break
    if len(matches) > 1:
        ids = ", ".join(entry.id for entry in matches[:5])
        raise ConfigurationError(
            Reason.AMBIGUOUS_NAME, f"{len(matches)} things are named {name!r} ({ids}); name the one meant by its id."
        )
    if matches:
        return Target(thing, matches[0].id, matches[0].parent)
    if missing:
        raise Withdrawn(
            f"Nothing that can be listed here is named {name!r}, but the endpoint does not offer every API that could "
            f"hold it, so this is no absence; correct the name, or name the thing by its id. ({missing.message})",
            status=missing.status,
            code=missing.code,
        )
    return Absent(f"nothing named {name!r} in the complete list {' or '.join(collections)}")


async def observe(
    record: Resource, target: Target, memory: AttemptState, account: Account, *, fresh: bool
) -> Remote | Absent:
    """What the thing is now; `fresh` reads it by id in any case. Raises `ProviderError`.

    To a resource that is to be cleaned up, another thing made under the name of the pinned one means that it is gone.
    """
    remote = await _see(record, target, memory, account, fresh=fresh)
    unwanted = record.deleting or record.spec.desired_state == DesiredState.ABSENT
    if unwanted and isinstance(remote, Remote) and (changed := made_again(record, remote)):
        return Absent(f"the pinned {target.id} is gone, and another one has its name: {changed}")
    return remote


async def _see(
    record: Resource, target: Target, memory: AttemptState, account: Account, *, fresh: bool
) -> Remote | Absent:
    """The thing by a list or by id.

    While the provider is at work for us, every look brings news: a list begun before the last look would bring none.
    Nor would one begun before a person asked for a look.
    """
    collection = account.provider.collection(target)
    now = asyncio.get_running_loop().time()
    asked_for = record.requested_at != record.past.handled_request
    begun_after = max(
        memory.last_write,
        memory.looked if memory.waits else 0.0,
        now if asked_for else _recently(account),
    )
    memory.looked = now
    listed = target.parent or target.thing is not Thing.TUNING_TASK
    if listed and not fresh and memory.waits not in CLOSE_LOOKS:
        entry = (await account.snapshots.get(collection, begun_after)).entries.get(target.id)
        if entry and entry.complete and not lacks_time(record, entry):
            await _note(memory, target, entry, account)
            return entry
    try:
        remote = await account.read(target)
    except Refused as refusal:
        # A list begun before the refusal serves too, if our last write was earlier still.
        listing = await account.snapshots.get(collection, begun_after)
        if target.id in listing.entries:
            listing = await account.snapshots.get(collection, asyncio.get_running_loop().time())
        if target.id in listing.entries:
            raise Refused(
                f"The provider refuses {target.id} ({refusal}) but still lists it; waiting until both agree."
            ) from refusal
        if memory.seen and not (memory.listed or isinstance(refusal, NotFound)):
            raise Refused(
                f"The provider refuses {target.id} ({refusal}) without saying that it is gone, and no list of this "
                "account has ever shown it, so the lists cannot tell. If this answer means that it is gone, say so by "
                "errorClasses of the ProviderConfig, or let go of it by the annotation force-orphan."
            ) from refusal
        return Absent(f"{target.id}: {refusal}; and the complete list {collection} does not hold it")
    await _note(memory, target, remote, account)
    if target.thing is Thing.JOB and remote.created_at is None:
        # A V1 job read by id does not say when it was made. That never changes, so a list of any age can tell.
        entry = (await account.snapshots.get(collection, 0.0)).entries.get(target.id)
        remote = replace(remote, created_at=entry.created_at if entry else None)
    return remote


async def _note(memory: AttemptState, target: Target, remote: Remote, account: Account) -> None:
    """Remember that the thing exists, and whether a list that could prove it absent has shown it.

    Of a part that is the list of the wholes: its own list counts as empty once its whole is refused.
    """
    memory.seen = True
    memory.parent = remote.parent or memory.parent
    if memory.listed:
        return
    whole = WHOLE_OF.get(target.thing)
    if whole is None:
        listing = account.snapshots.latest(account.provider.collection(target))
        memory.listed = listing is not None and target.id in listing.entries
    elif memory.parent:
        collection = account.provider.collection(Target(whole, memory.parent))
        try:
            for begun_after in (0.0, _recently(account)):
                listing = await account.snapshots.get(collection, begun_after)
                if memory.parent in listing.entries:
                    memory.listed = True
                    return
        except (ProviderError, CircuitOpen):
            return  # what was asked is known; whether it is listed is asked again with the next look


def _recently(account: Account) -> float:
    """The loop's time before which a list is too old for a decision."""
    return asyncio.get_running_loop().time() - account.spec.polling.active_seconds
