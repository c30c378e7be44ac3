"""What keeps a stop or delete from going out, and what brings it about later."""

import re
from datetime import timedelta
from typing import ClassVar

import pytest

from trainsweep.api.common import DeletionPolicy, Mode
from trainsweep.api.provider_config import Bounds
from trainsweep.core.decision import AddFinalizer, Delete, Observe, RemoveFinalizer, Stop
from trainsweep.core.external import Target, Thing
from trainsweep.core.inputs import Asked, Verb
from trainsweep.core.last_status import format_time
from trainsweep.core.plan import plan
from trainsweep.core.reasons import Reason
from trainsweep.core.state_table import PATIENCE

from .given import (
    ELDER,
    FAILED,
    GONE,
    NO_CONFIG,
    NOW,
    OTHER,
    OUTAGE,
    PENDING,
    RUNNING,
    STOPPED,
    STOPPING,
    SUCCEEDED,
    a_resource,
    a_thing,
    ago,
    facts,
    parts,
)

ABSENT = {"desiredState": "Absent"}


class TestTheFinalizer:
    def test_is_stored_before_anything_else_is_done(self):
        for more in ({}, {"obstacle": OUTAGE}, {"obstacle": NO_CONFIG}):
            assert plan(facts(a_resource(held=False, spec=ABSENT), **more)).action == AddFinalizer()

    def test_is_not_needed_under_orphan_nor_in_mode_plan(self):
        for more in ({"policy": DeletionPolicy.ORPHAN}, {"mode": Mode.PLAN}):
            assert plan(facts(a_resource(held=False), **more)).action == Observe()

    def test_is_never_stored_on_a_resource_that_is_going(self):
        assert plan(facts(a_resource(held=False, deleting=True))).action is None


class TestBounds:
    """What a shared account lets a namespace do."""

    @staticmethod
    def ask(spec, seen=None, deleting=False, **bounds):
        record = a_resource(spec=spec, deleting=deleting)
        return plan(facts(record, seen or a_thing(RUNNING), bounds=Bounds.model_validate(bounds)))

    @pytest.mark.parametrize(
        ("spec", "bounds", "said"),
        [
            (ABSENT, {"desiredStates": ["Present", "Stopped"]}, "has no Absent: nothing may be deleted"),
            (ABSENT, {"desiredStates": []}, "has no Absent"),
            ({"desiredState": "Stopped"}, {"desiredStates": ["Present"]}, "neither Stopped nor Absent"),
            (ABSENT, {"namePatterns": ["{namespace}-*", "shared-?"]}, r"fits none of .* \(team-a-\*, shared-\?\)"),
            ({"desiredState": "Stopped"}, {"namePatterns": ["LLAMA"]}, "the name 'llama' fits none"),
            ({"activeDeadlineSeconds": 1}, {"desiredStates": []}, "nothing may be stopped"),
        ],
    )
    def test_what_is_out_of_bounds_is_told_and_not_touched(self, spec, bounds, said):
        found = self.ask(spec, a_thing(RUNNING, started_at=ago(600)), **bounds)
        assert (found.action, found.standing.reason) == (None, Reason.OUT_OF_BOUNDS)
        assert found.standing.stalled
        assert re.search(said, found.standing.message)

    @pytest.mark.parametrize(
        ("spec", "bounds"),
        [
            (ABSENT, {}),
            (ABSENT, {"desiredStates": ["Absent"]}),
            ({"desiredState": "Stopped"}, {"desiredStates": ["Stopped"]}),
            ({"desiredState": "Stopped"}, {"desiredStates": ["Absent"]}),
            (ABSENT, {"namePatterns": ["team-b-*", "ll*a"]}),
        ],
    )
    def test_what_is_within_is_done(self, spec, bounds):
        assert isinstance(self.ask(spec, **bounds).action, Stop)

    def test_a_pattern_is_of_the_namespace_of_the_resource(self):
        for name, may in (("team-a-mnist", True), ("team-b-mnist", False), ("team-a", False)):
            found = self.ask(ABSENT, a_thing(SUCCEEDED, name=name), namePatterns=["{namespace}-*"])
            assert isinstance(found.action, Delete) is may

    def test_a_deleted_resource_is_told_how_it_is_freed(self):
        found = self.ask({}, deleting=True, desiredStates=["Present"])
        assert found.action is None
        assert "deletionPolicy Orphan frees this resource" in found.standing.message

    def test_nothing_is_said_where_nothing_would_be_done(self):
        assert self.ask({}, namePatterns=["x"], desiredStates=[]).standing.reason is Reason.AVAILABLE


