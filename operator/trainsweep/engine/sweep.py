"""The sweep: list all our objects, so that nothing missed by a watch stays missed. The first one fills the store."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from trainsweep.api.kinds import KINDS
from trainsweep.core.record import Key
from trainsweep.engine.parse import key_of
from trainsweep.kube import paths
from trainsweep.kube.client import KubeClient, KubeError

log = logging.getLogger(__name__)


async def sweep(
    client: KubeClient,
    namespaces: tuple[str, ...],
    known: Callable[[str], Mapping[Key, str]],
    deliver: Callable[[str, bool, Mapping[str, Any]], None],
) -> None:
    """Deliver every object that is there, and as gone what was `known(kind)` before (key and uid) and is no more."""
    for kind in KINDS.values():
        if kind.scope == "Cluster" and namespaces:
            continue
        before = known(kind.name)
        found: set[Key] = set()
        try:
            for namespace in namespaces or ("",):
                async for page in client.list(paths.collection(kind.name, namespace)):
                    for body in page:
                        found.add(key_of(kind.name, body))
                        deliver(kind.name, False, body)
        except KubeError as error:
            if error.status != 404:
                raise
            log.info("the definition of a kind is missing; its resources are taken for gone", extra={"kind": kind.name})
        for key, uid in before.items():
            if key not in found:
                deliver(kind.name, True, {"metadata": {"namespace": key.namespace, "name": key.name, "uid": uid}})
