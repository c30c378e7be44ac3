"""The Qianfan simulator driven by Baidu's own Python SDK (v2), unmodified."""

import pytest

pytestmark = [
    pytest.mark.vendor,
    # The package and what it imports use old idioms of pydantic and of the standard library.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::SyntaxWarning"),
    # Its module-wide HTTP sessions are closed by nobody.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

JOB, EMPTY = "job-k2f7q8m3x5ab", "job-e8mpty00job1"
RUNNING, DONE = "task-r1unn1ng0001", "task-d0ne00000002"


@pytest.fixture
def client(qianfan, monkeypatch, tmp_path):
    """`FineTune.V2`, configured through the environment and the configuration object that the SDK reads."""
    monkeypatch.setenv("QIANFAN_DOT_ENV_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    import qianfan as sdk
    from qianfan.resources import FineTune

    simulator, url = qianfan
    config, key = sdk.get_config(), simulator.scenario.access_keys[0]
    monkeypatch.setattr(config, "CONSOLE_API_BASE_URL", url)
    monkeypatch.setattr(config, "ACCESS_KEY", key.access_key)
    monkeypatch.setattr(config, "SECRET_KEY", key.secret_key.get_secret_value())
    return FineTune.V2


def test_it_lists_jobs_and_tasks(client):
    jobs = client.job_list().body["result"]["jobList"]
    tasks = client.task_list(JOB).body["result"]["taskList"]

    assert {job["jobId"] for job in jobs} == {JOB, EMPTY}
    assert {RUNNING, DONE} <= {task["taskId"] for task in tasks}


def test_it_lists_the_newest_first(client):
    dates = [job["createDate"] for job in client.job_list().body["result"]["jobList"]]

    assert dates == sorted(dates, reverse=True)


def test_its_stop_of_an_unknown_task_has_a_result_that_is_false(client):
    answer = client.stop_task("task-nobody")

    assert (answer.code, answer.body["result"]) == (200, False)


def test_it_sees_that_its_key_is_unknown(client, qianfan):
    from qianfan.errors import RequestError

    qianfan[0].rotate([])
    with pytest.raises(RequestError) as refused:
        client.task_detail(RUNNING)

    assert refused.value.headers["X-Bce-Error-Message"] == "NotFound, cause: Could not find credential."


def test_it_follows_the_pages(client):
    first = client.task_list(JOB, max_keys=2).body["result"]
    second = client.task_list(JOB, max_keys=2, marker=first["pageInfo"]["nextMarker"]).body["result"]

    assert [len(page["taskList"]) for page in (first, second)] == [2, 1]
    assert second["pageInfo"]["isTruncated"] is False


def test_it_reads_stops_and_deletes_a_task(client, qianfan):
    from qianfan.errors import RequestError

    running = client.task_detail(RUNNING).body["result"]["runStatus"]
    stopped = client.stop_task(RUNNING).body["result"]
    status = client.task_detail(RUNNING).body["result"]["runStatus"]
    deleted = client.delete_task(RUNNING).body["result"]
    with pytest.raises(RequestError) as gone:
        client.task_detail(RUNNING)

    assert (running, stopped, status, deleted) == ("Running", True, "Stopped", True)
    assert gone.value.status_code == 404
    effects = [entry.operation for entry in qianfan[0].journal.select(effect=True)]
    assert effects == ["StopFineTuningTask", "DeleteFineTuningTask"]


def test_it_deletes_a_job(client):
    assert client.delete_job(EMPTY).body["result"] is True
    assert [job["jobId"] for job in client.job_list().body["result"]["jobList"]] == [JOB]


def test_it_sees_a_refused_delete(client):
    from qianfan.errors import RequestError

    with pytest.raises(RequestError) as refused:
        client.delete_task(RUNNING)

    assert refused.value.status_code == 409


def test_it_does_not_notice_a_result_that_is_false(client, qianfan):
    refusal = {"status": 200, "code": "x", "message": "no", "form": "result_false"}
    qianfan[0].switch(wrong_state=refusal)

    assert client.delete_task(RUNNING).body["result"] is False


def test_it_sees_a_refused_signature(client, monkeypatch):
    import qianfan as sdk
    from qianfan.errors import RequestError

    monkeypatch.setattr(sdk.get_config(), "SECRET_KEY", "wrong")

    with pytest.raises(RequestError) as refused:
        client.task_detail(RUNNING)

    assert refused.value.headers["X-Bce-Error-Code"] == "SignatureDoesNotMatch"


def test_it_creates_a_job_and_a_task(client, qianfan):
    job = client.create_job(name="from-sdk", model="ERNIE-Speed-8K", train_mode="SFT").body["result"]["jobId"]
    dataset = {"sourceType": "Platform", "versions": [{"versionId": "ds-1"}]}
    task = client.create_task(job_id=job, params_scale="LoRA", hyper_params={"epoch": 1}, dataset_config=dataset).body[
        "result"
    ]["taskId"]

    assert {job, task} <= {thing["id"] for thing in qianfan[0].things()}


def test_it_reads_the_supported_models(client):
    assert client.supported_models().body["result"][0]["model"]
