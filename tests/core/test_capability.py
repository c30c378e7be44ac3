"""A provider that cannot stop or delete such a thing: data of its plugin, from which the plan follows."""

from __future__ import annotations

import pytest

from trainsweep.api.common import DeletionPolicy
from trainsweep.api.provider import ALL_VERBS, KindSupport, Verb
from trainsweep.core.decision import Delete, RemoveFinalizer, Stop
from trainsweep.core.plan import plan
from trainsweep.core.policy import PolicySource, effective_policy
from trainsweep.core.reasons import Reason
from trainsweep.core.status import status_of

from .given import GONE, NOW, PENDING, RUNNING, STOPPED, SUCCEEDED, a_resource, a_thing, ago, facts

STOP_ALONE = KindSupport(verbs=frozenset({Verb.STOP}))
DELETE_ALONE = KindSupport(verbs=frozenset({Verb.DELETE}))
NEITHER = KindSupport(verbs=frozenset())


def decided(record, seen, support, *, policy=DeletionPolicy.DELETE):
    """The plan under the policy that was asked for, as far as the provider goes."""
    force, source = effective_policy(policy, "", DeletionPolicy.DELETE, support.verbs)
    given = facts(record, seen, support=support, policy=force, policy_source=source)
    return given, plan(given)


@pytest.mark.parametrize(
    ("verbs", "asked", "force"),
    [
        (ALL_VERBS, "Delete", "Delete"),
        ({Verb.STOP}, "Delete", "Stop"),
        ({Verb.STOP}, "Stop", "Stop"),
        (set(), "Delete", "Orphan"),
        ({Verb.DELETE}, "Delete", "Delete"),
        ({Verb.DELETE}, "Stop", "Stop"),
        (set(), "Orphan", "Orphan"),
    ],
)
def test_a_policy_goes_as_far_as_the_provider_does(verbs, asked, force):
    policy, source = effective_policy(None, asked, DeletionPolicy.ORPHAN, frozenset(verbs))
    assert policy == force
    assert (source is PolicySource.PROVIDER) == (asked != force)


class TestWhereNothingCanBeDeleted:
    def test_a_deletion_stops_what_runs(self):
        given, found = decided(a_resource(deleting=True), a_thing(RUNNING), STOP_ALONE)
        assert found.action == Stop((given.target,))

    def test_and_frees_the_resource_once_it_has_ended_and_says_why(self):
        _, found = decided(a_resource(deleting=True), a_thing(STOPPED), STOP_ALONE)
        assert isinstance(found.action, RemoveFinalizer)
        assert found.action.left
        assert found.action.reason is Reason.STOPPED_EXTERNAL
        assert "cannot delete a FineTuningTask" in found.action.why

    def test_the_status_says_beforehand_what_a_deletion_does_and_why(self):
        given, found = decided(a_resource(), a_thing(RUNNING), STOP_ALONE)
        assert status_of(given, found, {})["effectiveDeletionPolicy"] == "Stop"
        assert found.standing.ready
        assert found.standing.message == (
            "The remote thing is Running. Deleting this resource only stops it, as the provider of ProviderConfig"
            " team-a/account cannot delete a FineTuningTask."
        )

    @pytest.mark.parametrize("policy", [DeletionPolicy.STOP, DeletionPolicy.ORPHAN])
    def test_nothing_is_remarked_where_less_was_asked_for(self, policy):
        _, found = decided(a_resource(), a_thing(RUNNING), STOP_ALONE, policy=policy)
        assert found.standing.message == "The remote thing is Running."

    @pytest.mark.parametrize("state", [PENDING, RUNNING, SUCCEEDED, STOPPED])
    def test_absent_is_refused_without_a_call(self, state):
        _, found = decided(a_resource(spec={"desiredState": "Absent"}), a_thing(state), STOP_ALONE)
        assert found.action is None
        assert found.standing.stalled
        assert found.standing.reason is Reason.INVALID_SPEC
        assert found.standing.message == (
            "The provider of ProviderConfig team-a/account cannot delete a FineTuningTask, so desiredState: Absent"
            " cannot be reached; set it to Stopped, or to Present."
        )

    def test_absent_is_reached_by_what_is_gone_already(self):
        _, found = decided(a_resource(spec={"desiredState": "Absent"}), GONE, STOP_ALONE)
        assert found.standing.reason is Reason.ABSENT

    @pytest.mark.parametrize("seen", [a_thing(RUNNING), a_thing(SUCCEEDED, finished_at=ago(90))])
    def test_a_time_to_live_is_refused_from_the_beginning(self, seen):
        _, found = decided(a_resource(spec={"ttlSecondsAfterFinished": 60}), seen, STOP_ALONE)
        assert found.action is None
        assert found.standing.reason is Reason.INVALID_SPEC
        assert "ttlSecondsAfterFinished has no meaning; leave it out" in found.standing.message

    def test_its_deadline_stops_it_all_the_same(self):
        record = a_resource(spec={"ttlSecondsAfterFinished": 60, "activeDeadlineSeconds": 60})
        given, found = decided(record, a_thing(RUNNING, started_at=ago(90)), STOP_ALONE)
        assert found.action == Stop((given.target,))

    def test_a_stop_is_reached_as_anywhere(self):
        record = a_resource(spec={"desiredState": "Stopped"})
        given, found = decided(record, a_thing(RUNNING), STOP_ALONE)
        assert found.action == Stop((given.target,))
        assert decided(record, a_thing(STOPPED), STOP_ALONE)[1].standing.reason is Reason.STOPPED


class TestWhereNothingCanBeStopped:
    def test_a_deletion_deletes_what_runs(self):
        given, found = decided(a_resource(deleting=True), a_thing(RUNNING), DELETE_ALONE)
        assert found.action == Delete((given.target,))

    def test_the_policy_stop_leaves_what_runs_and_says_why(self):
        _, found = decided(a_resource(deleting=True), a_thing(RUNNING), DELETE_ALONE, policy=DeletionPolicy.STOP)
        assert isinstance(found.action, RemoveFinalizer)
        assert found.action.left
        assert "cannot stop a FineTuningTask" in found.action.why

    def test_stopped_is_refused_while_it_runs(self):
        _, found = decided(a_resource(spec={"desiredState": "Stopped"}), a_thing(RUNNING), DELETE_ALONE)
        assert found.action is None
        assert found.standing.stalled
        assert found.standing.message.endswith("cannot stop a FineTuningTask; set desiredState: Present.")


def test_where_neither_is_possible_a_deletion_frees_the_resource_alone():
    _, found = decided(a_resource(deleting=True), a_thing(RUNNING, created_at=NOW), NEITHER)
    assert isinstance(found.action, RemoveFinalizer)
    assert found.action.reason is Reason.LET_GO
