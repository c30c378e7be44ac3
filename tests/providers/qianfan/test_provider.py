"""Tasks and jobs over whole conversations: what is asked, what is made of the answers."""

import httpx
import pytest

from trainsweep.core.errors import ConfigurationError, Malformed, OnlyListed, Refused, Unavailable
from trainsweep.core.external import ExternalState, Receipt, Remote, Target, Thing
from trainsweep.providers.base import Provider
from trainsweep.providers.qianfan.provider import QianfanProvider

TASK = Target(Thing.TUNING_TASK, "task-aaaa00000001", "job-bbbb00000001")
JOB = Target(Thing.TUNING_JOB, "job-bbbb00000001")
REFUSAL = httpx.Response(400, json={"requestId": "r", "code": "InappropriateJSON", "message": "param[jobId] invalid"})


def test_it_keeps_the_contract_of_a_provider(service):
    provider: Provider = service.provider()
    assert isinstance(provider, QianfanProvider)


async def test_a_task_is_read_in_one_call(service, task):
    remote = await service.say({"requestId": "r1", "result": task()}).provider().read(TASK)
    assert (remote.id, remote.state, remote.parent) == (TASK.id, ExternalState.RUNNING, "job-bbbb00000001")
    assert service.asked == [("DescribeFineTuningTask", {"taskId": TASK.id})]
    request = service.requests[0]
    assert (request.method, request.url.path) == ("POST", "/v2/finetuning")
    assert request.headers["content-type"] == "application/json"


async def test_an_endpoint_with_a_trailing_slash_is_asked_at_the_same_path(service, task):
    await service.say({"result": task()}).provider(endpoint="http://127.0.0.1:8080/").read(TASK)
    assert str(service.requests[0].url) == "http://127.0.0.1:8080/v2/finetuning?Action=DescribeFineTuningTask"


@pytest.mark.parametrize("result", [{}, None, True, [], "gone"])
async def test_a_task_that_is_answered_with_nothing_is_malformed_and_not_absent(service, result):
    with pytest.raises(Malformed):
        await service.say({"requestId": "r1", "result": result}).provider().read(TASK)


async def test_a_task_that_is_answered_with_another_is_malformed(service, task):
    with pytest.raises(Malformed, match="task-other"):
        await service.say({"result": task("task-other")}).provider().read(TASK)


async def test_a_job_is_read_as_its_tasks_in_one_call_which_does_not_tell_when_it_was_made(service, task, page):
    tasks = [task("task-1", runStatus="Done"), task("task-2", runStatus="Running")]
    service.say(page("taskList", tasks))
    remote = await service.provider().read(JOB)
    assert (remote.id, remote.name, remote.state) == (JOB.id, "support-bot", ExternalState.RUNNING)
    assert [part.id for part in remote.parts] == ["task-1", "task-2"]
    assert remote.complete
    assert remote.created_at is None
    assert service.asked == [("DescribeFineTuningTasks", {"jobId": JOB.id, "maxKeys": 100})]


async def test_of_a_job_without_tasks_the_list_alone_tells_whether_it_exists(service, page):
    with pytest.raises(OnlyListed, match=JOB.id):
        await service.say(page("taskList", [])).provider().read(JOB)


async def test_a_refusal_of_a_job_is_raised(service):
    with pytest.raises(Refused):
        await service.say(REFUSAL).provider().read(JOB)


async def test_jobs_are_listed_over_all_pages_oldest_first_and_each_once(service, job, page):
    new = job("job-new", createDate="2026-01-31T00:00:00Z")
    old = job("job-old", createDate="2026-01-01T00:00:00Z")
    service.say(page("jobList", [new], next_marker="job-new"), page("jobList", [new, old]))
    jobs = await service.provider().list("jobs")
    assert [one.id for one in jobs] == ["job-old", "job-new"]
    assert all(one.parts is None for one in jobs)
    assert [body.get("marker") for _, body in service.asked] == [None, "job-new"]


async def test_the_tasks_of_a_job_know_their_job(service, task, page):
    service.say(page("taskList", [task("task-1", jobId=None)]))
    assert [one.parent for one in await service.provider().list("tasks/job-x")] == ["job-x"]
    assert service.asked == [("DescribeFineTuningTasks", {"jobId": "job-x", "maxKeys": 100})]


async def test_the_tasks_of_a_job_are_listed_over_all_pages(service, task, page):
    service.say(page("taskList", [task("task-1")], next_marker="task-1"), page("taskList", [task("task-2")]))
    assert [one.id for one in await service.provider().list("tasks/job-x")] == ["task-1", "task-2"]
    assert service.asked[1] == ("DescribeFineTuningTasks", {"jobId": "job-x", "maxKeys": 100, "marker": "task-1"})


