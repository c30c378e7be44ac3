"""A resource that gets another name in git keeps its remote thing, in the order that docs/gitops/moving.md gives."""

from __future__ import annotations

import pytest
from tests.e2e.world import World, until

from .gitops import GitOps

pytestmark = pytest.mark.apiserver


async def test_a_resource_that_is_renamed_in_two_syncs_keeps_its_job(world: World, gitops: GitOps):
    world.start_operator()
    await gitops.push(old=gitops.resource("TrainingJob", "nightly", jobID="155500"))
    await world.reaches("TrainingJob", "nightly", "Available")
    await gitops.push(new=gitops.resource("TrainingJob", "nightly-mnist", jobID="155500"))
    await world.reaches("TrainingJob", "nightly-mnist", "ManagementConflict")
    await gitops.push(old=None)
    await world.gone("TrainingJob", "nightly")
    await world.reaches("TrainingJob", "nightly-mnist", "Available")
    assert world.writes() == []
    assert world.thing("155500")


async def test_a_resource_that_is_orphaned_first_keeps_its_job_in_one_sync(world: World, gitops: GitOps):
    world.start_operator()
    old = gitops.resource("TrainingJob", "nightly", jobID="155500")
    await gitops.push(old=old)
    await world.reaches("TrainingJob", "nightly", "Available")
    await gitops.push(old=gitops.resource("TrainingJob", "nightly", jobID="155500", deletionPolicy="Orphan"))

    async def in_force() -> bool:
        body = await world.api.get("TrainingJob", "nightly")
        return bool(body and body["status"].get("effectiveDeletionPolicy") == "Orphan")

    await until(in_force, "the policy is in force")
    await gitops.push(old=None, new=gitops.resource("TrainingJob", "nightly-mnist", jobID="155500"))
    await world.gone("TrainingJob", "nightly")
    await world.reaches("TrainingJob", "nightly-mnist", "Available")
    assert world.writes() == []
