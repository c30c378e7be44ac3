"""The table of design section 1: what follows from the desired state and the remote state."""

import pytest

from trainsweep.api.common import DeletionPolicy
from trainsweep.core.decision import Delete, Observe, RemoveFinalizer, Stop
from trainsweep.core.external import Target, Thing
from trainsweep.core.plan import plan
from trainsweep.core.reasons import Reason

from .given import (
    DELETING,
    FAILED,
    GONE,
    PENDING,
    RUNNING,
    STOPPED,
    STOPPING,
    SUCCEEDED,
    UNKNOWN,
    a_resource,
    a_thing,
    facts,
    parts,
)

#: desired, remote state, the call that goes out, Ready, its reason.
WANTED = [
    ("Present", PENDING, None, True, Reason.AVAILABLE),
    ("Present", RUNNING, None, True, Reason.AVAILABLE),
    ("Present", STOPPING, None, True, Reason.AVAILABLE),
    ("Present", SUCCEEDED, None, True, Reason.AVAILABLE),
    ("Present", FAILED, None, True, Reason.AVAILABLE),
    ("Present", STOPPED, None, True, Reason.AVAILABLE),
    ("Present", DELETING, None, True, Reason.AVAILABLE),
    ("Present", UNKNOWN, None, True, Reason.AVAILABLE),
    ("Stopped", PENDING, Stop, False, Reason.STOPPING),
    ("Stopped", RUNNING, Stop, False, Reason.STOPPING),
    ("Stopped", STOPPING, None, False, Reason.STOPPING),
    ("Stopped", SUCCEEDED, None, True, Reason.STOPPED),
    ("Stopped", FAILED, None, True, Reason.STOPPED),
    ("Stopped", STOPPED, None, True, Reason.STOPPED),
    ("Stopped", DELETING, None, False, Reason.DELETING),
    ("Stopped", UNKNOWN, None, False, Reason.UNKNOWN_STATE),
    ("Absent", PENDING, Stop, False, Reason.STOPPING),
    ("Absent", RUNNING, Stop, False, Reason.STOPPING),
    ("Absent", STOPPING, None, False, Reason.STOPPING),
    ("Absent", SUCCEEDED, Delete, False, Reason.DELETING),
    ("Absent", FAILED, Delete, False, Reason.DELETING),
    ("Absent", STOPPED, Delete, False, Reason.DELETING),
    ("Absent", DELETING, None, False, Reason.DELETING),
    ("Absent", UNKNOWN, None, False, Reason.UNKNOWN_STATE),
]
RUNS = (Thing.JOB, Thing.VERSION, Thing.TUNING_TASK)


@pytest.mark.parametrize("thing", RUNS)
@pytest.mark.parametrize("row", WANTED, ids=lambda row: f"{row[0]} and {row[1]}")
def test_a_wanted_resource_follows_the_table(thing, row):
    desired, state, call, ready, reason = row
    record = a_resource(thing, spec={"desiredState": desired})
    decided = plan(facts(record, a_thing(state)))
    assert decided.action == (call and call((Target(thing, record.given_id),)))
    assert (decided.standing.ready, decided.standing.reason) == (ready, reason)
    assert decided.standing.progressing is not ready
    assert not decided.standing.stalled


@pytest.mark.parametrize("thing", list(Thing))
@pytest.mark.parametrize(
    ("desired", "ready", "stalled", "reason"),
    [
        ("Present", False, True, Reason.NOT_FOUND),
        ("Stopped", True, False, Reason.ABSENT),
        ("Absent", True, False, Reason.ABSENT),
    ],
)
def test_absence_satisfies_all_but_a_resource_that_wants_the_thing_present(thing, desired, ready, stalled, reason):
    if thing is Thing.CONFIG and desired == "Stopped":
        return  # the schema refuses it
    decided = plan(facts(a_resource(thing, spec={"desiredState": desired}), GONE))
    assert decided.action is None
    assert (decided.standing.ready, decided.standing.stalled, decided.standing.reason) == (ready, stalled, reason)


#: policy, remote state, what happens, its reason.
DELETED = [
    ("Delete", PENDING, Stop, Reason.STOPPING),
    ("Delete", RUNNING, Stop, Reason.STOPPING),
    ("Delete", STOPPING, None, Reason.STOPPING),
    ("Delete", SUCCEEDED, Delete, Reason.DELETING),
    ("Delete", FAILED, Delete, Reason.DELETING),
    ("Delete", STOPPED, Delete, Reason.DELETING),
    ("Delete", DELETING, None, Reason.DELETING),
    ("Delete", UNKNOWN, None, Reason.UNKNOWN_STATE),
    ("Stop", PENDING, Stop, Reason.STOPPING),
    ("Stop", RUNNING, Stop, Reason.STOPPING),
    ("Stop", STOPPING, None, Reason.STOPPING),
    ("Stop", SUCCEEDED, RemoveFinalizer, Reason.STOPPED_EXTERNAL),
    ("Stop", FAILED, RemoveFinalizer, Reason.STOPPED_EXTERNAL),
    ("Stop", STOPPED, RemoveFinalizer, Reason.STOPPED_EXTERNAL),
    ("Stop", DELETING, None, Reason.DELETING),
    ("Stop", UNKNOWN, None, Reason.UNKNOWN_STATE),
    ("Orphan", RUNNING, RemoveFinalizer, Reason.LET_GO),
    ("Orphan", STOPPED, RemoveFinalizer, Reason.LET_GO),
    ("Orphan", UNKNOWN, RemoveFinalizer, Reason.LET_GO),
]


