"""Two stages of work. What the API server alone can settle has a queue of its own, which no provider can hold up; what
needs a provider waits in the queue of its account, so that a slow account holds up no other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

from trainsweep.accounts.account import Account
from trainsweep.accounts.ceilings import UNLIMITED, Ceilings
from trainsweep.api.common import DesiredState
from trainsweep.cluster.cache import Cache
from trainsweep.controller.fair_queue import Priority
from trainsweep.controller.workqueue import WorkQueue
from trainsweep.core.resource import Key, Resource

#: Workers of the first stage: as many as there are connections to the API server for them.
CLUSTER_WORKERS = 16
ACCOUNT_WORKERS = 8
#: ProviderConfigs are looked at again this long after something about them changed, so that changes gather (seconds).
SETTLE = 1.0
#: Seconds after which a status that somebody else wrote is looked into: not at once, as the two would go on for ever.
RECHECK = 30.0
#: Seconds until the queue of an account that is gone is looked at again while work on it is under way.
LEFTOVER = 5.0
#: The lanes of an account's queue: those who read, and those who hold a permit to write.
READ, WRITE = 0, 1

#: What the status of a resource holds that is as it should be, in the form of `Resource.status`.
_READY = '"type":"Ready","status":"True"'


class AccountQueues:
    """`settle(key)` is the first stage, `work(key, permit)` the second, with or without the permit to make one write;
    both return when the key should come back to the first stage: seconds, or None. `look_after(key)` handles an
    account; `opened(key)` is the account at work, None for none.

    `working`: keys are handled, and do not only gather.
    """

    def __init__(
        self,
        store: Cache,
        *,
        settle: Callable[[Key], Awaitable[float | None]],
        work: Callable[[Key, bool], Awaitable[float | None]],
        look_after: Callable[[Key], Awaitable[float | None]],
        opened: Callable[[Key], Account | None],
        ceilings: Ceilings = UNLIMITED,
    ) -> None:
        self._store = store
        self._work = work
        self._account = look_after
        self._opened = opened
        self._ceilings = ceilings
        self.working = False
        self.cluster = WorkQueue(settle, limit=CLUSTER_WORKERS)
        self.accounts = WorkQueue(self._look_after, limit=ACCOUNT_WORKERS)
        #: By account.
        self.providers: dict[Key, WorkQueue] = {}

    def wake(self, key: Key) -> None:
        """Let a resource have its pass now."""
        record = self._store.records.get(key)
        if record:
            self.cluster.add(key, _priority(record))

    def ask_provider(self, key: Key, *, write: bool = False) -> None:
        """Let a resource have its turn at its account; for a write, once there is a permit for it."""
        record = self._store.records.get(key)
        if record:
            self._of(record.config).add(key, _priority(record), lane=WRITE if write else READ)

    def recheck(self, record: Resource) -> None:
        self.cluster.add(record.key, Priority.POLL, after=RECHECK)

    def tidy_up(self, record: Resource) -> None:
        """Let the last pass of a resource that is gone tidy up after it."""
        if queue := self.providers.get(record.config):
            queue.forget(record.key)
        self.cluster.forget(record.key)
        self.cluster.add(record.key)

    def revisit(self, key: Key) -> None:
        """Let an account be looked after soon."""
        self.accounts.add(key, after=SETTLE)

    def look_after(self, key: Key) -> None:
        """Let an account be looked after now."""
        self.accounts.add(key)

    def kick(self, key: Key) -> None:
        """What held up an account may be over."""
        if queue := self.providers.get(key):
            queue.kick()

    def open(self) -> None:
        """Begin to work. Keys may be added before."""
        self.working = True
        for queue in self:
            queue.open()

    async def drain(self, seconds: float) -> None:
        """Take no new keys and wait for the work under way; what is not done by then is cut off."""
        self.working = False
        await asyncio.gather(*(queue.drain(seconds) for queue in self))

    def cut(self) -> None:
        """Take no new keys and cancel the work under way."""
        self.working = False
        for queue in self:
            queue.cut()

    def __iter__(self) -> Iterator[WorkQueue]:
        yield self.cluster
        yield self.accounts
        yield from self.providers.values()

    def _of(self, config: Key) -> WorkQueue:
        queue = self.providers.get(config)
        if queue is None:

            async def work(key: Key) -> float | None:
                return await self._turn(config, key)

            pauses = (lambda: self._pause(config, write=False), lambda: self._pause(config, write=True))
            queue = self.providers[config] = WorkQueue(work, limit=1, pauses=pauses)
            if self.working:
                queue.open()
        known = self._store.configs.get(config)
        queue.limit = self._ceilings.in_flight(known.spec) if known else 1
        return queue

    def _pause(self, config: Key, *, write: bool) -> float:
        account = self._opened(config)
        return account.pause(write=write) if account else 0.0  # without an account its pass says what is missing

    async def _turn(self, config: Key, key: Key) -> float | None:
        """One turn at the provider; what comes of it goes on in the first stage."""
        permit = self.providers[config].lane_of(key) == WRITE
        after = await self._work(key, permit)
        if after is not None:
            self.cluster.add(key, Priority.POLL, after=max(after, 0.001))
        return None

    async def _look_after(self, key: Key) -> float | None:
        after = await self._account(key)
        self.kick(key)
        queue = self.providers.get(key)
        if queue is None or key in self._store.configs:
            return after
        if queue.idle:
            del self.providers[key]
            return after
        return LEFTOVER


def _priority(record: Resource) -> Priority:
    """Deletions before stops before polls."""
    if record.deleting:
        return Priority.DELETION
    if _READY in record.status and record.past.generation == record.generation:
        return Priority.POLL
    return Priority.DELETION if record.spec.desired_state == DesiredState.ABSENT else Priority.CHANGE
