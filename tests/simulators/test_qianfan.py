"""The v2 fine-tuning actions: what the pages promise."""

import pytest
from multidict import CIMultiDict

from trainsweep_devtools.simulators.wire import Call

JOB, EMPTY = "job-k2f7q8m3x5ab", "job-e8mpty00job1"
RUNNING, DONE, WAITING = "task-r1unn1ng0001", "task-d0ne00000002", "task-wa1t1ng00003"
NEW_TASK = {"jobId": EMPTY, "hyperParameterConfig": {"epoch": 1}, "datasetConfig": {"sourceType": "Platform"}}


def tasks(qianfan, **body):
    result = qianfan("DescribeFineTuningTasks", jobId=JOB, **body).body["result"]
    return [task["taskId"] for task in result["taskList"]], result["pageInfo"]


def test_an_answer_holds_a_request_id_and_a_result(qianfan):
    answer = qianfan("DescribeFineTuningJobs")

    assert answer.status == 200
    assert set(answer.body) == {"requestId", "result"}
    assert answer.headers["x-bce-request-id"] == answer.body["requestId"]


def test_a_task_is_described_with_its_job(qianfan):
    result = qianfan("DescribeFineTuningTask", taskId=RUNNING).body["result"]

    assert (result["jobId"], result["jobName"], result["runStatus"]) == (JOB, "support-answers", "Running")
    assert result["finishDate"] == "0000-00-00T00:00:00Z"


def test_only_a_running_task_tells_its_progress(qianfan):
    told = {
        id: "runProgress" in qianfan("DescribeFineTuningTask", taskId=id).body["result"]
        for id in (RUNNING, DONE, WAITING)
    }

    assert told == {RUNNING: True, DONE: False, WAITING: False}


def test_a_stopped_task_takes_a_while(qianfan):
    answer = qianfan("StopFineTuningTask", taskId=RUNNING)

    assert (answer.body["result"], answer.effect) == (True, True)
    assert qianfan.status(RUNNING) == "Running"
    qianfan.clock.advance(3)
    assert qianfan.status(RUNNING) == "Stopped"


def test_a_stop_of_an_unknown_task_answers_with_a_result_that_is_false(qianfan):
    answer = qianfan("StopFineTuningTask", taskId="task-nobody")

    assert (answer.status, answer.body["result"], answer.effect) == (200, False, False)
    assert "code" not in answer.body


def test_lists_begin_with_the_newest(qianfan):
    dates = [task["createDate"] for task in qianfan("DescribeFineTuningTasks", jobId=JOB).body["result"]["taskList"]]
    jobs = [job["createDate"] for job in qianfan("DescribeFineTuningJobs").body["result"]["jobList"]]

    assert dates == sorted(dates, reverse=True)
    assert jobs == sorted(jobs, reverse=True)


def test_a_signed_header_that_is_not_there_is_named(qianfan, signed_for_baidu):
    call = qianfan.call("DescribeFineTuningJobs", {}, content_length="2")
    signed = signed_for_baidu(call, qianfan.key.access_key, qianfan.key.secret_key.get_secret_value(), qianfan.wall())
    del signed.headers["content-length"]

    answer = qianfan.send(signed)

    words = "Fail to authn user: Missing headers required by signing: content-length"
    assert answer.headers["X-Bce-Error-Code"] == "IamSignatureInvalid"
    assert answer.headers["X-Bce-Error-Message"] == f"IamSignatureInvalid, cause: {words}"


def test_a_deleted_task_is_gone(qianfan):
    assert qianfan("DeleteFineTuningTask", taskId=DONE).body["result"] is True

    assert qianfan("DescribeFineTuningTask", taskId=DONE).status == 404
    assert DONE not in tasks(qianfan)[0]
    assert qianfan("DeleteFineTuningTask", taskId=DONE).status == 404


def test_an_empty_job_is_deleted(qianfan):
    assert qianfan("DeleteFineTuningJob", jobId=EMPTY).body["result"] is True

    jobs = qianfan("DescribeFineTuningJobs").body["result"]["jobList"]
    assert [job["jobId"] for job in jobs] == [JOB]
    assert qianfan("DescribeFineTuningTasks", jobId=EMPTY).status == 404


def test_a_new_task_has_no_status_then_waits_then_runs(qianfan):
    qianfan.simulator.switch(timing={"waiting": 5})
    created = qianfan("CreateFineTuningTask", **NEW_TASK).body["result"]

    seen = []
    for seconds in (0, 1, 5):
        qianfan.clock.advance(seconds)
        seen.append(qianfan.status(created["taskId"]))
    assert seen == ["", "Waiting", "Running"]