class TestExpectations:
    @pytest.mark.parametrize(
        ("expect", "complaint"),
        [
            ({"name": "mistral"}, "expect.name is 'mistral', but the remote thing is named 'llama'"),
            ({"createdBefore": "2026-05-01T11:00:00Z"}, "made at 2026-05-01T11:30:00Z"),
            ({"createdAfter": "2026-05-01T11:30:00Z"}, "made at 2026-05-01T11:30:00Z"),
            ({"name": "llama", "createdAfter": "2026-05-02T00:00:00Z"}, "expect.createdAfter"),
        ],
    )
    @pytest.mark.parametrize("state", [RUNNING, SUCCEEDED])
    @pytest.mark.parametrize("deleting", [False, True])
    def test_that_fail_stall_and_nothing_is_touched(self, expect, complaint, state, deleting):
        record = a_resource(spec={**ABSENT, "expect": expect}, deleting=deleting)
        decided = plan(facts(record, a_thing(state)))
        assert decided.action is None
        assert decided.standing.stalled
        assert decided.standing.reason is Reason.EXPECTATION_FAILED
        assert complaint in decided.standing.message

    @pytest.mark.parametrize(
        "expect",
        [
            {"name": "llama"},
            {"createdBefore": "2026-05-01T11:30:01Z", "createdAfter": "2026-05-01T11:29:59Z"},
            {"createdBefore": "2026-05-01T13:30:01+02:00"},
        ],
    )
    def test_that_hold_change_nothing(self, expect):
        record = a_resource(spec={**ABSENT, "expect": expect})
        assert isinstance(plan(facts(record, a_thing(SUCCEEDED))).action, Delete)

    def test_about_a_time_that_the_provider_does_not_give_fail(self):
        record = a_resource(spec={**ABSENT, "expect": {"createdBefore": "2027-01-01T00:00:00Z"}})
        decided = plan(facts(record, a_thing(SUCCEEDED, created_at=None)))
        assert (decided.action, decided.standing.reason) == (None, Reason.EXPECTATION_FAILED)

    def test_do_not_stand_in_the_way_of_watching_or_of_freeing(self):
        spec = {"expect": {"name": "mistral"}}
        assert plan(facts(a_resource(spec=spec), a_thing(RUNNING))).standing.ready
        freed = plan(facts(a_resource(spec=spec, deleting=True), GONE))
        assert isinstance(freed.action, RemoveFinalizer)


class TestTheDeadline:
    SPEC: ClassVar = {"activeDeadlineSeconds": 600}

    @pytest.mark.parametrize(("ran", "call"), [(599, None), (600, Stop), (6000, Stop)])
    def test_stops_what_has_run_for_too_long(self, ran, call):
        decided = plan(facts(a_resource(spec=self.SPEC), a_thing(RUNNING, started_at=ago(ran))))
        assert type(decided.action) is (call or type(None))

    def test_brings_the_resource_back_when_it_strikes(self):
        decided = plan(facts(a_resource(spec=self.SPEC), a_thing(RUNNING, started_at=ago(200))))
        assert decided.after == 400

    @pytest.mark.parametrize("former", [None, ago(9000)], ids=["first run", "begun anew"])
    def test_does_not_run_before_the_remote_start(self, former):
        record = a_resource(spec=self.SPEC, status={"startedAt": format_time(former)} if former else {})
        decided = plan(facts(record, a_thing(PENDING, started_at=former, created_at=ago(9000))))
        assert (decided.action, decided.after) == (None, None)

    def test_counts_from_the_first_sight_of_a_run_whose_start_is_not_told(self):
        decided = plan(facts(a_resource(spec=self.SPEC), a_thing(RUNNING, started_at=None, created_at=ago(9000))))
        assert (decided.action, decided.after) == (None, 600)

    def test_counts_from_the_remembered_start_when_the_provider_stops_telling(self):
        record = a_resource(spec=self.SPEC, status={"startedAt": format_time(ago(700))})
        assert isinstance(plan(facts(record, a_thing(RUNNING))).action, Stop)

    def test_never_deletes(self):
        decided = plan(facts(a_resource(spec=self.SPEC), a_thing(SUCCEEDED, started_at=ago(6000))))
        assert (decided.action, decided.standing.reason) == (None, Reason.STOPPED)


