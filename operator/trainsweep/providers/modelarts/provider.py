"""Huawei ModelArts as a `Provider`: which API a target belongs to, and which list proves it absent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal

import httpx

from trainsweep.core.errors import ConfigurationError, Misrouted, Refused
from trainsweep.core.external import Receipt, Remote, Target, Thing
from trainsweep.core.reasons import Reason
from trainsweep.providers.credentials import AccessKey, Password
from trainsweep.providers.error_overrides import ErrorOverride
from trainsweep.providers.modelarts.client import Client
from trainsweep.providers.modelarts.settings import ModelArtsSettings
from trainsweep.providers.modelarts.v1 import V1
from trainsweep.providers.modelarts.v2 import V2

_V1_ID = re.compile(r"[1-9][0-9]{0,18}")
_V2_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_VERSION_ID = re.compile(r"[1-9][0-9]{0,18}/[1-9][0-9]{0,18}")
_CONFIG_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")

Kind = Literal["v1 job", "v2 job", "version", "config"]

_V1_JOBS, _V2_JOBS, _CONFIGS, _VERSIONS = "v1/jobs", "v2/jobs", "v1/configs", "v1/versions/"


class ModelArtsProvider:
    """One ModelArts account. See `providers.base.Provider` for what each method promises.

    Raises ConfigurationError when settings or credentials cannot work. `overrides` are the user's `errorClasses`;
    `transport` replaces the network; `now` gives the time in UTC.
    """

    def __init__(
        self,
        settings: ModelArtsSettings,
        credentials: AccessKey | Password,
        *,
        overrides: Iterable[ErrorOverride] = (),
        transport: httpx.AsyncBaseTransport | None = None,
        max_connections: int = 8,
        now: Callable[[], datetime],
    ) -> None:
        self._client = Client(
            settings,
            credentials,
            overrides=overrides,
            transport=transport,
            max_connections=max_connections,
            now=now,
        )
        self._v1 = V1(self._client, settings.workspace_id)
        self._v2 = V2(self._client, settings.workspace_id)

    @property
    def place(self) -> str:
        return self._client.project_id

    async def locate(self) -> str:
        return await self._client.locate()

    async def read(self, target: Target) -> Remote:
        """Read by id. A V1 job is read as the list of its versions, which are its `parts`."""
        match _kind(target):
            case "v1 job":
                return await self._v1.job(target.id)
            case "v2 job":
                return await self._v2.job(target.id)
            case "version":
                return await self._v1.version(*target.id.split("/"))
            case _:
                return await self._v1.config(target.id)

    async def list(self, collection: str) -> tuple[Remote, ...]:
        """All of "v1/jobs", "v2/jobs", "v1/configs", or "v1/versions/<job>"."""
        if collection.startswith(_VERSIONS):
            return await self._versions(collection.removeprefix(_VERSIONS))
        lists = {_V1_JOBS: self._v1.jobs, _V2_JOBS: self._v2.jobs, _CONFIGS: self._v1.configs}
        if collection not in lists:
            raise _unfit(f"ModelArts has no collection {collection!r}.")
        return await lists[collection]()

    def collection(self, target: Target) -> str:
        """The narrowest list. A version is looked for among those of its job."""
        match _kind(target):
            case "v1 job":
                return _V1_JOBS
            case "v2 job":
                return _V2_JOBS
            case "version":
                return _VERSIONS + target.id.partition("/")[0]
            case _:
                return _CONFIGS

    def collections_of_names(self, thing: Thing, parent: str = "") -> tuple[str, ...]:
        """Names of jobs are looked up in both APIs, for a name does not tell which one holds it. Only V1 jobs hold
        versions.
        """
        if thing is Thing.JOB:
            return _V1_JOBS, _V2_JOBS
        if thing is Thing.CONFIG:
            return (_CONFIGS,)
        if thing is Thing.VERSION and not parent:
            return (_V1_JOBS,)
        if thing is Thing.VERSION and _V1_ID.fullmatch(parent):
            return (_VERSIONS + parent,)
        raise _unfit(f"ModelArts looks up no {thing} by name{f' under {parent!r}' if parent else ''}.")

    async def stop(self, target: Target) -> Receipt:
        """Stop a version or a V2 job. Raises ConfigurationError for anything else: it has no run of its own."""
        match _kind(target):
            case "v2 job":
                return await self._v2.terminate(target.id)
            case "version":
                return await self._v1.stop_version(*target.id.split("/"))
            case kind:
                hint = "stop its versions one by one" if kind == "v1 job" else "a config never runs"
                raise _unfit(f"ModelArts cannot stop {target.thing} {target.id}: {hint}.")

    async def delete(self, target: Target) -> Receipt:
        """Ask for the delete. All but that of a config is done some time after it is accepted."""
        match _kind(target):
            case "v1 job":
                return await self._v1.delete_job(target.id)
            case "v2 job":
                return await self._v2.delete(target.id)
            case "version":
                return await self._v1.delete_version(*target.id.split("/"))
            case _:
                return await self._v1.delete_config(target.id)

    async def probe(self) -> None:
        """List one V2 job, or one V1 job where V2 is not offered."""
        try:
            await self._v2.probe()
        except Misrouted:
            await self._v1.probe()

    def part(self, target: Target, part: Remote) -> Target:
        """A version of a V1 job; nothing else has parts."""
        if _kind(target) != "v1 job":
            raise _unfit(f"{target.thing} {target.id} of ModelArts has no parts.")
        return Target(Thing.VERSION, part.id, target.id)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _versions(self, job_id: str) -> tuple[Remote, ...]:
        if not _V1_ID.fullmatch(job_id):
            raise _unfit(f"Only V1 jobs of ModelArts hold versions, and {job_id!r} is not the id of one.")
        try:
            return (await self._v1.job(job_id)).parts or ()
        except Refused:
            if any(job.id == job_id for job in await self._v1.jobs()):
                raise
            return ()


def _kind(target: Target) -> Kind:
    """The kind by the form of the id. Raises ConfigurationError for an id that fits none."""
    match target.thing:
        case Thing.JOB if _V1_ID.fullmatch(target.id):
            return "v1 job"
        case Thing.JOB if _V2_ID.fullmatch(target.id):
            return "v2 job"
        case Thing.VERSION if _VERSION_ID.fullmatch(target.id):
            return "version"
        case Thing.CONFIG if _CONFIG_NAME.fullmatch(target.id):
            return "config"
    forms = {
        Thing.JOB: "the id of a job is a decimal number (V1) or a UUID in lower case (V2)",
        Thing.VERSION: "the id of a version is JOB/VERSION, two decimal numbers (V2 jobs have no versions)",
        Thing.CONFIG: "the name of a config is 1 to 64 letters, digits, _ and -",
    }
    hint = forms.get(target.thing, "it is a thing of another provider")
    raise _unfit(f"ModelArts has no {target.thing} {target.id[:80]!r}: {hint}.")


def _unfit(message: str) -> ConfigurationError:
    return ConfigurationError(Reason.INVALID_SPEC, message)
