"""How little is written to the API server, counted in its audit log.

Beside what `api_writes` shows for a resource there is one event, when its remote thing is proven gone.
"""

from __future__ import annotations

import pytest

from .world import World

pytestmark = pytest.mark.apiserver

FINALIZER, STATUS = "patch trainingjobversions", "patch trainingjobversions/status"


async def test_an_ended_run_costs_three_writes_in_its_whole_life(world: World):
    await world.resource("TrainingJobVersion", "it", jobID="155501", versionID="1")
    await world.reaches("TrainingJobVersion", "it", "Available")
    await world.delete("TrainingJobVersion", "it")
    assert world.api_writes("it") == [FINALIZER, STATUS, FINALIZER]
    assert "155501" in await world.told("it", "DeletedExternalResource")
    assert world.api_writes().count("create events") == 3, "two accounts have told of themselves"


async def test_a_running_one_that_has_to_be_stopped_first_costs_no_more(world: World):
    await world.resource("TrainingJobVersion", "it", jobID="155502", versionID="1")
    await world.reaches("TrainingJobVersion", "it", "Available")
    await world.delete("TrainingJobVersion", "it")
    assert world.api_writes("it") == [FINALIZER, STATUS, FINALIZER]


async def test_nothing_is_written_at_rest(world: World):
    await world.resource("TrainingJobVersion", "running", jobID="155502", versionID="1")
    await world.resource("TrainingJob", "ended", jobID="155501", desiredState="Stopped")
    await world.resource("TrainingJobConfig", "missing", configName="no-such-config")
    await world.resource("FineTuningTask", "task", taskID="task-r1unn1ng0001")
    await world.reaches("TrainingJobVersion", "running", "Available")
    await world.reaches("TrainingJob", "ended", "Stopped")
    await world.reaches("TrainingJobConfig", "missing", "NotFound")
    await world.reaches("FineTuningTask", "task", "Available")
    await world.shows("ProviderConfig", "huawei", resources=3)
    await world.shows("ProviderConfig", "baidu", resources=1)
    await world.polls(world.modelarts, 2, operation="ListVersions")
    before = world.api_writes()
    await world.polls(world.modelarts, 4, operation="ListVersions")
    await world.polls(world.modelarts, 2, operation="ListConfigs")
    await world.polls(world.modelarts, 1, operation="ListJobs")
    await world.polls(world.qianfan, 3, operation="DescribeFineTuningTasks")
    assert world.api_writes() == before
    assert world.writes() == []


async def test_one_list_serves_all_resources_of_a_kind(world: World):
    names = [f"job-{number}" for number in range(10)]
    for name in names:
        world.modelarts.add("v1-job", name=name, versions=[{"state": "COMPLETED"}])
        await world.resource("TrainingJob", name, jobName=name)
    for name in names:
        await world.reaches("TrainingJob", name, "Available")
    await world.polls(world.modelarts, 1, operation="ListJobs")
    world.modelarts.journal.clear()
    await world.polls(world.modelarts, 3, operation="ListJobs")
    assert {entry.operation for entry in world.modelarts.journal.entries} == {"ListJobs"}
