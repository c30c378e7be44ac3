"""What people see and wait for with kubectl."""

from __future__ import annotations

import pytest

from .world import World

pytestmark = pytest.mark.apiserver


async def test_kubectl_waits_for_the_desired_state(world: World):
    await world.resource("TrainingJobVersion", "it", jobID="155502", versionID="1", desiredState="Stopped")
    await world.api.kubectl("wait", "--for=condition=Ready", "--timeout=30s", "trainingjobversion/it")
    assert world.thing("155502/1")["state"] == "KILLED"


async def test_kubectl_delete_returns_when_the_remote_thing_is_gone(world: World):
    await world.resource("FineTuningTask", "it", taskID="task-d0ne00000002")
    await world.api.kubectl("wait", "--for=condition=Ready", "--timeout=30s", "finetuningtask/it")
    await world.api.kubectl("delete", "ftt", "it", "--timeout=30s")
    assert world.thing("task-d0ne00000002") is None


async def test_one_command_shows_everything_of_all_kinds(world: World):
    await world.resource("TrainingJob", "mnist", jobID="155500")
    await world.resource("TrainingJobConfig", "nightly", configName="my_job_config", desiredState="Absent")
    await world.resource("FineTuningTask", "task", taskID="task-r1unn1ng0001", desiredState="Stopped")
    await world.reaches("TrainingJob", "mnist", "Available")
    await world.reaches("TrainingJobConfig", "nightly", "Absent")
    await world.reaches("FineTuningTask", "task", "Stopped")
    lines = (await world.api.kubectl("get", "trainsweep", "-A")).splitlines()
    rows = {columns[1]: columns[2:7] for line in lines if (columns := line.split())[:1] == [world.namespace]}
    assert rows["trainingjob.trainsweep.dev/mnist"] == ["True", "Running", "Present", "155500", "Available"]
    assert rows["trainingjobconfig.trainsweep.dev/nightly"] == ["True", "Absent", "Absent", "my_job_config", "Absent"]
    assert rows["finetuningtask.trainsweep.dev/task"] == ["True", "Stopped", "Stopped", "task-r1unn1ng0001", "Stopped"]
    assert rows["providerconfig.trainsweep.dev/huawei"][:3] == ["True", "ModelArts", "Enforce"]


async def test_the_wide_form_tells_policy_provider_state_and_message(world: World):
    await world.resource("TrainingJob", "mnist", jobID="155500")
    await world.reaches("TrainingJob", "mnist", "Available")
    head, row = (await world.api.kubectl("get", "tj", "-o", "wide")).splitlines()
    assert head.split() == [
        *("NAME", "READY", "STATE", "DESIRED", "EXTERNAL-ID", "REASON", "AGE"),
        *("POLICY", "PROVIDER-STATE", "SYNCED", "MESSAGE"),
    ]
    assert row.split()[7:10] == ["Delete", "JOBSTAT_RUNNING", "True"]
    assert row.endswith("The remote thing is Running.")
