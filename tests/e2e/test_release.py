"""With the last finalizer a resource goes, and the operator knows it before the watch says so.

The API server answers the removal of the last finalizer with the resource version of before. Taken for news, that
answer would leave the resource among the removals that are still wanted, where the deletion guard counts them.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from trainsweep.api.common import DeletionPolicy
from trainsweep.api.names import FINALIZER
from trainsweep.cluster.cache import Cache
from trainsweep.cluster.decode import decode
from trainsweep.controller.status_writer import StatusWriter
from trainsweep.core.decision import RemoveFinalizer
from trainsweep.core.inputs import Inputs
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Key, Resource
from trainsweep.kube.client import KubeClient
from trainsweep.kube.event_recorder import EventRecorder
from trainsweep.kube.login import Login
from trainsweep.kube.writer import Writer

from .world import World

pytestmark = pytest.mark.apiserver

GONE = RemoveFinalizer(Reason.DELETED_EXTERNAL, "it is gone", left=False)


def now() -> datetime:
    return datetime.now(UTC)


async def being_deleted(world: World, *finalizers: str) -> Resource:
    await world.resource("TrainingJob", "it", jobID="155500")
    await world.api.patch("TrainingJob", "it", {"metadata": {"finalizers": list(finalizers)}})
    await world.api.delete("TrainingJob", "it")
    record = decode("TrainingJob", await world.api.get("TrainingJob", "it") or {})
    assert isinstance(record, Resource)
    return record


async def released(world: World, record: Resource) -> Cache:
    """A store that held the record, after its release; nothing watches."""
    store = Cache()
    store.put(record)
    client = KubeClient(await Login(str(world.plane.kubeconfig)).configuration())
    reporter = StatusWriter(client, Writer(client), EventRecorder(client, now), store)
    try:
        await reporter.release(Inputs(record=record, policy=DeletionPolicy.DELETE, now=now()), GONE)
    finally:
        await client.aclose()
    return store


async def test_a_released_resource_is_no_removal_any_more(quiet_world: World):
    record = await being_deleted(quiet_world, FINALIZER)
    store = await released(quiet_world, record)
    assert await quiet_world.api.get("TrainingJob", "it") is None
    assert not store.records
    assert not store.demand.asking


async def test_a_resource_that_somebody_else_still_holds_stays_known(quiet_world: World):
    record = await being_deleted(quiet_world, FINALIZER, "example.com/other")
    store = await released(quiet_world, record)
    assert store.records[Key("TrainingJob", quiet_world.namespace, "it")].finalizers == ("example.com/other",)
    assert not store.demand.asking
