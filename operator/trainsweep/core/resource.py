"""A custom resource of one of the five remote kinds, as the controller keeps it: small, frozen, parsed once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from trainsweep.api.common import ConfigKind
from trainsweep.api.fine_tuning import FineTuningJobSpec, FineTuningTaskSpec
from trainsweep.api.names import FINALIZER
from trainsweep.api.training import TrainingJobConfigSpec, TrainingJobSpec, TrainingJobVersionSpec
from trainsweep.core.external import Thing
from trainsweep.core.last_status import LastStatus

RemoteSpec = TrainingJobSpec | TrainingJobVersionSpec | TrainingJobConfigSpec | FineTuningTaskSpec | FineTuningJobSpec


class Key(NamedTuple):
    """Names one custom resource. `namespace` is "" for the cluster kind."""

    kind: str
    namespace: str
    name: str

    @property
    def place(self) -> str:
        """`namespace/name`, or the name alone of a cluster-wide object."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    def __str__(self) -> str:
        return f"{self.kind} {self.place}"


@dataclass(frozen=True, slots=True)
class Resource:
    """One custom resource as last seen. `status` is its JSON text: most passes never look into it.

    `deleted_at` is when the deletion was asked for; `manager` the field manager that wrote the spec last: the audit
    log's "who asked". `problem` says which part of the spec cannot be read, "" for none: what is here is not all that
    was asked for, and nothing may be done by it.
    """

    key: Key
    uid: str
    generation: int
    version: str
    created_at: datetime
    spec: RemoteSpec
    deleting: bool = False
    deleted_at: datetime | None = None
    finalizers: tuple[str, ...] = ()
    paused: bool = False
    requested_at: str = ""
    force_orphan: str = ""
    manager: str = ""
    status: str = ""
    problem: str = ""

    @property
    def thing(self) -> Thing:
        return Thing(self.key.kind)

    @property
    def has_finalizer(self) -> bool:
        """Our finalizer is stored."""
        return FINALIZER in self.finalizers

    @property
    def config(self) -> Key:
        """The account that the resource uses."""
        ref = self.spec.provider_config_ref
        return Key(ref.kind.value, self.key.namespace if ref.kind is ConfigKind.PROVIDER_CONFIG else "", ref.name)

    @property
    def past(self) -> LastStatus:
        return LastStatus.parse(self.status)

    @property
    def referenced_job(self) -> Key | None:
        """The TrainingJob that `jobRef` names, None for no reference."""
        if isinstance(self.spec, TrainingJobVersionSpec) and self.spec.job_ref:
            return Key(Thing.JOB.value, self.key.namespace, self.spec.job_ref.name)
        return None

    @property
    def given_id(self) -> str:
        """The remote id as far as the spec alone gives it, "" when it must be looked up."""
        match self.spec:
            case TrainingJobSpec():
                return (self.spec.job_id or "").lower()  # a UUID may be written in either case
            case FineTuningJobSpec():
                return self.spec.job_id or ""
            case TrainingJobVersionSpec():
                return f"{self.spec.job_id}/{self.spec.version_id}" if self.spec.job_id and self.spec.version_id else ""
            case TrainingJobConfigSpec():
                return self.spec.config_name
            case FineTuningTaskSpec():
                return self.spec.task_id

    @property
    def pinned(self) -> bool:
        """The status says which remote thing was seen. It is parsed only if it may say so."""
        return '"externalID":' in self.status and bool(self.past.external_id)

    @property
    def known_id(self) -> str:
        """The id that the status or the spec gives, "" for none."""
        return (self.past.external_id if self.pinned else "") or self.given_id

    @property
    def deadline(self) -> int | None:
        """Seconds from the remote start to a stop; None without that clock, as for kinds that have none."""
        return getattr(self.spec, "active_deadline_seconds", None)

    @property
    def expiry(self) -> int | None:
        """Seconds from the remote end to a delete; None as above."""
        return getattr(self.spec, "ttl_seconds_after_finished", None)

    @property
    def noted(self) -> bool:
        """The status says that the remote thing was seen and, if it was found by name, which one it is."""
        return self.past.observed and bool(self.given_id or self.past.external_id)

    @property
    def known_ids(self) -> frozenset[str]:
        """The ids by which the remote thing may be named in `force-orphan`: the pinned one and the spec's."""
        return frozenset({self.past.external_id, self.given_id} - {""})
