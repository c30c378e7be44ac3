"""States as a function of time."""

from trainsweep_devtools.simulators.timeline import Departure, Stage, Timeline, course

STAGES = (Stage("queued", 5), Stage("running", 60), Stage("done", None))


def test_a_run_goes_through_its_stages_by_time():
    timeline = course(STAGES, "queued", 100)

    assert [timeline.state(at) for at in (100, 104.9, 105, 164, 165, 9999)] == [
        "queued",
        "queued",
        "running",
        "running",
        "done",
        "done",
    ]


def test_a_run_that_starts_in_the_middle_was_queued_before():
    timeline = course(STAGES, "running", 100, began=80)

    assert timeline.state(100) == "running"
    assert timeline.state(84) == "queued"
    assert timeline.entered(frozenset({"running"}), 100) == 85
    assert timeline.state(160) == "done"


def test_a_run_that_is_over_ran_before():
    timeline = course(STAGES, "failed", 1000, began=0, over=frozenset({"done", "failed"}), ended_ago=300)

    assert [timeline.state(at) for at in (1, 6, 699, 700, 1000)] == ["queued", "running", "running", "failed", "failed"]


def test_a_stage_without_a_length_lasts():
    endless = course((Stage("queued", 5), Stage("running", None), Stage("done", None)), "queued", 0)

    assert endless.state(1e9) == "running"


def test_the_last_state_can_be_another():
    assert course(STAGES, "queued", 0, ends_as="failed").state(100) == "failed"


def test_a_state_off_the_course_stays():
    assert course(STAGES, "lost", 7).state(1e9) == "lost"


def test_a_turn_forgets_the_future_and_keeps_the_past():
    stopped = course(STAGES, "queued", 0).turn(10, (0, "stopping"), (3, "stopped"))

    assert [stopped.state(at) for at in (4, 9, 10, 12, 13, 1000)] == [
        "queued",
        "running",
        "stopping",
        "stopping",
        "stopped",
        "stopped",
    ]


def test_a_state_is_entered_when_its_time_has_come():
    timeline = Timeline(((0, "queued"), (5, "running")))

    assert timeline.entered(frozenset({"running"}), 4) is None
    assert timeline.entered(frozenset({"running"}), 6) == 5


def test_a_departure_waits_for_time_and_for_reads():
    departure = Departure(at=10, reads=2)

    assert not departure.gone(9)
    departure.seen()
    assert not departure.gone(11)
    departure.seen()
    assert not departure.gone(9)
    assert departure.gone(10)
