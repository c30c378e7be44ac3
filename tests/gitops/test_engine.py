"""Argo CD's own engine and the operator on the same resources: nobody undoes what the other one does."""

from __future__ import annotations

from typing import Any

import pytest
from tests.e2e.world import World, condition, until

from trainsweep.api.names import FINALIZER, IN_USE_FINALIZER

from .gitops import GitOps

pytestmark = pytest.mark.apiserver

APPLICATION = (("TrainingJob", "mnist"), ("ProviderConfig", "from-git"), ("Secret", "from-git"))


async def push_an_application(world: World, gitops: GitOps, **spec: Any) -> dict[str, Any]:
    """A resource with its account and Secret, pushed, until the operator has written all that it writes."""
    reference = {"providerConfigRef": {"name": "from-git"}}
    job = gitops.resource("TrainingJob", "mnist", jobID="155500", **reference | spec)
    config, secret = gitops.account("from-git")
    await gitops.push(job=job, config=config, secret=secret)
    await until(lambda: everything_is_written(world), "finalizers, status and the account's count are there")
    return job


async def everything_is_written(world: World) -> bool:
    job, config, secret = await live(world)
    account = config.get("status") or {}
    counted = account.get("resources") == 1
    ready = condition(job, "Ready").get("status") == "True"
    told = ready and (job["spec"].get("desiredState", "Present") == "Present" or over(account))
    return told and counted and all(body["metadata"].get("finalizers") for body in (job, config, secret))


def over(account: dict[str, Any]) -> bool:
    """The account has told the removal that it let through, and its end."""
    return account.get("removals", {}).get("underWay") == 0


async def live(world: World) -> list[dict[str, Any]]:
    return [await world.api.get(kind, name) or {"metadata": {}} for kind, name in APPLICATION]


async def versions(world: World) -> list[str]:
    """They change with every write that changes anything."""
    return [body["metadata"]["resourceVersion"] for body in await live(world)]


async def test_what_the_operator_writes_is_no_drift(world: World, gitops: GitOps):
    world.start_operator()
    await push_an_application(world, gitops, desiredState="Stopped")
    before = await versions(world)
    told = await gitops.sync()
    assert [line.endswith("unchanged") for line in told] == [True, True, True]
    assert await versions(world) == before
    job, config, secret = await live(world)
    assert job["metadata"]["finalizers"] == [FINALIZER]
    assert config["metadata"]["finalizers"] == secret["metadata"]["finalizers"] == [IN_USE_FINALIZER]


async def test_annotations_set_by_hand_are_no_drift(world: World, gitops: GitOps):
    world.start_operator()
    await push_an_application(world, gitops)
    await world.api.annotate("TrainingJob", "mnist", paused="true", reconcile_requested_at="now")
    await world.shows("TrainingJob", "mnist", lastHandledReconcileAt="now")
    before = await versions(world)
    await gitops.sync()
    assert await versions(world) == before
    job, *_ = await live(world)
    assert job["metadata"]["annotations"]["trainsweep.dev/paused"] == "true"


async def test_a_second_field_manager_and_the_engine_do_not_fight(world: World, gitops: GitOps):
    world.start_operator()
    job = await push_an_application(world, gitops, desiredState="Stopped")
    await world.api.apply("TrainingJob", "mnist", spec=job["spec"])
    before = await versions(world)
    for _ in range(2):
        await gitops.sync()
        await world.api.apply("TrainingJob", "mnist", spec=job["spec"])
    assert await versions(world) == before
    assert (await live(world))[0]["metadata"]["finalizers"] == [FINALIZER]


async def test_an_edit_by_hand_is_healed(world: World, gitops: GitOps):
    world.start_operator()
    await push_an_application(world, gitops, desiredState="Stopped")
    await world.api.patch("TrainingJob", "mnist", {"spec": {"desiredState": "Present"}})
    await world.reaches("TrainingJob", "mnist", "Available")
    await gitops.sync()
    await world.reaches("TrainingJob", "mnist", "Stopped")
    job, *_ = await live(world)
    assert job["spec"]["desiredState"] == "Stopped"
    assert job["metadata"]["finalizers"] == [FINALIZER]
    assert world.writes() == [("StopVersion", "155500/1")]


async def test_a_deletion_by_hand_is_healed_and_a_gone_job_is_reported(world: World, gitops: GitOps):
    world.start_operator()
    await push_an_application(world, gitops)
    await world.delete("TrainingJob", "mnist")
    assert world.thing("155500") is None
    await gitops.sync()
    status = await world.reaches("TrainingJob", "mnist", "NotFound")
    assert condition({"status": status}, "Stalled")["status"] == "True"


