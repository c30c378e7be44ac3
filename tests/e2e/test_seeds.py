"""The five seed pages, each as a manifest: applied, reached, the exact calls made, deleted, gone."""

from __future__ import annotations

import pytest

from .world import World, thing, writes

pytestmark = pytest.mark.apiserver


async def test_a_job_is_watched_and_deleted_with_its_resource(world: World):
    await world.resource("TrainingJob", "mnist", jobID="155501")
    status = await world.reaches("TrainingJob", "mnist", "Available")
    assert status["externalID"] == "155501"
    assert writes(world.modelarts) == []
    await world.delete("TrainingJob", "mnist")
    assert thing(world.modelarts, "155501") is None
    assert writes(world.modelarts) == [("DeleteJob", "155501")]
