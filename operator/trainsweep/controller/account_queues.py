"""A queue for the resources of each account, so that a slow account holds up nobody else, and one for the accounts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

from trainsweep.accounts.account import in_flight
from trainsweep.cluster.cache import Cache
from trainsweep.controller.workqueue import Priority, WorkQueue
from trainsweep.core.resource import Key, Resource

#: Workers for resources of accounts that do not exist (yet): they only write a status.
STRAY_WORKERS = 4
ACCOUNT_WORKERS = 8
#: ProviderConfigs are looked at again this long after something about them changed, so that changes gather (seconds).
SETTLE = 1.0
#: Seconds after which a status that somebody else wrote is looked into: not at once, as the two would go on for ever.
RECHECK = 30.0


class AccountQueues:
    """`resource(key)` and `account(key)` handle a key, and return when it should come back: seconds, or None.

    `working`: keys are handled, and do not only gather.
    """

    def __init__(
        self,
        store: Cache,
        *,
        resource: Callable[[Key], Awaitable[float | None]],
        account: Callable[[Key], Awaitable[float | None]],
    ) -> None:
        self._store = store
        self._resource = resource
        self._account = account
        self.working = False
        self.accounts = WorkQueue(self._look_after, limit=ACCOUNT_WORKERS)
        #: By account.
        self.resources: dict[Key, WorkQueue] = {}

    def wake(self, key: Key) -> None:
        """Let a resource have its pass now."""
        record = self._store.records.get(key)
        if record:
            self._of(record.config).add(key, Priority.DELETION if record.deleting else Priority.CHANGE)

    def recheck(self, record: Resource) -> None:
        self._of(record.config).add(record.key, Priority.POLL, after=RECHECK)

    def bury(self, record: Resource) -> None:
        """Let the last pass of a resource that is gone tidy up after it."""
        queue = self._of(record.config)
        queue.forget(record.key)
        queue.add(record.key)

    def revisit(self, key: Key) -> None:
        """Let an account be looked after soon."""
        self.accounts.add(key, after=SETTLE)

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
        yield self.accounts
        yield from self.resources.values()

    def _of(self, config: Key) -> WorkQueue:
        queue = self.resources.get(config)
        if queue is None:
            queue = self.resources[config] = WorkQueue(self._resource, limit=STRAY_WORKERS)
            if self.working:
                queue.open()
        known = self._store.configs.get(config)
        queue.limit = in_flight(known.spec) if known else STRAY_WORKERS
        return queue

    async def _look_after(self, key: Key) -> float | None:
        try:
            return await self._account(key)
        finally:
            if key not in self._store.configs and key in self.resources and self.resources[key].idle:
                del self.resources[key]
