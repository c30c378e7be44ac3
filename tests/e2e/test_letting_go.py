"""A resource is let go without touching the remote thing only where a person said so, by name."""

from __future__ import annotations

import json

import pytest

from .world import HUAWEI, World, until

pytestmark = pytest.mark.apiserver

KIND = "TrainingJobVersion"
RUNNING = {"jobID": "155502", "versionID": "1"}


async def stuck(world: World) -> None:
    """A resource being deleted whose provider does not answer."""
    await world.resource(KIND, "it", **RUNNING)
    await world.reaches(KIND, "it", "Available")
    world.modelarts.faults.add(times=None, status=503, body="upstream connect error")
    await world.api.delete(KIND, "it")


async def test_the_right_id_lets_a_stuck_resource_go_and_records_what_is_left(
    world: World, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO", "trainsweep.audit")
    await stuck(world)
    await world.api.annotate(KIND, "it", force_orphan="155502/1")
    await world.gone(KIND, "it")
    assert world.writes() == []
    [left] = [
        line for entry in caplog.messages if entry.startswith("{") and (line := json.loads(entry))["event"] == "left"
    ]
    assert (left["target"], left["resource"]) == ("155502/1", f"{KIND} {world.namespace}/it")
    assert "155502/1 stays as it is" in await world.told("it", "ReleasedExternalResource")


async def test_a_wrong_id_does_nothing_and_says_so(world: World):
    await stuck(world)
    await world.api.annotate(KIND, "it", force_orphan="155502/2")
    assert "155502/1" in await world.told("it", "ForceOrphanIgnored")
    assert (await world.api.get(KIND, "it"))["metadata"]["finalizers"] == ["trainsweep.dev/cleanup"]
    assert world.writes() == []


async def test_the_right_id_on_a_resource_that_lives_does_nothing(world: World):
    await world.resource(KIND, "it", **RUNNING)
    await world.reaches(KIND, "it", "Available")
    await world.api.annotate(KIND, "it", force_orphan="155502/1")
    await world.polls(world.modelarts, 2, operation="ListVersions")
    assert (await world.api.get(KIND, "it"))["metadata"]["finalizers"] == ["trainsweep.dev/cleanup"]


async def test_account_and_secret_stay_while_a_deletion_needs_them(world: World):
    await world.resource(KIND, "it", **RUNNING)
    await world.reaches(KIND, "it", "Available")

    async def guarded() -> bool:
        bodies = [await world.api.get(kind, HUAWEI) for kind in ("ProviderConfig", "Secret")]
        return all("trainsweep.dev/in-use" in body["metadata"].get("finalizers", ()) for body in bodies)

    await until(guarded, "account and Secret carry the finalizer")
    for kind in ("ProviderConfig", "Secret"):
        await world.api.delete(kind, HUAWEI)
    await world.delete(KIND, "it")
    assert world.writes() == [("StopVersion", "155502/1"), ("DeleteVersion", "155502/1")]
    await world.gone("ProviderConfig", HUAWEI)
    await world.gone("Secret", HUAWEI)
