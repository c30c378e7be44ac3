"""The remote thing as the core sees it, whatever the provider. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ExternalState(StrEnum):
    """The remote state in one vocabulary for all providers (`status.externalState`)."""

    PENDING = "Pending"
    RUNNING = "Running"
    STOPPING = "Stopping"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"
    DELETING = "Deleting"
    ABSENT = "Absent"
    UNKNOWN = "Unknown"

    @property
    def active(self) -> bool:
        """Costs money now and can be stopped."""
        return self in (ExternalState.PENDING, ExternalState.RUNNING)

    @property
    def ended(self) -> bool:
        """Reached an end by itself or by a stop, and still exists."""
        return self in (ExternalState.SUCCEEDED, ExternalState.FAILED, ExternalState.STOPPED)


class Thing(StrEnum):
    """The five kinds of remote things, by the name of the custom resource kind that stands for them."""

    JOB = "TrainingJob"
    VERSION = "TrainingJobVersion"
    CONFIG = "TrainingJobConfig"
    TUNING_TASK = "FineTuningTask"
    TUNING_JOB = "FineTuningJob"


#: What a thing without a run of its own consists of.
PART_OF = {Thing.JOB: Thing.VERSION, Thing.TUNING_JOB: Thing.TUNING_TASK}
WHOLE_OF = {part: whole for whole, part in PART_OF.items()}


@dataclass(frozen=True, slots=True)
class Target:
    """One remote thing by id. `id` is the `status.externalID`: of a version it is `JOB/VERSION`, of a config its name.

    `parent` narrows the list that can prove the thing absent (the job of a fine-tuning task), "" when unknown.
    """

    thing: Thing
    id: str
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Remote:
    """What a provider said of one thing.

    `provider_state` is the provider's own word or the name of its number. Times are the provider's, in UTC, None when
    it gave none or an impossible one. `parts` are the runs of a thing that has none of its own (the versions of a V1
    job, the tasks of a fine-tuning job): a tuple, empty when it holds none; None when the answer does not tell, and
    then `complete` is False and a read by id is needed before any decision that depends on them. `message` is a remark
    worth showing ("the last delete failed", JOBSTAT_DELETE_FAILED), "" mostly.
    """

    id: str
    name: str
    state: ExternalState
    provider_state: str
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    parent: str = ""
    parts: tuple[Remote, ...] | None = ()
    message: str = ""

    @property
    def complete(self) -> bool:
        return self.parts is not None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A provider's acceptance of a stop or delete. Accepted is not done."""

    request_id: str = ""


def state_of_parts(parts: tuple[Remote, ...]) -> ExternalState:
    """The state of a thing that is only its parts: what costs money wins, then what is not certain, then the newest.

    A thing without parts runs nothing: Stopped.
    """
    for state in (
        ExternalState.RUNNING,
        ExternalState.PENDING,
        ExternalState.STOPPING,
        ExternalState.UNKNOWN,
        ExternalState.DELETING,
    ):
        if any(part.state is state for part in parts):
            return state
    if not parts:
        return ExternalState.STOPPED
    return max(parts, key=lambda part: (part.created_at.timestamp() if part.created_at else 0.0, part.id)).state
