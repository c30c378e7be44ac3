"""The status that is written: true, stable, and in the forms that Kubernetes tools expect."""

from dataclasses import replace
from datetime import timedelta

import pytest

from trainsweep.core.account_status import AccountFacts, account_status
from trainsweep.core.decision import Plan, Standing
from trainsweep.core.external import Thing
from trainsweep.core.inputs import Obstacle
from trainsweep.core.last_status import LastStatus, format_time
from trainsweep.core.plan import plan
from trainsweep.core.reasons import Reason
from trainsweep.core.status import MESSAGE_LIMIT, conditions, status_of

from .given import GONE, NOW, OTHER, OUTAGE, RUNNING, STOPPED, SUCCEEDED, a_resource, a_thing, ago, facts

LATER = NOW + timedelta(minutes=5)
READY = Standing(ready=True, reason=Reason.AVAILABLE, message="The remote thing is Running.")
STOPPING_IT = Standing(ready=False, reason=Reason.STOPPING, message="Stopping the run.", progressing=True)


def by_type(entries):
    return {entry["type"]: entry for entry in entries}


def write(record, seen, now=NOW, last_call=None, **more):
    known = facts(record, seen, now=now, **more)
    return status_of(known, plan(known), last_call or {})


def again(status, seen, now=LATER, **more):
    """The status after a second look, with the first one stored."""
    return write(a_resource(status=status), seen, now, **more)


def test_a_second_look_that_sees_the_same_writes_the_same():
    for seen in (a_thing(RUNNING), a_thing(SUCCEEDED), GONE):
        first = write(a_resource(), seen)
        assert again(first, seen) == first


def test_the_time_of_transition_moves_with_the_status_and_with_nothing_else():
    first = conditions(LastStatus(), STOPPING_IT, 1, NOW)
    before = LastStatus(generation=1, conditions=tuple(first))
    reworded = by_type(conditions(before, replace(STOPPING_IT, message="Waiting."), 2, LATER))
    assert reworded["Ready"]["lastTransitionTime"] == format_time(NOW)
    assert (reworded["Ready"]["message"], reworded["Ready"]["observedGeneration"]) == ("Waiting.", 2)
    assert reworded["Reconciling"]["lastTransitionTime"] == format_time(NOW)
    reached = by_type(conditions(before, READY, 1, LATER))
    assert reached["Ready"]["lastTransitionTime"] == format_time(LATER)
    assert reached["Synced"]["lastTransitionTime"] == format_time(NOW)


def test_reconciling_and_stalled_are_there_only_while_true():
    assert set(by_type(conditions(LastStatus(), READY, 1, NOW))) == {"Ready", "Synced"}
    assert set(by_type(conditions(LastStatus(), STOPPING_IT, 1, NOW))) == {"Ready", "Synced", "Reconciling"}
    stalled = Standing(ready=False, reason=Reason.NOT_FOUND, message="No such thing.", stalled=True)
    assert set(by_type(conditions(LastStatus(), stalled, 1, NOW))) == {"Ready", "Synced", "Stalled"}


def test_a_pause_keeps_what_was_said_of_this_spec():
    first = write(a_resource(), a_thing(RUNNING))
    ready = by_type(write(a_resource(status=first, paused=True), None, LATER)["conditions"])["Ready"]
    assert ready == by_type(first["conditions"])["Ready"]


def test_a_pause_does_not_call_a_new_spec_reached_because_the_old_one_was():
    first = write(a_resource(), a_thing(RUNNING))
    changed = a_resource(spec={"desiredState": "Stopped"}, generation=2, status=first, paused=True)
    entries = by_type(write(changed, None, LATER)["conditions"])
    assert entries["Ready"]["status"] == "Unknown"
    assert entries["Synced"]["reason"] == "ReconcilePaused"
    second = write(changed, None, LATER)
    assert write(replace(changed, status=a_resource(status=second).status), None, LATER)["conditions"][0]["status"] == (
        "Unknown"
    )


def test_what_was_seen_stays_readable_after_the_thing_is_gone():
    first = write(a_resource(), a_thing(SUCCEEDED, started_at=ago(900), finished_at=ago(300)))
    gone = again(first, GONE)
    kept = ("externalID", "externalName", "createdAt", "startedAt", "finishedAt")
    assert {field: gone[field] for field in kept} == {field: first[field] for field in kept}
    assert gone["externalState"] == "Absent"
    assert "providerState" not in gone


