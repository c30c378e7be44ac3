"""The two clocks of a resource: a deadline from the remote start, a time to live from the remote end."""

from __future__ import annotations

import pytest

from .world import World

pytestmark = pytest.mark.apiserver


async def test_a_run_is_stopped_when_its_deadline_has_passed(world: World):
    await world.resource("TrainingJobVersion", "it", jobID="155502", versionID="1", activeDeadlineSeconds=3600)
    status = await world.reaches("TrainingJobVersion", "it", "Stopped")
    assert status["externalState"] == "Stopped"
    assert world.writes() == [("StopVersion", "155502/1")]


async def test_a_run_goes_on_until_its_deadline_strikes(world: World):
    version = world.modelarts.add("version", job="155502", state="RUNNING", age=30)
    job, _, number = version.partition("/")
    now = world.modelarts.clock()
    running_for = now - world.modelarts.v1.version(job, number, now).started(now)
    deadline = int(running_for) + 4
    await world.resource("TrainingJobVersion", "it", jobID=job, versionID=number, activeDeadlineSeconds=deadline)
    await world.reaches("TrainingJobVersion", "it", "Available")
    assert world.writes() == []
    await world.reaches("TrainingJobVersion", "it", "Stopped")
    [stop] = world.modelarts.journal.select(operation="StopVersion")
    assert stop.time - now + running_for >= deadline


async def test_a_finished_run_is_deleted_after_its_time_to_live_and_the_resource_stays(world: World):
    await world.resource("TrainingJobVersion", "it", jobID="155501", versionID="2", ttlSecondsAfterFinished=0)
    await world.reaches("TrainingJobVersion", "it", "Absent")
    assert world.writes() == [("DeleteVersion", "155501/2")]
    world.modelarts.add("version", job="155501", id=2, state="RUNNING")
    await world.polls(world.modelarts, 3, operation="ListVersions")
    assert await world.api.get("TrainingJobVersion", "it"), "the resource stays, so that GitOps does not bring it back"
    assert world.writes() == [("DeleteVersion", "155501/2")]


async def test_a_run_that_has_not_ended_outlives_any_time_to_live(world: World):
    await world.resource("TrainingJobVersion", "it", jobID="155502", versionID="1", ttlSecondsAfterFinished=0)
    await world.reaches("TrainingJobVersion", "it", "Available")
    await world.polls(world.modelarts, 3, operation="ListVersions")
    assert world.writes() == []
    world.modelarts.set_state("155502/1", "COMPLETED")
    await world.reaches("TrainingJobVersion", "it", "Absent")
    assert world.writes() == [("DeleteVersion", "155502/1")]


async def test_what_never_ran_never_reaches_its_time_to_live(world: World):
    world.modelarts.add("v1-job", id=160000, name="no-version-yet")
    await world.resource("TrainingJobConfig", "config", configName="my_job_config", ttlSecondsAfterFinished=0)
    await world.resource("TrainingJob", "empty", jobID="160000", ttlSecondsAfterFinished=0)
    await world.resource("FineTuningJob", "empty", jobID="job-e8mpty00job1", ttlSecondsAfterFinished=0)
    for kind, name in (("TrainingJobConfig", "config"), ("TrainingJob", "empty"), ("FineTuningJob", "empty")):
        assert "finishedAt" not in await world.reaches(kind, name, "Available")
    await world.polls(world.modelarts, 2, operation="ListConfigs")
    assert world.writes() == []


async def test_both_clocks_follow_one_another(world: World):
    await world.resource(
        "FineTuningTask", "it", taskID="task-r1unn1ng0001", activeDeadlineSeconds=60, ttlSecondsAfterFinished=1
    )
    await world.reaches("FineTuningTask", "it", "Absent")
    assert world.writes() == [
        ("StopFineTuningTask", "task-r1unn1ng0001"),
        ("DeleteFineTuningTask", "task-r1unn1ng0001"),
    ]