class TestTheTimeToLive:
    SPEC: ClassVar = {"ttlSecondsAfterFinished": 60}

    @pytest.mark.parametrize(("ended", "call"), [(59, None), (60, Delete), (600, Delete)])
    def test_deletes_what_ended_long_enough_ago(self, ended, call):
        decided = plan(facts(a_resource(spec=self.SPEC), a_thing(SUCCEEDED, finished_at=ago(ended))))
        assert type(decided.action) is (call or type(None))

    def test_brings_the_resource_back_when_it_is_over(self):
        decided = plan(facts(a_resource(spec=self.SPEC), a_thing(SUCCEEDED, finished_at=ago(20))))
        assert decided.after == 40

    def test_never_touches_a_run_that_has_not_ended(self):
        decided = plan(facts(a_resource(spec=self.SPEC), a_thing(RUNNING, finished_at=ago(9000))))
        assert (decided.action, decided.after) == (None, None)

    def test_counts_from_the_first_sight_of_the_end_when_the_provider_gives_no_time(self):
        assert plan(facts(a_resource(spec=self.SPEC), a_thing(SUCCEEDED))).after == 60
        record = a_resource(spec=self.SPEC, status={"finishedAt": format_time(ago(61))})
        assert isinstance(plan(facts(record, a_thing(SUCCEEDED))).action, Delete)

    def test_leaves_the_resource_satisfied_once_the_thing_is_gone(self):
        record = a_resource(spec=self.SPEC, status={"finishedAt": format_time(ago(61))})
        decided = plan(facts(record, GONE))
        assert (decided.standing.ready, decided.standing.reason) == (True, Reason.ABSENT)

    def test_of_nothing_deletes_at_once(self):
        record = a_resource(spec={"ttlSecondsAfterFinished": 0})
        assert isinstance(plan(facts(record, a_thing(SUCCEEDED, finished_at=NOW))).action, Delete)

    def test_and_the_deadline_share_one_clock_and_the_nearer_one_strikes_first(self):
        spec = {"activeDeadlineSeconds": 500, "ttlSecondsAfterFinished": 60}
        decided = plan(facts(a_resource(spec=spec), a_thing(SUCCEEDED, started_at=ago(100), finished_at=ago(10))))
        assert decided.after == 50

    def test_at_the_end_of_the_calendar_is_no_error(self):
        spec = {"activeDeadlineSeconds": 2**31 - 1, "ttlSecondsAfterFinished": 2**31 - 1}
        late = NOW.replace(year=9999)
        assert plan(facts(a_resource(spec=spec), a_thing(SUCCEEDED, started_at=late, finished_at=late))).standing.ready


class TestNothingIsDone:
    def test_while_paused(self):
        decided = plan(facts(a_resource(spec=ABSENT, paused=True), a_thing(SUCCEEDED)))
        assert (decided.action, decided.standing.ready) == (None, None)
        assert decided.standing.synced_reason is Reason.PAUSED

    def test_by_a_resource_that_is_not_the_owner(self):
        decided = plan(facts(a_resource(spec=ABSENT), a_thing(SUCCEEDED), owner=OTHER))
        assert (decided.action, decided.standing.stalled, decided.standing.reason) == (None, True, Reason.CONFLICT)
        assert "of another namespace manages" in decided.standing.message

    @pytest.mark.parametrize(("state", "words"), [(RUNNING, "Stop"), (SUCCEEDED, "Delete")])
    def test_in_mode_plan_but_what_would_be_done_is_said(self, state, words):
        decided = plan(facts(a_resource(spec=ABSENT, held=False), a_thing(state), mode=Mode.PLAN))
        assert (decided.action, decided.planned) == (None, f"{words} FineTuningTask task-a1")
        assert decided.standing.reason is Reason.PLAN_MODE

    def test_in_mode_plan_without_a_read_by_id_first(self):
        decided = plan(facts(a_resource(spec=ABSENT), a_thing(SUCCEEDED), mode=Mode.PLAN, fresh=False))
        assert decided.action == Observe(fresh=True)

    @pytest.mark.parametrize("obstacle", [OUTAGE, NO_CONFIG])
    def test_while_something_stands_in_the_way_and_it_is_said_in_its_words(self, obstacle):
        decided = plan(facts(a_resource(spec=ABSENT), obstacle=obstacle))
        assert decided.action is None
        assert (decided.standing.reason, decided.standing.message) == (obstacle.reason, obstacle.message)
        assert (decided.standing.synced, decided.standing.progressing) == (False, True)


