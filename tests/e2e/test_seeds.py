"""The seed pages as manifests, one test for each way to name the thing: applied, reached, and the exact calls made.

000  delete a training job      by id, and by an object that stands for it
001  delete a job config
002  delete a job version       by ids, by an object (jobRef), out of a list (names)
003  stop a job version         in the same three ways
004  delete a fine-tuning task
"""

from __future__ import annotations

from typing import Any

import pytest

from trainsweep.core.last_status import parse_time

from .world import World

pytestmark = pytest.mark.apiserver

V2_JOB = "3faf5c03-aaa1-4cbe-879d-24b05d997347"
TASK = "task-r1unn1ng0001"
DELETED_VERSION = [("DeleteVersion", "155501/2")]
STOPPED_VERSION = [("StopVersion", "155502/1")]

WAYS_TO_ABSENT = {
    "000 a job by id, with a running version": (
        "TrainingJob",
        {"jobID": "155500"},
        [("StopVersion", "155500/1"), ("DeleteJob", "155500")],
        {"externalID": "155500", "externalName": "mnist-resnet50"},
    ),
    "000 a job by name": (
        "TrainingJob",
        {"jobName": "bert-base-chinese"},
        [("DeleteJob", "155501")],
        {"externalID": "155501", "externalName": "bert-base-chinese"},
    ),
    "a V2 job by id": (
        "TrainingJob",
        {"jobID": V2_JOB.upper()},
        [("StopTrainingJob", V2_JOB), ("DeleteTrainingJob", V2_JOB)],
        {"externalID": V2_JOB, "externalName": "llama-lora"},
    ),
    "a V2 job by name": (
        "TrainingJob",
        {"jobName": "llama-lora"},
        [("StopTrainingJob", V2_JOB), ("DeleteTrainingJob", V2_JOB)],
        {"externalID": V2_JOB, "externalName": "llama-lora"},
    ),
    "001 a config": (
        "TrainingJobConfig",
        {"configName": "my_job_config"},
        [("DeleteConfig", "my_job_config")],
        {"externalID": "my_job_config", "externalName": "my_job_config"},
    ),
    "002 a version by ids": (
        "TrainingJobVersion",
        {"jobID": "155501", "versionID": "2"},
        DELETED_VERSION,
        {"externalID": "155501/2", "externalName": "V0002"},
    ),
    "002 a version by an object": (
        "TrainingJobVersion",
        {"jobRef": {"name": "bert"}, "versionID": "2"},
        DELETED_VERSION,
        {"externalID": "155501/2", "externalName": "V0002"},
    ),
    "002 a version out of a list": (
        "TrainingJobVersion",
        {"jobName": "bert-base-chinese", "versionName": "V0002"},
        DELETED_VERSION,
        {"externalID": "155501/2", "externalName": "V0002"},
    ),
    "004 a running task": (
        "FineTuningTask",
        {"taskID": TASK},
        [("StopFineTuningTask", TASK), ("DeleteFineTuningTask", TASK)],
        {"externalID": TASK, "externalName": "support-answers"},
    ),
}


@pytest.mark.parametrize(("kind", "identity", "calls", "known"), WAYS_TO_ABSENT.values(), ids=WAYS_TO_ABSENT)
async def test_absent_removes_exactly_the_named_thing(
    world: World, kind: str, identity: dict[str, Any], calls: list[tuple[str, str]], known: dict[str, str]
):
    await the_referenced_job(world, identity, "bert", "155501")
    await world.resource(kind, "it", desiredState="Absent", **identity)
    status = await world.reaches(kind, "it", "Absent")
    assert world.writes() == calls
    assert world.thing(known["externalID"]) is None
    assert plain_fields(status, "Absent") == known | {
        "externalState": "Absent",
        "effectiveDeletionPolicy": "Delete",
        "observedGeneration": 1,
    }
    assert status["lastCall"]["success"] is True
    assert status["lastCall"]["operation"].startswith("Delete")
    await world.delete(kind, "it")
    assert world.writes() == calls, "deleting the resource of an absent thing calls nothing"


@pytest.mark.parametrize(("kind", "identity", "calls", "known"), WAYS_TO_ABSENT.values(), ids=WAYS_TO_ABSENT)
async def test_deleting_the_resource_removes_exactly_the_named_thing(
    world: World, kind: str, identity: dict[str, Any], calls: list[tuple[str, str]], known: dict[str, str]
):
    await the_referenced_job(world, identity, "bert", "155501")
    await world.resource(kind, "it", **identity)
    status = await world.reaches(kind, "it", "Available")
    assert status["externalID"] == known["externalID"]
    assert world.writes() == [], "what is only watched is not touched"
    await world.delete(kind, "it")
    assert world.thing(known["externalID"]) is None, "the resource goes after the remote thing, not before"
    assert world.writes() == calls


WAYS_TO_A_RUNNING_VERSION = {
    "by ids": {"jobID": "155502", "versionID": "1"},
    "by an object": {"jobRef": {"name": "yolo"}, "versionName": "V0001"},
    "out of a list": {"jobName": "yolo-v3-detector", "versionName": "V0001"},
}


