"""The shortest histories that went wrong once."""

from trainsweep.core.external import ExternalState

from .drawing import PACES
from .histories import V2_JOBS, Step
from .test_machine import play

FAST_PACE = PACES[0]


def declare(name: str, what: int, desired: str = "Present", **more: object) -> Step:
    fields = {"namespace": "team-a", "name": name, "what": what, "desired": desired, "wishes": {}, "account": "own"}
    return Step("declare", fields | more)


def test_of_two_that_name_one_version_at_once_through_two_accounts_one_alone_acts():
    steps = [declare("ann", 12, "Stopped"), declare("bob", 12, "Stopped", account="named")]
    play(FAST_PACE, steps)


def test_of_two_that_name_one_version_in_one_apply_the_one_that_has_seen_it_first_owns_it():
    play(FAST_PACE, [declare("bob", 12), declare("ann", 12, "Stopped")])


def test_an_operator_whose_clock_is_fast_deletes_nothing_before_its_time():
    job = V2_JOBS[0]
    wishes = {"ttlSecondsAfterFinished": 300}
    ends = Step("end_run", {"remote": job, "state": ExternalState.SUCCEEDED})
    steps = [
        Step("set_clock", {"ahead": 600.0}),
        declare("ann", 7, wishes=wishes),
        Step("wait", {"seconds": 20.0}),
        ends,
    ]
    play(FAST_PACE, [*steps, Step("wait", {"seconds": 120.0})])


def test_one_that_found_nothing_at_first_inherits_what_has_come_since():
    appears = Step("wait_in_line", {"remote": "task-none", "seconds": 300.0})
    eve = {"namespace": "team-a", "name": "eve"}
    both = [declare("bob", 3, "Stopped"), declare("eve", 3, "Absent")]
    play(
        FAST_PACE,
        [*both, Step("wait", {"seconds": 20.0}), appears, Step("delete", eve), Step("wait", {"seconds": 130.0})],
    )


def test_a_claimant_by_name_that_vanishes_is_no_heir():
    bob, ann = ({"namespace": "team-a", "name": name} for name in ("bob", "ann"))
    deleted = [declare("bob", 7), Step("wait", {"seconds": 20.0}), Step("delete", bob), Step("wait", {"seconds": 2.0})]
    edits = [Step("edit", bob | {"desired": desired, "policy": None}) for desired in ("Present", "Absent")]
    play(FAST_PACE, [*deleted, declare("ann", 9, "Absent"), Step("delete", ann), *edits])


def test_with_a_key_of_another_account_nothing_is_handed_over():
    ann, team = {"namespace": "team-a", "name": "ann"}, {"namespace": "team-a"}
    steps = [
        declare("ann", 4),
        Step("set_key", team | {"key": "first"}),
        Step("wait", {"seconds": 10.0}),
        Step("set_key", team | {"key": "stranger"}),
        Step("wait", {"seconds": 100.0}),
        declare("bob", 4),
        Step("delete", ann),
        Step("wait", {"seconds": 200.0}),
    ]
    play(FAST_PACE, steps)