class TestPatience:
    TASK = Target(Thing.TUNING_TASK, "task-a1")

    def asked(self, verb, seconds, times=1):
        return {(verb, "task-a1"): Asked(seconds, times)}

    @pytest.mark.parametrize(("state", "verb"), [(RUNNING, Verb.STOP), (SUCCEEDED, Verb.DELETE)])
    def test_an_accepted_call_is_not_repeated_while_the_provider_is_at_it(self, state, verb):
        record = a_resource(spec=ABSENT)
        waiting = plan(facts(record, a_thing(state), asked=self.asked(verb, PATIENCE - 1)))
        assert (waiting.action, waiting.moving) == (None, True)
        assert plan(facts(record, a_thing(state), asked=self.asked(verb, PATIENCE))).action is not None

    @pytest.mark.parametrize(("times", "patience"), [(1, 60), (2, 120), (3, 240), (4, 300), (2000, 300)])
    def test_grows_with_each_call_that_came_to_nothing(self, times, patience):
        record = a_resource(spec=ABSENT)
        for seconds, acts in ((patience - 1, False), (patience, True)):
            decided = plan(facts(record, a_thing(SUCCEEDED), asked=self.asked(Verb.DELETE, seconds, times)))
            assert (decided.action is not None) is acts

    @pytest.mark.parametrize(
        ("verb", "state", "reason"),
        [
            (Verb.DELETE, FAILED, Reason.DELETE_FAILED),
            (Verb.STOP, RUNNING, Reason.NOT_STOPPABLE),
            (Verb.STOP, STOPPING, Reason.NOT_STOPPABLE),
        ],
    )
    def test_tells_the_words_of_the_provider_when_what_was_asked_has_failed(self, verb, state, reason):
        record, failed = a_resource(spec=ABSENT), a_thing(state, message="The last one failed at the provider.")
        for seconds in (1, 60):
            told = plan(facts(record, failed, asked=self.asked(verb, seconds)))
            assert (told.standing.reason, told.action is not None) == (reason, seconds == 60)
            assert told.standing.message.startswith("The last one failed at the provider.")
        assert plan(facts(record, failed)).standing.reason in (Reason.DELETING, Reason.STOPPING)

    def test_an_accepted_stop_does_not_delay_the_delete(self):
        decided = plan(facts(a_resource(spec=ABSENT), a_thing(STOPPED), asked=self.asked(Verb.STOP, 1)))
        assert decided.action == Delete((self.TASK,))

    def test_only_the_parts_that_were_not_asked_yet_are_asked(self):
        job = a_thing(RUNNING, id="155500", parts=parts(RUNNING, RUNNING))
        record = a_resource(Thing.JOB, spec={"desiredState": "Stopped"})
        decided = plan(facts(record, job, asked={(Verb.STOP, "part-0"): Asked(0.0)}))
        assert decided.action == Stop((Target(Thing.VERSION, "part-1", "155500"),))


class TestAConfigMadeAgainUnderItsName:
    RECORD: ClassVar = {"spec": ABSENT, "status": {"createdAt": format_time(ago(7200))}}

    @pytest.mark.parametrize("deleting", [False, True])
    def test_is_another_config_and_is_not_deleted(self, deleting):
        record = a_resource(Thing.CONFIG, deleting=deleting, **self.RECORD)
        decided = plan(facts(record, a_thing(STOPPED, id="nightly", created_at=ago(60))))
        assert (decided.action, decided.standing.reason) == (None, Reason.IDENTITY_CHANGED)
        assert decided.standing.stalled

    def test_is_told_from_the_same_one_whose_time_was_rounded(self):
        made = ago(7200) + timedelta(milliseconds=999)
        record = a_resource(Thing.CONFIG, **self.RECORD)
        assert isinstance(plan(facts(record, a_thing(STOPPED, id="nightly", created_at=made))).action, Delete)


class TestNeighbours:
    def test_what_another_namespace_calls_its_resources_is_not_told(self):
        for more in ({}, {"owner_pinned": False}):
            for record in (a_resource(spec=ABSENT), a_resource(deleting=True)):
                message = plan(facts(record, owner=OTHER, **more)).standing.message
                assert "A FineTuningTask of another namespace" in message
                assert OTHER.name not in message
                assert OTHER.namespace not in message

    def test_a_resource_of_the_same_namespace_is_named(self):
        assert str(ELDER) in plan(facts(a_resource(spec=ABSENT), owner=ELDER)).standing.message
