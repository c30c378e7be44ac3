"""The last check before a stop or delete: everything that it rests on is read again from the API server.

What the watch has shown may be minutes old: its connection may hang, or this replica may lead since a moment. So the
resource, its ProviderConfig and its namespace are read, the plan is asked again, and the call goes out only if the plan
still wants that very call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from trainsweep.calls.single_flight import SingleFlightCache
from trainsweep.cluster.cache import Cache
from trainsweep.cluster.decode import Config, Unreadable, decode
from trainsweep.controller.attempt_state import AttemptState
from trainsweep.controller.gather import Gatherer, Pass
from trainsweep.core.decision import Delete, Stop
from trainsweep.core.external import Target
from trainsweep.core.plan import plan
from trainsweep.core.resource import Key, Resource
from trainsweep.kube import paths
from trainsweep.kube.client import KubeClient

#: Seconds for which what was read may be acted on.
FRESH = 10.0
#: The same for what many resources share: it is read once for those that act at the same time.
SHARED = 5.0


class LastCheck:
    """`take(view)` takes in what was read, with all that follows from it."""

    def __init__(
        self,
        client: KubeClient,
        store: Cache,
        gatherer: Gatherer,
        take: Callable[[Resource | Config | Unreadable], None],
    ) -> None:
        self._client = client
        self._store = store
        self._gatherer = gatherer
        self._take = take
        self._configs: SingleFlightCache[Key, None] = SingleFlightCache(self._read)

    async def __call__(self, state: Pass, attempt: AttemptState, action: Stop | Delete, target: Target) -> Pass | None:
        """The pass as it is now, None when this call is not wanted any more. Raises `KubeError`.

        What was read is in the cache afterwards, so that the next pass goes by it.
        """
        record, begun = state.facts.record, asyncio.get_running_loop().time()
        await asyncio.gather(self._read(record.key), self._configs.get(record.config, begun - SHARED))
        now = self._store.records.get(record.key)
        if now is None or now.uid != record.uid:
            return None
        fresh = await self._gatherer.gather(now, attempt, begun_after=begun - SHARED)
        if fresh.account is not state.account or fresh.facts.account != state.facts.account:
            return None
        seen = replace(
            fresh.facts,
            seen=state.facts.seen,
            target=state.facts.target,
            fresh=state.facts.fresh,
            listed=state.facts.listed,
            account=state.facts.account,
        )
        again = plan(seen).action
        if type(again) is not type(action) or not isinstance(again, Stop | Delete) or target not in again.targets:
            return None
        return replace(fresh, facts=seen)

    def forget(self, config: Key) -> None:
        self._configs.forget(config)

    async def _read(self, key: Key) -> None:
        self._take(decode(key.kind, await self._client.get(paths.resource(key))))
