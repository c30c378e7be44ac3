"""The published rules on live objects: the health of a resource from its creation to its end."""

from __future__ import annotations

from typing import Any

import pytest
from tests.e2e.world import HUAWEI, World

from .evaluators import argo_cd, flux
from .kstatus import kstatus

pytestmark = pytest.mark.apiserver


async def healths(world: World, name: str, kind: str = "TrainingJob") -> tuple[str, str, str]:
    body: Any = await world.api.get(kind, name)
    return argo_cd()(body)[0], flux()(body), kstatus(body)


async def test_a_new_resource_is_not_taken_for_done_before_the_operator_has_seen_it(world: World):
    await world.resource("TrainingJob", "mnist", jobID="155500")
    assert await healths(world, "mnist") == ("Progressing", "InProgress", "InProgress")
    assert await healths(world, HUAWEI, "ProviderConfig") == ("Progressing", "InProgress", "InProgress")


async def test_a_reached_state_is_healthy_and_a_pause_suspends_it(world: World):
    world.start_operator()
    await world.resource("TrainingJob", "mnist", jobID="155501", desiredState="Stopped")
    await world.reaches("TrainingJob", "mnist", "Stopped")
    assert await healths(world, "mnist") == ("Healthy", "Current", "Current")
    assert await healths(world, HUAWEI, "ProviderConfig") == ("Healthy", "Current", "Current")
    await world.api.annotate("TrainingJob", "mnist", paused="true", reconcile_requested_at="now")
    await world.shows("TrainingJob", "mnist", lastHandledReconcileAt="now")
    assert await healths(world, "mnist") == ("Suspended", "Current", "Current")
    await world.api.patch("TrainingJob", "mnist", {"spec": {"desiredState": "Absent"}})
    await world.shows("TrainingJob", "mnist", observedGeneration=2)
    assert await healths(world, "mnist") == ("Suspended", "InProgress", "InProgress")


async def test_what_does_not_exist_is_degraded(world: World):
    world.start_operator()
    await world.resource("FineTuningTask", "typo", taskID="task-nosuchtask01")
    await world.reaches("FineTuningTask", "typo", "NotFound")
    assert await healths(world, "typo", "FineTuningTask") == ("Degraded", "Failed", "Failed")


async def test_a_deletion_that_the_guard_holds_suspends_the_resource_and_not_the_account(world: World):
    await world.account(HUAWEI, deletionGuard={"maxDeletions": 1, "windowSeconds": 3600})
    for name, job in (("one", "155500"), ("two", "155501")):
        await world.resource("TrainingJob", name, jobID=job, desiredState="Absent")
    world.start_operator()
    await world.reaches("TrainingJob", "one", "DeletionHeld")
    await world.reaches("TrainingJob", "two", "DeletionHeld")
    assert await healths(world, "one") == ("Suspended", "InProgress", "InProgress")
    await world.reaches("ProviderConfig", HUAWEI, "DeletionHeld")
    assert await healths(world, HUAWEI, "ProviderConfig") == ("Healthy", "Current", "Current")


async def test_a_deletion_under_way_is_progressing(world: World):
    await world.resource("TrainingJob", "mnist", jobID="155500")
    operator = world.start_operator()
    await world.reaches("TrainingJob", "mnist", "Available")
    world.operators.remove(operator)
    await operator.stop()
    await world.api.delete("TrainingJob", "mnist")
    assert await healths(world, "mnist") == ("Progressing", "InProgress", "Terminating")
