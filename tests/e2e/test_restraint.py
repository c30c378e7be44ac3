"""What keeps the operator from acting: an expectation, an ambiguous name, a pause, the mode Plan."""

from __future__ import annotations

import pytest

from .world import HUAWEI, World, condition, until

pytestmark = pytest.mark.apiserver

RUNNING = {"jobID": "155502", "versionID": "1"}
STOP, DELETE = ("StopVersion", "155502/1"), ("DeleteVersion", "155502/1")
KIND = "TrainingJobVersion"


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ({"name": "V0002"}, "expect.name is 'V0002', but the remote thing is named 'V0001'"),
        ({"createdBefore": "2020-01-01T00:00:00Z"}, "expect.createdBefore is 2020-01-01T00:00:00Z"),
        ({"createdAfter": "2099-01-01T00:00:00Z"}, "expect.createdAfter is 2099-01-01T00:00:00Z"),
    ],
)
async def test_a_thing_that_is_not_the_expected_one_is_not_touched(world: World, expect: dict[str, str], told: str):
    await world.resource(KIND, "it", desiredState="Absent", expect=expect, **RUNNING)
    await world.reaches(KIND, "it", "ExpectationFailed")
    assert told in condition(await world.api.get(KIND, "it"), "Stalled")["message"]
    await world.api.delete(KIND, "it")
    await world.reaches(KIND, "it", "ExpectationFailed")
    await world.polls(world.modelarts, 2, operation="ListVersions")
    assert world.writes() == []
    await world.resource(KIND, "it", desiredState="Absent", **RUNNING)
    await world.gone(KIND, "it")
    assert world.writes() == [STOP, DELETE]


async def test_the_expected_thing_is_acted_on(world: World):
    expect = {"name": "V0001", "createdAfter": "2020-01-01T00:00:00Z", "createdBefore": "2099-01-01T00:00:00Z"}
    await world.resource(KIND, "it", desiredState="Stopped", expect=expect, **RUNNING)
    await world.reaches(KIND, "it", "Stopped")
    assert world.writes() == [STOP]


async def test_a_name_that_two_things_have_stalls_and_says_how_many(world: World):
    world.modelarts.add("v2-job", name="bert-base-chinese")
    await world.resource("TrainingJob", "it", jobName="bert-base-chinese", desiredState="Absent")
    await world.reaches("TrainingJob", "it", "AmbiguousName")
    body = await world.api.get("TrainingJob", "it")
    assert "2 things are named 'bert-base-chinese'" in condition(body, "Stalled")["message"]
    assert world.writes() == []
    world.modelarts.vanish("155501")
    await world.reaches("TrainingJob", "it", "Absent")
    assert [operation for operation, _ in world.writes()] == ["StopTrainingJob", "DeleteTrainingJob"]


async def test_a_part_of_a_name_is_no_name(world: World):
    await world.resource("TrainingJob", "it", jobName="bert-base", desiredState="Absent")
    await world.reaches("TrainingJob", "it", "Absent")
    assert world.writes() == []
    assert world.thing("155501")


async def test_a_name_once_found_is_never_looked_up_again(world: World):
    await world.resource("TrainingJob", "it", jobName="bert-base-chinese")
    await world.reaches("TrainingJob", "it", "Available")
    world.modelarts.vanish("155501")
    await world.reaches("TrainingJob", "it", "NotFound")
    world.modelarts.add("v1-job", id=170000, name="bert-base-chinese", versions=[{"state": "COMPLETED"}])
    await world.polls(world.modelarts, 2, operation="ListJobs")
    await world.delete("TrainingJob", "it")
    assert world.thing("170000"), "another job of that name is another job"
    assert world.writes() == []


async def test_while_paused_nothing_happens_not_even_a_deletion(world: World):
    await world.resource(KIND, "other", jobID="155501", versionID="1")
    await world.resource(KIND, "it", annotations={"trainsweep.dev/paused": "true"}, desiredState="Absent", **RUNNING)

    async def said() -> bool:
        synced = condition(await world.api.get(KIND, "it"), "Synced")
        return synced.get("reason") == "ReconcilePaused"

    await until(said, "the pause is told")
    await world.api.delete(KIND, "it")
    await world.shows(KIND, "it", plannedAction="Clean up and free the resource")
    await world.polls(world.modelarts, 2, operation="ListJobs")
    assert world.writes() == []
    await world.api.annotate(KIND, "it", paused=None)
    await world.gone(KIND, "it")
    assert world.writes() == [STOP, DELETE]


async def test_a_request_to_reconcile_is_answered(world: World):
    await world.account(HUAWEI, polling={"activeSeconds": 1, "idleSeconds": 600})
    await world.resource("TrainingJob", "it", jobID="190000")
    await world.reaches("TrainingJob", "it", "NotFound")
    world.modelarts.add("v1-job", id=190000, name="late", versions=[{"state": "COMPLETED"}])
    await world.api.annotate("TrainingJob", "it", reconcile_requested_at="2026-01-31T12:00:00Z")
    status = await world.shows("TrainingJob", "it", lastHandledReconcileAt="2026-01-31T12:00:00Z")
    assert status["externalState"] == "Succeeded"


async def test_mode_plan_says_what_it_would_do_and_does_nothing(world: World):
    await world.account(HUAWEI, mode="Plan")
    await world.resource(KIND, "it", desiredState="Absent", **RUNNING)
    status = await world.reaches(KIND, "it", "PlanMode")
    assert status["plannedAction"] == "Stop TrainingJobVersion 155502/1"
    assert "finalizers" not in (await world.api.get(KIND, "it"))["metadata"]
    await world.polls(world.modelarts, 2, operation="ListVersions")
    assert world.writes() == []
    await world.account(HUAWEI, mode="Enforce")
    status = await world.reaches(KIND, "it", "Absent")
    assert "plannedAction" not in status
    assert world.writes() == [STOP, DELETE]


async def test_a_resource_deleted_in_mode_plan_leaves_its_thing_as_it_is(world: World):
    await world.account(HUAWEI, mode="Plan")
    await world.resource(KIND, "it", **RUNNING)
    await world.reaches(KIND, "it", "Available")
    await world.delete(KIND, "it")
    assert world.writes() == []


async def test_a_resource_held_before_mode_plan_waits_and_tells_what_its_deletion_would_do(world: World):
    await world.resource(KIND, "it", **RUNNING)
    await world.reaches(KIND, "it", "Available")
    await world.account(HUAWEI, mode="Plan")
    await world.api.delete(KIND, "it")
    status = await world.reaches(KIND, "it", "PlanMode")
    assert status["plannedAction"] == "Stop TrainingJobVersion 155502/1"
    assert world.writes() == []
    await world.account(HUAWEI, mode="Enforce")
    await world.gone(KIND, "it")
    assert world.writes() == [STOP, DELETE]
