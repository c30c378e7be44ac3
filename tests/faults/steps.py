"""What can happen in a scenario, as data. Times are seconds of the world since the start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .proxy import ApiFault


@dataclass(frozen=True)
class Create:
    """A user creates a resource; while the name is taken by one that is going, again and again."""

    kind: str
    name: str
    thing: str
    spec: Mapping[str, Any]
    paused: bool = False


@dataclass(frozen=True)
class Edit:
    """A user changes fields of the spec."""

    name: str
    spec: Mapping[str, Any]


@dataclass(frozen=True)
class Pause:
    name: str
    on: bool


@dataclass(frozen=True)
class Remove:
    """A user deletes a resource. `force` is the id of the remote thing that may be left behind."""

    name: str
    force: str = ""


@dataclass(frozen=True)
class Vanish:
    """Somebody deletes a remote thing in the provider's console."""

    thing: str


@dataclass(frozen=True)
class Abandon:
    """A user deletes everything at once, the accounts and their Secrets first, as a namespace that goes does. Nobody
    asks for anything after that.
    """


@dataclass(frozen=True)
class ApiTrouble:
    fault: ApiFault
    lasts: float


@dataclass(frozen=True)
class ProviderTrouble:
    """`fault` are the fields of the simulators' `Fault`; latency is in the world's time."""

    account: str
    fault: Mapping[str, Any]
    lasts: float


@dataclass(frozen=True)
class ClockStep:
    """The operators' clock is wrong by so many seconds from now on."""

    seconds: float


@dataclass(frozen=True)
class Second:
    """By accident a second operator runs for a while. `frozen`: the first one is stopped meanwhile and goes on later,
    not knowing. Then one of the two, the older or not, ends: by SIGKILL, or cleanly.
    """

    lasts: float
    frozen: bool
    older_ends: bool
    cleanly: bool


@dataclass(frozen=True)
class Rotate:
    """The secret key of an account changes, at the provider and `late` seconds after that in the Secret."""

    account: str
    late: float


Action = Create | Edit | Pause | Remove | Vanish | Abandon | ApiTrouble | ProviderTrouble | ClockStep | Second | Rotate


@dataclass(frozen=True)
class Step:
    at: float
    action: Action

    def __str__(self) -> str:
        return f"{self.at:6.1f} {self.action}"


@dataclass(frozen=True)
class Kill:
    """SIGKILL for every operator, before or after the `effect`th write of the run, to whichever side; another one
    starts `down` seconds later.
    """

    effect: int
    moment: Literal["before", "after"]
    down: float
