"""Answers become `Remote`, however odd their fields are."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainsweep.core.errors import Malformed
from trainsweep.core.external import ExternalState, Remote
from trainsweep.providers.modelarts import v1_answers, v2_answers
from trainsweep.providers.modelarts.fields import after, decimal_id, moment, number, text

DAY = datetime(2018, 4, 18, 2, 13, 30, tzinfo=UTC)
MS = int(DAY.timestamp() * 1000)
UUID = "3faf5c03-aaa1-4cbe-879d-24b05d997347"

P, R, F, S, G = (
    ExternalState.PENDING,
    ExternalState.RUNNING,
    ExternalState.FAILED,
    ExternalState.STOPPED,
    ExternalState.SUCCEEDED,
)
#: By the vendor's numbers 0 to 22.
V1_STATES = [
    ExternalState.UNKNOWN,
    P,
    P,
    F,
    P,
    F,
    F,
    P,
    R,
    ExternalState.STOPPING,
    G,
    F,
    S,
    S,
    F,
    R,
    F,
    F,
    P,
    R,
    G,
    F,
    F,
]

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def odd(*names):
    return st.fixed_dictionaries({}, optional={name: anything for name in names})


@pytest.mark.parametrize(("status", "state"), list(enumerate(V1_STATES)))
def test_every_v1_number_has_its_state_as_a_number_and_as_text(status, state):
    for spelling in (status, str(status)):
        assert v1_answers.version({"version_id": 1, "status": spelling}, "10").state is state


def test_the_name_of_a_v1_number_is_shown():
    assert v1_answers.state(8)[0] == "JOBSTAT_RUNNING"
    assert v1_answers.state(22)[0] == "MOUNT_FAILED"


@pytest.mark.parametrize(("status", "word"), [(23, "23"), (-1, "-1"), ("NEW", "NEW"), (None, ""), (True, ""), ({}, "")])
def test_an_unknown_v1_status_is_shown_and_stays_unknown(status, word):
    assert v1_answers.state(status) == (word, ExternalState.UNKNOWN, "")


def test_a_failed_delete_is_said():
    remote = v1_answers.version({"version_id": 1, "version_name": "V0001", "status": 6}, "10")
    assert (remote.state, remote.provider_state) == (ExternalState.FAILED, "JOBSTAT_DELETE_FAILED")
    assert "delete failed" in remote.message
    assert v1_answers.job("10", "", (remote,)).message == f"V0001: {remote.message}"


def test_a_version_is_named_by_job_and_version_and_ends_a_duration_after_its_start():
    row = {
        "version_id": "278813",
        "version_name": "V0002",
        "status": 10,
        "create_time": str(MS),
        "start_time": MS + 1000,
    }
    remote = v1_answers.version({**row, "duration": 60_000}, "182626")
    assert remote == Remote(
        id="182626/278813",
        name="V0002",
        state=ExternalState.SUCCEEDED,
        provider_state="JOBSTAT_COMPLETED",
        created_at=DAY,
        started_at=datetime(2018, 4, 18, 2, 13, 31, tzinfo=UTC),
        finished_at=datetime(2018, 4, 18, 2, 14, 31, tzinfo=UTC),
        parent="182626",
    )


def test_a_running_version_has_no_end_though_it_has_a_duration():
    assert v1_answers.version({"version_id": 1, "status": 8, "start_time": MS, "duration": 5}, "10").finished_at is None


def test_a_job_is_the_sum_of_its_versions():
    rows = [
        {"version_id": 9, "status": 10, "create_time": MS, "start_time": MS, "duration": 1000},
        {"version_id": 10, "status": 8, "create_time": MS + 5000, "start_time": MS + 6000},
    ]
    job = v1_answers.job("10", "demo", tuple(v1_answers.version(row, "10") for row in rows))
    assert (job.state, job.provider_state) == (ExternalState.RUNNING, "JOBSTAT_RUNNING")
    assert (job.started_at, job.finished_at) == (DAY, None)
    assert job.created_at is None, "versions older than these may be gone"
    assert [part.id for part in job.parts] == ["10/9", "10/10"]


def test_a_job_has_ended_when_its_last_version_has():
    rows = [{"version_id": n, "status": 10, "start_time": MS + n * 1000, "duration": 1000} for n in (1, 2)]
    job = v1_answers.job("10", "demo", tuple(v1_answers.version(row, "10") for row in rows))
    assert job.finished_at == datetime(2018, 4, 18, 2, 13, 33, tzinfo=UTC)


def test_a_job_without_versions_runs_nothing():
    job = v1_answers.job("10", "empty", ())
    assert (job.state, job.provider_state, job.parts) == (ExternalState.STOPPED, "", ())


@pytest.mark.parametrize(
    ("count", "parts"), [(0, ()), (1, ("10/7",)), ("1", ("10/7",)), (2, None), (None, None), ("many", None)]
)
def test_a_row_of_the_job_list_tells_the_parts_only_up_to_one_version(count, parts):
    row = v1_answers.job_row({"job_id": 10, "status": 8, "version_id": 7, "version_count": count})
    assert (row.parts if row.parts is None else tuple(part.id for part in row.parts)) == parts
    assert row.complete == (parts is not None)


def test_a_row_with_one_version_but_without_its_id_does_not_tell_its_parts():
    assert v1_answers.job_row({"job_id": 10, "status": 8, "version_count": 1}).parts is None


def test_an_empty_job_in_the_list_is_stopped_whatever_its_status_says():
    assert v1_answers.job_row({"job_id": 10, "status": 1, "version_count": 0}).state is ExternalState.STOPPED


def test_a_config_runs_nothing_and_has_its_name_for_an_id():
    config = v1_answers.config({"config_name": "my_job_config", "create_time": MS})
    assert (config.id, config.name, config.state) == ("my_job_config", "my_job_config", ExternalState.STOPPED)
    assert config.created_at == DAY


@pytest.mark.parametrize(
    ("phase", "state"),
    [
        ("Creating", P),
        ("Pending", P),
        ("Running", R),
        ("Terminating", ExternalState.STOPPING),
        ("Completed", G),
        ("Failed", F),
        ("Terminated", S),
        ("Abnormal", F),
        ("Hibernating", ExternalState.UNKNOWN),
        ("", ExternalState.UNKNOWN),
        (None, ExternalState.UNKNOWN),
    ],
)
def test_every_v2_phase_has_its_state(phase, state):
    job = v2_answers.job({"metadata": {"id": UUID}, "status": {"phase": phase}})
    assert (job.state, job.provider_state) == (state, phase or "")


def test_a_v2_job_takes_its_times_from_the_running_records_which_are_in_seconds():
    records = [
        {"start_at": MS // 1000 + 1, "end_at": MS // 1000 + 5},
        {"start_at": MS // 1000 + 7, "end_at": MS // 1000 + 9},
    ]
    status = {"phase": "Completed", "start_time": 0, "duration": 0, "running_records": records}
    job = v2_answers.job({"metadata": {"id": UUID, "name": "n", "create_time": MS}, "status": status})
    assert job.created_at == DAY
    assert job.started_at == datetime(2018, 4, 18, 2, 13, 37, tzinfo=UTC)
    assert job.finished_at == datetime(2018, 4, 18, 2, 13, 39, tzinfo=UTC)


@pytest.mark.parametrize("start_time", [0, None, MS])
def test_a_v2_job_that_was_restarted_began_with_its_newest_run(start_time):
    records = [{"start_at": MS // 1000 + 60, "end_at": 0}, {"start_at": MS // 1000 + 1, "end_at": MS // 1000 + 50}]
    status = {"phase": "Running", "start_time": start_time, "running_records": records}
    job = v2_answers.job({"metadata": {"id": UUID}, "status": status})
    assert job.started_at == datetime(2018, 4, 18, 2, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize("start_time", [0, None, "", "soon"])
def test_a_version_without_a_start_of_its_own_has_none(start_time):
    """Neither the time of its creation, when it began to wait, nor the start of another version stands in."""
    waiting = {"version_id": 2, "status": 8, "create_time": MS, "start_time": start_time}
    version = v1_answers.version(waiting, "155500")
    assert (version.created_at, version.started_at) == (DAY, None)
    other = v1_answers.version({"version_id": 1, "status": 8, "create_time": MS, "start_time": MS + 5000}, "155500")
    parts = v1_answers.job("155500", "n", (other, version)).parts
    assert [part.started_at for part in parts] == [datetime(2018, 4, 18, 2, 13, 35, tzinfo=UTC), None]


def test_a_v2_job_without_records_ends_a_duration_after_its_start():
    status = {"phase": "Failed", "start_time": MS, "duration": 2000, "running_records": None}
    assert v2_answers.job({"metadata": {"id": UUID}, "status": status}).finished_at == datetime(
        2018, 4, 18, 2, 13, 32, tzinfo=UTC
    )


def test_a_running_v2_job_that_was_restarted_has_not_finished():
    status = {"phase": "Running", "running_records": [{"start_at": 1524017610, "end_at": 1524017620}]}
    assert v2_answers.job({"metadata": {"id": UUID}, "status": status}).finished_at is None


def test_a_failed_stop_is_said_and_changes_nothing_else():
    status = {"phase": "Running", "secondary_phase": "TerminatedFailed"}
    job = v2_answers.job({"metadata": {"id": UUID}, "status": status})
    assert job.state is ExternalState.RUNNING
    assert "stop failed" in job.message


@pytest.mark.parametrize(
    "parse", [lambda row: v1_answers.version(row, "1"), v1_answers.job_row, v1_answers.config, v2_answers.job]
)
def test_an_entry_without_an_id_is_no_answer(parse):
    with pytest.raises(Malformed):
        parse({"status": 8, "job_id": 0, "version_id": None, "config_name": "", "metadata": {"id": None}})


@given(odd("version_name", "status", "create_time", "start_time", "duration"))
def test_odd_fields_of_a_version_never_raise(row):
    assert v1_answers.version({**row, "version_id": 5}, "1").id == "1/5"


@given(odd("job_name", "status", "create_time", "version_count", "version_id"))
def test_odd_fields_of_a_job_row_never_raise(row):
    assert v1_answers.job_row({**row, "job_id": 5}).id == "5"


@given(odd("phase", "secondary_phase", "start_time", "duration", "running_records"), odd("name", "create_time"))
def test_odd_fields_of_a_v2_job_never_raise(status, metadata):
    assert v2_answers.job({"metadata": {**metadata, "id": UUID}, "status": status}).id == UUID


@given(anything)
def test_reading_a_field_never_raises(value):
    assert isinstance(text(value), str)
    assert isinstance(decimal_id(value), str)
    assert number(value) is None or isinstance(number(value), int)
    found = moment(value)
    assert found is None or 2000 <= found.year < 2100
    after(DAY, value)


@pytest.mark.parametrize("value", [0, None, "", -5, 1, "soon", True, 10**15, 10**40, "9" * 5000, 4 * 10**12 + 10**12])
def test_an_impossible_time_is_no_time(value):
    assert moment(value) is None


@pytest.mark.parametrize("value", [MS, str(MS), MS // 1000, str(MS // 1000)])
def test_milliseconds_and_seconds_are_told_apart_by_their_size(value):
    assert moment(value) == DAY


@pytest.mark.parametrize(
    "value", ["0", "-1", "01", "1e3", "１２", "12345678901234567890", 0, -1, True, 1.0, None, "../x"]
)
def test_what_is_no_positive_decimal_is_no_id(value):
    assert decimal_id(value) == ""
