"""Everything that a decision may depend on, gathered before it is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from trainsweep.api.common import DeletionPolicy, DesiredState, Mode
from trainsweep.api.provider import UNKNOWN, KindSupport
from trainsweep.api.provider import Verb as Verb  # noqa: PLC0414 (imported from here)
from trainsweep.api.provider_config import UNBOUNDED, Bounds
from trainsweep.core.account_id import AccountID
from trainsweep.core.external import ExternalState, Remote, Target
from trainsweep.core.policy import PolicySource
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Key, Resource


@dataclass(frozen=True, slots=True)
class Asked:
    """A verb was accepted for a thing, `times` times in a row, the last time `ago` seconds ago."""

    ago: float
    times: int = 1


@dataclass(frozen=True, slots=True)
class Absent:
    """The remote thing is proven absent. `evidence` says by what, for the audit log."""

    evidence: str


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why the provider cannot be asked, or why its answer does not help.

    `stalled`: only a person can mend it. `configuration`: it is the cluster's side or the credentials, not an outage;
    a resource that was never observed may then be let go.
    """

    reason: Reason
    message: str
    stalled: bool = False
    configuration: bool = False


@dataclass(frozen=True, slots=True)
class Inputs:
    """One resource, what surrounds it, and what was seen of its remote thing in this pass.

    `seen` is None until the provider was read. `fresh` says that `seen` comes from a read by id in this pass, as
    every write demands. `observed` says that a read had success before, in this pass or another, though the status
    may not tell yet. `listed` says that the account's lists have shown the thing. `asked` tells how long ago a verb
    was last accepted for a remote id, so that nothing is asked twice while the provider is still at it. `owner` is
    the resource that owns the same remote thing, when it is another one; `owner_pinned` says that it has seen the
    thing, `owner_going` that it is being deleted. `heir` is another living resource of the namespace that wants the
    thing to stay, `heir_unsure` one that may turn out to be that. `account` is the account that the ProviderConfig
    leads to now, `bounds` what it lets this namespace do. `held_back` is why the deletion guard holds the removal,
    "" when it does not; `unaudited` why no line can be written to the audit log. `support` is what the provider can
    do with such a thing.
    `namespace_going`: its namespace is being deleted, and nothing can be created in it any more.
    """

    record: Resource
    policy: DeletionPolicy
    now: datetime
    policy_source: PolicySource = PolicySource.OPERATOR
    mode: Mode = Mode.ENFORCE
    crd_going: bool = False
    observed: bool = False
    namespace_going: bool = False
    owner: Key | None = None
    owner_pinned: bool = True
    owner_going: bool = False
    obstacle: Obstacle | None = None
    target: Target | None = None
    seen: Remote | Absent | None = None
    fresh: bool = False
    listed: bool = False
    asked: Mapping[tuple[Verb, str], Asked] = field(default_factory=dict)
    heir: Key | None = None
    heir_unsure: Key | None = None
    account: AccountID | None = None
    bounds: Bounds = UNBOUNDED
    held_back: str = ""
    unaudited: str = ""
    support: KindSupport = UNKNOWN

    @property
    def desired(self) -> DesiredState:
        return DesiredState(self.record.spec.desired_state)

    @property
    def moved(self) -> str:
        """Why the pinned id is not one of the account in use, "" when it is, as far as can be known."""
        pinned = self.record.past.account
        if not self.record.past.external_id or pinned is None or self.account is None or pinned.may_be(self.account):
            return ""
        return (
            f"{self.record.past.external_id} was found in {pinned}, but {self.record.config} now leads to"
            f" {self.account}; nothing is touched. Make it lead there again, or free this resource by force-orphan."
        )

    @property
    def was_there(self) -> bool:
        """Whether the remote thing existed: its deletion was accepted in this life, or the status remembers it."""
        accepted = any(verb is Verb.DELETE for verb, _ in self.asked)
        return accepted or self.record.past.external_state not in ("", ExternalState.ABSENT)
