"""The scenario of a ModelArts simulator: accounts, things, timing, and a switch for every open question."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from trainsweep_devtools.simulators.keys import Key
from trainsweep_devtools.simulators.modelarts.states import V1_ENDED, V2_ACTIVE, V2_ENDED, v1_name
from trainsweep_devtools.simulators.switches import Answer, CommonSwitches, CommonTiming

V2Phase = Literal["Creating", "Pending", "Running", "Terminating", "Completed", "Failed", "Terminated", "Abnormal"]
V1State = Annotated[str, BeforeValidator(v1_name)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class User(_Model):
    name: str
    password: SecretStr


class Project(_Model):
    id: str
    name: str


class VersionSpec(_Model):
    """A V1 version. A running one is `ends_as` in `ends_after` seconds (default: `timing.running`, None: never).

    `age` is how long ago it was made, `ended_ago` how long ago an ended one came to its end, in seconds.
    """

    id: int | None = None
    state: V1State = "RUNNING"
    age: float = 3600.0
    ends_after: float | None = None
    ended_ago: float = 0.0
    ends_as: V1State = "COMPLETED"


class V1JobSpec(_Model):
    """A V1 job; `age` is how long ago it was made, in seconds."""

    id: int | None = None
    name: str
    description: str = ""
    workspace: str = "0"
    age: float = 3600.0
    versions: list[VersionSpec] = Field(default_factory=list)


class ConfigSpec(_Model):
    name: str
    description: str = ""
    age: float = 3600.0


class V2JobSpec(_Model):
    """A V2 job; without an id it gets one that follows from its name."""

    id: str = ""
    name: str
    description: str = ""
    workspace: str = "0"
    state: V2Phase = "Running"
    kind: str = "job"
    age: float = 3600.0
    ends_after: float | None = None
    ended_ago: float = 0.0
    ends_as: V2Phase = "Completed"


class Generate(_Model):
    """`count` things of a kind, named NAME-00001 and so on; a V1 job gets one version in `state`."""

    kind: Literal["v1-job", "config", "v2-job"]
    count: int = Field(ge=1)
    name: str = "bulk"
    state: str | int = ""
    workspace: str = "0"


class Timing(CommonTiming):
    #: INIT or Creating, then WAITING or Pending.
    starting: float = Field(default=2.0, ge=0)
    queued: float = Field(default=3.0, ge=0)
    #: Life of an IAM token.
    token: float = Field(default=86400.0, gt=0)


class Switches(CommonSwitches):
    """Every question that the documents leave open; the default is the strict or the sample reading."""

    #: V1: the service does not know the id.
    missing_job: Answer = Answer(status=400, code="ModelArts.0105", message="The training job does not exist.")
    missing_version: Answer = Answer(status=400, code="ModelArts.0105", message="The job version does not exist.")
    missing_config: Answer = Answer(status=400, code="ModelArts.0105", message="The job config does not exist.")
    #: V1: not possible in the state that the thing is in.
    wrong_state: Answer = Answer(status=400, code="ModelArts.0105", message="The job state does not allow this.")
    #: HTTP status of every V1 body with is_success false, 200 being one that readers overlook; None: the answer's own.
    failure_status: int | None = None
    #: Field of the text in those bodies; the pages differ.
    error_text: Literal["error_message", "error_msg"] = "error_message"
    #: V1 numbers in which a version can be stopped. Only 8 is documented; 1, 2, 4, 7 are open.
    stop_states: frozenset[int] = frozenset({8})
    #: V1 numbers in which a version, or each version of a job, can be deleted. Open: 1, 2, 4, 7, 9.
    delete_states: frozenset[int] = frozenset({8, *V1_ENDED})
    #: V1: ids, status and time in the answers to create calls: numbers as in all lists, or text as in the sample.
    create_answers: Literal["numbers", "text"] = "numbers"
    #: V1: what becomes of a job when its last version is deleted.
    last_version_deleted: Literal["job_stays", "job_goes"] = "job_stays"
    #: V1: an accepted delete ends in state 6 instead of absence.
    delete_fails: bool = False
    #: V1 answers as an API that is not published (404 APIGW.0101).
    v1_withdrawn: bool = False
    #: V2 phases in which DELETE is accepted (202); in others it is refused (409), as the job is just changing.
    #: Huawei's Terraform provider deletes without a terminate before; the user guide speaks of ended jobs alone.
    v2_delete_phases: frozenset[str] = frozenset({*V2_ACTIVE, *V2_ENDED})
    #: V2: an accepted terminate ends in secondary phase TerminatedFailed.
    terminate_fails: bool = False
    #: Body of V2's 202 answer to a delete. The page's sample is "", which makes Huawei's Go SDK report an error.
    accepted_body: Literal['""', "", "null"] = ""
    #: A delete of a thing that is already on its way out.
    second_delete: Literal["accept", "refuse"] = "accept"
    #: The path names a project that the credentials do not belong to.
    project_mismatch: Literal["404 ModelArts.2786", "403 ModelArts.0210"] = "404 ModelArts.2786"
    #: Prefix of the gateway's codes.
    gateway_prefix: Literal["APIGW", "APIG"] = "APIGW"


class ModelArtsScenario(_Model):
    domain: str = "demo-account"
    projects: list[Project] = Field(min_length=1)
    users: list[User] = Field(default_factory=list)
    access_keys: list[Key] = Field(default_factory=list)
    timing: Timing = Field(default_factory=Timing)
    switches: Switches = Field(default_factory=Switches)
    v1_jobs: list[V1JobSpec] = Field(default_factory=list)
    configs: list[ConfigSpec] = Field(default_factory=list)
    v2_jobs: list[V2JobSpec] = Field(default_factory=list)
    generate: list[Generate] = Field(default_factory=list)