async def test_all_tasks_are_those_of_all_jobs(service, task, job, page):
    service.say(
        page("jobList", [job("job-1"), job("job-2")]),
        page("taskList", [task("task-1", jobId="job-1")]),
        page("taskList", [task("task-2", jobId="job-2")]),
    )
    assert [(one.id, one.parent) for one in await service.provider().list("tasks")] == [
        ("task-1", "job-1"),
        ("task-2", "job-2"),
    ]


async def test_a_refused_job_that_the_list_does_not_hold_has_no_tasks(service, job, page):
    service.say(REFUSAL, page("jobList", [job("job-other")]))
    assert await service.provider().list(f"tasks/{JOB.id}") == ()


async def test_a_refused_job_that_the_list_holds_raises_the_refusal(service, job, page):
    service.say(REFUSAL, page("jobList", [job()]))
    with pytest.raises(Refused, match="jobId"):
        await service.provider().list(f"tasks/{JOB.id}")


async def test_a_failure_of_the_lookup_is_no_empty_list(service):
    service.say(REFUSAL, httpx.Response(503))
    with pytest.raises(Unavailable):
        await service.provider().list(f"tasks/{JOB.id}")


async def test_a_list_fails_when_one_of_its_pages_does(service, job, page):
    service.say(page("jobList", [job()], next_marker=JOB.id), httpx.Response(500))
    with pytest.raises(Unavailable):
        await service.provider().list("jobs")


async def test_a_service_that_repeats_its_marker_is_not_asked_forever(service, job, page):
    service.always(lambda action, body: page("jobList", [job()], next_marker=JOB.id))
    with pytest.raises(Malformed):
        await service.provider().list("jobs")
    assert len(service.requests) == 2


@pytest.mark.parametrize("collection", ["", "versions/1", "tasks/", "v1/jobs"])
async def test_another_collection_is_a_configuration_error(service, collection):
    with pytest.raises(ConfigurationError):
        await service.provider().list(collection)


async def test_a_task_is_stopped_and_deleted_by_its_id_alone(service):
    provider = service.say({"requestId": "r1", "result": True}, {"requestId": "r2", "result": True}).provider()
    assert await provider.stop(TASK) == Receipt("r1")
    assert await provider.delete(TASK) == Receipt("r2")
    assert service.asked == [
        ("StopFineTuningTask", {"taskId": TASK.id}),
        ("DeleteFineTuningTask", {"taskId": TASK.id}),
    ]


async def test_a_job_is_deleted_by_its_id(service):
    assert await service.say({"requestId": "r1", "result": True}).provider().delete(JOB) == Receipt("r1")
    assert service.asked == [("DeleteFineTuningJob", {"jobId": JOB.id})]


async def test_a_job_cannot_be_stopped_and_nothing_is_sent(service):
    with pytest.raises(ConfigurationError, match="only tasks run"):
        await service.provider().stop(JOB)
    assert service.requests == []


@pytest.mark.parametrize("thing", [Thing.JOB, Thing.VERSION, Thing.CONFIG])
async def test_things_of_modelarts_are_configuration_errors(service, thing):
    provider, target = service.provider(), Target(thing, "1")
    for verb in (provider.read, provider.stop, provider.delete):
        with pytest.raises(ConfigurationError):
            await verb(target)
    with pytest.raises(ConfigurationError):
        provider.collection(target)
    assert service.requests == []


async def test_the_probe_reads_one_job(service, page):
    await service.say(page("jobList", [])).provider().probe()
    assert service.asked == [("DescribeFineTuningJobs", {"maxKeys": 1})]


async def test_the_probe_fails_on_another_api(service):
    with pytest.raises(Malformed):
        await service.say({"status": "healthy"}).provider().probe()


def test_the_narrowest_list_of_a_thing_is_known(service):
    provider = service.provider()
    assert provider.collection(JOB) == "jobs"
    assert provider.collection(TASK) == "tasks/job-bbbb00000001"
    assert provider.collection(Target(Thing.TUNING_TASK, "task-1")) == "tasks"


def test_jobs_have_names_and_tasks_have_not(service):
    assert service.provider().collections_of_names(Thing.TUNING_JOB) == ("jobs",)
    with pytest.raises(ConfigurationError, match="by its id"):
        service.provider().collections_of_names(Thing.TUNING_TASK)


def test_a_part_of_a_job_is_a_task_with_the_job_as_parent(service):
    part = Remote("task-1", "", ExternalState.RUNNING, "Running")
    assert service.provider().part(JOB, part) == Target(Thing.TUNING_TASK, "task-1", JOB.id)


async def test_a_closed_provider_sends_nothing_more(service):
    provider = service.provider()
    await provider.aclose()
    with pytest.raises(Unavailable, match="was not sent"):
        await provider.read(TASK)
    assert service.requests == []
