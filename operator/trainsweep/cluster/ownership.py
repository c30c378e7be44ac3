"""Who owns a remote thing that several resources name. Memory only, no I/O; the same answer after a restart.

The owner is the resource that has seen the thing: `status.externalID` is pinned, and `status.account` says where.
Within a namespace the oldest one that may still turn out to see it comes first, so that two resources of one `kubectl
apply` end the same way in any order. Across namespaces a claim counts only once its claimant has seen the thing: a
tenant must not block another one by a name that it only writes down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trainsweep.api.common import DeletionPolicy, DesiredState, Mode
from trainsweep.api.fine_tuning import FineTuningJobSpec
from trainsweep.api.training import TrainingJobSpec, TrainingJobVersionSpec
from trainsweep.cluster.decode import Config
from trainsweep.cluster.index import Index
from trainsweep.core.account_id import AccountID
from trainsweep.core.deletion_demand import cannot_act
from trainsweep.core.errors import ConfigurationError
from trainsweep.core.external import Target
from trainsweep.core.resource import Key, Resource
from trainsweep.providers.registry import identity

#: A remote thing by kind and id, in whatever account.
Claim = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Owner:
    """Another resource that owns the thing; `pinned` says that it has seen it, `going` that it is being deleted."""

    key: Key
    pinned: bool
    going: bool = False


@dataclass(frozen=True, slots=True)
class Heir:
    """Another living resource of the namespace that wants the thing to stay; `sure` once it is ready to take over: its
    name is resolved, and it cannot vanish unnoticed.
    """

    key: Key
    sure: bool


class Ownership:
    """`records` and `configs` are those of the cache."""

    def __init__(self, records: Mapping[Key, Resource], configs: Mapping[Key, Config]) -> None:
        self._records = records
        self._configs = configs
        self._claims: Index[Claim, Key] = Index()
        self._claimed: dict[Key, Claim] = {}
        #: The account in which each claimant last claimed it: by then the id of a project that is only named is known.
        self._accounts: dict[Key, AccountID] = {}
        #: Claimants that could not reach what they name. They stand back until their account changes.
        self._unreachable: set[Key] = set()
        #: Those of them that could look, and found nothing.
        self._found_nothing: set[Key] = set()
        #: Resources whose remote thing is not known by id, by namespace and kind.
        self._unresolved: Index[tuple[str, str], Key] = Index()
        #: Resources whose status is being written with the id that they have just seen.
        self._pinning: set[Key] = set()

    def note(self, record: Resource) -> None:
        """Take in a view of a resource: what it names by id counts at once, not with its first pass."""
        place = (record.key.namespace, record.key.kind)
        if known := record.known_id:
            self._unresolved.discard(place, record.key)
            self._note_claim(record.key, (record.thing.value, known))
        else:
            self._unresolved.add(place, record.key)

    def claim(self, key: Key, account: AccountID, target: Target) -> Owner | None:
        """Note that a resource names a thing of this account; the answer is its owner when that is another one."""
        claim = (target.thing.value, target.id)
        self._note_claim(key, claim)
        self._accounts[key] = account
        contenders = self._claims[claim]
        if len(contenders) == 1:
            return self._elder_that_looks(key)
        counted = [other for other in contenders if other == key or self._counts(other, key, account)]
        owner = min(counted, key=self._seniority)
        if owner == key:
            return self._elder_that_looks(key)
        record = self._records.get(owner)
        return Owner(owner, self._pinned(owner), going=record is not None and record.deleting)

    def pin(self, key: Key, account: AccountID, target: Target) -> bool:
        """Whether a resource may write down that it has seen the thing. Until `pinned` nobody else may: of two that
        look at the same moment one alone becomes the owner.
        """
        owner = self.claim(key, account, target)
        if owner and owner.pinned:
            return False
        self._pinning.add(key)
        return True

    def pinned(self, key: Key) -> None:
        """The write has ended, however that was; from now on the status tells."""
        self._pinning.discard(key)

    def is_news(self, key: Key, account: AccountID, target: Target) -> bool:
        """Whether this claim is another one than before, so that its contenders must look again."""
        return self._accounts.get(key) != account or self._claimed.get(key) != (target.thing.value, target.id)

    def heir(self, record: Resource, account: AccountID | None, mode: Mode) -> Heir | None:
        """Who takes over what a resource owns when it is deleted, `mode` being that of its account."""
        known = record.known_id
        if not known or account is None:
            return None
        claimants = self._claims.get((record.thing.value, known), set()) - {record.key}
        able = [key for key in claimants if self._may_inherit(key, record, account)]
        same = [key for key in able if self._same_account(key, record, account)]
        if ready := [key for key in same if mode is Mode.PLAN or _held(self._records[key])]:
            return Heir(min(ready, key=self._seniority), sure=True)
        if soon := same or [key for key in able if not self._records[key].paused]:
            return Heir(min(soon, key=self._seniority), sure=False)
        place = (record.key.namespace, record.key.kind)
        for key in sorted(self._unresolved.get(place, ())):
            other = self._records.get(key)
            if other is None or not self._still_looks(other):
                continue
            if _may_name(other, record) and self._may_inherit(key, record, account):
                return Heir(key, sure=False)
        return None

    def contenders(self, key: Key) -> set[Key]:
        """The other resources that name the same remote thing."""
        claim = self._claimed.get(key)
        return self._claims.get(claim, set()) - {key} if claim else set()

    def looked(self, key: Key, *, reached: bool, nothing: bool = False) -> bool:
        """Note how the look of a claimant ended, `nothing` when there was no such thing; whether that is news."""
        news = reached == (key in self._unreachable)
        (self._unreachable.discard if reached else self._unreachable.add)(key)
        (self._found_nothing.add if nothing else self._found_nothing.discard)(key)
        return news

    def saw(self, record: Resource) -> set[Key]:
        """What a deleted resource has just seen, others may see, too, though there was nothing when they looked: they
        count again, and should look.
        """
        unresolved = self._unresolved.get((record.key.namespace, record.key.kind), set()) & self._found_nothing
        by_name = {key for key in unresolved if key in self._records and _may_name(self._records[key], record)}
        others = self.contenders(record.key) & self._found_nothing | by_name
        account = record.past.account
        again = {key for key in others if account is None or self._same_account(key, record, account)}
        self.let_look_again(again)
        return again

    def let_look_again(self, keys: set[Key]) -> None:
        """Their account has changed: what they could not reach before says nothing any more."""
        self._unreachable -= keys
        self._found_nothing -= keys

    def release(self, key: Key) -> None:
        """The resource is gone or let go."""
        self.let_look_again({key})
        self._pinning.discard(key)
        self._accounts.pop(key, None)
        self._unresolved.discard((key.namespace, key.kind), key)
        if claim := self._claimed.pop(key, None):
            self._claims.discard(claim, key)

    def _note_claim(self, key: Key, claim: Claim) -> None:
        before = self._claimed.get(key)
        if before == claim:
            return
        if before:
            self._claims.discard(before, key)
        self._accounts.pop(key, None)
        self.let_look_again({key})
        self._claimed[key] = claim
        self._claims.add(claim, key)

    def _counts(self, other: Key, key: Key, account: AccountID) -> bool:
        """Whether a claimant is still there, means this account, and has seen the thing or may still see it."""
        record = self._records.get(other)
        if record is None or (record.deleting and not record.has_finalizer):
            return False
        where = self._where(record)
        if where is None:
            return False
        going = record.deleting and not record.paused
        if going and self._may_inherit(key, record, where) and not self._same_account(key, record, where):
            return False  # it waits until this one has looked
        if self._pinned(other):
            return where.may_be(account) if other.namespace == key.namespace else where.is_surely(account)
        if other.namespace != key.namespace or other in self._unreachable or record.paused or cannot_act(record):
            return False
        return where.may_be(account)

    def _where(self, record: Resource) -> AccountID | None:
        """The account in which a resource means its id; None when it has none, or was led elsewhere since."""
        config = self._configs.get(record.config)
        if config is None:
            return None
        try:
            now = self._accounts.get(record.key) or identity(config.spec)
        except ConfigurationError:
            return None
        pinned = record.past.account if record.past.external_id else None
        if pinned is None:
            return now
        return pinned if pinned.may_be(now) else None

    def _may_inherit(self, key: Key, record: Resource, account: AccountID) -> bool:
        other = self._records.get(key)
        if other is None or key.namespace != record.key.namespace or other.deleting or other.problem:
            return False
        if key in self._unreachable:
            return False  # it could not take over
        wants_it = other.spec.desired_state in (DesiredState.PRESENT, DesiredState.STOPPED)
        where = self._where(other)
        return wants_it and where is not None and where.may_be(account)

    def _same_account(self, key: Key, record: Resource, account: AccountID) -> bool:
        """Whether another resource that may mean the account of a resource surely does. Where the provider does not
        tell which account a key belongs to, it has the same key, or has seen the thing.
        """
        other = self._records.get(key)
        if other is None:
            return False
        where, home = self._where(other), record.past.account
        if other.config == record.config or self._pinned(key) or not account.keys:
            return True
        return where is not None and not set(where.keys).isdisjoint((*account.keys, *(home.keys if home else ())))

    def _elder_that_looks(self, key: Key) -> Owner | None:
        """An older resource of the same account and namespace whose name may turn out to be that of the same thing."""
        record = self._records.get(key)
        if record is None or record.pinned or key in self._pinning:
            return None
        for other in sorted(self._unresolved.get((key.namespace, key.kind), ())):
            elder = self._records.get(other)
            if elder is None:
                continue
            if not self._still_looks(elder) or elder.deleting or elder.config != record.config:
                continue
            if cannot_act(elder) or not _may_name(elder, record):
                continue
            if (elder.created_at, elder.uid) < (record.created_at, record.uid):
                return Owner(other, pinned=False)
        return None

    def _still_looks(self, record: Resource) -> bool:
        """Whether a resource whose thing is not known by id may soon know it. One that goes by the job of another
        resource never does while that one looks no more.
        """
        if record.paused or record.key in self._unreachable or record.key in self._claimed:
            return False
        if record.referenced_job is None:
            return True
        job = self._records.get(record.referenced_job)
        return job is not None and (bool(job.known_id) or (self._still_looks(job) and not cannot_act(job)))

    def _pinned(self, key: Key) -> bool:
        record = self._records.get(key)
        return key in self._pinning or (record is not None and record.pinned)

    def _seniority(self, key: Key) -> tuple[bool, float, str]:
        record = self._records.get(key)
        if record is None:  # it went while its pass was under way
            return True, float("inf"), ""
        return not self._pinned(key), record.created_at.timestamp(), record.uid


def _held(record: Resource) -> bool:
    """It has its finalizer, or its policy is Orphan and it needs none."""
    return record.has_finalizer or record.past.policy == DeletionPolicy.ORPHAN


def _may_name(other: Resource, record: Resource) -> bool:
    """Whether a resource that goes by a name may turn out to name the thing of `record`."""
    mine = record.spec
    if isinstance(other.spec, TrainingJobVersionSpec) and isinstance(mine, TrainingJobVersionSpec):
        pairs = ((other.spec.version_name, mine.version_name), (other.spec.version_id, mine.version_id))
        return not any(one and two and one != two for one, two in pairs)  # which job it means, its look tells
    if not isinstance(other.spec, TrainingJobSpec | FineTuningJobSpec):
        return True
    known_names = {record.past.external_name, getattr(record.spec, "job_name", None)} - {"", None}
    return not known_names or other.spec.job_name in known_names
