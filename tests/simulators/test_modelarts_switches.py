"""Each question that ModelArts' documents leave open is a switch, and each switch makes a difference."""

import pytest

JOB = "3faf5c03-aaa1-4cbe-879d-24b05d997347"


def error(answer):
    return answer.status, answer.body["error_code"]


@pytest.mark.parametrize(
    ("switch", "path"),
    [
        ("missing_job", "/training-jobs/999/versions"),
        ("missing_version", "/training-jobs/155500/versions/99"),
        ("missing_config", "/training-job-configs/nobody"),
    ],
)
def test_status_and_code_of_a_missing_thing(modelarts, switch, path):
    before = error(modelarts("GET", path))
    modelarts.simulator.switch(**{switch: {"status": 404, "code": "ModelArts.0015", "message": "Gone."}})

    assert before == (400, "ModelArts.0105")
    assert error(modelarts("GET", path)) == (404, "ModelArts.0015")


def test_status_of_a_body_that_says_failure(modelarts):
    modelarts.simulator.switch(failure_status=200)

    answer = modelarts("DELETE", "/training-jobs/999")

    assert (answer.status, answer.body["is_success"]) == (200, False)


def test_name_of_the_error_text(modelarts):
    before = modelarts("DELETE", "/training-jobs/999").body
    modelarts.simulator.switch(error_text="error_msg")
    after = modelarts("DELETE", "/training-jobs/999").body

    assert "error_message" in before
    assert "error_msg" not in before
    assert "error_msg" in after


@pytest.mark.parametrize("state", [1, 2, 4, 7])
def test_stop_before_running(modelarts, state):
    modelarts.simulator.set_state("155502/1", str(state))
    refused = modelarts("POST", "/training-jobs/155502/versions/1/stop")
    modelarts.simulator.switch(stop_states=[1, 2, 4, 7, 8])

    assert refused.body["is_success"] is False
    assert modelarts("POST", "/training-jobs/155502/versions/1/stop").body["is_success"] is True


@pytest.mark.parametrize("state", [1, 2, 4, 7, 9])
@pytest.mark.parametrize("path", ["/training-jobs/155502", "/training-jobs/155502/versions/1"])
def test_delete_in_unnamed_states(modelarts, state, path):
    modelarts.simulator.set_state("155502/1", str(state))
    refused = modelarts("DELETE", path)
    modelarts.simulator.switch(delete_states=[1, 2, 4, 7, 9])

    assert refused.body["is_success"] is False
    assert modelarts("DELETE", path).body["is_success"] is True


def test_code_of_a_wrong_state(modelarts):
    modelarts.simulator.switch(wrong_state={"status": 409, "code": "ModelArts.9999", "message": "Not now."})

    assert error(modelarts("POST", "/training-jobs/155500/versions/2/stop")) == (409, "ModelArts.9999")


@pytest.mark.parametrize(("switch", "still_there"), [("job_stays", True), ("job_goes", False)])
def test_the_job_of_a_last_version(modelarts, switch, still_there):
    modelarts.simulator.switch(last_version_deleted=switch)
    modelarts("DELETE", "/training-jobs/155502/versions/1")
    modelarts.clock.advance(2)

    ids = [job["job_id"] for job in modelarts("GET", "/training-jobs").body["jobs"]]

    assert (155502 in ids) is still_there
    assert modelarts("GET", "/training-jobs/155502/versions").body["is_success"] is still_there


def test_a_withdrawn_v1_leaves_v2_alone(modelarts):
    modelarts.simulator.switch(v1_withdrawn=True)

    assert error(modelarts("GET", "/training-jobs")) == (404, "APIGW.0101")
    assert modelarts("POST", "/training-job-searches", {}).status == 200


def test_prefix_of_gateway_codes(modelarts):
    modelarts.simulator.switch(v1_withdrawn=True, gateway_prefix="APIG")

    assert error(modelarts("GET", "/training-jobs")) == (404, "APIG.0101")


def test_v2_delete_of_a_running_job(modelarts):
    modelarts.simulator.switch(v2_delete_phases=["Completed"])
    refused = modelarts("DELETE", f"/v2/training-jobs/{JOB}")
    modelarts.simulator.switch(v2_delete_phases=["Running"])

    assert error(refused) == (409, "ModelArts.2878")
    assert modelarts("DELETE", f"/v2/training-jobs/{JOB}").status == 202