def test_a_job_is_created_and_listed(qianfan):
    created = qianfan("CreateFineTuningJob", name="new-job", model="ERNIE-Speed-8K", trainMode="SFT").body["result"]

    jobs = qianfan("DescribeFineTuningJobs", trainMode="SFT").body["result"]["jobList"]

    assert created["jobId"] in [job["jobId"] for job in jobs]
    assert qianfan("DescribeFineTuningJobs", trainMode="DPO").body["result"]["jobList"] == []


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("CreateFineTuningJob", {"name": "x", "model": "m", "trainMode": "SFT"}),
        ("CreateFineTuningTask", {"jobId": EMPTY}),
        ("DescribeFineTuningTask", {}),
        ("DeleteFineTuningTask", {"taskId": 7}),
        ("DescribeFineTuningJobs", {"maxKeys": 0}),
    ],
)
def test_a_body_that_does_not_fit_is_inappropriate(qianfan, action, body):
    answer = qianfan(action, **body)

    assert (answer.status, answer.body["code"]) == (400, "InappropriateJSON")


def test_pages_follow_the_next_marker(qianfan):
    for number in range(9):
        qianfan.simulator.add("task", job=JOB, id=f"task-more{number}", age=number)

    first, page = tasks(qianfan)
    second, last = tasks(qianfan, marker=page["nextMarker"])

    assert (len(first), len(second)) == (10, 2)
    assert len({*first, *second}) == 12
    assert page["isTruncated"] is True
    assert last["isTruncated"] is False
    assert "nextMarker" not in last


def test_a_page_holds_at_most_a_hundred(qianfan):
    for number in range(120):
        qianfan.simulator.add("task", job=JOB, id=f"task-more{number}")

    shown, page = tasks(qianfan, maxKeys=1000)

    assert (len(shown), page["maxKeys"]) == (100, 100)


def test_a_page_can_be_reversed(qianfan):
    assert tasks(qianfan, pageReverse=True)[0] == tasks(qianfan)[0][::-1]


def test_an_unusable_marker_is_refused(qianfan):
    answer = qianfan("DescribeFineTuningTasks", jobId=JOB, marker="task-nobody")

    assert (answer.status, answer.body["code"]) == (400, "InvalidMarker")


def test_an_unknown_action_is_refused(qianfan):
    answer = qianfan("RestartFineTuningTask", taskId=RUNNING)

    assert (answer.status, answer.body["code"]) == (404, "InvalidVersion")


@pytest.mark.parametrize(("method", "path"), [("POST", "/v2/other"), ("GET", "/v2/finetuning")])
def test_another_path_or_method_is_refused(qianfan, signed_for_baidu, method, path):
    call = Call(method, path, "Action=DescribeFineTuningJobs", CIMultiDict({"Host": "sim"}), b"{}")
    signed = signed_for_baidu(call, qianfan.key.access_key, qianfan.key.secret_key.get_secret_value(), qianfan.wall())

    assert qianfan.send(signed).status == 404


def test_a_call_without_a_signature_is_refused(qianfan):
    answer = qianfan.send(qianfan.call("DescribeFineTuningJobs", {}))

    assert (answer.status, answer.headers["X-Bce-Error-Code"]) == (400, "InvalidHTTPAuthHeader")


def test_an_unknown_status_can_be_shown(qianfan):
    qianfan.simulator.set_state(RUNNING, "Hibernating")

    assert qianfan.status(RUNNING) == "Hibernating"


def test_the_journal_learns_the_key_action_and_thing(qianfan, signed_for_baidu):
    call = signed_for_baidu(qianfan.call("StopFineTuningTask", {"taskId": RUNNING}), "ANYKEY", "x", qianfan.wall())
    action = qianfan.simulator.route(call)

    assert (action.operation, action.target) == ("StopFineTuningTask", RUNNING)
    assert qianfan.simulator.claimed_key(call) == "ANYKEY"


def test_broken_json_is_malformed(qianfan, signed_for_baidu):
    call = Call("POST", "/v2/finetuning", "Action=DescribeFineTuningJobs", CIMultiDict({"Host": "sim"}), b"{")
    signed = signed_for_baidu(call, qianfan.key.access_key, qianfan.key.secret_key.get_secret_value(), qianfan.wall())

    answer = qianfan.send(signed)

    assert (answer.status, answer.body["code"]) == (400, "MalformedJSON")


def test_a_task_vanishes_behind_the_operators_back(qianfan):
    qianfan.simulator.vanish(RUNNING)
    qianfan.simulator.vanish(JOB)

    assert [thing["id"] for thing in qianfan.simulator.things()] == [EMPTY]
