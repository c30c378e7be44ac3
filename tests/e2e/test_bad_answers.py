"""Answers that say nothing about the thing: never taken for absence, never acted on, shown in the provider's words."""

from __future__ import annotations

from typing import Any

import pytest

from .world import BAIDU, World, condition, until

pytestmark = pytest.mark.apiserver

KIND = "TrainingJobVersion"
RUNNING = {"jobID": "155502", "versionID": "1"}
STOP, DELETE = ("StopVersion", "155502/1"), ("DeleteVersion", "155502/1")

LOOK_ALIKES: dict[str, tuple[dict[str, Any], str, str]] = {
    "an API that is not published": (
        {"status": 404, "body": {"error_code": "APIGW.0101", "error_msg": "The API does not exist"}},
        "Misrouted",
        "APIGW.0101",
    ),
    "a project of somebody else": (
        {"status": 404, "body": {"error_code": "ModelArts.2786", "error_msg": "Project mismatch."}},
        "Misrouted",
        "ModelArts.2786",
    ),
    "a page of HTML": ({"status": 404, "body": "<html><h1>404 Not Found</h1></html>"}, "MalformedAnswer", "404"),
    "an empty body": ({"status": 200, "body": ""}, "MalformedAnswer", ""),
    "broken JSON": ({"status": 200, "body": '{"is_success": tr'}, "MalformedAnswer", ""),
    "a list in place of an object": ({"status": 200, "body": []}, "MalformedAnswer", ""),
    "a success that is none": (
        {"status": 200, "body": {"is_success": False, "error_code": "ModelArts.9999", "error_msg": "Try later."}},
        "",
        "Try later.",
    ),
    "no right to do this": (
        {"status": 403, "body": {"error_code": "ModelArts.4116", "error_msg": "Not allowed."}},
        "PermissionDenied",
        "Not allowed.",
    ),
    "an outage": ({"status": 503, "body": "upstream connect error"}, "ProviderUnavailable", "503"),
}


@pytest.mark.parametrize(("fault", "reason", "words"), LOOK_ALIKES.values(), ids=LOOK_ALIKES)
async def test_no_such_answer_frees_a_resource(world: World, fault: dict[str, Any], reason: str, words: str):
    await world.resource(KIND, "it", **RUNNING)
    await world.reaches(KIND, "it", "Available")
    world.modelarts.faults.add(times=None, **fault)
    await world.api.delete(KIND, "it")
    told: dict[str, Any] = {}

    async def shown() -> bool:
        told.update(condition(await world.api.get(KIND, "it"), "Synced"))
        return told["status"] == "False"

    await until(shown, "the trouble is told", shown=told)
    assert reason in ("", told["reason"])
    assert words in told["message"]
    body = await world.api.get(KIND, "it")
    assert body["metadata"]["finalizers"] == ["trainsweep.dev/cleanup"]
    assert body["status"]["externalState"] == "Running", "what was seen last stays"
    world.modelarts.faults.clear()
    await world.api.annotate(KIND, "it", reconcile_requested_at="now")
    await world.gone(KIND, "it")
    assert [call for call in world.writes() if call in (STOP, DELETE)] == world.writes()
    assert world.thing("155502/1") is None


async def test_an_unknown_state_is_shown_and_never_acted_on(world: World):
    world.modelarts.set_state("155502/1", "99")
    await world.resource(KIND, "it", desiredState="Absent", **RUNNING)
    status = await world.reaches(KIND, "it", "UnknownState")
    assert (status["externalState"], status["providerState"]) == ("Unknown", "99")
    await world.polls(world.modelarts, 2, operation="ListVersions")
    assert world.writes() == []
    world.modelarts.set_state("155502/1", "RUNNING")
    await world.reaches(KIND, "it", "Absent")
    assert world.writes() == [STOP, DELETE]


async def test_an_empty_state_of_a_new_task_is_waited_out(world: World):
    world.qianfan.set_state("task-r1unn1ng0001", "")
    await world.resource("FineTuningTask", "it", taskID="task-r1unn1ng0001", desiredState="Absent")
    await world.reaches("FineTuningTask", "it", "UnknownState")
    assert world.writes() == []
    world.qianfan.set_state("task-r1unn1ng0001", "Done")
    await world.reaches("FineTuningTask", "it", "Absent")
    assert world.writes() == [("DeleteFineTuningTask", "task-r1unn1ng0001")]


