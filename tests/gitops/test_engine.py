"""Argo CD's own engine and the operator on the same resources: nobody undoes what the other one does."""

from __future__ import annotations

from typing import Any

import pytest

from trainsweep.api.names import FINALIZER, IN_USE_FINALIZER

from ..e2e.world import World, condition, until
from .agent import Agent
from .manifests import CLIENT_SIDE, SERVER_SIDE, account, resource
from .repository import Repository

pytestmark = pytest.mark.apiserver
either_way = pytest.mark.parametrize("how", [CLIENT_SIDE, SERVER_SIDE], ids=["client-side", "server-side"])


async def the_whole_application(
    world: World, repository: Repository, agent: Agent, how: dict[str, str], **spec: Any
) -> dict[str, dict[str, Any]]:
    """Account, Secret and a resource out of one commit, with everything that the operator writes to them."""
    job = resource(world, "TrainingJob", "mnist", how=how, providerConfigRef={"name": "from-git"}, jobID="155500", **spec)
    manifests = {**account(world, "from-git", how=how), "job": job}
    repository.commit(**manifests)
    await agent.sync()
    await until(lambda: everything_is_written(world), "both finalizers and the account's count are there")
    return manifests


async def everything_is_written(world: World) -> bool:
    job, config, secret = await live(world)
    counted = (config.get("status") or {}).get("resources") == 1
    ready = condition(job, "Ready").get("status") == "True"
    return ready and counted and all(body["metadata"].get("finalizers") for body in (job, config, secret))


async def live(world: World) -> list[dict[str, Any]]:
    names = (("TrainingJob", "mnist"), ("ProviderConfig", "from-git"), ("Secret", "from-git"))
    return [await world.api.get(kind, name) or {"metadata": {}} for kind, name in names]


@either_way
async def test_what_the_operator_writes_is_no_drift(
    world: World, repository: Repository, agent: Agent, how: dict[str, str]
):
    world.start_operator()
    await the_whole_application(world, repository, agent, how, desiredState="Stopped")
    # What a person adds with kubectl and the operator answers is nobody's drift either.
    await world.api.annotate("TrainingJob", "mnist", reconcile_requested_at="now")
    await world.shows("TrainingJob", "mnist", lastHandledReconcileAt="now")
    before = await live(world)
    for _ in range(2):
        await agent.sync()
    after = await live(world)
    assert [body["metadata"]["resourceVersion"] for body in after] == [
        body["metadata"]["resourceVersion"] for body in before
    ]
    assert [body["metadata"]["finalizers"] for body in after] == [[FINALIZER], [IN_USE_FINALIZER], [IN_USE_FINALIZER]]


@either_way
async def test_an_edit_by_hand_is_healed(world: World, repository: Repository, agent: Agent, how: dict[str, str]):
    world.start_operator()
    await the_whole_application(world, repository, agent, how, desiredState="Stopped")
    await world.api.patch("TrainingJob", "mnist", {"spec": {"desiredState": "Present"}})
    await world.reaches("TrainingJob", "mnist", "Available")
    await agent.sync()
    await world.reaches("TrainingJob", "mnist", "Stopped")
    job, *_ = await live(world)
    assert job["spec"]["desiredState"] == "Stopped"
    assert job["metadata"]["finalizers"] == [FINALIZER]
    assert world.writes() == [("StopVersion", "155500/1")]


async def test_a_commit_changes_what_is_wanted(world: World, repository: Repository, agent: Agent):
    world.start_operator()
    repository.commit(
        config=resource(world, "TrainingJobConfig", "nightly", configName="my_job_config"),
        task=resource(world, "FineTuningTask", "task", taskID="task-r1unn1ng0001"),
    )
    await agent.sync()
    await world.reaches("TrainingJobConfig", "nightly", "Available")
    await world.reaches("FineTuningTask", "task", "Available")
    assert world.writes() == []
    repository.commit(
        config=resource(world, "TrainingJobConfig", "nightly", configName="my_job_config", desiredState="Absent"),
        task=resource(world, "FineTuningTask", "task", taskID="task-r1unn1ng0001", desiredState="Stopped"),
    )
    await agent.sync()
    await world.reaches("TrainingJobConfig", "nightly", "Absent")
    await world.reaches("FineTuningTask", "task", "Stopped")


