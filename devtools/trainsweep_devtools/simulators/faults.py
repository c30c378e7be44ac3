"""Faults on request: spoil the next N answers of chosen calls."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from trainsweep_devtools.simulators.wire import Action

When = Literal["before", "after"]


class Match(BaseModel):
    """Which calls are meant; an empty field means any. `operation` and `target` are those of the journal."""

    model_config = ConfigDict(extra="forbid")

    operation: str = ""
    target: str = ""
    method: str = ""

    def fits(self, action: Action, method: str) -> bool:
        return (
            self.operation in ("", action.operation)
            and self.target in ("", action.target)
            and self.method.upper() in ("", method)
        )


class Fault(BaseModel):
    """One way to spoil an answer.

    `latency` seconds pass first. Then `hang` gives no answer until the client lets go, `reset` cuts the connection, or
    `status` (with `body`, text as it is or anything else as JSON, and `headers`) is answered. "before": the request
    has no effect; "after": it is carried out and the answer is lost. `effect` says the same for `status`. A fault with
    `latency` only slows the true answer. `times` counts the calls it still spoils, None means until it is removed.
    """

    model_config = ConfigDict(extra="forbid")

    match: Match = Field(default_factory=Match)
    times: int | None = Field(default=1, ge=1)
    latency: float = Field(default=0.0, ge=0)
    status: int | None = None
    body: Any = ""
    headers: dict[str, str] = Field(default_factory=dict)
    effect: bool = False
    hang: When | None = None
    reset: When | None = None

    @property
    def carried_out(self) -> bool:
        """Whether the request takes effect all the same."""
        spoiled_early = "before" in (self.hang, self.reset) or (self.status is not None and not self.effect)
        return not spoiled_early


class Faults:
    """The list of faults in force: the first that fits is used."""

    def __init__(self) -> None:
        self.active: list[Fault] = []

    def add(self, **fields: Any) -> Fault:
        fault = Fault.model_validate(fields)
        self.active.append(fault)
        return fault

    def take(self, action: Action, method: str) -> Fault | None:
        """The fault for this call, if any, counted down."""
        if not self.active:
            return None
        for fault in self.active:
            if fault.match.fits(action, method):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times == 0:
                        self.active.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        self.active.clear()
