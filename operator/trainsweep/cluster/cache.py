"""What the API server last said of our objects, with the indices that decisions need. Memory only, no I/O.

A view comes from a watch event, from the answer to a write or a read, or from a list. Of two views of one object the
one with the higher resource version counts. A list counts as it is: what was taken in before it began gives way to it,
whatever the versions, as after a restore of etcd these go back.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from trainsweep.cluster.decode import Config, Unreadable
from trainsweep.cluster.index import Index
from trainsweep.cluster.ownership import Ownership
from trainsweep.cluster.removal_demand import RemovalDemand
from trainsweep.core.deletion_demand import is_not_allowed
from trainsweep.core.resource import Key, Resource


class Change(Enum):
    """What a new view of an object brought."""

    NOTHING = auto()
    STATUS = auto()
    SUBSTANCE = auto()


#: How many uids of objects that are gone are remembered, so that a late event does not bring them back.
TOMBSTONES = 20_000


@dataclass(slots=True)
class Cache:
    """`clock` gives the time at which a view is taken in, in seconds."""

    clock: Callable[[], float] = time.monotonic
    records: dict[Key, Resource] = field(default_factory=dict)
    configs: dict[Key, Config] = field(default_factory=dict)
    #: ProviderConfigs of which too little can be read, with the reason.
    unreadable: dict[Key, str] = field(default_factory=dict)
    #: Resources by the account that they use.
    users: Index[Key, Key] = field(default_factory=Index)
    #: TrainingJobVersions by the TrainingJob that their jobRef names.
    referrers: Index[Key, Key] = field(default_factory=Index)
    #: Resources by their namespace.
    inhabitants: Index[str, Key] = field(default_factory=Index)
    demand: RemovalDemand = field(default_factory=RemovalDemand)
    ownership: Ownership = field(init=False)
    _taken: dict[Key, float] = field(default_factory=dict)
    #: Uids that are gone, and since when.
    _tombstones: OrderedDict[str, float] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self.ownership = Ownership(self.records, self.configs)

    def put(self, record: Resource, *, listed: float | None = None) -> Change:
        """Take a view of a resource, unless a newer one is here already or the resource is known to be gone.

        `listed` is when the list began that holds it, None for any other view.
        """
        before = self.records.get(record.key)
        if not self._counts(record, before, listed):
            return Change.NOTHING
        if before and before.uid != record.uid:
            self.tombstone(before.key, before.uid)
        elif before:
            self._unindex(before)
        self._taken[record.key] = self.clock()
        self.records[record.key] = record
        self.users.add(record.config, record.key)
        self.inhabitants.add(record.key.namespace, record.key)
        if job := record.referenced_job:
            self.referrers.add(job, record.key)
        self.demand.update(record)
        self.ownership.note(record)
        if before and _same_substance(before, record):
            return Change.NOTHING if before.status == record.status else Change.STATUS
        return Change.SUBSTANCE

    def put_config(self, config: Config, *, listed: float | None = None) -> Change:
        before = self.configs.get(config.key)
        if not self._counts(config, before, listed):
            return Change.NOTHING
        if before and before.uid != config.uid:
            self.tombstone(before.key, before.uid)
        self._taken[config.key] = self.clock()
        self.configs[config.key] = config
        self.unreadable.pop(config.key, None)
        if before and replace(before, version=config.version, status=config.status) == config:
            return Change.STATUS
        return Change.SUBSTANCE

    def put_unreadable(self, view: Unreadable) -> Change:
        """Take in an object that cannot be read: what is known of it stays, and is acted on no more."""
        known = self.records.get(view.key) or self.configs.get(view.key)
        if isinstance(known, Resource) and known.uid == view.uid:
            return self.put(replace(known, version=view.version, problem=view.problem))
        if isinstance(known, Config) and known.uid == view.uid:
            return self.put_config(replace(known, version=view.version, problem=view.problem))
        before = self.unreadable.get(view.key)
        self.unreadable[view.key] = view.problem
        return Change.NOTHING if before == view.problem else Change.SUBSTANCE

    def unchanged(self, record: Resource) -> bool:
        """Whether a decision taken on this view still stands: nothing but status and version has changed since."""
        current = self.records.get(record.key)
        return current is not None and _same_substance(current, record)

    def dependents(self, account: Key) -> list[Resource]:
        """The resources that count as users of an account. One that it does not allow keeps nothing of it."""
        return [self.records[key] for key in self.users.get(account, ()) if not is_not_allowed(self.records[key])]

    def taken_before(self, key: Key, moment: float) -> bool:
        """Whether the view of an object that is here was taken in before this moment of the clock."""
        return self._taken.get(key, 0.0) < moment

    def tombstone(self, key: Key, uid: str) -> bool:
        """Note that an object is gone; whether it was here. A late event about it is ignored from now on.

        Its claim stays until the controller has woken its contenders.
        """
        self._tombstones[uid] = self.clock()
        while len(self._tombstones) > TOMBSTONES:
            self._tombstones.popitem(last=False)
        self.unreadable.pop(key, None)
        record, config = self.records.get(key), self.configs.get(key)
        if record and record.uid == uid:
            self._remove(record)
            return True
        if config and config.uid == uid:
            del self.configs[key], self._taken[key]
            return True
        return False

    def _remove(self, record: Resource) -> None:
        del self.records[record.key], self._taken[record.key]
        self._unindex(record)

    def _unindex(self, record: Resource) -> None:
        self.users.discard(record.config, record.key)
        self.inhabitants.discard(record.key.namespace, record.key)
        self.demand.remove(record)
        if job := record.referenced_job:
            self.referrers.discard(job, record.key)

    def _counts(self, view: Resource | Config, before: Resource | Config | None, listed: float | None) -> bool:
        """Whether a view is newer than what is here."""
        gone = self._tombstones.get(view.uid)
        if gone is not None:
            if listed is None or gone >= listed:
                return False
            del self._tombstones[view.uid]  # a list that began later holds it: it was not gone
        if before is None or before.uid != view.uid:
            return True
        if listed is not None and self.taken_before(view.key, listed):
            return view != before
        return newer(view.version, before.version)


def _same_substance(one: Resource, other: Resource) -> bool:
    return replace(one, version=other.version, status=other.status) == other


def newer(version: str, than: str) -> bool:
    """Resource versions of one object are ordered decimals; what is no decimal is taken as newer."""
    if version.isdecimal() and than.isdecimal():
        return int(version) > int(than)
    return version != than
