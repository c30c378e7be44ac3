"""A rehearsal tells the whole way to the goal, by the decisions that the operator will take on it."""

from dataclasses import replace

import pytest

from trainsweep.api.common import DeletionPolicy, Mode
from trainsweep.api.names import FINALIZER
from trainsweep.core.dry_run import cause, dry_run
from trainsweep.core.external import Thing
from trainsweep.core.plan import describe
from trainsweep.core.reasons import Reason

from .given import (
    DELETING,
    GONE,
    NO_CONFIG,
    OTHER,
    OUTAGE,
    PENDING,
    RUNNING,
    STOPPING,
    SUCCEEDED,
    UNKNOWN,
    a_resource,
    a_thing,
    ago,
    facts,
    parts,
)

STOP, DELETE = "Stop FineTuningTask task-a1", "Delete FineTuningTask task-a1"


def steps(found):
    return [describe(step) for step in found.steps]


@pytest.mark.parametrize(
    ("desired", "state", "expected"),
    [
        ("Absent", RUNNING, [STOP, DELETE]),
        ("Absent", PENDING, [STOP, DELETE]),
        ("Absent", STOPPING, [DELETE]),
        ("Absent", SUCCEEDED, [DELETE]),
        ("Absent", DELETING, []),
        ("Stopped", RUNNING, [STOP]),
        ("Stopped", SUCCEEDED, []),
        ("Present", RUNNING, []),
    ],
)
def test_every_step_on_the_way_is_told(desired, state, expected):
    found = dry_run(facts(a_resource(spec={"desiredState": desired}), a_thing(state)))
    assert steps(found) == expected
    assert found.end.ready


def test_a_thing_that_is_gone_needs_no_step():
    found = dry_run(facts(a_resource(spec={"desiredState": "Absent"}), GONE))
    assert (found.steps, found.end.reason, found.changes) == ((), Reason.ABSENT, False)


def test_a_state_that_is_not_known_ends_the_rehearsal_where_the_operator_waits():
    found = dry_run(facts(a_resource(spec={"desiredState": "Absent"}), a_thing(UNKNOWN)))
    assert (found.steps, found.end.reason) == ((), Reason.UNKNOWN_STATE)


def test_a_new_resource_is_rehearsed_as_if_its_finalizer_were_stored():
    found = dry_run(facts(a_resource(held=False, spec={"desiredState": "Absent"}), a_thing(RUNNING)))
    assert steps(found) == [STOP, DELETE]


def test_a_deletion_ends_with_the_resource_free():
    record = a_resource(deleting=True, finalizers=(FINALIZER,))
    found = dry_run(facts(record, a_thing(RUNNING)))
    assert steps(found)[:2] == [STOP, DELETE]
    assert steps(found)[2].startswith("Free the resource")


def test_under_the_policy_stop_a_deletion_leaves_the_thing():
    record = a_resource(deleting=True)
    found = dry_run(facts(record, a_thing(RUNNING), policy=DeletionPolicy.STOP))
    assert [step.split()[0] for step in steps(found)] == ["Stop", "Free"]


def test_cascade_takes_the_tasks_before_the_job():
    record = a_resource(Thing.TUNING_JOB, spec={"desiredState": "Absent", "cascade": True})
    found = dry_run(facts(record, a_thing(RUNNING, id="job-a1", parts=parts(RUNNING, SUCCEEDED))))
    assert steps(found) == [
        "Stop FineTuningTask part-0",
        "Delete FineTuningTask part-0, FineTuningTask part-1",
        "Delete FineTuningJob job-a1",
    ]


def test_without_cascade_a_full_job_is_left_alone():
    record = a_resource(Thing.TUNING_JOB, spec={"desiredState": "Absent"})
    found = dry_run(facts(record, a_thing(RUNNING, id="job-a1", parts=parts(RUNNING))))
    assert (found.steps, found.end.reason) == ((), Reason.NOT_EMPTY)


def test_what_stands_in_the_way_is_told_in_place_of_steps():
    for way in (NO_CONFIG, OUTAGE):
        found = dry_run(facts(a_resource(spec={"desiredState": "Absent"}), None, obstacle=way))
        assert (found.steps, found.now.reason, found.now.message) == ((), way.reason, way.message)


def test_what_another_resource_owns_is_not_touched():
    found = dry_run(facts(a_resource(spec={"desiredState": "Absent"}), None, owner=OTHER))
    assert (found.steps, found.end.reason) == ((), Reason.CONFLICT)


def test_an_account_in_mode_plan_holds_the_step_back_and_says_which():
    found = dry_run(facts(a_resource(spec={"desiredState": "Absent"}), a_thing(RUNNING), mode=Mode.PLAN))
    assert (found.steps, found.planned) == ((), STOP)


def test_a_clock_that_has_not_struck_is_told_in_seconds():
    record = a_resource(spec={"activeDeadlineSeconds": 3600})
    found = dry_run(facts(record, a_thing(RUNNING, started_at=ago(600))))
    assert (found.steps, found.after) == ((), 3000)


def test_facts_without_a_look_at_the_provider_cannot_be_rehearsed():
    with pytest.raises(ValueError, match="has been read"):
        dry_run(facts(a_resource(), None))


def test_the_cause_is_what_the_resource_asks_for():
    running = a_thing(RUNNING, started_at=ago(600))
    assert cause(facts(a_resource(spec={"desiredState": "Stopped"}), running)) == "desiredState is Stopped"
    assert cause(facts(a_resource(spec={"activeDeadlineSeconds": 60}), running)) == "activeDeadlineSeconds has passed"
    ended = replace(running, state=SUCCEEDED, finished_at=ago(60))
    late = a_resource(spec={"ttlSecondsAfterFinished": 30})
    assert cause(facts(late, ended)) == "ttlSecondsAfterFinished has passed"
    assert "deletion policy Delete" in cause(facts(a_resource(deleting=True), running))
