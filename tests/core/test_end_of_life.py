"""When the finalizer goes: only for the reasons that design section 2.2 lists."""

import pytest

from trainsweep.api.common import DeletionPolicy, Mode
from trainsweep.core.decision import Observe, RemoveFinalizer
from trainsweep.core.external import Thing
from trainsweep.core.inputs import Obstacle
from trainsweep.core.plan import plan
from trainsweep.core.reasons import Reason

from .given import ELDER, GONE, NO_CONFIG, OTHER, OUTAGE, RUNNING, STOPPED, a_resource, a_thing, facts

OBSERVED = {"externalID": "task-a1", "externalState": "Running"}
REFUSED_KEY = Obstacle(Reason.CREDENTIALS_INVALID, "401", configuration=True)


def let_go(decided):
    return isinstance(decided.action, RemoveFinalizer) and decided.action.left


def test_a_resource_without_our_finalizer_is_not_touched_while_it_goes():
    decided = plan(facts(a_resource(held=False, deleting=True), a_thing(RUNNING)))
    assert decided.action is None


@pytest.mark.parametrize("seen", [None, a_thing(RUNNING)])
@pytest.mark.parametrize("obstacle", [None, OUTAGE, NO_CONFIG])
@pytest.mark.parametrize("paused", [False, True])
def test_removing_the_definition_lets_everything_go_whatever_else_is_true(seen, obstacle, paused):
    record = a_resource(deleting=True, paused=paused, status=OBSERVED)
    assert let_go(plan(facts(record, seen, obstacle=obstacle, crd_going=True)))


@pytest.mark.parametrize("obstacle", [None, OUTAGE, NO_CONFIG])
def test_orphan_lets_go_without_asking_the_provider(obstacle):
    record = a_resource(deleting=True, status=OBSERVED)
    decided = plan(facts(record, policy=DeletionPolicy.ORPHAN, obstacle=obstacle))
    assert let_go(decided)
    assert "Orphan" in decided.action.why


def test_a_resource_whose_elder_has_never_seen_the_thing_waits_for_it():
    decided = plan(facts(a_resource(deleting=True), None, owner=OTHER, owner_pinned=False))
    assert decided.action is None
    assert decided.standing.reason == "ManagementConflict"
    assert decided.standing.progressing


def test_a_resource_that_does_not_own_the_thing_is_let_go_and_names_the_owner():
    decided = plan(facts(a_resource(deleting=True), a_thing(RUNNING), owner=ELDER))
    assert let_go(decided)
    assert str(ELDER) in decided.action.why


@pytest.mark.parametrize("status", [OBSERVED, None], ids=["pinned", "given by the spec"])
@pytest.mark.parametrize("obstacle", [None, OUTAGE])
def test_force_orphan_with_the_right_id_lets_go(status, obstacle):
    record = a_resource(deleting=True, force_orphan="task-a1", status=status)
    assert let_go(plan(facts(record, obstacle=obstacle)))


@pytest.mark.parametrize("wrong", ["task-b2", "task-a", "TASK-A1", "true"])
def test_force_orphan_with_another_id_does_nothing(wrong):
    record = a_resource(deleting=True, force_orphan=wrong, status=OBSERVED)
    assert plan(facts(record)).action == Observe()
    assert plan(facts(record, obstacle=OUTAGE)).action is None


def test_force_orphan_does_nothing_where_no_id_is_known_yet():
    record = a_resource(Thing.TUNING_JOB, spec={"jobName": "llama"}, deleting=True, force_orphan="llama")
    assert plan(facts(record)).action == Observe()


def test_force_orphan_does_nothing_on_a_resource_that_is_wanted():
    record = a_resource(force_orphan="task-a1", spec={"desiredState": "Stopped"})
    assert plan(facts(record)).action == Observe()


@pytest.mark.parametrize("status", [None, {"externalState": "Absent"}], ids=["never looked at", "never there"])
@pytest.mark.parametrize("obstacle", [NO_CONFIG, REFUSED_KEY])
def test_what_was_never_observed_is_let_go_when_configuration_stands_in_the_way(obstacle, status):
    decided = plan(facts(a_resource(deleting=True, status=status), obstacle=obstacle))
    assert let_go(decided)
    assert obstacle.message in decided.action.why


@pytest.mark.parametrize("obstacle", [NO_CONFIG, REFUSED_KEY])
def test_what_was_observed_waits_for_its_configuration_to_come_back(obstacle):
    decided = plan(facts(a_resource(deleting=True, status=OBSERVED), obstacle=obstacle))
    assert decided.action is None
    assert decided.standing.reason is obstacle.reason


@pytest.mark.parametrize("status", [None, OBSERVED])
def test_an_outage_never_lets_go(status):
    decided = plan(facts(a_resource(deleting=True, status=status), obstacle=OUTAGE))
    assert decided.action is None
    assert decided.standing.synced is False


def test_stop_does_not_let_go_of_a_thing_that_still_runs():
    decided = plan(facts(a_resource(deleting=True), a_thing(RUNNING), policy=DeletionPolicy.STOP))
    assert not isinstance(decided.action, RemoveFinalizer)


def test_a_pause_holds_up_a_deletion():
    decided = plan(facts(a_resource(deleting=True, paused=True), a_thing(STOPPED)))
    assert decided.action is None
    assert decided.planned
    assert (decided.standing.synced, decided.standing.synced_reason) == (False, Reason.PAUSED)


@pytest.mark.parametrize(
    ("policy", "words"),
    [(DeletionPolicy.DELETE, "Delete FineTuningTask task-a1"), (DeletionPolicy.STOP, "Free the resource")],
)
def test_mode_plan_neither_deletes_nor_leaves_what_is_there(policy, words):
    decided = plan(facts(a_resource(deleting=True), a_thing(STOPPED), policy=policy, mode=Mode.PLAN))
    assert decided.action is None
    assert words in decided.planned


def test_mode_plan_frees_a_resource_whose_thing_is_gone():
    decided = plan(facts(a_resource(deleting=True), GONE, mode=Mode.PLAN))
    assert isinstance(decided.action, RemoveFinalizer)
    assert not decided.action.left