async def test_a_commit_changes_what_is_wanted(world: World, gitops: GitOps):
    world.start_operator()
    task = gitops.resource("FineTuningTask", "task", taskID="task-r1unn1ng0001")
    config = gitops.resource("TrainingJobConfig", "nightly", configName="my_job_config")
    await gitops.push(task=task, config=config)
    await world.reaches("FineTuningTask", "task", "Available")
    await world.reaches("TrainingJobConfig", "nightly", "Available")
    assert world.writes() == []
    task["spec"]["desiredState"], config["spec"]["desiredState"] = "Stopped", "Absent"
    await gitops.push(task=task, config=config)
    await world.reaches("FineTuningTask", "task", "Stopped")
    await world.reaches("TrainingJobConfig", "nightly", "Absent")


async def test_pruning_cleans_up_and_touches_nothing_else(world: World, gitops: GitOps):
    world.start_operator()
    await gitops.push(
        one=gitops.resource("TrainingJob", "one", jobID="155500"),
        other=gitops.resource("TrainingJob", "other", jobID="155502"),
    )
    await world.reaches("TrainingJob", "one", "Available")
    await world.reaches("TrainingJob", "other", "Available")
    await gitops.push(one=None)
    await world.gone("TrainingJob", "one")
    assert world.writes() == [("StopVersion", "155500/1"), ("DeleteJob", "155500")]
    assert world.thing("155500") is None
    assert (await world.reaches("TrainingJob", "other", "Available"))["externalState"] == "Running"


async def test_a_whole_application_is_pruned_in_one_commit(world: World, gitops: GitOps):
    world.start_operator()
    await push_an_application(world, gitops)
    pruned = await gitops.push(job=None, config=None, secret=None)
    assert [line.endswith("pruned") for line in pruned] == [True, True, True]
    for kind, name in APPLICATION:
        await world.gone(kind, name)
    assert world.writes() == [("StopVersion", "155500/1"), ("DeleteJob", "155500")]


async def test_what_is_pruned_and_brought_back_at_once_ends_as_a_new_resource(world: World, gitops: GitOps):
    operator = world.start_operator()
    job = gitops.resource("TrainingJob", "yolo", jobID="155502", desiredState="Stopped", deletionPolicy="Stop")
    await gitops.push(job=job)
    await world.reaches("TrainingJob", "yolo", "Stopped")
    # While no operator runs, the old resource surely still waits for its cleanup when the new one is asked for.
    world.operators.remove(operator)
    await operator.stop()
    first = await world.api.get("TrainingJob", "yolo")
    await gitops.push(job=None)
    await gitops.push(job=job)
    second = await world.api.get("TrainingJob", "yolo")
    assert first
    assert second
    assert second["metadata"]["uid"] == first["metadata"]["uid"]
    assert "deletionTimestamp" in second["metadata"]
    world.start_operator()
    await world.gone("TrainingJob", "yolo")
    await gitops.sync()
    status = await world.reaches("TrainingJob", "yolo", "Stopped")
    third = await world.api.get("TrainingJob", "yolo")
    assert third
    assert third["metadata"]["uid"] != first["metadata"]["uid"]
    assert third["metadata"]["finalizers"] == [FINALIZER]
    assert status["externalState"] == "Stopped"
    assert "lastCall" not in status
    assert world.writes() == [("StopVersion", "155502/1")]


async def test_what_is_brought_back_after_its_deletion_tells_the_truth_and_deletes_nothing(
    world: World, gitops: GitOps
):
    world.start_operator()
    watched = gitops.resource("FineTuningTask", "watched", taskID="task-r1unn1ng0001")
    swept = gitops.resource("TrainingJobConfig", "swept", configName="my_job_config", desiredState="Absent")
    await gitops.push(watched=watched, swept=swept)
    await world.reaches("FineTuningTask", "watched", "Available")
    await world.reaches("TrainingJobConfig", "swept", "Absent")
    await gitops.push(watched=None, swept=None)
    await world.gone("FineTuningTask", "watched")
    await world.gone("TrainingJobConfig", "swept")
    before = world.writes()
    await gitops.push(watched=watched, swept=swept)
    await world.reaches("FineTuningTask", "watched", "NotFound")
    status = await world.reaches("TrainingJobConfig", "swept", "Absent")
    assert condition({"status": status}, "Ready")["status"] == "True"
    assert world.writes() == before
