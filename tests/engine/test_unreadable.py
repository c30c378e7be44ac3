"""A spec that the operator cannot read in whole, as one of another schema: nothing is done by it."""

import pytest

from trainsweep.cluster.decode import decode
from trainsweep.core.external import ExternalState, Thing
from trainsweep.core.resource import Resource

from .world import TASK

SUCCEEDED = ExternalState.SUCCEEDED
YEAR_0 = {"createdAfter": "0000-01-01T00:00:00Z"}
MENDED = {"createdAfter": "2020-01-01T00:00:00Z"}


def read(spec):
    metadata = {"name": "run", "namespace": "team-a", "uid": "uid-1", "generation": 1, "resourceVersion": "7"}
    return decode(TASK, {"metadata": metadata, "spec": spec})


@pytest.mark.parametrize(("field", "odd"), [("desiredState", "Burnt"), ("ttlSecondsAfterFinished", "soon")])
def test_any_field_but_account_and_identity_may_be_odd(field, odd):
    record = read({"providerConfigRef": {"name": "qianfan"}, "taskID": "task-a1", field: odd})
    assert isinstance(record, Resource)
    assert record.problem.startswith(f"spec.{field} cannot be read: ")


def test_what_can_be_read_is_kept_and_what_cannot_is_named():
    record = read({"providerConfigRef": {"name": "qianfan"}, "taskID": "task-a1", "expect": YEAR_0})
    assert isinstance(record, Resource)
    assert (record.given_id, record.spec.expect) == ("task-a1", None)
    assert record.problem.startswith("spec.expect.createdAfter cannot be read: ")


@pytest.fixture
def held(world):
    """A resource that was fit, and has an odd spec now; its things have ended."""
    world.remotes.add(Thing.TUNING_TASK, "task-a1", SUCCEEDED)
    world.declare("run", taskID="task-a1")
    world.run(5)
    world.api.edit(TASK, "team-a", "run", {"desiredState": "Absent", "expect": YEAR_0})
    world.run(60)
    return world


def test_nothing_is_done_and_the_field_is_told_until_it_is_corrected(held):
    assert held.calls == []
    told = held.condition(TASK, "run", "Stalled")
    assert told["reason"] == "InvalidSpec"
    assert told["message"].startswith("spec.expect.createdAfter cannot be read: ")
    held.api.edit(TASK, "team-a", "run", {"expect": MENDED})
    held.run(60)
    assert held.ready("run") == ("True", "Absent")


@pytest.mark.parametrize("restarted", [False, True])
def test_its_deletion_waits_and_force_orphan_ends_it(held, restarted):
    if restarted:
        held.kill()
        held.start()
    held.api.delete(TASK, "team-a", "run")
    held.run(600)
    assert held.condition(TASK, "run", "Stalled")["reason"] == "InvalidSpec"
    held.api.edit(TASK, "team-a", "run", force_orphan="task-a1")
    held.run(60)
    assert held.calls == []
    assert held.api.of_kind(TASK) == []


def test_one_that_is_new_gets_no_finalizer(world):
    world.remotes.add(Thing.TUNING_TASK, "task-a1", SUCCEEDED)
    world.declare("run", taskID="task-a1", desiredState="Absent", expect=YEAR_0)
    world.run(60)
    assert world.ready("run") == ("False", "InvalidSpec")
    assert "finalizers" not in world.api.get(TASK, "team-a", "run")["metadata"]


def test_one_that_becomes_unreadable_as_a_whole_does_nothing_any_more(world):
    world.remotes.add(Thing.TUNING_TASK, "task-a1", SUCCEEDED)
    world.declare("run", taskID="task-a1", ttlSecondsAfterFinished=100)
    world.run(5)
    world.api.edit(TASK, "team-a", "run", {"providerConfigRef": {"name": ""}})
    world.run(600)
    assert world.calls == []
    assert world.condition(TASK, "run", "Stalled")["reason"] == "InvalidSpec"
    assert "an object does not fit the schema" in world.defects.pop()
    world.defects.clear()
