"""How the operator stands at one moment, as data: what probes and scrapes are answered from. Times: epoch seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class WatchState:
    """`alive`: its thread runs. `up`: what it asked the API server last was granted. `last_event`: None for never."""

    alive: bool
    up: bool
    last_event: float | None = None


@dataclass(frozen=True, slots=True)
class LeaseState:
    """`holder`: who had it when it was last read, "" for nobody. `trouble`: why it can be neither taken nor renewed."""

    holder: str = ""
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class AccountState:
    """`reason` is that of the ProviderConfig's condition Ready, `well` whether that is True."""

    provider: str
    reason: str
    well: bool = True
    circuit_open: bool = False
    held: int = 0


@dataclass(frozen=True, slots=True)
class QueueState:
    """`depth`: what waits. `oldest`: seconds for which the oldest has been due, those under way included."""

    depth: int = 0
    oldest: float = 0.0


@dataclass(frozen=True, slots=True)
class State:
    """`watch` is None before it was started, `last_sweep` before the first complete list, `lease` without an election.
    `unseen`: namespaces that should be watched and may not be listed.
    Accounts and queues by their label: `namespace/name`, or the name of a ClusterProviderConfig.
    """

    leading: bool = False
    lease: LeaseState | None = None
    watch: WatchState | None = None
    last_sweep: float | None = None
    unseen: frozenset[str] = frozenset()
    accounts: Mapping[str, AccountState] = field(default_factory=dict)
    queues: Mapping[str, QueueState] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resources:
    """`counts` by kind, remote state and reason; `oldest_removal` in seconds by account."""

    counts: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    oldest_removal: Mapping[str, float] = field(default_factory=dict)


class Source(Protocol):
    """Who knows. `state` is cheap; `resources` looks at every resource."""

    def state(self) -> State: ...

    def resources(self) -> Resources: ...