@pytest.mark.parametrize(("policy", "state", "step", "reason"), DELETED)
def test_a_deleted_resource_follows_its_policy(policy, state, step, reason):
    decided = plan(facts(a_resource(deleting=True), a_thing(state), policy=DeletionPolicy(policy)))
    assert type(decided.action) is (step or type(None))
    assert decided.standing.reason is reason
    if isinstance(decided.action, RemoveFinalizer):
        assert decided.action.reason is reason
        assert decided.action.left


@pytest.mark.parametrize("policy", [DeletionPolicy.DELETE, DeletionPolicy.STOP])
def test_a_deleted_resource_whose_thing_is_proven_absent_is_freed_with_the_evidence(policy):
    decided = plan(facts(a_resource(deleting=True), GONE, policy=policy))
    assert decided.action == RemoveFinalizer(Reason.DELETED_EXTERNAL, GONE.evidence, left=False)


def test_desired_state_present_does_not_keep_a_deleted_resource_from_being_cleaned_up():
    record = a_resource(spec={"desiredState": "Present"}, deleting=True)
    assert isinstance(plan(facts(record, a_thing(SUCCEEDED))).action, Delete)


def test_a_config_is_deleted_without_a_stop_as_it_never_runs():
    record = a_resource(Thing.CONFIG, spec={"desiredState": "Absent"})
    decided = plan(facts(record, a_thing(STOPPED, id="nightly", name="nightly")))
    assert decided.action == Delete((Target(Thing.CONFIG, "nightly"),))


def test_an_operator_wide_policy_stop_lets_a_config_go_as_it_is():
    record = a_resource(Thing.CONFIG, deleting=True)
    assert isinstance(plan(facts(record, a_thing(STOPPED), policy=DeletionPolicy.STOP)).action, RemoveFinalizer)


def versions(*numbers: int) -> tuple[Target, ...]:
    return tuple(Target(Thing.VERSION, f"part-{number}", "155500") for number in numbers)


def tasks(*numbers: int) -> tuple[Target, ...]:
    return tuple(Target(Thing.TUNING_TASK, f"part-{number}", "job-a1") for number in numbers)


def test_stopping_a_v1_job_stops_each_version_that_runs_and_no_other():
    job = a_thing(RUNNING, id="155500", parts=parts(SUCCEEDED, RUNNING, STOPPED, PENDING))
    record = a_resource(Thing.JOB, spec={"desiredState": "Stopped"})
    assert plan(facts(record, job)).action == Stop(versions(1, 3))


@pytest.mark.parametrize("deleting", [False, True])
def test_a_v1_job_is_deleted_whole_once_none_of_its_versions_runs(deleting):
    record = a_resource(Thing.JOB, spec={"desiredState": "Absent"}, deleting=deleting)
    running = a_thing(RUNNING, id="155500", parts=parts(SUCCEEDED, RUNNING))
    ended = a_thing(SUCCEEDED, id="155500", parts=parts(SUCCEEDED, STOPPED))
    assert plan(facts(record, running)).action == Stop(versions(1))
    assert plan(facts(record, ended)).action == Delete((Target(Thing.JOB, "155500"),))


def test_stopping_a_tuning_job_stops_its_active_tasks_even_without_cascade():
    job = a_thing(RUNNING, id="job-a1", parts=parts(RUNNING, SUCCEEDED))
    record = a_resource(Thing.TUNING_JOB, spec={"desiredState": "Stopped"})
    assert plan(facts(record, job)).action == Stop(tasks(0))


@pytest.mark.parametrize("state", [RUNNING, SUCCEEDED])
def test_a_tuning_job_that_holds_tasks_waits_without_cascade_and_touches_none_of_them(state):
    record = a_resource(Thing.TUNING_JOB, deleting=True)
    decided = plan(facts(record, a_thing(state, id="job-a1", parts=parts(state))))
    assert decided.action is None
    assert decided.standing.reason is Reason.NOT_EMPTY
    assert decided.standing.progressing


def test_with_cascade_tasks_are_stopped_then_deleted_and_the_job_goes_last():
    record = a_resource(Thing.TUNING_JOB, spec={"cascade": True}, deleting=True)
    steps = [
        plan(facts(record, a_thing(RUNNING, id="job-a1", parts=parts(RUNNING, SUCCEEDED)))).action,
        plan(facts(record, a_thing(STOPPED, id="job-a1", parts=parts(STOPPED, SUCCEEDED)))).action,
        plan(facts(record, a_thing(STOPPED, id="job-a1"))).action,
    ]
    assert steps == [Stop(tasks(0)), Delete(tasks(0, 1)), Delete((Target(Thing.TUNING_JOB, "job-a1"),))]


@pytest.mark.parametrize("unclear", [UNKNOWN, STOPPING, DELETING])
def test_a_job_is_not_deleted_while_one_of_its_parts_has_not_ended(unclear):
    job = a_thing(STOPPED, id="job-a1", parts=parts(STOPPED, unclear))
    for thing, spec in [(Thing.TUNING_JOB, {"cascade": True}), (Thing.JOB, {})]:
        assert plan(facts(a_resource(thing, spec=spec, deleting=True), job)).action is None


def test_a_tuning_job_without_tasks_is_deleted_without_cascade():
    record = a_resource(Thing.TUNING_JOB, deleting=True)
    assert isinstance(plan(facts(record, a_thing(STOPPED, id="job-a1"))).action, Delete)


def test_a_decision_on_a_shared_list_demands_a_read_by_id_before_any_call():
    for state in (RUNNING, SUCCEEDED):
        decided = plan(facts(a_resource(deleting=True), a_thing(state), fresh=False))
        assert decided.action == Observe(fresh=True)
