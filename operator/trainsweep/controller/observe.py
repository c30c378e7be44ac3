"""What the remote thing of a resource is now. Reads only.

A shared list serves first; a read by id when freshness matters. Absence needs both: the service itself refuses the id,
and a complete list does not hold it that began after our last write and after the thing was last seen there. A list may
leave out what can be read by id (a job of another workspace); so it testifies only for what it has shown before, unless
the refusal says "no such thing".
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from trainsweep.accounts.account import Account
from trainsweep.api.common import DesiredState
from trainsweep.api.provider import KindSupport
from trainsweep.calls.circuit_breaker import CircuitOpen
from trainsweep.cluster.cache import Cache
from trainsweep.controller.attempt_state import AttemptState, Look
from trainsweep.controller.lists import Lists
from trainsweep.core.errors import ConfigurationError, NotFound, OnlyListed, ProviderError, Refused, Unsettled
from trainsweep.core.external import WHOLE_OF, ExternalState, Remote, Target, Thing, state_of_parts
from trainsweep.core.inputs import Absent, Verb
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Resource
from trainsweep.core.state_table import lacks_time, made_again
from trainsweep.providers.registry import support_of

#: Which looks after a call are by id, come what may: the thing is mostly gone by then, and the proof takes this read
#: anyway. A resource that waits longer is better served by the list that all share.
CLOSE_LOOKS = (1, 2)
#: Seconds for which a read by id may be used by a look that had to come back for a list.
LOOK_AGE = 10.0
#: What does not say when it was made when it is read by id.
_UNDATED = frozenset({Thing.JOB, Thing.TUNING_JOB})
_UNDER_WAY = frozenset({ExternalState.PENDING, ExternalState.RUNNING, ExternalState.STOPPING, ExternalState.UNKNOWN})
#: A list of any age.
ANY_AGE = float("inf")


@dataclass(frozen=True, slots=True)
class Observed:
    """`listed`: a list that could prove the thing absent has shown it. `by_id`: it was read by id now."""

    seen: Remote | Absent
    listed: bool = False
    by_id: bool = False


@dataclass(frozen=True, slots=True)
class Observer:
    """One look at one target."""

    record: Resource
    target: Target
    attempt: AttemptState
    account: Account
    cache: Cache
    lists: Lists

    async def observe(self, *, fresh: bool) -> Observed:
        """`fresh` reads the thing by id in any case. Raises `ProviderError`, `ConfigurationError`, `ListPending`.

        To a resource that is to be cleaned up, another thing made under the name of the pinned one means that it is
        gone.
        """
        observed = await self._see(fresh=fresh)
        unwanted = self.record.deleting or self.record.spec.desired_state == DesiredState.ABSENT
        seen = observed.seen
        if unwanted and isinstance(seen, Remote) and (changed := made_again(self.record, seen, self._support)):
            gone = Absent(f"the pinned {self.target.id} is gone, and another one has its name: {changed}")
            return replace(observed, seen=gone)
        return observed

    @property
    def _support(self) -> KindSupport:
        return support_of(self.account.spec, self.target.thing)

    @property
    def _collection(self) -> str:
        return self.account.provider.collection(self.target)

    @property
    def _recent(self) -> float:
        return float(self.account.spec.polling.active_seconds)

    async def _see(self, *, fresh: bool) -> Observed:
        """The thing by a list or by id.

        While the provider is at work for us, every look brings news: a list begun before the last look would bring
        none. Nor would one begun before a person asked for a look.
        """
        attempt, now = self.attempt, asyncio.get_running_loop().time()
        asked_for = self.record.requested_at != self.record.past.handled_request
        looked, attempt.looked = attempt.looked, now
        floor = max(attempt.last_write, looked if attempt.waits else 0.0)
        in_a_list = bool(self.target.parent) or not self._support.by_parent
        if in_a_list and not fresh and not asked_for and attempt.waits not in CLOSE_LOOKS and not attempt.look:
            listing = await self.lists.get(self._collection, floor=floor, max_age=self._recent)
            entry = listing.entries.get(self.target.id)
            if entry and entry.complete and not lacks_time(self.record, entry):
                attempt.last_seen = listing.begun
                return Observed(entry, await self._listed(entry))
        begun, answer = await self._read(fresh=fresh)
        if isinstance(answer, OnlyListed) and (entry := await self._entry(attempt.last_write, self._recent)):
            attempt.look = None
            self._settle_empty(begun)
            whole = replace(entry, state=state_of_parts(()), parts=())
            return Observed(whole, listed=True, by_id=True)
        if isinstance(answer, Refused):
            absent = await self._absent(begun, answer)
            attempt.look = None
            return Observed(absent)
        attempt.emptied = 0.0
        listed = await self._listed(answer)
        if answer.created_at is None and self.target.thing in _UNDATED:
            # That never changes, so a list of any age can tell, unless it is older than the thing.
            known = await self._entry(0.0, ANY_AGE) or await self._entry(attempt.begun, ANY_AGE)
            answer = replace(answer, created_at=known.created_at if known else None)
        attempt.look = None
        return Observed(answer, listed, by_id=True)

    def _settle_empty(self, begun: float) -> None:
        """Raise until a later answer agrees that nothing of what was under way is left: a list may lag."""
        attempt, ran = self.attempt, self.record.past.external_state in _UNDER_WAY
        attempt.emptied = attempt.emptied or begun
        deleted = any(verb is Verb.DELETE for verb, _ in attempt.accepted)
        if ran and not deleted and begun - attempt.emptied < self._recent:
            raise Unsettled(f"The tasks of {self.target.id} are gone all at once; waiting until that is certain.")

    async def _entry(self, floor: float, max_age: float) -> Remote | None:
        """What a list of at most this age, begun at `floor` or later, shows of the thing."""
        listing = await self.lists.get(self._collection, floor=floor, max_age=max_age)
        entry = listing.entries.get(self.target.id)
        if entry:
            self.attempt.last_seen = max(self.attempt.last_seen, listing.begun)
        return entry

    async def _read(self, *, fresh: bool) -> tuple[float, Remote | Refused]:
        """The read by id, or the one of a moment ago when this look only comes back for a list."""
        attempt, now = self.attempt, asyncio.get_running_loop().time()
        look = attempt.look
        if look and look.target_id == self.target.id and not fresh and look.begun > attempt.last_write:
            limit = self._recent * 4 if isinstance(look.answer, Refused) else LOOK_AGE
            if now - look.begun <= limit:
                return look.begun, look.answer
        try:
            answer: Remote | Refused = await self.account.read(self.target)
            attempt.last_seen = now
        except Refused as refusal:
            answer = refusal
        if isinstance(answer, Remote) and answer.parent:
            attempt.parent = answer.parent
        attempt.look = Look(self.target.id, now, answer)
        return now, answer

    async def _absent(self, begun: float, refusal: Refused) -> Absent:
        """The proof of absence. Raises when it does not hold."""
        attempt = self.attempt
        if not refusal.about_the_id:
            attempt.look = None
            raise refusal
        # Of a thing that was never seen, only a list younger than the refusal can tell.
        floor = max(attempt.last_write, attempt.last_seen or begun)
        listing = await self.lists.get(self._collection, floor=floor, max_age=ANY_AGE)
        if self.target.id in listing.entries and listing.begun < begun:
            listing = await self.lists.get(self._collection, floor=begun, max_age=ANY_AGE)
        target_id, past = self.target.id, self.record.past
        if target_id in listing.entries:
            attempt.look = None
            raise Refused(
                f"The provider refuses {target_id} ({refusal}) but still lists it; waiting until both agree."
            ) from refusal
        if past.external_id and not (past.listed or isinstance(refusal, NotFound)):
            attempt.look = None
            raise Refused(
                f"The provider refuses {target_id} ({refusal}) without saying that it is gone, and no list of this "
                "account has ever shown it, so the lists cannot tell. If this answer means that it is gone, say so by "
                "errorClasses of the ProviderConfig, or let go of it by the annotation force-orphan."
            ) from refusal
        if not self._key_leads_there():
            attempt.look = None
            raise ConfigurationError(
                Reason.IDENTITY_CHANGED,
                f"The access key of {self.record.config} was changed since {target_id} was seen, and nothing that was "
                "seen with the former key was seen with this one: it may be a key of another account. Use a key of "
                "the account that holds it, or free this resource by force-orphan.",
            )
        return Absent(f"{target_id}: {refusal}; and the complete list {self._collection} does not hold it")

    def _key_leads_there(self) -> bool:
        """Whether the key in use leads to the account in which the thing was seen. Keys are told apart only where the
        provider does not say which account they belong to.
        """
        pinned = self.record.past.account
        now = set(self.account.identity.keys)
        if pinned is None or not pinned.keys or not now or now & set(pinned.keys):
            return True
        for user in self.cache.users.get(self.record.config, ()):
            other = self.cache.records[user].past.account
            if other and now & set(other.keys) and set(pinned.keys) & set(other.keys):
                return True
        return False

    async def _listed(self, remote: Remote) -> bool:
        """Whether a list that could prove it absent has shown the thing.

        Of a part that is the list of the wholes: its own list counts as empty once its whole is refused.
        """
        if self.record.past.listed:
            return True
        whole = WHOLE_OF.get(self.target.thing)
        if whole is None:
            latest = self.account.lists.latest(self._collection)
            return latest is not None and self.target.id in latest.entries
        parent = remote.parent or self.attempt.parent
        if not parent:
            return False
        collection = self.account.provider.collection(Target(whole, parent))
        try:
            for max_age in (ANY_AGE, self._recent):
                listing = await self.lists.get(collection, floor=0.0, max_age=max_age)
                if parent in listing.entries:
                    return True
        except (ProviderError, CircuitOpen):
            pass  # what was asked is known; whether it is listed is asked again with the next look
        return False
