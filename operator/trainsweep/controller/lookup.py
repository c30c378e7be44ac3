"""Which remote thing a resource names: by its pinned id, the id in the spec, a reference, or a name. Reads only.

Only a pinned id lasts. Everything else is looked up again with each look, so that a restart changes nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from trainsweep.accounts.account import Account
from trainsweep.api.fine_tuning import FineTuningJobSpec
from trainsweep.api.training import TrainingJobSpec, TrainingJobVersionSpec
from trainsweep.cluster.cache import Cache
from trainsweep.controller.attempt_state import AttemptState
from trainsweep.controller.lists import Lists
from trainsweep.core.errors import ConfigurationError, Unsettled, Withdrawn
from trainsweep.core.external import Remote, Target, Thing
from trainsweep.core.inputs import Absent
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Key, Resource


async def identify(
    record: Resource, attempt: AttemptState, account: Account, cache: Cache, lists: Lists
) -> Target | Absent:
    """The one remote thing that the resource names; `Absent` when no complete list holds the name.

    Raises `ConfigurationError` for a name that several things have or a reference that leads nowhere, and whatever a
    list raises.
    """
    if known := record.known_id:
        return Target(record.thing, known, attempt.parent)
    return await _Lookup(record, attempt, account, cache, lists).find()


@dataclass(frozen=True, slots=True)
class _Lookup:
    """One search for what a resource names otherwise than by its id."""

    record: Resource
    attempt: AttemptState
    account: Account
    cache: Cache
    lists: Lists

    async def find(self) -> Target | Absent:
        spec = self.record.spec
        match spec:
            case TrainingJobSpec() | FineTuningJobSpec():
                return await self._by_name(self.record.thing, spec.job_name or "")
            case TrainingJobVersionSpec():
                job = await self._job_of(spec)
                if isinstance(job, Absent):
                    return job
                if spec.version_id:
                    return Target(Thing.VERSION, f"{job}/{spec.version_id}")
                return await self._by_name(Thing.VERSION, spec.version_name or "", parent=job)
            case _:
                raise ConfigurationError(Reason.INVALID_SPEC, "The spec names no remote thing.")

    async def _job_of(self, spec: TrainingJobVersionSpec) -> str | Absent:
        """The id of the V1 job that holds the version."""
        if spec.job_id:
            return spec.job_id
        if spec.job_ref:
            return self._referenced(spec.job_ref.name)
        found = await self._by_name(Thing.VERSION, spec.job_name or "")
        return found if isinstance(found, Absent) else found.id

    def _referenced(self, name: str) -> str:
        record, account = self.record, self.account
        job = self.cache.records.get(Key("TrainingJob", record.key.namespace, name))
        if job is None:
            raise ConfigurationError(
                Reason.REFERENCE_NOT_FOUND, f"TrainingJob {name}, named by jobRef, does not exist."
            )
        if job.config != record.config:
            raise ConfigurationError(
                Reason.INVALID_SPEC,
                f"TrainingJob {name}, named by jobRef, uses {job.config}, and this version {record.config}: the number "
                "of a job means another job in another account. Name the same providerConfigRef in both.",
            )
        where = job.past.account if job.pinned else None
        if where and not where.may_be(account.identity):
            raise ConfigurationError(
                Reason.IDENTITY_CHANGED,
                f"TrainingJob {name}, named by jobRef, was found in {where}, but {record.config} now leads to"
                f" {account.identity}. Make it lead there again.",
            )
        job_id = job.known_id
        if not job_id:
            # It may be found in a moment, or its provider is away: that is no fault of the configuration.
            raise Unsettled(f"TrainingJob {name}, named by jobRef, has no id yet.")
        if job_id.isdecimal():
            return job_id
        raise ConfigurationError(
            Reason.INVALID_SPEC, f"The TrainingJob {name} is a V2 job ({job_id}), which has no versions."
        )

    async def _by_name(self, thing: Thing, name: str, parent: str = "") -> Target | Absent:
        """The one thing of this name, by equality, in complete lists. A version that has no `parent` yet stands for the
        job that holds it.

        A list that does not show the name is asked for anew before it counts. Where an API is withdrawn, the lists of
        the others can find a thing, but not that there is none.
        """
        attempt, collections = self.attempt, self.account.provider.collections_of_names(thing, parent)
        missing: Withdrawn | None = None
        matches: list[Remote] = []
        oldest = float("inf")
        for collection in collections:
            try:
                found = await self.lists.get(
                    collection, floor=attempt.name_floor, max_age=self.account.spec.polling.active_seconds
                )
            except Withdrawn as error:
                missing = error
            else:
                oldest = min(oldest, found.begun)
                matches += found.named(name)
        if len(matches) > 1:
            ids = ", ".join(entry.id for entry in matches[:5])
            raise ConfigurationError(
                Reason.AMBIGUOUS_NAME,
                f"{len(matches)} things are named {name!r} ({ids}); name the one meant by its id.",
            )
        if matches:
            return Target(thing, matches[0].id, matches[0].parent)
        if missing:
            raise Withdrawn(
                f"Nothing that can be listed here is named {name!r}, but the endpoint does not offer every API that "
                "could hold it, so this is no absence; correct the name, or name the thing by its id. "
                f"({missing.message})",
                status=missing.status,
                code=missing.code,
            )
        if not attempt.name_floor or oldest < attempt.name_floor:
            attempt.name_floor = asyncio.get_running_loop().time()
            return await self._by_name(thing, name, parent)
        attempt.name_floor = 0.0
        return Absent(f"nothing named {name!r} in the complete list {' or '.join(collections)}")
