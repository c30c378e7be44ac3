"""The fine-tuning kinds: a task (one run) and a job (the container of tasks)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from trainsweep.api.common import RemoteName, Rule, exactly_one
from trainsweep.api.remote import RemoteSpec, immutable_identity, remote_id

TaskID = Annotated[str, remote_id("FineTuningTask", "taskID")]
TuningJobID = Annotated[str, remote_id("FineTuningJob", "jobID")]


class FineTuningTaskSpec(RemoteSpec):
    """A fine-tuning task, one training run, and the state that it should be in."""

    rules: ClassVar[tuple[Rule, ...]] = (immutable_identity("taskID"),)

    task_id: TaskID
    """The id of the task, such as task-5rvc7sk3m9qd. It cannot change."""


class FineTuningJobSpec(RemoteSpec):
    """A fine-tuning job, which holds tasks, and the state that it should be in."""

    rules: ClassVar[tuple[Rule, ...]] = (
        exactly_one("jobID", "jobName", names="the fine-tuning job"),
        immutable_identity("jobID", "jobName"),
    )

    job_id: TuningJobID | None = None
    """The id of the job, such as job-4jr5xb2wq8nt. It cannot change."""

    job_name: RemoteName | None = None
    """The name of the job, which exactly one job of the account must have; else the resource stalls and says how many
    have it. The id found is kept in status.externalID. It cannot change."""

    cascade: bool = False
    """Whether deleting the job also stops and deletes the tasks that it holds. By default a job that still holds tasks
    is not deleted; the resource waits with reason NotEmpty."""
