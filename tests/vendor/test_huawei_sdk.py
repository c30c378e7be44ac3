"""The ModelArts simulator driven by Huawei's own Python SDK (V2), unmodified."""

import pytest

pytestmark = [
    pytest.mark.vendor,
    # The generated models warn about themselves: invalid escapes in docstrings, old idioms.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::SyntaxWarning"),
]

JOB = "3faf5c03-aaa1-4cbe-879d-24b05d997347"


@pytest.fixture
def sdk():
    import huaweicloudsdkmodelarts.v1 as sdk

    return sdk


@pytest.fixture
def connect(modelarts, sdk):
    from huaweicloudsdkcore.auth.credentials import BasicCredentials

    simulator, url = modelarts
    key = simulator.scenario.access_keys[0]

    def connect(secret_key: str = key.secret_key.get_secret_value()):
        credentials = BasicCredentials(key.access_key, secret_key, simulator.scenario.projects[0].id)
        return sdk.ModelArtsClient.new_builder().with_credentials(credentials).with_endpoint(url).build()

    return connect


def terminate(sdk, client):
    body = sdk.JobActionType(action_type="terminate")
    return client.stop_training_job(sdk.StopTrainingJobRequest(training_job_id=JOB, body=body))


def test_it_lists_jobs(sdk, connect):
    answer = connect().list_training_jobs(sdk.ListTrainingJobsRequest(body=sdk.JobSearches(limit=50)))

    assert [job.metadata.id for job in answer.items] == [JOB]


def test_it_reads_a_job(sdk, connect):
    job = connect().show_training_job_details(sdk.ShowTrainingJobDetailsRequest(training_job_id=JOB))

    assert (job.metadata.name, job.status.phase) == ("llama-lora", "Running")


def test_it_stops_and_deletes_a_job_and_sees_it_gone(sdk, connect, modelarts):
    from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException

    client = connect()
    stopped = terminate(sdk, client)
    ended = client.show_training_job_details(sdk.ShowTrainingJobDetailsRequest(training_job_id=JOB))
    client.delete_training_job(sdk.DeleteTrainingJobRequest(training_job_id=JOB))
    with pytest.raises(ClientRequestException) as gone:
        client.show_training_job_details(sdk.ShowTrainingJobDetailsRequest(training_job_id=JOB))

    assert stopped.status_code == 202
    assert ended.status.phase == "Terminated"
    assert (gone.value.status_code, gone.value.error_code) == (400, "ModelArts.2775")
    effects = [entry.operation for entry in modelarts[0].journal.select(effect=True)]
    assert effects == ["StopTrainingJob", "DeleteTrainingJob"]


def test_it_reads_the_empty_body_of_an_accepted_delete(sdk, connect, modelarts):
    deleted = connect().delete_training_job(sdk.DeleteTrainingJobRequest(training_job_id=JOB))

    assert (deleted.status_code, deleted.raw_content) == (202, b"")


def test_it_deletes_a_running_job_without_a_stop_before(sdk, connect, modelarts):
    connect().delete_training_job(sdk.DeleteTrainingJobRequest(training_job_id=JOB))

    assert JOB not in [thing["id"] for thing in modelarts[0].things()]


@pytest.mark.parametrize(("phase", "secondary"), [("Pending", "Queuing"), ("Abnormal", "Lost")])
def test_it_reads_the_secondary_phase(sdk, connect, modelarts, phase, secondary):
    modelarts[0].set_state(JOB, phase)

    status = connect().show_training_job_details(sdk.ShowTrainingJobDetailsRequest(training_job_id=JOB)).status

    assert (status.phase, status.secondary_phase) == (phase, secondary)


def test_it_sees_a_refused_delete(sdk, connect, modelarts):
    from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException

    modelarts[0].set_state(JOB, "Terminating")
    with pytest.raises(ClientRequestException) as refused:
        connect().delete_training_job(sdk.DeleteTrainingJobRequest(training_job_id=JOB))

    assert (refused.value.status_code, refused.value.error_code) == (409, "ModelArts.2878")


def test_it_sees_a_refused_signature(sdk, connect):
    from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException

    with pytest.raises(ClientRequestException) as refused:
        connect("wrong").show_training_job_details(sdk.ShowTrainingJobDetailsRequest(training_job_id=JOB))

    assert (refused.value.status_code, refused.value.error_code) == (401, "APIGW.0301")
    assert refused.value.request_id


def test_it_sees_that_its_key_is_unknown(sdk, connect, modelarts):
    from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException

    client = connect()
    key = modelarts[0].scenario.access_keys[0].access_key
    modelarts[0].rotate([])
    with pytest.raises(ClientRequestException) as refused:
        client.show_training_job_details(sdk.ShowTrainingJobDetailsRequest(training_job_id=JOB))

    assert (refused.value.status_code, refused.value.error_code) == (401, "APIGW.0301")
    words = f"Incorrect IAM authentication information: Get secretKey failed,ak:{key},err:ak not exist"
    assert refused.value.error_msg == words


def test_it_creates_a_job(sdk, connect, modelarts):
    body = {"kind": "job", "metadata": {"name": "from-the-sdk"}, "algorithm": {}, "spec": {}}

    created = connect().create_training_job(sdk.CreateTrainingJobRequest(body=body))

    assert created.status_code == 201
    assert "from-the-sdk" in [thing["name"] for thing in modelarts[0].things()]