@pytest.mark.parametrize("identity", WAYS_TO_A_RUNNING_VERSION.values(), ids=WAYS_TO_A_RUNNING_VERSION)
async def test_003_stopped_stops_exactly_the_named_version(world: World, identity: dict[str, Any]):
    await the_referenced_job(world, identity, "yolo", "155502")
    await world.resource("TrainingJobVersion", "it", desiredState="Stopped", **identity)
    status = await world.reaches("TrainingJobVersion", "it", "Stopped")
    assert world.writes() == STOPPED_VERSION
    assert world.thing("155502/1")["state"] == "KILLED"
    assert plain_fields(status, "Stopped") == {
        "externalID": "155502/1",
        "externalName": "V0001",
        "externalState": "Stopped",
        "providerState": "JOBSTAT_KILLED",
        "effectiveDeletionPolicy": "Delete",
        "observedGeneration": 1,
    }
    assert status["lastCall"]["operation"] == "StopTrainingJobVersion"
    assert parse_time(status["createdAt"]) <= parse_time(status["startedAt"]) <= parse_time(status["finishedAt"])
    await world.delete("TrainingJobVersion", "it")
    assert world.thing("155502/1") is None
    assert world.writes() == [*STOPPED_VERSION, ("DeleteVersion", "155502/1")]


async def test_stopped_stops_each_active_version_of_a_job(world: World):
    world.modelarts.add("version", job="155500", id=3, state="RUNNING")
    await world.resource("TrainingJob", "mnist", jobID="155500", desiredState="Stopped")
    status = await world.reaches("TrainingJob", "mnist", "Stopped")
    assert sorted(world.writes()) == [("StopVersion", "155500/1"), ("StopVersion", "155500/3")]
    assert status["externalState"] == "Stopped"


async def test_stopped_terminates_a_v2_job_and_keeps_it(world: World):
    await world.resource("TrainingJob", "llama", jobName="llama-lora", desiredState="Stopped")
    status = await world.reaches("TrainingJob", "llama", "Stopped")
    assert status["providerState"] == "Terminated"
    assert world.writes() == [("StopTrainingJob", V2_JOB)]


async def test_a_watched_thing_shows_its_remote_state_and_times(world: World):
    await world.resource("TrainingJobVersion", "it", jobID="155502", versionID="1")
    status = await world.reaches("TrainingJobVersion", "it", "Available")
    version = world.modelarts.v1.version("155502", "1", world.modelarts.clock())
    assert (status["externalState"], status["providerState"]) == ("Running", "JOBSTAT_RUNNING")
    assert int(parse_time(status["createdAt"]).timestamp()) == int(version.created)
    assert int(parse_time(status["startedAt"]).timestamp()) == int(version.started(world.modelarts.clock()))
    assert "finishedAt" not in status
    assert "lastCall" not in status
    world.modelarts.set_state("155502/1", "COMPLETED")
    await world.shows("TrainingJobVersion", "it", externalState="Succeeded")


async def test_a_tuning_job_with_tasks_is_not_touched_without_cascade(world: World):
    await world.resource("FineTuningJob", "support", jobName="support-answers")
    await world.reaches("FineTuningJob", "support", "Available")
    await world.api.delete("FineTuningJob", "support")
    status = await world.reaches("FineTuningJob", "support", "NotEmpty")
    await world.polls(world.qianfan, 3, operation="DescribeFineTuningTasks")
    assert world.writes() == []
    assert status["externalState"] == "Running"
    assert "3 task" in next(entry["message"] for entry in status["conditions"] if entry["type"] == "Ready")


async def test_a_tuning_job_with_cascade_takes_its_tasks_with_it(world: World):
    await world.resource("FineTuningJob", "support", jobName="support-answers", cascade=True)
    await world.reaches("FineTuningJob", "support", "Available")
    await world.delete("FineTuningJob", "support")
    assert [entry["id"] for entry in world.qianfan.things()] == ["job-e8mpty00job1"]
    waiting, done = "task-wa1t1ng00003", "task-d0ne00000002"
    assert sorted(world.writes()) == sorted(
        [
            ("StopFineTuningTask", TASK),
            ("StopFineTuningTask", waiting),
            *(("DeleteFineTuningTask", task) for task in (TASK, waiting, done)),
            ("DeleteFineTuningJob", "job-k2f7q8m3x5ab"),
        ]
    )


async def test_an_empty_tuning_job_is_deleted_at_once(world: World):
    await world.resource("FineTuningJob", "empty", jobID="job-e8mpty00job1", desiredState="Absent")
    await world.reaches("FineTuningJob", "empty", "Absent")
    assert world.writes() == [("DeleteFineTuningJob", "job-e8mpty00job1")]


async def the_referenced_job(world: World, identity: dict[str, Any], name: str, job_id: str) -> None:
    """The TrainingJob that `jobRef` names, where the identity has one."""
    if "jobRef" in identity:
        await world.resource("TrainingJob", name, jobID=job_id)


def plain_fields(status: dict[str, Any], reason: str) -> dict[str, Any]:
    """The plain fields of a status that is Ready for this reason; times and the last call are looked at elsewhere, and
    whether a list has shown the thing in so short a life is chance.
    """
    conditions = {entry["type"]: (entry["status"], entry["reason"]) for entry in status["conditions"]}
    assert conditions == {"Ready": ("True", reason), "Synced": ("True", "ReconcileSuccess")}
    assert {entry["observedGeneration"] for entry in status["conditions"]} == {1}
    assert {"time", "requestID", "operation", "success"} == set(status["lastCall"])
    assert status["account"]["provider"] in ("ModelArts", "Qianfan")
    apart = {"conditions", "lastCall", "listed", "createdAt", "startedAt", "finishedAt", "account", "parentID"}
    return {name: value for name, value in status.items() if name not in apart}
