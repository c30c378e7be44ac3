"""What a cluster knows of our kinds, read once for a command. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainsweep.cluster.cache import Cache
from trainsweep.cluster.decode import Config, decode
from trainsweep.cluster.resync import resync
from trainsweep.core.errors import ConfigurationError
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Key, Resource
from trainsweep.kube import paths
from trainsweep.kube.client import KubeClient, KubeError
from trainsweep.kube.cluster_reads import ClusterReads


async def load(client: KubeClient, store: Cache, namespaces: tuple[str, ...]) -> None:
    """Put our objects of these namespaces into the store; those of the whole cluster when none is named.

    Raises `KubeError`.
    """

    def take(kind: str, gone: bool, body: Mapping[str, Any], _: float) -> None:
        match decode(kind, body):
            case Resource() as record:
                store.put(record)
            case Config() as config:
                store.put_config(config)

    if refused := await resync(client, namespaces, lambda _: {}, take, ClusterReads(client).crd_going):
        raise KubeError(403, "Forbidden", f"you may not list our objects in {', '.join(sorted(refused))}")


async def config_of(client: KubeClient, key: Key) -> Config | None:
    """One ProviderConfig or ClusterProviderConfig; None when there is none. Raises `ConfigurationError` if unfit."""
    try:
        found = decode(key.kind, await client.get(paths.resource(key)))
    except KubeError as error:
        if error.status == 404:
            return None
        raise
    if isinstance(found, Config):
        return found
    raise ConfigurationError(Reason.INVALID_SPEC, f"{key} is not fit: {getattr(found, 'problem', '')}.")
