"""Whether one of our kinds is being uninstalled.

Definitions are not watched: reading them by name needs less permission. The API server deletes all resources of a
definition that goes, and that tells of it. One that was deleted before and waits for something hears nothing more; for
such ones the definition is asked for now and then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from trainsweep.calls.single_flight import SingleFlightCache
from trainsweep.cluster.cache import Cache
from trainsweep.core.resource import Key

log = logging.getLogger(__name__)

#: Seconds between two looks at the definitions of what waits for its end.
EVERY = 30.0


class CrdMonitor:
    """`fetch(kind)` tells whether a definition goes; `wake(key)` puts a resource on the queue."""

    def __init__(self, fetch: Callable[[str], Awaitable[bool]], store: Cache, *, wake: Callable[[Key], None]) -> None:
        self._going: SingleFlightCache[str, bool] = SingleFlightCache(fetch)
        self._store = store
        self._wake = wake

    async def going(self, kind: str, begun_after: float) -> bool:
        """The definition is being deleted, or gone, by an answer asked for at `begun_after` (loop time) or later."""
        return await self._going.get(kind, begun_after)

    async def look_after(self) -> None:
        """Never return."""
        while True:
            await asyncio.sleep(EVERY)
            waiting = [key for key, record in self._store.records.items() if record.deleting and record.has_finalizer]
            for kind in {key.kind for key in waiting}:
                try:
                    going = await self.going(kind, asyncio.get_running_loop().time())
                except Exception as error:
                    log.warning("a definition cannot be read", extra={"kind": kind, "error": repr(error)})
                    continue
                for key in waiting:
                    if going and key.kind == kind:
                        self._wake(key)
