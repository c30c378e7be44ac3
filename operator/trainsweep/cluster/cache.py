"""What the API server last said of our objects, with the indices that decisions need. Memory only, no I/O."""

from __future__ import annotations

import heapq
from collections import OrderedDict, defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, auto

from trainsweep.api.training import TrainingJobVersionSpec
from trainsweep.cluster.decode import Config
from trainsweep.core.deletion_demand import asks_for_removal, strikes_at
from trainsweep.core.errors import ConfigurationError
from trainsweep.core.external import Target
from trainsweep.core.resource import Key, Resource
from trainsweep.providers.registry import identity, may_be_same


class Change(Enum):
    """What a new view of an object brought."""

    NOTHING = auto()
    STATUS = auto()
    SUBSTANCE = auto()


#: How many uids of objects that are gone are remembered, so that a late list does not bring them back.
REMEMBERED_GRAVES = 20_000

#: A remote thing by kind and id, in whatever account.
Claim = tuple[str, str]


@dataclass(slots=True)
class Cache:
    records: dict[Key, Resource] = field(default_factory=dict)
    configs: dict[Key, Config] = field(default_factory=dict)
    #: Resources by the account that they use.
    users: defaultdict[Key, set[Key]] = field(default_factory=lambda: defaultdict(set))
    #: Of these, the ones that ask for a stop or delete and are not there yet.
    removals: defaultdict[Key, set[Key]] = field(default_factory=lambda: defaultdict(set))
    #: TrainingJobVersions by the TrainingJob that their jobRef names.
    referrers: defaultdict[Key, set[Key]] = field(default_factory=lambda: defaultdict(set))
    #: Of the others, those with a clock that runs: when it strikes, in seconds of the epoch.
    _clocks: defaultdict[Key, dict[Key, float]] = field(default_factory=lambda: defaultdict(dict))
    #: The same by time, as a heap; what `_clocks` does not say any more is left in it until its time has come.
    _strikes: defaultdict[Key, list[tuple[float, Key]]] = field(default_factory=lambda: defaultdict(list))
    _buried: OrderedDict[str, None] = field(default_factory=OrderedDict)
    _claims: defaultdict[Claim, set[Key]] = field(default_factory=lambda: defaultdict(set))
    _claimed: dict[Key, Claim] = field(default_factory=dict)
    #: The account in which each claimant last claimed it: by then it is known which project a name means.
    _places: dict[Key, tuple[str, ...]] = field(default_factory=dict)
    #: Claimants that have never seen what they name: the thing or its account is out of their reach.
    _in_vain: set[Key] = field(default_factory=set)

    def put(self, record: Resource) -> Change:
        """Take a view of a resource, unless a newer one is here already or the resource is known to be gone."""
        before = self.records.get(record.key)
        if record.uid in self._buried or (before and not _supersedes(record, before)):
            return Change.NOTHING
        if before and before.uid != record.uid:
            self.bury(before.key, before.uid)
        self.records[record.key] = record
        self.users[record.config].add(record.key)
        if job := _reference(record):
            self.referrers[job].add(record.key)
        self._look_ahead(record)
        if known := _known_id(record):
            # At once, not with its first pass: another claimant, a younger one, may be looked at sooner.
            self._note_claim(record.key, (record.thing.value, known))
        if before and _same_substance(before, record):
            return Change.STATUS
        return Change.SUBSTANCE

    def put_config(self, config: Config) -> Change:
        before = self.configs.get(config.key)
        if config.uid in self._buried or (before and not _supersedes(config, before)):
            return Change.NOTHING
        if before and before.uid != config.uid:
            self.bury(before.key, before.uid)
        self.configs[config.key] = config
        if before and replace(before, version=config.version, status=config.status) == config:
            return Change.STATUS
        return Change.SUBSTANCE

    def holds(self, key: Key, version: str) -> bool:
        """Whether this very view of an object is here."""
        known = self.records.get(key) or self.configs.get(key)
        return known is not None and known.version == version

    def unchanged(self, record: Resource) -> bool:
        """Whether a decision taken on this view still stands: nothing but status and version has changed since."""
        current = self.records.get(record.key)
        return current is not None and _same_substance(current, record)

    def due(self, config: Key, now: datetime) -> int:
        """How many resources of an account ask for a stop or delete, those included that a clock makes ask by now."""
        clocks, strikes = self._clocks[config], self._strikes[config]
        while strikes and strikes[0][0] <= now.timestamp():
            at, key = heapq.heappop(strikes)
            if clocks.get(key) == at:
                del clocks[key]
                self.removals[config].add(key)
        return len(self.removals[config])

    def _look_ahead(self, record: Resource) -> None:
        """Note whether a resource asks for a removal, or else when it will."""
        asks, removals, clocks = asks_for_removal(record), self.removals[record.config], self._clocks[record.config]
        removals.discard(record.key)
        before = clocks.pop(record.key, None)
        if asks:
            removals.add(record.key)
        elif (at := strikes_at(record)) is not None:
            clocks[record.key] = at
            if at != before:
                heapq.heappush(self._strikes[record.config], (at, record.key))

    def bury(self, key: Key, uid: str) -> bool:
        """Note that an object is gone for good; whether it was here. A late view of it is ignored from now on.

        Its claim stays until the controller has woken its rivals.
        """
        self._buried[uid] = None
        while len(self._buried) > REMEMBERED_GRAVES:
            self._buried.popitem(last=False)
        record, config = self.records.get(key), self.configs.get(key)
        if record and record.uid == uid:
            self._remove(record)
            return True
        if config and config.uid == uid:
            del self.configs[key]
            return True
        return False

    def _remove(self, record: Resource) -> None:
        del self.records[record.key]
        self.users[record.config].discard(record.key)
        self.removals[record.config].discard(record.key)
        self._clocks[record.config].pop(record.key, None)
        if job := _reference(record):
            self.referrers[job].discard(record.key)

    def claim(self, key: Key, account: tuple[str, ...], target: Target) -> Key | None:
        """Note that a resource names a remote thing; the answer is the owner when that is another resource.

        The owner is the one that has the thing pinned in its status, then the oldest: the same after a restart. Whoever
        looked for it in vain keeps it from nobody.
        """
        claim = (target.thing.value, target.id)
        self._note_claim(key, claim)
        self._places[key] = account
        if len(self._claims[claim]) == 1:
            return None
        claimants = [other for other in self._claims[claim] if other == key or self._counts(other, account)]
        owner = min(claimants, key=self._seniority)
        return None if owner == key else owner

    def _note_claim(self, key: Key, claim: Claim) -> None:
        if self._claimed.get(key) != claim:
            self.unclaim(key)
            self._claimed[key] = claim
            self._claims[claim].add(key)

    def _counts(self, key: Key, account: tuple[str, ...]) -> bool:
        """Whether a claimant is still there, means this account, and may reach the thing."""
        record = self.records.get(key)
        config = self.configs.get(record.config) if record else None
        if record is None or config is None or (record.deleting and not record.held):
            return False
        if key in self._in_vain and not self._pinned(key):
            return False
        place = self._place(key, config)
        return place is not None and may_be_same(place, account)

    def _place(self, key: Key, config: Config) -> tuple[str, ...] | None:
        try:
            return self._places.get(key) or identity(config.spec)
        except ConfigurationError:
            return None

    def _pinned(self, key: Key) -> bool:
        """Whether a resource has seen what it names, by its status."""
        record = self.records.get(key)
        return record is not None and bool(record.past.external_id)

    def settled(self, owner: Key, account: tuple[str, ...]) -> bool:
        """Whether an owner has seen the thing, in this very account as far as can be known."""
        config = self.configs.get(self.records[owner].config) if owner in self.records else None
        return config is not None and self._pinned(owner) and self._place(owner, config) == account

    def moved(self, key: Key, account: tuple[str, ...]) -> bool:
        """Whether a resource is about to claim in an account that is not known of it yet."""
        return self._places.get(key) != account

    def looked(self, key: Key, *, in_vain: bool) -> bool:
        """Note how the look of a claimant ended; whether that is news."""
        news = in_vain != (key in self._in_vain)
        (self._in_vain.add if in_vain else self._in_vain.discard)(key)
        return news

    def unclaim(self, key: Key) -> None:
        self._in_vain.discard(key)
        self._places.pop(key, None)
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
        record = self.records.get(key)
        if record is None:  # it went while its pass was under way, and the pass will see to that
            return True, float("inf"), ""
        return not record.past.external_id, record.created_at.timestamp(), record.uid


def _same_substance(one: Resource, other: Resource) -> bool:
    return replace(one, version=other.version, status=other.status) == other


def _supersedes(view: Resource | Config, before: Resource | Config) -> bool:
    """Of one object the higher version; of two with the same name the one that is not buried, so the one that comes."""
    return view.uid != before.uid or newer(view.version, before.version)


def newer(version: str, than: str) -> bool:
    """Resource versions of one object are ordered decimals; what is no decimal is taken as newer."""
    if version.isdecimal() and than.isdecimal():
        return int(version) > int(than)
    return version != than


def _reference(record: Resource) -> Key | None:
    spec = record.spec
    if isinstance(spec, TrainingJobVersionSpec) and spec.job_ref:
        return Key("TrainingJob", record.key.namespace, spec.job_ref.name)
    return None


def _known_id(record: Resource) -> str:
    """The id that the spec or the status gives, "" for none. The status is parsed only if it holds one."""
    return record.given_id or (record.past.external_id if '"externalID":' in record.status else "")
