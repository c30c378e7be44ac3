"""What can be switched at both providers while a simulator runs."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """How a service says no: HTTP status, the provider's code and its words."""

    model_config = ConfigDict(extra="forbid")

    status: int
    code: str
    message: str


class CommonSwitches(BaseModel):
    """Assignments are checked, so that a wrong word fails where it is written and not in an answer."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    #: Seconds added to every answer. The effect of a call is there at once; only its answer is late.
    latency: float = Field(default=0.0, ge=0)
    #: Calls a second before the provider answers "throttled"; 0 means no limit.
    requests_per_second: float = Field(default=0.0, ge=0)


class CommonTiming(BaseModel):
    """Seconds, if not said otherwise. None: the state lasts until somebody acts."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    #: From a stop that was accepted to the end state.
    stopping: float = Field(default=3.0, ge=0)
    #: From a delete that was accepted until the thing is gone.
    deleting: float = Field(default=2.0, ge=0)
    #: Answers that still show a deleted thing before it is gone.
    deleting_reads: int = Field(default=0, ge=0)
    #: How long a run takes when nobody stops it.
    running: float | None = None


def replace_fields(model: BaseModel, fields: dict[str, object]) -> None:
    """Assign fields one by one, checked. Raises ValueError (pydantic's is one) for an unknown or wrong one."""
    for name, value in fields.items():
        setattr(model, name, value)
