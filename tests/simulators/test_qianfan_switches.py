"""Each question that Qianfan's documents leave open is a switch, and each switch makes a difference."""

import pytest
from pydantic import SecretStr

from trainsweep_devtools.simulators.keys import Key

JOB, EMPTY = "job-k2f7q8m3x5ab", "job-e8mpty00job1"
RUNNING, DONE, WAITING = "task-r1unn1ng0001", "task-d0ne00000002", "task-wa1t1ng00003"


def refusal(**fields):
    return {"status": 400, "code": "InappropriateJSON", "message": "param[taskId] invalid", **fields}


@pytest.mark.parametrize(
    ("switch", "action", "status"),
    [
        ("missing_on_describe", "DescribeFineTuningTask", 404),
        ("missing_on_stop", "StopFineTuningTask", 200),
        ("missing_on_delete", "DeleteFineTuningTask", 404),
    ],
)
def test_status_and_code_of_an_unknown_task(qianfan, switch, action, status):
    before = qianfan(action, taskId="task-nobody")
    qianfan.simulator.switch(**{switch: refusal()})
    after = qianfan(action, taskId="task-nobody")

    assert before.status == status
    assert (after.status, after.body["code"]) == (400, "InappropriateJSON")


def test_a_refusal_can_be_dressed_in_each_known_form(qianfan):
    said = {}
    for form in ("body", "result_false", "body_200", "headers", "v1"):
        qianfan.simulator.switch(missing_on_delete=refusal(form=form))
        said[form] = qianfan("DeleteFineTuningTask", taskId="task-nobody")

    assert (said["body"].status, said["body"].body["code"]) == (400, "InappropriateJSON")
    assert (said["result_false"].status, said["result_false"].body["result"]) == (200, False)
    assert (said["body_200"].status, said["body_200"].body["code"]) == (200, "InappropriateJSON")
    assert (said["headers"].status, said["headers"].body) == (400, None)
    assert said["headers"].headers["X-Bce-Error-Code"] == "InappropriateJSON"
    assert (said["v1"].status, said["v1"].body["error_code"]) == (200, 510301)


@pytest.mark.parametrize("task", [RUNNING, WAITING])
def test_delete_of_an_active_task(qianfan, task):
    refused = qianfan("DeleteFineTuningTask", taskId=task)
    qianfan.simulator.switch(delete_statuses=["Running", "Waiting"])

    assert (refused.status, refused.effect) == (409, False)
    assert qianfan("DeleteFineTuningTask", taskId=task).body["result"] is True


def test_stop_of_a_waiting_task(qianfan):
    qianfan.simulator.switch(stop_statuses=["Running"])
    refused = qianfan("StopFineTuningTask", taskId=WAITING)
    qianfan.simulator.switch(stop_statuses=["Running", "Waiting"])

    assert refused.status == 409
    assert qianfan("StopFineTuningTask", taskId=WAITING).effect


def test_stop_of_an_ended_task_is_refused_or_changes_nothing(qianfan):
    refused = qianfan("StopFineTuningTask", taskId=DONE)
    qianfan.simulator.switch(stop_statuses=["Running", "Waiting", "Done", "Stopped"])
    accepted = qianfan("StopFineTuningTask", taskId=DONE)
    qianfan.clock.advance(60)

    assert refused.status == 409
    assert (accepted.body["result"], accepted.effect) == (True, False)
    assert qianfan.status(DONE) == "Done"


def test_code_of_a_wrong_state(qianfan):
    qianfan.simulator.switch(wrong_state=refusal(form="result_false"))

    assert qianfan("DeleteFineTuningTask", taskId=RUNNING).body["result"] is False


def test_delay_and_hidden_status_of_a_stop(qianfan):
    qianfan.simulator.switch(stopping_status="Stopping", timing={"stopping": 30})
    qianfan("StopFineTuningTask", taskId=RUNNING)

    seen = []
    for seconds in (0, 29, 1):
        qianfan.clock.advance(seconds)
        seen.append(qianfan.status(RUNNING))
    assert seen == ["Stopping", "Stopping", "Stopped"]


def test_delete_of_a_job_with_tasks(qianfan):
    refused = qianfan("DeleteFineTuningJob", jobId=JOB)
    qianfan.simulator.switch(delete_job_with_tasks="cascade")

    assert (refused.status, refused.body["code"]) == (409, "JobNotEmpty")
    assert qianfan("DeleteFineTuningJob", jobId=JOB).body["result"] is True
    assert qianfan("DescribeFineTuningTask", taskId=RUNNING).status == 404


def test_code_of_a_job_that_is_not_empty(qianfan):
    qianfan.simulator.switch(job_not_empty=refusal())

    assert qianfan("DeleteFineTuningJob", jobId=JOB).status == 400


@pytest.mark.parametrize(("switch", "accepted"), [("accept", True), ("refuse", False)])
@pytest.mark.parametrize(
    ("action", "id"), [("DeleteFineTuningTask", {"taskId": DONE}), ("DeleteFineTuningJob", {"jobId": EMPTY})]
)
def test_a_second_delete_while_the_first_lasts(qianfan, switch, accepted, action, id):
    qianfan.simulator.switch(second_delete=switch, timing={"deleting": 10})
    qianfan(action, **id)

    again = qianfan(action, **id)

    assert (again.status == 200) is accepted
    assert not again.effect


