"""The scenario of a Qianfan simulator: keys, things, timing, and a switch for every open question."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from trainsweep_devtools.simulators.keys import Key
from trainsweep_devtools.simulators.switches import Answer, CommonSwitches, CommonTiming

RunStatus = Literal["", "Waiting", "Running", "Done", "Failed", "Stopped"]

#: How a refusal is dressed: the documented v2 body with its status; HTTP 200 with `result: false`; HTTP 200 with the
#: v2 error body; only the IAM headers and no body; the v1 form with a number.
Form = Literal["body", "result_false", "body_200", "headers", "v1"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class TaskSpec(_Model):
    """A task. A running one is `ends_as` in `ends_after` seconds (default: `timing.running`, None: never).

    `age` is how long ago it was made, `ended_ago` how long ago an ended one came to its end, in seconds.
    """

    id: str
    status: RunStatus = "Running"
    age: float = 3600.0
    ends_after: float | None = None
    ended_ago: float = 0.0
    ends_as: RunStatus = "Done"
    #: The sub-user who owns it.
    user: str = "demo"


class JobSpec(_Model):
    """A job with its tasks; `age` is how long ago it was made, in seconds."""

    id: str
    name: str
    description: str = ""
    model: str = "ERNIE-Speed-8K"
    train_mode: str = "SFT"
    age: float = 3600.0
    user: str = "demo"
    tasks: list[TaskSpec] = Field(default_factory=list)


class Generate(_Model):
    """`count` things: `job` makes jobs of one task each (`status` "none": of no task), `task` adds tasks to `job`."""

    kind: Literal["job", "task"]
    count: int = Field(ge=1)
    name: str = "bulk"
    status: RunStatus | Literal["none"] = "Running"
    job: str = ""


class Timing(CommonTiming):
    #: How long the status of a new task is the empty text.
    settling: float = Field(default=1.0, ge=0)
    waiting: float = Field(default=3.0, ge=0)
    #: Jobs and tasks; nothing is documented about a delay here.
    deleting: float = Field(default=0.0, ge=0)


class Refusal(Answer):
    """An answer that says no, and how it is dressed; `v1_code` is its number in the v1 form."""

    form: Form = "body"
    v1_code: int = 510301


class Switches(CommonSwitches):
    """Every question that the documents leave open; the default is the strict or the likelier reading."""

    #: The service does not know the id: in Describe, Stop and Delete. The second delete of a thing is one of these.
    #: Stop answers as the mock server of the vendor's SDK does; for the others nothing is known.
    missing_on_describe: Refusal = Refusal(status=404, code="NoSuchKey", message="The resource does not exist.")
    missing_on_stop: Refusal = Refusal(
        status=200, code="NoSuchKey", message="The resource does not exist.", form="result_false"
    )
    missing_on_delete: Refusal = Refusal(status=404, code="NoSuchKey", message="The resource does not exist.")
    #: Statuses in which a task can be stopped; an ended one in here makes its stop a no-op that is accepted.
    stop_statuses: frozenset[str] = frozenset({"Waiting", "Running"})
    #: Statuses in which a task can be deleted.
    delete_statuses: frozenset[str] = frozenset({"Done", "Failed", "Stopped"})
    wrong_state: Refusal = Refusal(
        status=409, code="TaskStatusConflict", message="The status does not allow this.", v1_code=510302
    )
    #: What `runStatus` shows between an accepted stop and Stopped; "Stopping" would be a hidden status.
    stopping_status: str = "Running"
    #: DeleteFineTuningJob of a job that still holds tasks.
    delete_job_with_tasks: Literal["refuse", "cascade"] = "refuse"
    job_not_empty: Refusal = Refusal(
        status=409, code="JobNotEmpty", message="The job still holds tasks.", v1_code=510302
    )
    #: A delete of a thing that is already on its way out.
    second_delete: Literal["accept", "refuse"] = "accept"
    #: The answer above `requests_per_second`.
    throttled: Refusal = Refusal(status=429, code="RateLimitExceeded", message="Too many requests.", v1_code=18)
    #: Unknown key, wrong signature: in the body, or in the IAM headers with an empty body.
    credentials_form: Literal["body", "headers"] = "headers"
    #: Temporary keys (x-bce-security-token) are accepted.
    accept_sts: bool = True
    #: `Authorization: Bearer bce-v3/...` is accepted, with the access key of a known key inside.
    accept_bearer: bool = False
    #: A sub-user sees only its own jobs and tasks.
    own_only: bool = False
    #: `pageReverse: false` starts with the oldest.
    oldest_first: bool = False
    #: The thing that `marker` names is returned again.
    marker_inclusive: bool = False
    #: The zone of the times that end in Z, as hours east of UTC; 0 means the Z is true.
    date_zone_hours: int = 0


class QianfanScenario(_Model):
    access_keys: list[Key] = Field(default_factory=list)
    timing: Timing = Field(default_factory=Timing)
    switches: Switches = Field(default_factory=Switches)
    jobs: list[JobSpec] = Field(default_factory=list)
    generate: list[Generate] = Field(default_factory=list)
