"""What the API server last said of our objects, with the indices that decisions need. Memory only, no I/O."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from trainsweep.api.common import DeletionPolicy, DesiredState
from trainsweep.api.training import TrainingJobVersionSpec
from trainsweep.core.record import Key, Record
from trainsweep.core.remote import Target
from trainsweep.engine.parse import Config


class Change(Enum):
    """What a new view of an object brought."""

    NOTHING = auto()
    STATUS = auto()
    SUBSTANCE = auto()


#: A remote thing, whatever ProviderConfig names it: the account's identity and the target.
Claim = tuple[tuple[str, ...], str, str]


@dataclass(slots=True)
class Store:
    records: dict[Key, Record] = field(default_factory=dict)
    configs: dict[Key, Config] = field(default_factory=dict)
    #: Resources by the account that they use.
    users: defaultdict[Key, set[Key]] = field(default_factory=lambda: defaultdict(set))
    #: Of these, the ones that ask for a stop or delete and are not there yet.
    removals: defaultdict[Key, set[Key]] = field(default_factory=lambda: defaultdict(set))
    #: TrainingJobVersions by the TrainingJob that their jobRef names.
    referrers: defaultdict[Key, set[Key]] = field(default_factory=lambda: defaultdict(set))
    _claims: defaultdict[Claim, set[Key]] = field(default_factory=lambda: defaultdict(set))
    _claimed: dict[Key, Claim] = field(default_factory=dict)

    def put(self, record: Record) -> Change:
        """Take a view of a resource, unless a newer one is here already."""
        before = self.records.get(record.key)
        if before and before.uid == record.uid and not newer(record.version, before.version):
            return Change.NOTHING
        self.records[record.key] = record
        self.users[record.config].add(record.key)
        if job := _reference(record):
            self.referrers[job].add(record.key)
        if _asks_for_removal(record):
            self.removals[record.config].add(record.key)
        else:
            self.removals[record.config].discard(record.key)
        if before and replace(before, version=record.version, status=record.status) == record:
            return Change.STATUS
        return Change.SUBSTANCE

    def remove(self, key: Key) -> None:
        record = self.records.pop(key, None)
        self.unclaim(key)
        if record:
            self.users[record.config].discard(key)
            self.removals[record.config].discard(key)
            if job := _reference(record):
                self.referrers[job].discard(key)

    def put_config(self, config: Config) -> Change:
        before = self.configs.get(config.key)
        if before and before.uid == config.uid and not newer(config.version, before.version):
            return Change.NOTHING
        self.configs[config.key] = config
        if before and replace(before, version=config.version, status=config.status) == config:
            return Change.STATUS
        return Change.SUBSTANCE

    def claim(self, key: Key, account: tuple[str, ...], target: Target) -> Key | None:
        """Note that a resource names a remote thing; the answer is the owner when that is another resource.

        The owner is the one that has the thing pinned in its status, then the oldest: the same after a restart.
        """
        claim = (account, target.thing.value, target.id)
        if self._claimed.get(key) != claim:
            self.unclaim(key)
            self._claimed[key] = claim
            self._claims[claim].add(key)
        claimants = self._claims[claim]
        if len(claimants) == 1:
            return None
        owner = min(claimants, key=self._seniority)
        return None if owner == key else owner

    def unclaim(self, key: Key) -> None:
        claim = self._claimed.pop(key, None)
        if claim:
            self._claims[claim].discard(key)
            if not self._claims[claim]:
                del self._claims[claim]

    def rivals(self, key: Key) -> set[Key]:
        """The other resources that name the same remote thing: one of them inherits it."""
        claim = self._claimed.get(key)
        return self._claims[claim] - {key} if claim else set()

    def _seniority(self, key: Key) -> tuple[bool, float, str]:
        record = self.records[key]
        return not record.past.external_id, record.created_at.timestamp(), record.uid


def newer(version: str, than: str) -> bool:
    """Resource versions of one object are ordered decimals; what is no decimal is taken as newer."""
    if version.isdecimal() and than.isdecimal():
        return int(version) > int(than)
    return version != than


def _reference(record: Record) -> Key | None:
    spec = record.spec
    if isinstance(spec, TrainingJobVersionSpec) and spec.job_ref:
        return Key("TrainingJob", record.key.namespace, spec.job_ref.name)
    return None


def _asks_for_removal(record: Record) -> bool:
    """Cheap and a little too eager: it feeds the guard's look ahead, not an action."""
    if record.paused:
        return False
    if record.deleting:
        return record.held and record.spec.deletion_policy is not DeletionPolicy.ORPHAN
    if record.spec.desired_state is DesiredState.PRESENT:
        return False
    past = record.past
    return past.generation != record.generation or past.condition("Ready").get("status") != "True"