NOBODY = {
    "a job": ("TrainingJob", {"jobID": "999999"}),
    "a V2 job": ("TrainingJob", {"jobID": "00000000-0000-4000-8000-000000000000"}),
    "a job by name": ("TrainingJob", {"jobName": "nobody"}),
    "a version": (KIND, {"jobID": "155501", "versionID": "99"}),
    "a version of no job": (KIND, {"jobID": "999999", "versionID": "1"}),
    "a config": ("TrainingJobConfig", {"configName": "nobody"}),
    "a task": ("FineTuningTask", {"taskID": "task-nobody"}),
    "a tuning job": ("FineTuningJob", {"jobID": "job-nobody"}),
}


@pytest.mark.parametrize(("kind", "identity"), NOBODY.values(), ids=NOBODY)
async def test_what_never_existed_is_told_and_its_resource_freed_at_once(
    world: World, kind: str, identity: dict[str, Any]
):
    await world.resource(kind, "it", **identity)
    status = await world.reaches(kind, "it", "NotFound")
    assert status["externalState"] == "Absent"
    assert condition(await world.api.get(kind, "it"), "Stalled")["status"] == "True"
    await world.resource(kind, "it", desiredState="Absent", **identity)
    await world.reaches(kind, "it", "Absent")
    await world.delete(kind, "it")
    assert world.writes() == []


async def test_a_thing_that_comes_back_is_noticed(world: World):
    await world.resource(KIND, "it", jobID="155501", versionID="3")
    await world.reaches(KIND, "it", "NotFound")
    world.modelarts.add("version", job="155501", id=3, state="RUNNING")
    assert (await world.reaches(KIND, "it", "Available"))["externalState"] == "Running"


async def test_a_refused_stop_of_a_run_that_just_ended_is_a_success(world: World):
    refusal = {
        "is_success": False,
        "error_code": "ModelArts.0105",
        "error_message": "The job state does not allow this.",
    }
    world.modelarts.faults.add(match={"operation": "StopVersion"}, latency=1.0, status=400, body=refusal)
    await world.resource(KIND, "it", desiredState="Stopped", **RUNNING)
    await until(lambda: world.modelarts.journal.select(operation="StopVersion"), "a stop is on its way")
    world.modelarts.set_state("155502/1", "COMPLETED")
    status = await world.reaches(KIND, "it", "Stopped")
    assert status["externalState"] == "Succeeded"
    assert condition(await world.api.get(KIND, "it"), "Synced")["status"] == "True"
    assert world.writes() == [STOP]


async def test_after_a_delete_without_an_answer_a_read_comes_first(world: World):
    world.modelarts.faults.add(match={"operation": "DeleteVersion"}, reset="after")
    await world.resource(KIND, "it", jobID="155501", versionID="2", desiredState="Absent")
    await world.reaches(KIND, "it", "Absent")
    entries = list(world.modelarts.journal.entries)
    deletes = [index for index, entry in enumerate(entries) if entry.operation == "DeleteVersion"]
    assert [entries[index].effect for index in deletes].count(True) == 1
    assert all(entries[index - 1].operation == "ShowVersion" for index in deletes)
    assert "lastCall" in (await world.api.get(KIND, "it"))["status"]


async def test_a_delete_that_got_lost_is_repeated(world: World):
    world.modelarts.faults.add(match={"operation": "DeleteVersion"}, reset="before")
    await world.resource(KIND, "it", jobID="155501", versionID="2", desiredState="Absent")
    await world.reaches(KIND, "it", "Absent")
    assert world.writes() == [("DeleteVersion", "155501/2")] * 2


def refuse(world: World, **changes: object) -> None:
    """Let Qianfan say in another way that it does not know an id."""
    for when in ("missing_on_describe", "missing_on_stop", "missing_on_delete"):
        refusal = getattr(world.qianfan.switches, when)
        world.qianfan.switch(**{when: refusal.model_copy(update=changes)})


