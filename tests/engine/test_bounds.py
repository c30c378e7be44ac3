"""A shared account within bounds, by an operator at work: what is out of bounds is watched and not touched."""

import pytest

from trainsweep.core.external import Thing

from .world import CONFIGS, FAST, NAMESPACE, TASK, World

SHARED = {"kind": "ClusterProviderConfig", "name": "shared"}


@pytest.fixture
def world():
    world = World()
    reference = {"secretRef": {"name": "keys", "namespace": NAMESPACE}}
    spec = {**CONFIGS["qianfan"], "credentials": reference, "rateLimit": FAST}
    spec |= {"allowedNamespaces": {"names": [NAMESPACE]}, "bounds": {"namePatterns": ["{namespace}-*"]}}
    world.api.create("ClusterProviderConfig", "", "shared", spec)
    yield world
    world.kill()
    assert world.defects == []


def test_a_thing_of_another_name_is_not_touched_and_one_of_ours_is_deleted(world):
    world.remotes.add(Thing.TUNING_TASK, "task-a1", name="somebody-elses")
    world.remotes.add(Thing.TUNING_TASK, "task-a2", name=f"{NAMESPACE}-own")
    for name, task in (("theirs", "task-a1"), ("ours", "task-a2")):
        world.declare(name, TASK, taskID=task, desiredState="Absent", providerConfigRef=SHARED)
    world.run(600)
    assert world.ready("theirs") == ("False", "OutOfBounds")
    assert world.ready("ours") == ("True", "Absent")
    assert {target for _, target in world.calls} == {"task-a2"}


def test_wider_bounds_are_noticed_at_once(world):
    world.remotes.add(Thing.TUNING_TASK, "task-a1", name="somebody-elses")
    world.declare("theirs", TASK, taskID="task-a1", desiredState="Stopped", providerConfigRef=SHARED)
    world.run(120)
    assert world.ready("theirs") == ("False", "OutOfBounds")
    world.api.edit("ClusterProviderConfig", "", "shared", spec={"bounds": None})
    world.run(60)
    assert world.ready("theirs") == ("True", "Stopped")