def test_a_delete_can_take_reads(qianfan):
    qianfan.simulator.switch(timing={"deleting_reads": 2})
    qianfan("DeleteFineTuningTask", taskId=DONE)

    assert [qianfan("DescribeFineTuningTask", taskId=DONE).status for _ in range(3)] == [200, 200, 404]


def test_a_rate_can_be_limited_and_its_error_chosen(qianfan):
    qianfan.simulator.switch(requests_per_second=0.001)
    assert (qianfan("DescribeFineTuningJobs").status, qianfan("DescribeFineTuningJobs").body["code"]) == (
        429,
        "RateLimitExceeded",
    )

    qianfan.simulator.switch(throttled=refusal(form="v1", v1_code=18))
    assert qianfan("DescribeFineTuningJobs").body["error_code"] == 18


def test_temporary_keys_are_accepted_or_not(qianfan, signed_for_baidu):
    qianfan.simulator.keyring.add(
        Key(access_key="TEMP", secret_key=SecretStr("s"), security_token=SecretStr("session"))
    )

    def call():
        unsigned = qianfan.call("DescribeFineTuningJobs", {}, x_bce_security_token="session")
        return qianfan.send(signed_for_baidu(unsigned, "TEMP", "s", qianfan.wall())).status

    accepted = call()
    qianfan.simulator.switch(accept_sts=False)

    assert (accepted, call()) == (200, 403)


def test_bearer_keys_are_accepted_or_not(qianfan):
    def call():
        bearer = f"Bearer bce-v3/{qianfan.key.access_key}/anything"
        return qianfan.send(qianfan.call("DescribeFineTuningJobs", {}, Authorization=bearer)).status

    refused = call()
    qianfan.simulator.switch(accept_bearer=True)

    assert (refused, call()) == (403, 200)


def test_sub_users_see_only_their_own(qianfan):
    qianfan.simulator.add(
        "job", id="job-other", name="other", user="somebody", tasks=[{"id": "task-other", "user": "somebody"}]
    )
    seen_by_all = qianfan("DescribeFineTuningTask", taskId="task-other").status
    qianfan.simulator.switch(own_only=True)

    jobs = qianfan("DescribeFineTuningJobs").body["result"]["jobList"]

    assert seen_by_all == 200
    assert "job-other" not in [job["jobId"] for job in jobs]
    assert qianfan("DescribeFineTuningTask", taskId="task-other").status == 404
    assert qianfan("DeleteFineTuningJob", jobId="job-other").status == 404


def test_order_of_a_list(qianfan):
    def order():
        return [job["jobId"] for job in qianfan("DescribeFineTuningJobs").body["result"]["jobList"]]

    newest_first = order()
    qianfan.simulator.switch(oldest_first=True)

    assert newest_first == [EMPTY, JOB]
    assert order() == [JOB, EMPTY]


@pytest.mark.parametrize("inclusive", [False, True])
def test_a_marker_is_inclusive_or_not_and_the_pages_meet(qianfan, inclusive):
    qianfan.simulator.switch(marker_inclusive=inclusive)

    def page(**body):
        result = qianfan("DescribeFineTuningTasks", jobId=JOB, maxKeys=1, **body).body["result"]
        return [task["taskId"] for task in result["taskList"]], result["pageInfo"]["nextMarker"]

    first, marker = page()

    assert first == [WAITING]
    assert marker == (RUNNING if inclusive else WAITING)
    assert page(marker=marker)[0] == [RUNNING]


def test_zone_of_the_times(qianfan):
    def created():
        return qianfan("DescribeFineTuningTask", taskId=RUNNING).body["result"]["createDate"]

    utc = created()
    qianfan.simulator.switch(date_zone_hours=8)

    assert int(created()[11:13]) == (int(utc[11:13]) + 8) % 24


def test_wrong_credentials_answer_in_headers_or_in_the_body(qianfan, signed_for_baidu):
    def call(access_key, secret_key):
        return qianfan.send(
            signed_for_baidu(qianfan.call("DescribeFineTuningJobs", {}), access_key, secret_key, qianfan.wall())
        )

    unknown, wrong = call("NOBODY", "x"), call(qianfan.key.access_key, "x")
    qianfan.simulator.switch(credentials_form="body")
    in_body = call(qianfan.key.access_key, "x")

    assert (unknown.status, unknown.body) == (403, None)
    assert unknown.headers["X-Bce-Error-Message"] == "NotFound, cause: Could not find credential."
    assert (wrong.status, wrong.headers["X-Bce-Error-Code"]) == (400, "SignatureDoesNotMatch")
    assert in_body.body["code"] == "SignatureDoesNotMatch"


def test_an_expired_signature_is_told_apart(qianfan, signed_for_baidu):
    key = qianfan.key
    call = qianfan.call("DescribeFineTuningJobs", {})
    signed = signed_for_baidu(call, key.access_key, key.secret_key.get_secret_value(), qianfan.wall(), expires=300)

    qianfan.wall.advance(301)

    assert qianfan.send(signed).headers["X-Bce-Error-Code"] == "RequestExpired"
