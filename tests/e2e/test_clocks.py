"""The two clocks of a resource: a deadline from the remote start, a time to live from the remote end."""

from __future__ import annotations

import pytest

from .world import World

pytestmark = pytest.mark.apiserver

V2_JOB = "3faf5c03-aaa1-4cbe-879d-24b05d997347"


async def test_a_run_is_stopped_when_its_deadline_has_passed(world: World):
    await world.resource("TrainingJobVersion", "it", jobID="155502", versionID="1", activeDeadlineSeconds=3600)
    status = await world.reaches("TrainingJobVersion", "it", "Stopped")
    assert status["externalState"] == "Stopped"
    assert world.writes() == [("StopVersion", "155502/1")]


@pytest.mark.parametrize(
    ("kind", "job", "runs"),
    [
        ("TrainingJob", "155502", ["155502/1"]),
        ("TrainingJob", "155500", ["155500/1"]),
        ("TrainingJob", V2_JOB, [V2_JOB]),
    ],
    ids=["of the one version of a V1 job", "of several versions", "of a V2 job"],
)
async def test_a_deadline_counts_from_the_start(world: World, kind: str, job: str, runs: list[str]):
    await world.resource(kind, "it", jobID=job, activeDeadlineSeconds=60)
    await world.reaches(kind, "it", "Stopped")
    assert [target for _, target in world.writes()] == runs


async def test_a_deadline_of_a_fine_tuning_job_stops_the_task_that_ran_too_long_and_not_the_one_that_waits(
    world: World,
):
    await world.resource("FineTuningJob", "it", jobID="job-k2f7q8m3x5ab", activeDeadlineSeconds=60)
    await world.shows("FineTuningJob", "it", externalState="Pending")
    assert world.writes() == [("StopFineTuningTask", "task-r1unn1ng0001")]


async def test_a_time_to_live_counts_from_the_end_of_the_one_version_of_a_job(world: World):
    version = {"state": "COMPLETED", "age": 7200, "ended_ago": 7000}
    world.modelarts.add("v1-job", id=190001, name="old", versions=[version])
    await world.resource("TrainingJob", "it", jobID="190001", ttlSecondsAfterFinished=3600)
    await world.reaches("TrainingJob", "it", "Absent")
    assert world.writes() == [("DeleteJob", "190001")]


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
    await world.polls(world.modelarts, 3, operation="ListJobs")
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
        "FineTuningTask", "it", taskID="task-r1unn1ng0001", activeDeadlineSeconds=1, ttlSecondsAfterFinished=1
    )
    await world.reaches("FineTuningTask", "it", "Absent")
    assert world.writes() == [
        ("StopFineTuningTask", "task-r1unn1ng0001"),
        ("DeleteFineTuningTask", "task-r1unn1ng0001"),
    ]