def test_numbers_or_text_in_the_answer_to_a_create(modelarts):
    def create(name):
        created = modelarts("POST", "/training-jobs", {"job_name": name, "config": {"worker_server_num": 1}}).body
        return {type(created[field]) for field in ("job_id", "version_id", "status", "create_time")}

    numbers = create("first")
    modelarts.simulator.switch(create_answers="text")

    assert (numbers, create("second")) == ({int}, {str})


@pytest.mark.parametrize(("seconds", "expected"), [(1, 12), (30, 9)])
def test_length_of_a_stop(modelarts, seconds, expected):
    modelarts.simulator.switch(timing={"stopping": seconds})
    modelarts("POST", "/training-jobs/155502/versions/1/stop")
    modelarts.clock.advance(5)

    assert modelarts.status("155502/1") == expected


def test_length_of_a_run(modelarts):
    modelarts.simulator.switch(timing={"running": 60})
    id = modelarts.simulator.add("v2-job", name="short")
    modelarts.clock.advance(60)

    assert modelarts("GET", f"/v2/training-jobs/{id}").body["status"]["phase"] == "Completed"
    assert modelarts("GET", f"/v2/training-jobs/{JOB}").body["status"]["phase"] == "Running"


def test_a_delete_can_take_reads_instead_of_time(modelarts):
    modelarts.simulator.switch(timing={"deleting": 0, "deleting_reads": 2})
    modelarts("DELETE", "/training-jobs/155501/versions/2")

    answers = [modelarts("GET", "/training-jobs/155501/versions/2").body["is_success"] for _ in range(3)]

    assert answers == [True, True, False]


@pytest.mark.parametrize("path", ["/training-jobs/155502", "/training-jobs/155502/versions/1"])
def test_a_delete_can_end_in_state_6(modelarts, path):
    modelarts.simulator.switch(delete_fails=True)
    modelarts("DELETE", path)
    modelarts.clock.advance(2)
    modelarts("GET", "/training-jobs")

    assert modelarts.status("155502/1") == 6

    modelarts.simulator.switch(delete_fails=False)
    modelarts("DELETE", path)
    modelarts.clock.advance(2)
    assert modelarts("GET", "/training-jobs/155502/versions/1").body["is_success"] is False


@pytest.mark.parametrize(("text", "body"), [('""', ""), ("", None), ("null", None)])
def test_body_of_an_accepted_v2_delete(modelarts, text, body):
    modelarts.simulator.switch(accepted_body=text)
    modelarts.simulator.set_state(JOB, "Completed")

    answer = modelarts("DELETE", f"/v2/training-jobs/{JOB}")

    assert (answer.status, answer.body) == (202, body)


def test_a_terminate_can_fail(modelarts):
    modelarts.simulator.switch(terminate_fails=True)
    modelarts("POST", f"/v2/training-jobs/{JOB}/actions", {"action_type": "terminate"})
    modelarts.clock.advance(3)

    status = modelarts("GET", f"/v2/training-jobs/{JOB}").body["status"]

    assert (status["phase"], status["secondary_phase"]) == ("Terminating", "TerminatedFailed")


@pytest.mark.parametrize(
    "path", ["/training-jobs/155501", "/training-jobs/155501/versions/1", f"/v2/training-jobs/{JOB}"]
)
@pytest.mark.parametrize(("switch", "accepted"), [("accept", True), ("refuse", False)])
def test_a_second_delete(modelarts, path, switch, accepted):
    modelarts.simulator.switch(second_delete=switch, v2_delete_phases=["Running"])
    modelarts("DELETE", path)

    again = modelarts("DELETE", path)

    assert (again.status < 300) is accepted
    assert not again.effect


def test_a_rate_can_be_limited(modelarts):
    unlimited = [modelarts("GET", "/training-jobs").status for _ in range(3)]
    modelarts.simulator.switch(requests_per_second=0.001)

    limited = modelarts("GET", "/training-jobs")

    assert unlimited == [200, 200, 200]
    assert error(limited) == (429, "APIGW.0308")


def test_a_wrong_switch_is_refused(modelarts):
    with pytest.raises(ValueError, match="last_version_deleted"):
        modelarts.simulator.switch(last_version_deleted="maybe")
    with pytest.raises(ValueError, match="no_such_switch"):
        modelarts.simulator.switch(no_such_switch=True)
