"""`trainsweep release`, for the day the operator is gone."""

from __future__ import annotations

import asyncio

import pytest
from typer.testing import CliRunner, Result

from trainsweep.cli import app
from trainsweep.cli.cluster import connected
from trainsweep.cli.release import find_held, let_go

from .world import BAIDU, HUAWEI, World

pytestmark = pytest.mark.apiserver

VERSION = {"jobID": "155502", "versionID": "1"}


async def release(world: World, *arguments: str, answer: str = "") -> Result:
    login = ("--kubeconfig", str(world.plane.kubeconfig))
    runner = CliRunner(env={"COLUMNS": "200"})
    return await asyncio.to_thread(runner.invoke, app, ["release", *arguments, *login], input=answer)


@pytest.fixture
async def orphaned(quiet_world: World) -> World:
    """A resource whose remote thing runs and one whose remote thing is gone, both stuck without their operator."""
    world = quiet_world
    operator = world.start_operator()
    await world.resource("TrainingJobVersion", "running", **VERSION)
    await world.resource("TrainingJobConfig", "gone", configName="my_job_config", desiredState="Absent")
    await world.reaches("TrainingJobVersion", "running", "Available")
    await world.reaches("TrainingJobConfig", "gone", "Absent")
    world.operators.remove(operator)
    await operator.stop()
    await world.api.delete("TrainingJobVersion", "running")
    await world.api.delete("TrainingJobConfig", "gone")
    return world


async def test_only_what_leaves_nothing_behind_goes_without_orphan(orphaned: World):
    result = await release(orphaned, "-n", orphaned.namespace, "--yes")
    assert result.exit_code == 1
    assert "155502/1" in result.output
    await orphaned.gone("TrainingJobConfig", "gone")
    assert await orphaned.api.get("TrainingJobVersion", "running")
    for kind in ("ProviderConfig", "Secret"):
        kept = await orphaned.api.get(kind, HUAWEI)
        assert kept["metadata"]["finalizers"] == ["trainsweep.dev/in-use"], "the kept one cleans up with it"


async def test_what_somebody_else_changes_at_the_same_time_goes_as_well(orphaned: World):
    async with connected(orphaned.plane.kubeconfig, None) as client:
        held = await find_held(client, orphaned.namespace)
        assert [entry.label.partition(" ")[0] for entry in held][-2:] == ["Secret", "ProviderConfig"]
        for kind, name in (("TrainingJobVersion", "running"), ("ProviderConfig", HUAWEI)):
            await orphaned.api.annotate(kind, name, reconcile_requested_at="now")
        for entry in held:
            await let_go(client, entry)
        assert await find_held(client, orphaned.namespace) == []
    await orphaned.gone("TrainingJobVersion", "running")


async def test_with_orphan_a_whole_namespace_goes_and_what_stays_behind_is_told(orphaned: World):
    result = await release(orphaned, "-n", orphaned.namespace, "--orphan", "--yes")
    assert result.exit_code == 0, result.output
    assert "155502/1" in result.output
    await orphaned.gone("TrainingJobVersion", "running")
    for kind in ("ProviderConfig", "Secret"):
        for name in (HUAWEI, BAIDU):
            assert "finalizers" not in (await orphaned.api.get(kind, name))["metadata"]
    assert orphaned.thing("155502/1")["state"] == "RUNNING"


async def test_one_resource_goes_alone(orphaned: World):
    result = await release(orphaned, "tjv/running", "-n", orphaned.namespace, "--orphan", "--yes")
    assert result.exit_code == 0, result.output
    await orphaned.gone("TrainingJobVersion", "running")
    assert await orphaned.api.get("TrainingJobConfig", "gone")


async def test_it_asks_first(orphaned: World):
    result = await release(orphaned, "-n", orphaned.namespace, "--orphan", answer="n\n")
    assert result.exit_code == 1
    assert await orphaned.api.get("TrainingJobVersion", "running")


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("Pod/x", "-n", "default"), ("--all", "-n", "default")])
async def test_wrong_usage_is_told_and_touches_nothing(quiet_world: World, arguments: tuple[str, ...]):
    assert (await release(quiet_world, *arguments)).exit_code == 2