@pytest.mark.parametrize("form", ["body", "body_200", "v1"])
async def test_qianfan_may_say_in_several_forms_that_a_task_is_gone(world: World, form: str):
    refuse(world, form=form)
    await world.resource("FineTuningTask", "it", taskID="task-d0ne00000002")
    await world.reaches("FineTuningTask", "it", "Available")
    await world.delete("FineTuningTask", "it")
    assert world.writes() == [("DeleteFineTuningTask", "task-d0ne00000002")]


@pytest.mark.parametrize(("form", "reason"), [("headers", "Misrouted"), ("result_false", "MalformedAnswer")])
async def test_what_the_service_itself_did_not_say_of_a_task_frees_nothing(world: World, form: str, reason: str):
    refuse(world, form=form)
    await world.resource("FineTuningTask", "it", taskID="task-d0ne00000002", desiredState="Absent")
    await world.reaches("FineTuningTask", "it", reason)
    await world.polls(world.qianfan, 2, operation="DescribeFineTuningTask")
    assert (await world.api.get("FineTuningTask", "it"))["metadata"]["finalizers"] == ["trainsweep.dev/cleanup"]


async def test_error_classes_correct_what_is_documented_nowhere(world: World):
    refuse(world, status=404, code="TaskPathGone")
    await world.resource("FineTuningTask", "it", taskID="task-d0ne00000002", desiredState="Absent")
    await world.reaches("FineTuningTask", "it", "Misrouted")
    await world.account(BAIDU, errorClasses=[{"status": 404, "code": "TaskPathGone", "class": "NotFound"}])
    await world.reaches("FineTuningTask", "it", "Absent")
    assert world.writes() == [("DeleteFineTuningTask", "task-d0ne00000002")]


async def test_an_api_withdrawn_by_the_vendor_is_no_absence(world: World):
    await world.resource(KIND, "it", **RUNNING)
    await world.reaches(KIND, "it", "Available")
    world.modelarts.switch(v1_withdrawn=True)
    await world.api.delete(KIND, "it")

    async def told() -> bool:
        return condition(await world.api.get(KIND, "it"), "Synced").get("reason") == "Misrouted"

    await until(told, "the withdrawn API is told")
    assert (await world.api.get(KIND, "it"))["metadata"]["finalizers"] == ["trainsweep.dev/cleanup"]
    assert world.writes() == []


async def test_without_the_api_that_could_hold_it_no_name_is_absent(world: World):
    v2_job = world.modelarts.add("v2-job", name="only-here", state="Completed")
    world.modelarts.switch(v1_withdrawn=True)
    await world.resource("TrainingJob", "v1", jobName="yolo-v3-detector", desiredState="Absent")
    await world.resource(KIND, "version", jobName="yolo-v3-detector", versionName="V0001", desiredState="Absent")
    await world.resource("TrainingJob", "v2", jobName="only-here", desiredState="Absent")
    await world.reaches("TrainingJob", "v2", "Absent")
    await world.reaches("TrainingJob", "v1", "Misrouted")
    await world.reaches(KIND, "version", "Misrouted")
    await world.api.delete("TrainingJob", "v1")
    await world.polls(world.modelarts, 1, operation="ListJobs")
    assert (await world.api.get("TrainingJob", "v1"))["metadata"]["finalizers"] == ["trainsweep.dev/cleanup"]
    assert world.writes() == [("DeleteTrainingJob", v2_job)]
    world.modelarts.switch(v1_withdrawn=False)
    await world.gone("TrainingJob", "v1", patience=60)


async def test_a_delete_that_was_accepted_and_failed_is_told_in_the_words_of_the_provider(world: World):
    world.modelarts.switch(delete_fails=True)
    await world.resource(KIND, "it", jobID="155501", versionID="2", desiredState="Absent")
    await world.reaches(KIND, "it", "DeleteFailed")
    ready = condition(await world.api.get(KIND, "it"), "Ready")
    assert ready["message"].startswith("The last delete failed at the provider.")
    assert world.writes() == [("DeleteVersion", "155501/2")]
