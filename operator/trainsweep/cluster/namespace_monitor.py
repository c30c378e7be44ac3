"""What of a namespace decides: its annotation with the deletion policy, its labels, its end. Looked at again and again.

Namespaces are not watched: reading the few that hold resources needs less permission, and the same in every mode.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from trainsweep.calls.single_flight import SingleFlightCache
from trainsweep.cluster.cache import Cache
from trainsweep.core.resource import Key
from trainsweep.kube.client import KubeError
from trainsweep.kube.cluster_reads import Namespace

log = logging.getLogger(__name__)

#: Seconds in which every namespace with resources is looked at once.
ROUND = 120.0
#: The longest pause between two looks (seconds).
LONGEST_STEP = 30.0


class NamespaceMonitor:
    """Reads namespaces for decisions, and again and again. Whoever reads one, all in it hear when it has changed:
    `wake(key)` puts a resource on the queue.
    """

    def __init__(
        self, read: Callable[[str], Awaitable[Namespace]], store: Cache, *, wake: Callable[[Key], None]
    ) -> None:
        self._read = read
        self._store = store
        self._wake = wake
        self._namespaces: SingleFlightCache[str, Namespace] = SingleFlightCache(self._read_again)

    async def get(self, name: str, begun_after: float) -> Namespace:
        """A namespace as it was at `begun_after` (loop time) or later. Raises `KubeError`."""
        return await self._namespaces.get(name, begun_after)

    async def look_after(self) -> None:
        """Never return."""
        while True:
            names = tuple(self._store.inhabitants)
            for name in self._namespaces.keys() - set(names):
                self._namespaces.forget(name)
            for name in names:
                await asyncio.sleep(min(LONGEST_STEP, ROUND / len(names)))
                try:
                    await self.get(name, asyncio.get_running_loop().time())
                except KubeError as error:
                    log.info("a namespace cannot be read", extra={"namespace": name, "error": str(error)})
            if not names:
                await asyncio.sleep(LONGEST_STEP)

    async def _read_again(self, name: str) -> Namespace:
        before = self._namespaces.latest(name)
        now = await self._read(name)
        if before is not None and now != before:
            for key in tuple(self._store.inhabitants.get(name, ())):
                self._wake(key)
        return now
