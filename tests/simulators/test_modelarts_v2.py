"""The V2 API: what the current pages promise."""

import pytest

JOB = "3faf5c03-aaa1-4cbe-879d-24b05d997347"
PATH = f"/v2/training-jobs/{JOB}"


def terminate(modelarts, action="terminate"):
    return modelarts("POST", f"{PATH}/actions", {"action_type": action})


def phase(modelarts):
    return modelarts("GET", PATH).body["status"]["phase"]


def test_a_job_is_shown_with_its_phase_and_times(modelarts):
    job = modelarts("GET", PATH).body

    assert (job["kind"], job["metadata"]["name"], job["status"]["phase"]) == ("job", "llama-lora", "Running")
    assert job["metadata"]["create_time"] == int((modelarts.clock.now - 5400) * 1000)
    assert job["status"]["running_records"] == [{"start_at": int(modelarts.clock.now - 5400 + 5), "end_at": 0}]


def test_a_terminated_job_passes_through_terminating(modelarts):
    answer = terminate(modelarts)

    assert (answer.status, answer.body["status"]["phase"]) == (202, "Terminating")
    modelarts.clock.advance(3)
    assert phase(modelarts) == "Terminated"


def test_an_ended_job_cannot_be_terminated(modelarts):
    terminate(modelarts)
    modelarts.clock.advance(3)

    answer = terminate(modelarts)

    assert (answer.status, answer.body["error_code"]) == (409, "ModelArts.2796")


def test_an_unknown_action_is_refused(modelarts):
    answer = terminate(modelarts, "restart-me")

    assert (answer.status, answer.body["error_code"]) == (400, "ModelArts.2812")


def test_a_deleted_job_is_gone_after_a_while(modelarts):
    modelarts.simulator.set_state(JOB, "Completed")

    delete = modelarts("DELETE", PATH)

    assert (delete.status, delete.body) == (202, None)
    assert phase(modelarts) == "Completed"
    modelarts.clock.advance(2)
    gone = modelarts("GET", PATH)
    assert (gone.status, gone.body["error_code"]) == (400, "ModelArts.2775")


def test_a_search_counts_offset_in_pages(modelarts):
    for number in range(7):
        modelarts.simulator.add("v2-job", name=f"more-{number}", age=number)

    pages = [modelarts("POST", "/training-job-searches", {"offset": page, "limit": 3}).body for page in range(4)]

    assert [len(page["items"]) for page in pages] == [3, 3, 2, 0]
    assert {page["total"] for page in pages} == {8}
    assert len({item["metadata"]["id"] for page in pages for item in page["items"]}) == 8


@pytest.mark.parametrize("state", ["Creating", "Pending", "Running"])
def test_an_active_job_may_be_deleted_at_once(modelarts, state):
    modelarts.simulator.set_state(JOB, state)

    assert modelarts("DELETE", PATH).status == 202
    modelarts.clock.advance(2)
    assert modelarts("GET", PATH).body["error_code"] == "ModelArts.2775"


def test_a_delete_that_races_with_a_terminate_is_refused(modelarts):
    terminate(modelarts)
    answer = modelarts("DELETE", PATH)

    assert (answer.status, answer.body["error_code"], answer.effect) == (409, "ModelArts.2878", False)


@pytest.mark.parametrize(
    ("phase", "secondary"), [("Pending", "Queuing"), ("Running", "Running"), ("Abnormal", "Lost"), ("Failed", "Failed")]
)
def test_the_secondary_phase_has_words_of_its_own(modelarts, phase, secondary):
    modelarts.simulator.set_state(JOB, phase)

    status = modelarts("GET", PATH).body["status"]

    assert (status["phase"], status["secondary_phase"]) == (phase, secondary)


@pytest.mark.parametrize("body", [{"kind": "job"}, {"metadata": []}, {"metadata": {"name": "a b"}}, {"metadata": "x"}])
def test_a_create_that_does_not_fit_is_refused(modelarts, body):
    assert modelarts("POST", "/v2/training-jobs", body).status == 400


@pytest.mark.parametrize("body", [{"limit": 51}, {"offset": -1}, {"order": "up"}, {"filters": [{"key": "colour"}]}])
def test_a_search_out_of_range_is_refused(modelarts, body):
    assert modelarts("POST", "/training-job-searches", body).status == 400


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ({"key": "name", "operator": "like", "value": ["llama"]}, 1),
        ({"key": "phase", "operator": "in", "value": ["Failed"]}, 0),
        ({"key": "phase", "operator": "not", "value": ["Failed"]}, 1),
        ({"key": "create_time", "operator": "between", "value": ["2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z"]}, 1),
    ],
)
def test_a_search_is_filtered(modelarts, rule, found):
    answer = modelarts("POST", "/training-job-searches", {"filters": [rule]})

    assert len(answer.body["items"]) == found


def test_a_created_job_goes_from_creating_to_running(modelarts):
    created = modelarts("POST", "/v2/training-jobs", {"kind": "job", "metadata": {"name": "new"}})

    assert (created.status, created.body["status"]["phase"]) == (201, "Creating")
    path = f"/v2/training-jobs/{created.body['metadata']['id']}"
    seen = []
    for seconds in (2, 3):
        modelarts.clock.advance(seconds)
        seen.append(modelarts("GET", path).body["status"]["phase"])
    assert seen == ["Pending", "Running"]


def test_a_name_is_taken_once(modelarts):
    answer = modelarts("POST", "/v2/training-jobs", {"kind": "job", "metadata": {"name": "llama-lora"}})

    assert (answer.status, answer.body["error_code"]) == (400, "ModelArts.2751")


def test_many_are_deleted_at_once_or_none(modelarts):
    other = modelarts.simulator.add("v2-job", name="done", state="Completed")
    entry = {"kind": "job", "metadata": {"id": other}}
    stranger = {"kind": "job", "metadata": {"id": "no-such-job"}}

    refused = modelarts("POST", "/v2/training-jobs/batch-delete", {"jobs": [entry, stranger]})
    accepted = modelarts("POST", "/v2/training-jobs/batch-delete", {"jobs": [entry]})

    assert (refused.status, refused.effect, accepted.status, accepted.effect) == (400, False, 202, True)
