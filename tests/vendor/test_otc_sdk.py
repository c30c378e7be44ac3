"""The ModelArts simulator driven by the Open Telekom Cloud's extensions of the OpenStack SDK (V1), unmodified."""

import pytest

pytestmark = [
    pytest.mark.vendor,
    # Both packages and what they import announce their own deprecations.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
    pytest.mark.filterwarnings("ignore::SyntaxWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    # The session of the SDK keeps its connections open until the interpreter ends.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def client(modelarts):
    import openstack
    from otcextensions import sdk

    simulator, url = modelarts
    connection = openstack.connect(
        load_yaml_config=False,
        load_envvars=False,
        auth={
            "auth_url": f"{url}/v3",
            "username": "demo",
            "password": simulator.scenario.users[0].password.get_secret_value(),
            "user_domain_name": simulator.scenario.domain,
            "project_name": simulator.scenario.projects[0].name,
            "project_domain_name": simulator.scenario.domain,
        },
        region_name=simulator.scenario.projects[0].name,
    )
    sdk.register_otc_extensions(connection)
    yield connection.modelartsv1
    connection.close()


def version_of(client, job, version):
    """A version to act on: its class declares job_id twice, and only an assignment reaches the path."""
    found = next(entry for entry in client.training_job_versions(job) if entry.version_id == version)
    found.job_id = job
    return found


def test_it_lists_jobs(client):
    assert sorted(job.job_id for job in client.training_jobs()) == [155500, 155501, 155502]


def test_it_reads_versions(client):
    versions = list(client.training_job_versions(155500))
    detail = client.get_training_job_version(155500, version_of(client, 155500, 1))

    assert {version.version_id for version in versions} == {1, 2}
    assert (detail.version_name, detail.status) == ("V0001", 8)


def test_it_stops_and_deletes_a_version(client):
    version = version_of(client, 155502, 1)
    client.stop_training_job_version(155502, version)
    stopped = version_of(client, 155502, 1).status
    client.delete_training_job_version(155502, version)

    assert stopped == 12
    assert list(client.training_job_versions(155502)) == []


def test_it_deletes_a_job(client):
    client.delete_training_job(155500)

    assert sorted(job.job_id for job in client.training_jobs()) == [155501, 155502]


def test_it_reads_and_deletes_a_config(client):
    config = client.get_training_job_config("my_job_config")
    client.delete_training_job_config("my_job_config")

    assert config.config_name == "my_job_config"
    assert list(client.training_job_configs()) == []


def test_it_sees_a_missing_job(client, modelarts):
    import openstack.exceptions

    modelarts[0].switch(missing_job={"status": 404, "code": "ModelArts.0015", "message": "No such job."})

    with pytest.raises(openstack.exceptions.NotFoundException):
        client.delete_training_job(999)


def test_it_sees_a_refused_stop(client):
    import openstack.exceptions

    with pytest.raises(openstack.exceptions.HttpException) as refused:
        client.stop_training_job_version(155500, version_of(client, 155500, 2))

    assert refused.value.status_code == 400


def test_it_creates_a_job_and_a_config(client, modelarts):
    job = client.create_training_job(job_name="from-the-sdk", config={"worker_server_num": 1})
    client.create_training_job_config(config_name="from-the-sdk-too", worker_server_num=1)

    names = [thing["name"] for thing in modelarts[0].things()]
    assert job.version_name == "V0001"
    assert [type(number) for number in (job.job_id, job.version_id, job.status)] == [int, int, int]
    assert [version.version_name for version in client.training_job_versions(job.job_id)] == ["V0001"]
    assert job.version_id not in (1, 2)
    assert {"from-the-sdk", "from-the-sdk-too"} <= set(names)
