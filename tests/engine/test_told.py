"""What a person reads in `kubectl describe`: events on the resource and on its account."""

from typing import Any

import pytest

from trainsweep.core.external import ExternalState, Thing
from trainsweep.kube import paths

from .world import NAMESPACE, TASK, World

SUCCEEDED, RUNNING = ExternalState.SUCCEEDED, ExternalState.RUNNING
CASES = [
    (RUNNING, "stop", "CannotStopExternalResource"),
    (SUCCEEDED, "delete", "CannotDeleteExternalResource"),
]


def about(world: World, name: str) -> list[dict[str, Any]]:
    return [event for event in world.api.events if event["involvedObject"]["name"] == name]


def told(world: World, name: str) -> list[tuple[str, str]]:
    """Type and reason of every event about one object, in order."""
    return [(event["type"], event["reason"]) for event in about(world, name)]


@pytest.mark.parametrize(("state", "verb", "reason"), CASES)
def test_a_refusal_is_a_warning_on_the_resource_and_counted_with_every_try(world, state, verb, reason):
    world.remotes.add(Thing.TUNING_TASK, "task-1", state)
    world.remotes.write_faults = "refused"
    world.declare("one", taskID="task-1", desiredState="Absent")
    world.run_until(lambda: len(world.calls) == 8)
    assert told(world, "one") == [("Warning", reason)]
    (event,) = about(world, "one")
    assert event["message"].startswith(f"The provider refused to {verb} it: ")
    assert event["count"] > 1


@pytest.mark.parametrize("state", [SUCCEEDED, RUNNING])
def test_a_deletion_that_is_proven_is_told_once_with_its_proof(world, state):
    world.remotes.add(Thing.TUNING_TASK, "task-1", state)
    world.declare("one", taskID="task-1")
    world.run(5)
    world.api.delete(TASK, NAMESPACE, "one")
    world.run(60)
    assert world.api.get(TASK, NAMESPACE, "one") is None
    assert told(world, "one") == [("Normal", "DeletedExternalResource")]
    assert "task-1" in world.api.events[-1]["message"]


def test_one_under_desired_state_is_told_too_and_not_again_when_the_resource_goes(world):
    world.remotes.add(Thing.TUNING_TASK, "task-1", SUCCEEDED)
    world.declare("one", taskID="task-1", desiredState="Absent")
    world.run(60)
    assert told(world, "one") == [("Normal", "DeletedExternalResource")]
    world.run(600)
    world.api.delete(TASK, NAMESPACE, "one")
    world.run(60)
    assert world.api.get(TASK, NAMESPACE, "one") is None
    assert told(world, "one") == [("Normal", "DeletedExternalResource")]
    assert world.api.events[-1]["count"] == 1


def test_what_never_existed_was_not_deleted(world):
    world.declare("one", taskID="task-n0th1ng")
    world.run(5)
    world.api.delete(TASK, NAMESPACE, "one")
    world.run(60)
    assert world.api.get(TASK, NAMESPACE, "one") is None
    assert told(world, "one") == []


def test_an_account_tells_what_became_of_its_credentials_and_nothing_while_it_stays_so(world):
    world.remotes.add(Thing.TUNING_TASK, "task-1")
    world.declare("one", taskID="task-1")
    world.run(5)
    assert told(world, "qianfan") == [("Normal", "CredentialsValid")]
    world.remotes.faults.append("bad signature")
    world.run(30)
    assert told(world, "qianfan")[1:] == [("Warning", "CredentialsInvalid")]
    world.set_secret("second")
    world.run(61)
    assert world.condition("ProviderConfig", "qianfan")["status"] == "True"
    assert told(world, "qianfan")[2:] == []
    (valid,) = [event for event in about(world, "qianfan") if event["type"] == "Normal"]
    assert valid["count"] == 2
    assert told(world, "one") == []


def more_than_the_guard_lets_through(world, count):
    """As many removals as this at once, where one is allowed."""
    world.api.edit("ProviderConfig", NAMESPACE, "qianfan", {"deletionGuard": {"maxDeletions": 1}})
    world.run(5)
    for number in range(count):
        world.remotes.add(Thing.TUNING_TASK, f"task-{number}", SUCCEEDED)
        world.declare(f"run-{number}", taskID=f"task-{number}", desiredState="Absent")


def test_an_account_tells_that_its_guard_holds_a_batch(world):
    more_than_the_guard_lets_through(world, 3)
    world.run(30)
    assert ("Warning", "DeletionHeld") in told(world, "qianfan")
    assert ("Warning", "DeletionHeld") in told(world, "run-0")


def test_an_account_that_is_being_deleted_tells_nothing_more(world):
    """Its namespace may be going with it."""
    world.remotes.add(Thing.TUNING_TASK, "task-1")
    world.declare("one", taskID="task-1")
    world.run(5)
    world.api.delete("ProviderConfig", NAMESPACE, "qianfan")
    world.run(5)
    assert world.condition("ProviderConfig", "qianfan")["reason"] == "InUse"
    assert told(world, "qianfan") == [("Normal", "CredentialsValid")]


@pytest.mark.parametrize("policy", ["Orphan", "Delete"])
def test_nothing_is_created_in_a_namespace_that_is_being_deleted(world, policy):
    world.remotes.add(Thing.TUNING_TASK, "task-1", SUCCEEDED)
    world.declare("one", taskID="task-1", deletionPolicy=policy)
    world.run(5)
    world.remotes.write_faults = "refused"
    world.api.objects[paths.namespace(NAMESPACE)]["metadata"]["deletionTimestamp"] = "2026-05-01T00:00:00Z"
    world.api.delete(TASK, NAMESPACE, "one")
    world.run(30)
    assert (world.api.get(TASK, NAMESPACE, "one") is None) == (policy == "Orphan")
    assert bool(world.calls) == (policy == "Delete"), "refused, and told by the status"
    assert told(world, "one") == []


def test_a_held_batch_of_thousands_is_told_by_few_events_and_held_all_the_same(world):
    more_than_the_guard_lets_through(world, 1000)
    world.run(60)
    assert world.status("qianfan", "ProviderConfig")["held"]["count"] == 1000
    assert len(world.api.events) < 100
