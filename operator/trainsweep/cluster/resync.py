"""The sweep: list all our objects, so that nothing missed by a watch stays missed. The first one fills the store."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from trainsweep.api.kinds import KINDS
from trainsweep.cluster.cache import newer
from trainsweep.cluster.decode import Config, key_of
from trainsweep.core.resource import Key, Resource
from trainsweep.kube import paths
from trainsweep.kube.client import KubeClient, KubeError

log = logging.getLogger(__name__)

#: Seconds from one sweep to the next, and after one that failed.
EVERY, RETRY = 600.0, 5.0
#: The same while a namespace may not be listed: its return is noticed by nothing else.
UNSEEN_EVERY = 60.0


class Resync:
    """One sweep after another. `last` is when one was complete (epoch seconds), `unseen` the namespaces that it had to
    leave out; `left_out` is called when these change.
    """

    def __init__(
        self,
        resync: Callable[[], Awaitable[frozenset[str]]],
        *,
        left_out: Callable[[frozenset[str]], None],
        now: Callable[[], datetime],
    ) -> None:
        self._sweep = resync
        self._left_out = left_out
        self._now = now
        self._asked = asyncio.Event()
        self.last: float | None = None
        self.unseen: frozenset[str] = frozenset()

    def ask(self) -> None:
        """Let the next one begin now."""
        self._asked.set()

    async def one(self) -> None:
        """Sweep, again if need be, until one is complete."""
        while True:
            if await self._done():
                return
            await asyncio.sleep(RETRY)

    async def go_on(self) -> None:
        """Never return."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(UNSEEN_EVERY if self.unseen else EVERY):  # as in the poll, not wait_for
                    await self._asked.wait()
            self._asked.clear()
            await self.one()

    async def _done(self) -> bool:
        try:
            unseen = await self._sweep()
        except Exception as error:
            log.warning("our objects cannot be listed; the sweep is tried again", extra={"error": repr(error)})
            return False
        if unseen != self.unseen:
            self.unseen = unseen
            self._left_out(unseen)
            log.warning("the namespaces that may not be listed are others now", extra={"left out": sorted(unseen)})
        self.last = self._now().timestamp()
        return True


async def resync(
    client: KubeClient,
    namespaces: tuple[str, ...],
    known: Callable[[str], Mapping[Key, Resource | Config]],
    deliver: Callable[[str, bool, Mapping[str, Any], float], None],
    withdrawn: Callable[[str], Awaitable[bool]],
) -> frozenset[str]:
    """Deliver every object that is there, and as gone what was `known(kind)` before the list began and is no more. With
    each object goes the loop's time at which its list began.

    A list that is refused with 404 counts only if `withdrawn(kind)` agrees: the definition itself is gone or going.

    The answer names those of the namespaces that may not be listed (403), as when one is deleted with its roles: that
    tells nothing of the objects in them. Raises `KubeError` when that is so of all, and whatever else goes wrong.
    """
    refused: dict[str, KubeError] = {}
    for kind in KINDS.values():
        if kind.scope == "Cluster" and namespaces:
            continue
        for namespace in namespaces or ("",):
            if namespace in refused:
                continue
            before = [known_ for key, known_ in known(kind.name).items() if namespace in ("", key.namespace)]
            try:
                await _list(client, kind.name, namespace, before, deliver=deliver, withdrawn=withdrawn)
            except KubeError as error:
                if error.status != 403 or not namespace:
                    raise
                refused[namespace] = error
    if refused and len(refused) == len(namespaces):
        raise next(iter(refused.values()))
    return frozenset(refused)


async def _list(
    client: KubeClient,
    kind: str,
    namespace: str,
    before: list[Resource | Config],
    *,
    deliver: Callable[[str, bool, Mapping[str, Any], float], None],
    withdrawn: Callable[[str], Awaitable[bool]],
) -> None:
    found: set[Key] = set()
    version = ""
    begun = asyncio.get_running_loop().time()
    try:
        async for page in client.pages(paths.collection(kind, namespace)):
            version = page["metadata"]["resourceVersion"]
            for body in page.get("items") or ():
                found.add(key_of(kind, body))
                deliver(kind, False, body, begun)
    except KubeError as error:
        if error.status != 404 or not await withdrawn(kind):
            raise
        log.info("the definition of a kind is missing: its resources are gone", extra={"kind": kind})
    for missing in before:
        if missing.key in found:
            continue
        # A list that is older than what is known of an object says nothing about it, unless etcd was restored.
        if version and newer(missing.version, version) and await _is_there(client, missing.key):
            continue
        deliver(kind, True, {"metadata": _identity(missing)}, begun)


async def _is_there(client: KubeClient, key: Key) -> bool:
    try:
        await client.get(paths.resource(key))
    except KubeError as error:
        if error.status != 404:
            raise
        return False
    return True


def _identity(known: Resource | Config) -> dict[str, str]:
    return {"namespace": known.key.namespace, "name": known.key.name, "uid": known.uid}
