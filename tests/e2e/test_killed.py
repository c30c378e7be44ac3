"""The operator is a process that may die at any point: the next start carries on."""

from __future__ import annotations

import json

import pytest

from .world import World, until

pytestmark = pytest.mark.apiserver

KIND = "TrainingJobVersion"
RUNNING = {"jobID": "155502", "versionID": "1"}
STOP, DELETE = ("StopVersion", "155502/1"), ("DeleteVersion", "155502/1")


async def test_a_stop_that_nobody_waited_for_is_not_repeated(quiet_world: World):
    world = quiet_world
    world.modelarts.timing.stopping = 4.0
    await world.resource(KIND, "it", **RUNNING)
    first = await world.start_process()
    await world.reaches(KIND, "it", "Available")
    await world.api.delete(KIND, "it")
    await until(lambda: world.writes() == [STOP], "the stop has arrived")
    await first.kill()
    await world.start_process()
    await world.gone(KIND, "it")
    assert world.writes() == [STOP, DELETE]


async def test_a_delete_in_the_air_at_the_kill_is_neither_lost_nor_forgotten(quiet_world: World):
    world = quiet_world
    world.modelarts.faults.add(match={"operation": "DeleteVersion"}, hang="after")
    await world.resource(KIND, "it", jobID="155501", versionID="2", desiredState="Absent")
    first = await world.start_process()
    await until(world.writes, "the delete has arrived")
    await first.kill()
    intent = json.loads(first.audit.read_text().splitlines()[-1])
    assert (intent["event"], intent["target"]) == ("intent", "155501/2"), "the crash leaves the intent"
    second = await world.start_process()
    await world.reaches(KIND, "it", "Absent")
    assert world.writes() == [("DeleteVersion", "155501/2")]
    assert await second.stop() == 0


async def test_a_kill_between_finalizer_and_first_look_loses_nothing(quiet_world: World):
    world = quiet_world
    world.modelarts.faults.add(match={"operation": "ListVersions"}, hang="before")
    await world.resource(KIND, "it", jobID="155501", versionID="2")
    first = await world.start_process()
    await until(lambda: world.modelarts.journal.select(operation="ListVersions"), "the first look is on its way")
    await first.kill()
    held = await world.api.get(KIND, "it")
    assert held["metadata"]["finalizers"] == ["trainsweep.dev/cleanup"]
    assert held["status"] == {"observedGeneration": -1}
    await world.api.delete(KIND, "it")
    await world.start_process()
    await world.gone(KIND, "it")
    assert world.thing("155501/2") is None


async def test_what_was_deleted_while_nobody_was_at_work_is_cleaned_up(quiet_world: World):
    world = quiet_world
    await world.resource(KIND, "it", **RUNNING)
    operator = world.start_operator()
    await world.reaches(KIND, "it", "Available")
    world.operators.remove(operator)
    await operator.stop()
    await world.api.delete(KIND, "it")
    world.start_operator()
    await world.gone(KIND, "it")
    assert world.writes() == [STOP, DELETE]
