"""The training kinds: a job, a version of a V1 job, and a saved V1 job config."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from trainsweep.api.common import DeletionPolicy, DesiredState, Model, ObjectName, RemoteName, Rule, exactly_one
from trainsweep.api.remote import RemoteSpec, immutable_identity, remote_id

JobID = Annotated[str, remote_id("TrainingJob", "jobID")]
V1JobID = Annotated[str, remote_id("TrainingJobVersion", "jobID")]
VersionID = Annotated[str, remote_id("TrainingJobVersion", "versionID")]
VersionName = Annotated[str, remote_id("TrainingJobVersion", "versionName")]
ConfigName = Annotated[str, remote_id("TrainingJobConfig", "configName")]


class TrainingJobSpec(RemoteSpec):
    """A training job, named by jobID or jobName, and the state that it should be in."""

    rules: ClassVar[tuple[Rule, ...]] = (
        exactly_one("jobID", "jobName", names="the training job"),
        immutable_identity("jobID", "jobName"),
    )

    job_id: JobID | None = None
    """The id of the job, in quotes: a decimal number is a job of the V1 API (its versions run), a UUID one of the V2
    API. It cannot change."""

    job_name: RemoteName | None = None
    """The name of the job, which exactly one job of the account must have; else the resource stalls and says how many
    have it. The id found is kept in status.externalID. It cannot change."""


class JobRef(Model):
    """A TrainingJob in the same namespace."""

    name: ObjectName
    """The name of the TrainingJob resource, in the namespace of this one."""


class TrainingJobVersionSpec(RemoteSpec):
    """A version of a V1 training job, and the state that it should be in."""

    rules: ClassVar[tuple[Rule, ...]] = (
        exactly_one("jobID", "jobName", "jobRef", names="the job of the version"),
        exactly_one("versionID", "versionName", names="the version"),
        immutable_identity("jobID", "jobName", "jobRef", "versionID", "versionName"),
    )

    job_id: V1JobID | None = None
    """The decimal number of the V1 job, in quotes. It cannot change."""

    job_name: RemoteName | None = None
    """The name of the V1 job, which exactly one job of the account must have. It cannot change."""

    job_ref: JobRef | None = None
    """A TrainingJob resource in this namespace that stands for the V1 job and uses the same providerConfigRef. It
    cannot change."""

    version_id: VersionID | None = None
    """The decimal number of the version, in quotes. It cannot change."""

    version_name: VersionName | None = None
    """The name of the version, such as V0001. It cannot change."""


class TrainingJobConfigSpec(RemoteSpec):
    """A saved V1 job config, and the state that it should be in. It never runs, so it cannot be stopped."""

    rules: ClassVar[tuple[Rule, ...]] = (immutable_identity("configName"),)

    config_name: ConfigName
    """The name of the config, which is its id. It cannot change."""

    desired_state: Literal[DesiredState.PRESENT, DesiredState.ABSENT] = DesiredState.PRESENT
    """Present (the default): watch the config and do nothing. Absent: delete it; this resource stays. Deleting cannot
    be undone."""

    deletion_policy: Literal[DeletionPolicy.DELETE, DeletionPolicy.ORPHAN] | None = None
    """What deleting this resource does to the config. Delete: delete it. Orphan: nothing. Unset: the namespace's
    annotation trainsweep.dev/deletion-policy, else the operator's setting, which is Delete (Stop there leaves a
    config as it is); status.effectiveDeletionPolicy shows the one in force."""
