"""JSON of Qianfan as remote things."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainsweep.core.errors import Malformed
from trainsweep.core.external import ExternalState
from trainsweep.providers.qianfan.answers import Page, job_of_tasks, parse_job, parse_page, parse_task, parse_time


def at(day, hour=0):
    return datetime(2026, 1, day, hour, tzinfo=UTC)


def test_a_task_is_read_with_its_job_and_times(task):
    remote = parse_task(task(runStatus="Done", finishDate="2026-01-30T10:00:00Z"))
    assert remote.id == "task-aaaa00000001"
    assert remote.parent == "job-bbbb00000001"
    assert remote.name == "support-bot"
    assert remote.created_at == datetime(2026, 1, 30, 9, 41, 54, tzinfo=UTC)
    assert remote.finished_at == at(30, 10)
    assert remote.parts == ()


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("Waiting", ExternalState.PENDING),
        ("Running", ExternalState.RUNNING),
        ("Done", ExternalState.SUCCEEDED),
        ("Failed", ExternalState.FAILED),
        ("Stopped", ExternalState.STOPPED),
        ("Hibernating", ExternalState.UNKNOWN),
        ("running", ExternalState.UNKNOWN),
        ("", ExternalState.UNKNOWN),
    ],
)
def test_a_run_status_has_its_state_and_keeps_its_word(task, word, state):
    remote = parse_task(task(runStatus=word))
    assert remote.state is state
    assert remote.provider_state == word


@pytest.mark.parametrize("status", [None, 7, ["Running"]])
def test_a_run_status_that_is_missing_or_no_word_is_unknown_and_empty(task, status):
    remote = parse_task({**task(), "runStatus": status})
    assert (remote.state, remote.provider_state) == (ExternalState.UNKNOWN, "")
    assert parse_task(task(runStatus=None)).state is ExternalState.UNKNOWN


@pytest.mark.parametrize("word", ["Waiting", "Running", "Done", "Stopped", ""])
def test_the_time_when_a_task_began_to_wait_is_not_its_start(task, word):
    remote = parse_task(task(runStatus=word))
    assert (remote.created_at, remote.started_at) == (datetime(2026, 1, 30, 9, 41, 54, tzinfo=UTC), None)


@pytest.mark.parametrize(("word", "ended"), [("Running", False), ("Waiting", False), ("", False), ("Done", True)])
def test_only_what_has_ended_has_an_end(task, word, ended):
    remote = parse_task(task(runStatus=word, finishDate="2026-01-31T00:00:00Z"))
    assert bool(remote.finished_at) is ended


def test_the_given_job_stands_in_when_a_task_does_not_name_its_own(task):
    assert parse_task(task(jobId=None), parent="job-x").parent == "job-x"
    assert parse_task(task(jobId="job-y"), parent="job-x").parent == "job-y"


def test_the_link_with_the_access_token_is_not_kept(task):
    assert "vdl-token-0001" not in repr(parse_task(task()))


@pytest.mark.parametrize(
    "value",
    [
        "0000-00-00T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-01-30 09:41:54",
        "9999-12-31T23:59:59-23:59",
        "yesterday",
        "",
        None,
        1769765000,
        {},
    ],
)
def test_an_impossible_or_zoneless_time_is_none(value):
    assert parse_time(value) is None


def test_times_of_other_zones_become_utc():
    assert parse_time("2026-01-30T08:00:00+08:00") == at(30)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(json_values | st.text(alphabet="0123456789-T:Z+. W", max_size=30))
def test_any_time_is_utc_and_possible_or_none(value):
    moment = parse_time(value)
    assert moment is None or (moment.tzinfo is UTC and moment.year >= 2020)


@given(
    st.dictionaries(st.sampled_from(["jobId", "jobName", "runStatus", "createDate", "finishDate", "x"]), json_values)
)
def test_odd_fields_of_a_task_or_job_never_fail(fields):
    assert parse_task({**fields, "taskId": "task-1"}).id == "task-1"
    assert parse_job({**fields, "name": fields.get("x"), "jobId": "job-1"}).id == "job-1"


@given(json_values)
def test_any_result_is_a_page_or_malformed(value):
    for result in (value, {"taskList": value}, {"taskList": [value]}, {"taskList": [], "pageInfo": value}):
        with suppress(Malformed):
            assert isinstance(parse_page(result, "taskList", parse_task), Page)


@pytest.mark.parametrize("item", [None, {}, [], "task-1", {"runStatus": "Running"}, {"taskId": 5}, {"taskId": ""}])
def test_an_entry_without_an_id_is_malformed(item):
    with pytest.raises(Malformed):
        parse_task(item)


def test_a_job_of_the_list_has_no_known_state_or_parts(job):
    remote = parse_job(job())
    assert (remote.id, remote.name, remote.created_at) == ("job-bbbb00000001", "support-bot", at(29, 8))
    assert (remote.state, remote.parts, remote.complete) == (ExternalState.UNKNOWN, None, False)


@pytest.mark.parametrize("result", [{"pageInfo": {}}, {"taskList": {}}, {"taskList": "x"}, None, [], {}, True])
def test_a_page_without_its_list_is_malformed_and_not_empty(result):
    with pytest.raises(Malformed):
        parse_page(result, "taskList", parse_task)


@pytest.mark.parametrize("items", [[], None])
def test_an_empty_list_or_null_is_an_empty_page(items):
    assert parse_page({"taskList": items}, "taskList", parse_task).things == ()


@pytest.mark.parametrize(
    ("info", "next_marker"),
    [
        ({"isTruncated": True, "nextMarker": "task-2"}, "task-2"),
        ({"isTruncated": "true", "nextMarker": "task-2"}, "task-2"),
        ({"nextMarker": "task-2"}, "task-2"),
        ({"isTruncated": False, "nextMarker": "task-2"}, None),
        ({"isTruncated": False}, None),
        ({"isTruncated": True}, ""),
        ({"isTruncated": True, "nextMarker": 7}, ""),
        ({}, None),
        (None, None),
    ],
)
def test_a_page_says_whether_and_where_the_list_goes_on(info, next_marker):
    assert parse_page({"taskList": [], "pageInfo": info}, "taskList", parse_task).next_marker == next_marker


def test_a_job_takes_its_state_and_times_from_its_tasks(task, job):
    old = parse_task(
        task("task-1", runStatus="Done", createDate="2026-01-02T00:00:00Z", finishDate="2026-01-03T00:00:00Z")
    )
    new = parse_task(task("task-2", runStatus="Running", createDate="2026-01-05T00:00:00Z"))
    remote = job_of_tasks(parse_job(job()), (old, new))
    assert (remote.state, remote.started_at, remote.finished_at) == (ExternalState.RUNNING, at(5), None)
    assert [(part.id, part.started_at) for part in remote.parts] == [("task-1", at(2)), ("task-2", at(5))]


def test_a_task_of_a_job_that_still_waits_has_not_started(task, job):
    waiting = parse_task(task(runStatus="Waiting"))
    assert job_of_tasks(parse_job(job()), (waiting,)).parts == (waiting,)


def test_a_job_whose_tasks_all_ended_ended_with_the_last_of_them(task, job):
    first = task("task-1", runStatus="Done", createDate="2026-01-02T00:00:00Z", finishDate="2026-01-09T00:00:00Z")
    last = task("task-2", runStatus="Failed", createDate="2026-01-05T00:00:00Z", finishDate="2026-01-06T00:00:00Z")
    remote = job_of_tasks(parse_job(job()), (parse_task(first), parse_task(last)))
    assert (remote.state, remote.started_at, remote.finished_at) == (ExternalState.FAILED, at(2), at(9))


def test_a_job_with_an_end_that_is_not_known_has_no_end(task, job):
    tasks = (
        parse_task(task(runStatus="Done")),
        parse_task(task("task-2", runStatus="Done", finishDate="2026-01-31T00:00:00Z")),
    )
    assert job_of_tasks(parse_job(job()), tasks).finished_at is None


def test_a_job_without_tasks_runs_nothing(job):
    remote = job_of_tasks(parse_job(job()), ())
    assert (remote.state, remote.parts, remote.finished_at) == (ExternalState.STOPPED, (), None)
