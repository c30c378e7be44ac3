"""What `trainsweep status` stands on: all of it is read from the API server, nothing from a provider. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from trainsweep.cli.known import config_of, load
from trainsweep.cluster.cache import Cache
from trainsweep.cluster.decode import Config
from trainsweep.controller.gather import identity_of
from trainsweep.core.account_id import AccountID
from trainsweep.core.errors import ConfigurationError
from trainsweep.core.external import Target
from trainsweep.core.last_status import parse_time
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Key, Resource
from trainsweep.kube import paths
from trainsweep.kube.client import KubeClient, KubeError
from trainsweep.kube.cluster_reads import ClusterReads, Namespace

#: So many events of one object are told, the latest ones.
EVENTS = 8


@dataclass(frozen=True, slots=True)
class Event:
    at: datetime | None
    reason: str
    message: str
    warning: bool = False
    count: int = 1


@dataclass(slots=True)
class Scene:
    """`unread` are sentences about what may not be read, so that what is missing is not taken for absent."""

    store: Cache = field(default_factory=Cache)
    namespaces: dict[str, Namespace] = field(default_factory=dict)
    events: dict[str, list[Event]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)

    def owners(self) -> dict[Key, Key]:
        """By resource, another one that owns its remote thing, as far as statuses and specs tell."""
        claims = [
            (record.key, account, target)
            for record in self.store.records.values()
            if (target := target_of(record)) and (account := self.account_of(record))
        ]
        for claim in claims:
            self.store.ownership.claim(*claim)  # all of them, before anyone is told
        found = {claim[0]: self.store.ownership.claim(*claim) for claim in claims}
        return {key: owner.key for key, owner in found.items() if owner}

    def account_of(self, record: Resource) -> AccountID | None:
        return identity_of(self.store.configs.get(record.config))


def target_of(record: Resource) -> Target | None:
    """The remote thing as the status or the spec names it by id."""
    return Target(record.thing, record.known_id) if record.known_id else None


async def look(client: KubeClient, subject: Key | None, namespace: str) -> Scene:
    """Everything about one object, or about all of a namespace, or with "" of the cluster.

    Raises `KubeError` and `ConfigurationError` when the subject itself cannot be had.
    """
    scene = Scene()
    await load(client, scene.store, (namespace,) if namespace else ())
    if subject:
        await _need(client, scene, subject)
    for key in {record.config for record in scene.store.records.values()}:
        if key not in scene.store.configs:
            await _add_config(client, scene, key)
    for name in {record.key.namespace for record in scene.store.records.values()}:
        await _add_namespace(client, scene, name)
    if subject:
        await _add_events(client, scene, subject)
    return scene


async def _need(client: KubeClient, scene: Scene, subject: Key) -> None:
    """The subject itself, or the API server's word on why not."""
    store = scene.store
    if subject in store.records or subject in store.configs:
        return
    body = await client.get(paths.resource(subject))
    if (config := await config_of(client, subject) if "credentials" in (body.get("spec") or {}) else None) is None:
        message = f"The spec of {subject} cannot be read; correct it: `kubectl explain` tells its fields."
        raise ConfigurationError(Reason.INVALID_SPEC, message)
    store.put_config(config)


async def _add_config(client: KubeClient, scene: Scene, key: Key) -> None:
    try:
        config = await config_of(client, key)
    except (KubeError, ConfigurationError) as error:
        scene.unread.append(f"{key} cannot be read: {error}")
        return
    if isinstance(config, Config):
        scene.store.put_config(config)


async def _add_namespace(client: KubeClient, scene: Scene, name: str) -> None:
    try:
        scene.namespaces[name] = await ClusterReads(client).namespace(name)
    except KubeError as error:
        scene.unread.append(f"Namespace {name} cannot be read, so its deletion policy is not told: {error}")


async def _add_events(client: KubeClient, scene: Scene, subject: Key) -> None:
    found = scene.store.records.get(subject) or scene.store.configs[subject]
    path = f"{paths.namespace(subject.namespace or 'default')}/events"
    try:
        answer = await client.get(path, {"fieldSelector": f"involvedObject.uid={found.uid}"})
    except KubeError as error:
        scene.unread.append(f"Events cannot be read: {error}")
        return
    events = sorted(map(_event, answer.get("items") or ()), key=lambda event: event.at.timestamp() if event.at else 0.0)
    scene.events[found.uid] = events[-EVENTS:]


def _event(body: Mapping[str, Any]) -> Event:
    return Event(
        at=parse_time(body.get("lastTimestamp") or body.get("eventTime") or body.get("firstTimestamp")),
        reason=body.get("reason") or "",
        message=body.get("message") or "",
        warning=body.get("type") == "Warning",
        count=body.get("count") or 1,
    )