async def test_pruning_cleans_up_and_touches_nothing_else(world: World, repository: Repository, agent: Agent):
    world.start_operator()
    repository.commit(
        one=resource(world, "TrainingJob", "one", jobID="155500"),
        other=resource(world, "TrainingJob", "other", jobID="155502"),
    )
    await agent.sync()
    await world.reaches("TrainingJob", "one", "Available")
    await world.reaches("TrainingJob", "other", "Available")
    repository.commit(one=None)
    assert "pruned" in await agent.sync()
    await world.gone("TrainingJob", "one")
    assert world.writes() == [("StopVersion", "155500/1"), ("DeleteJob", "155500")]
    assert world.thing("155500") is None
    assert (await world.reaches("TrainingJob", "other", "Available"))["externalState"] == "Running"


@either_way
async def test_a_whole_application_is_pruned_in_one_commit(
    world: World, repository: Repository, agent: Agent, how: dict[str, str]
):
    world.start_operator()
    manifests = await the_whole_application(world, repository, agent, how)
    repository.commit(**dict.fromkeys(manifests))
    assert (await agent.sync()).count("pruned") == 3
    await world.gone("TrainingJob", "mnist")
    assert world.thing("155500") is None
    await world.gone("ProviderConfig", "from-git")
    await world.gone("Secret", "from-git")


@either_way
async def test_what_is_pruned_and_brought_back_at_once_is_a_new_resource(
    world: World, repository: Repository, agent: Agent, how: dict[str, str]
):
    operator = world.start_operator()
    job = resource(world, "TrainingJob", "yolo", how=how, jobID="155502", desiredState="Stopped", deletionPolicy="Stop")
    repository.commit(job=job)
    await agent.sync()
    await world.reaches("TrainingJob", "yolo", "Stopped")
    first = await world.api.get("TrainingJob", "yolo")
    # Without the operator the old resource surely waits for its cleanup while the new one is asked for.
    world.operators.remove(operator)
    await operator.stop()
    repository.commit(job=None)
    await agent.sync()
    repository.commit(job=job)
    await agent.sync()
    old = await world.api.get("TrainingJob", "yolo")
    assert first
    assert old
    assert old["metadata"]["uid"] == first["metadata"]["uid"]
    assert "deletionTimestamp" in old["metadata"]
    world.start_operator()
    await world.gone("TrainingJob", "yolo")
    await agent.sync()
    await world.reaches("TrainingJob", "yolo", "Stopped")
    new = await world.api.get("TrainingJob", "yolo")
    assert new
    assert new["metadata"]["uid"] != first["metadata"]["uid"]
    assert new["metadata"]["finalizers"] == [FINALIZER]
    assert new["status"]["externalState"] == "Stopped"
    assert world.writes() == [("StopVersion", "155502/1")]


async def test_what_is_brought_back_after_its_deletion_tells_the_truth(
    world: World, repository: Repository, agent: Agent
):
    world.start_operator()
    watched = resource(world, "FineTuningTask", "watched", taskID="task-r1unn1ng0001")
    swept = resource(world, "TrainingJobConfig", "swept", configName="my_job_config", desiredState="Absent")
    repository.commit(watched=watched, swept=swept)
    await agent.sync()
    await world.reaches("FineTuningTask", "watched", "Available")
    await world.reaches("TrainingJobConfig", "swept", "Absent")
    repository.commit(watched=None, swept=None)
    await agent.sync()
    repository.commit(watched=watched, swept=swept)
    await world.gone("FineTuningTask", "watched")
    await world.gone("TrainingJobConfig", "swept")
    before = world.writes()
    await agent.sync()
    status = await world.reaches("FineTuningTask", "watched", "NotFound")
    assert condition({"status": status}, "Stalled")["status"] == "True"
    status = await world.reaches("TrainingJobConfig", "swept", "Absent")
    assert condition({"status": status}, "Ready")["status"] == "True"
    assert world.writes() == before
