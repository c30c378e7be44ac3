"""What a person reads in `kubectl describe` when the provider refuses a stop or a delete."""

import pytest

from trainsweep.core.remote import ExternalState, Thing

CASES = [
    (ExternalState.RUNNING, "stop", "CannotStopExternalResource"),
    (ExternalState.SUCCEEDED, "delete", "CannotDeleteExternalResource"),
]


@pytest.mark.parametrize(("state", "verb", "reason"), CASES)
def test_a_refusal_is_a_warning_on_the_resource_and_not_repeated_with_every_try(world, state, verb, reason):
    world.remotes.add(Thing.TUNING_TASK, "task-1", state)
    world.remotes.write_faults = "refused"
    world.declare("one", taskID="task-1", desiredState="Absent")
    world.run_until(lambda: len(world.calls) == 3)
    (event,) = [event for event in world.api.events if event["reason"] == reason]
    assert (event["type"], event["involvedObject"]["name"]) == ("Warning", "one")
    assert event["message"].startswith(f"The provider refused to {verb} it: ")