def test_a_thing_that_was_never_seen_gets_no_id():
    assert "externalID" not in write(a_resource(), GONE)


def test_an_id_that_another_resource_owns_is_not_pinned():
    assert "externalID" not in write(a_resource(), None, owner=OTHER)


def test_the_pinned_id_is_never_replaced():
    status = {"externalID": "task-first"}
    assert write(a_resource(status=status), a_thing(RUNNING))["externalID"] == "task-first"


@pytest.mark.parametrize("desired", ["Present", "Absent"])
def test_the_time_that_tells_a_config_from_its_namesake_is_never_replaced(desired):
    pinned = format_time(ago(7200))
    namesake = a_thing(STOPPED, id="nightly", created_at=ago(60))
    record = a_resource(Thing.CONFIG, spec={"desiredState": desired}, status={"createdAt": pinned})
    assert write(record, namesake)["createdAt"] == pinned


def test_a_failed_look_keeps_what_was_known():
    first = write(a_resource(), a_thing(RUNNING))
    failed = again(first, None, obstacle=OUTAGE)
    assert (failed["externalState"], failed["externalID"]) == ("Running", "task-a1")
    assert by_type(failed["conditions"])["Synced"]["status"] == "False"


def test_the_policy_in_force_the_last_call_and_the_handled_request_are_shown():
    call = {"operation": "StopFineTuningTask", "time": format_time(NOW), "success": True}
    status = write(a_resource(requested_at="tuesday"), a_thing(RUNNING), last_call=call)
    assert status["effectiveDeletionPolicy"] == "Delete"
    assert status["lastCall"] == call
    assert status["lastHandledReconcileAt"] == "tuesday"
    assert again(status, a_thing(RUNNING))["lastCall"] == call


def test_an_end_without_a_time_is_remembered_from_its_first_sight():
    first = write(a_resource(), a_thing(SUCCEEDED))
    assert again(first, a_thing(SUCCEEDED))["finishedAt"] == format_time(NOW)


def test_a_page_of_text_is_cut():
    page = replace(STOPPING_IT, message="x" * 9999)
    assert all(len(entry["message"]) <= MESSAGE_LIMIT for entry in conditions(LastStatus(), page, 1, NOW))


def test_a_plan_in_words_is_shown_and_goes_with_the_plan():
    record = a_resource(spec={"desiredState": "Stopped"})
    known = facts(record, a_thing(RUNNING))
    assert status_of(known, Plan(None, STOPPING_IT, planned="Stop it"), {})["plannedAction"] == "Stop it"
    assert "plannedAction" not in status_of(known, Plan(None, STOPPING_IT), {})


class TestTheStatusOfAnAccount:
    FACTS = AccountFacts(generation=3, resources=7)

    def ready(self, known):
        return by_type(account_status(known, LastStatus(), NOW)["conditions"])["Ready"]

    def test_of_a_good_one(self):
        status = account_status(self.FACTS, LastStatus(), NOW)
        assert (status["resources"], status["circuit"], status["observedGeneration"]) == (7, {"state": "Closed"}, 3)
        assert self.ready(self.FACTS)["status"] == "True"
        assert "held" not in status

    def test_tells_an_outage_and_since_when_no_calls_go_out(self):
        known = replace(self.FACTS, obstacle=OUTAGE, circuit_open=True, circuit_since=ago(60))
        assert account_status(known, LastStatus(), NOW)["circuit"] == {
            "state": "Open",
            "since": format_time(ago(60)),
            "reason": "ProviderUnavailable",
        }
        assert (self.ready(known)["status"], self.ready(known)["message"]) == ("False", "503")

    def test_tells_how_many_removals_are_held_and_how_to_approve_them(self):
        known = replace(self.FACTS, held=120, held_since=ago(5))
        assert account_status(known, LastStatus(), NOW)["held"] == {"count": 120, "since": format_time(ago(5))}
        assert "approve-deletions-until" in self.ready(known)["message"]

    def test_says_why_it_does_not_go_while_resources_need_it(self):
        assert self.ready(replace(self.FACTS, deleting=True))["reason"] == "InUse"

    def test_stalls_only_on_what_a_person_must_mend(self):
        wrong = Obstacle(Reason.ENDPOINT_NOT_ALLOWED, "not https", stalled=True)
        kinds = by_type(account_status(replace(self.FACTS, obstacle=wrong), LastStatus(), NOW)["conditions"])
        assert "Stalled" in kinds
        assert "Reconciling" not in kinds
