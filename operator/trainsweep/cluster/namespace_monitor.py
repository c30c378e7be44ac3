"""What of a namespace decides: its annotation with the deletion policy, its labels, its end. Looked at again and again.

Namespaces are not watched: reading the few that hold resources needs less permission, and the same in every mode.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

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
    """`namespaces` is the cache that decisions read; `wake(key)` puts a resource on the queue."""

    def __init__(
        self, namespaces: SingleFlightCache[str, Namespace], store: Cache, *, wake: Callable[[Key], None]
    ) -> None:
        self._namespaces = namespaces
        self._store = store
        self._wake = wake
        self._known: dict[str, Namespace] = {}

    async def look_after(self) -> None:
        """Never return."""
        while True:
            names = tuple(self._store.inhabitants)
            for name in (self._known.keys() | self._namespaces.keys()) - set(names):
                self._known.pop(name, None)
                self._namespaces.forget(name)
            for name in names:
                await asyncio.sleep(min(LONGEST_STEP, ROUND / len(names)))
                await self._look(name)
            if not names:
                await asyncio.sleep(LONGEST_STEP)

    async def _look(self, name: str) -> None:
        before = self._known.get(name) or self._namespaces.latest(name)
        try:
            now = await self._namespaces.get(name, asyncio.get_running_loop().time())
        except KubeError as error:
            log.info("a namespace cannot be read", extra={"namespace": name, "error": str(error)})
            return
        self._known[name] = now
        if before is not None and now != before:
            for key in tuple(self._store.inhabitants.get(name, ())):
                self._wake(key)
