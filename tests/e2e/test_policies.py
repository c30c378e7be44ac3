"""What deleting a resource does: its own policy, else the namespace's, else the operator's."""

from __future__ import annotations

import pytest

from trainsweep.api.common import DeletionPolicy

from .world import World, condition

pytestmark = pytest.mark.apiserver

RUNNING = {"jobID": "155502", "versionID": "1"}
STOP, DELETE = ("StopVersion", "155502/1"), ("DeleteVersion", "155502/1")
CALLS = {"Delete": [STOP, DELETE], "Stop": [STOP], "Orphan": []}


@pytest.mark.parametrize("policy", CALLS)
async def test_the_resource_says_what_its_deletion_does(world: World, policy: str):
    await world.resource("TrainingJobVersion", "it", deletionPolicy=policy, **RUNNING)
    status = await world.reaches("TrainingJobVersion", "it", "Available")
    assert status["effectiveDeletionPolicy"] == policy
    await world.delete("TrainingJobVersion", "it")
    assert world.writes() == CALLS[policy]


@pytest.mark.parametrize("policy", CALLS)
async def test_the_namespace_says_it_for_resources_that_do_not(world: World, policy: str):
    await world.api.annotate("Namespace", world.namespace, deletion_policy=policy)
    await world.resource("TrainingJobVersion", "it", **RUNNING)
    await world.shows("TrainingJobVersion", "it", effectiveDeletionPolicy=policy)
    await world.delete("TrainingJobVersion", "it")
    assert world.writes() == CALLS[policy]


async def test_the_operator_says_it_where_nobody_else_does(quiet_world: World):
    world = quiet_world
    world.start_operator(deletion_policy=DeletionPolicy.ORPHAN)
    await world.resource("TrainingJobVersion", "it", **RUNNING)
    await world.shows("TrainingJobVersion", "it", effectiveDeletionPolicy="Orphan")
    await world.delete("TrainingJobVersion", "it")
    assert world.writes() == []


async def test_the_resource_wins_over_its_namespace(world: World):
    await world.api.annotate("Namespace", world.namespace, deletion_policy="Delete")
    await world.resource("TrainingJobVersion", "it", deletionPolicy="Orphan", **RUNNING)
    await world.shows("TrainingJobVersion", "it", effectiveDeletionPolicy="Orphan")
    await world.delete("TrainingJobVersion", "it")
    assert world.writes() == []


async def test_an_orphan_never_carries_the_finalizer(world: World):
    await world.resource("TrainingJobVersion", "it", deletionPolicy="Orphan", **RUNNING)
    await world.reaches("TrainingJobVersion", "it", "Available")
    assert "finalizers" not in (await world.api.get("TrainingJobVersion", "it"))["metadata"]


async def test_a_misspelt_annotation_never_comes_to_mean_delete(world: World):
    await world.resource("TrainingJobVersion", "it", **RUNNING)
    await world.reaches("TrainingJobVersion", "it", "Available")
    await world.api.annotate("Namespace", world.namespace, deletion_policy="orphan")
    await world.api.delete("TrainingJobVersion", "it")
    await world.reaches("TrainingJobVersion", "it", "InvalidSpec")
    body = await world.api.get("TrainingJobVersion", "it")
    assert "'orphan'" in condition(body, "Stalled")["message"]
    assert "effectiveDeletionPolicy" not in body["status"], "nobody knows it"
    assert world.writes() == []
    await world.api.annotate("Namespace", world.namespace, deletion_policy="Orphan")
    await world.api.annotate("TrainingJobVersion", "it", reconcile_requested_at="now")
    await world.gone("TrainingJobVersion", "it")
    assert world.writes() == []


async def test_the_policy_in_force_at_the_deletion_is_the_one_that_counts(world: World):
    await world.resource("TrainingJobVersion", "it", deletionPolicy="Delete", **RUNNING)
    await world.reaches("TrainingJobVersion", "it", "Available")
    await world.resource("TrainingJobVersion", "it", deletionPolicy="Orphan", **RUNNING)
    await world.shows("TrainingJobVersion", "it", effectiveDeletionPolicy="Orphan")
    await world.delete("TrainingJobVersion", "it")
    assert world.writes() == []


async def test_a_config_is_left_as_it_is_where_the_namespace_says_stop(world: World):
    await world.api.annotate("Namespace", world.namespace, deletion_policy="Stop")
    await world.resource("TrainingJobConfig", "it", configName="my_job_config")
    await world.reaches("TrainingJobConfig", "it", "Available")
    await world.delete("TrainingJobConfig", "it")
    assert world.writes() == []
