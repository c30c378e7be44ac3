"""The end of a pass: say how the resource stands, follow its remote thing, and say when to look again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from trainsweep.accounts.account import Account
from trainsweep.accounts.deletion_gate import DeletionGate
from trainsweep.api.names import FORCE_ORPHAN
from trainsweep.cluster.cache import Cache
from trainsweep.controller.attempt_state import AttemptState
from trainsweep.controller.backoff import next_look
from trainsweep.controller.gather import Pass
from trainsweep.controller.requeue import Changed, Requeue
from trainsweep.controller.status_writer import StatusWriter
from trainsweep.core.decision import Plan
from trainsweep.core.external import WHOLE_OF, Remote, Target
from trainsweep.core.inputs import Absent, Inputs, Verb
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Key

#: Seconds until a new resource whose provider has not answered yet says so in its status.
FIRST_WORD = 5.0
#: A thing that is proven gone and should be there is looked at again after so many idle intervals, as it may come back.
COMES_BACK = 12
#: Obstacles that go by themselves: a resource that meets one may still turn out to own what it names.
PASSING = frozenset({Reason.OBSERVING, Reason.PROVIDER_UNAVAILABLE, Reason.RATE_LIMITED})


class Rest:
    """`wake(key)` brings a resource back."""

    def __init__(
        self,
        store: Cache,
        status_writer: StatusWriter,
        removals: DeletionGate,
        requeue: Requeue,
        *,
        wake: Callable[[Key], None],
    ) -> None:
        self._store = store
        self._writer = status_writer
        self._removals = removals
        self._requeue = requeue
        self._wake = wake

    async def __call__(self, decision: Plan, state: Pass, attempt: AttemptState) -> float | None:
        """Nothing to do now: say how it stands and when to look again."""
        facts, account = state.facts, state.account
        self.answer_force_orphan(facts)
        if isinstance(facts.seen, Absent):
            if any(verb is Verb.DELETE for verb, _ in facts.asked):
                self._writer.removed(facts, max(asked.ago for asked in facts.asked.values()), facts.seen.evidence)
            attempt.accepted.clear()
            attempt.tries.clear()
        if account and not decision.moving and facts.obstacle is None and not facts.held_back:
            self._removals.done(account.guard, facts.record.config, facts.record.uid)
            attempt.waits = 0
        if not (state.quiet and self._says_it(facts, attempt)):
            await self.tell(facts, decision, attempt)
        if account and isinstance(facts.seen, Remote | Absent) and not facts.owner:
            self.follow(state)
        self._make_way(facts)
        if facts.held_back:
            self._writer.event(facts, Reason.DELETION_HELD, facts.held_back, warning=True)
            return account.spec.polling.idle_seconds if account else None
        if state.retry is not None:
            return state.retry
        if facts.obstacle is None:
            attempt.failures = 0
        if decision.moving and account:
            return next_look(attempt, account.spec.polling.active_seconds)
        return self._next(decision, facts, account)

    def _says_it(self, facts: Inputs, attempt: AttemptState) -> bool:
        """Whether the trouble of a whole account may stay untold here: the status is one of this spec, or will be."""
        record = facts.record
        if record.past.generation == record.generation:
            return True
        young = asyncio.get_running_loop().time() - attempt.begun < FIRST_WORD
        return young and facts.obstacle is not None and facts.obstacle.reason is Reason.OBSERVING

    def _next(self, decision: Plan, facts: Inputs, account: Account | None) -> float | None:
        """Seconds until the next look at a resource at rest."""
        if account is None:
            young = facts.obstacle and facts.obstacle.reason is Reason.OBSERVING and not facts.record.status
            return FIRST_WORD if young else decision.after
        idle = account.spec.polling.idle_seconds
        by_name = facts.seen is not None and facts.target is None  # no such name yet: no list entry to follow
        unlisted = facts.seen is not None and not (facts.listed or facts.record.past.listed)
        # Which tasks a fine-tuning job holds no list of jobs shows.
        unshown = decision.standing.reason is Reason.NOT_EMPTY
        if by_name or unlisted or unshown:
            return min(idle, decision.after) if decision.after else idle
        if isinstance(facts.seen, Absent) and decision.standing.reason is Reason.NOT_FOUND:
            return idle * COMES_BACK
        return decision.after

    async def tell(self, facts: Inputs, decision: Plan, attempt: AttemptState) -> None:
        """Write the status, and wake those who depend on what it brought."""
        record = facts.record
        await self._writer.report(facts, decision, attempt)
        if not self._store.unchanged(record):
            # The answer held somebody's edit; the watch will have nothing new to say of it.
            self._wake(record.key)
        now = self._store.records.get(record.key)
        if now and now.pinned and not record.pinned:
            self._requeue(Changed.PINNED, now)

    def _make_way(self, facts: Inputs) -> None:
        """A resource that cannot reach its remote thing gives up ownership, so that another may claim it."""
        failed = isinstance(facts.seen, Absent) or (facts.obstacle and facts.obstacle.reason not in PASSING)
        if (failed or isinstance(facts.seen, Remote)) and self._store.ownership.looked(
            facts.record.key, reached=not failed, nothing=isinstance(facts.seen, Absent)
        ):
            self._requeue(Changed.LOOKED, facts.record)

    def answer_force_orphan(self, facts: Inputs) -> None:
        """Say so when the annotation names something else: a person waits for the resource to go."""
        record = facts.record
        if not record.deleting or not record.force_orphan:
            return
        ids = " or ".join(sorted(record.known_ids | ({facts.target.id} if facts.target else set()))) or "not known yet"
        message = f"{FORCE_ORPHAN} names {record.force_orphan}, but the remote thing is {ids}; it changes nothing."
        self._writer.event(facts, Reason.FORCE_ORPHAN_IGNORED, message, warning=True)

    def follow(self, state: Pass) -> None:
        facts, account = state.facts, state.account
        if not (account and facts.target):
            return
        target, seen = facts.target, facts.seen if isinstance(facts.seen, Remote) else None
        whole = WHOLE_OF.get(target.thing)
        parent = (seen.parent if seen else "") or target.parent or facts.record.past.parent
        followed_whole = ("", "")
        if whole and parent:
            followed_whole = account.provider.collection(Target(whole, parent)), parent
        collection = account.provider.collection(replace(target, parent=parent))
        account.poller.follow(facts.record.key, collection, target.id, seen, followed_whole)
