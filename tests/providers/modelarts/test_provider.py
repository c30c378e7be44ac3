"""Which calls a target leads to, and which lists prove it absent."""

import json
from dataclasses import replace

import httpx
import pytest

from trainsweep.core.errors import (
    ConfigurationError,
    CredentialsInvalid,
    Malformed,
    Misrouted,
    Refused,
    Unavailable,
)
from trainsweep.core.external import Target, Thing
from trainsweep.providers.base import Provider
from trainsweep.providers.modelarts.settings import ModelArtsSettings

UUID = "3faf5c03-aaa1-4cbe-879d-24b05d997347"
V1_JOB = Target(Thing.JOB, "155500")
V2_JOB = Target(Thing.JOB, UUID)
VERSION = Target(Thing.VERSION, "155500/1")
CONFIG = Target(Thing.CONFIG, "my_job_config")
SETTINGS = ModelArtsSettings(region="cn-north-4", project_id="0123456789abcdef0123456789abcdef")
OK = {"is_success": True}
WITHDRAWN = (404, "APIG.0101")


def uuids(count):
    return [f"00000000-0000-0000-0000-{number:012}" for number in range(count)]


async def test_it_is_a_provider(service):
    provider: Provider = service.provider()
    await provider.aclose()


@pytest.mark.parametrize(
    ("target", "calls"),
    [
        (V1_JOB, ["GET /v1/training-jobs/155500/versions", "DELETE /v1/training-jobs/155500"]),
        (VERSION, ["GET /v1/training-jobs/155500/versions/1", "DELETE /v1/training-jobs/155500/versions/1"]),
        (CONFIG, ["GET /v1/training-job-configs/my_job_config", "DELETE /v1/training-job-configs/my_job_config"]),
        (V2_JOB, [f"GET /v2/training-jobs/{UUID}", f"DELETE /v2/training-jobs/{UUID}"]),
    ],
)
async def test_each_thing_has_its_calls(service, target, calls):
    about = {
        "job_id": 155500,
        "version_id": 1,
        "config_name": "my_job_config",
        "versions": [],
        "metadata": {"id": UUID},
    }
    provider = service.always(lambda _: httpx.Response(200, json=OK | about)).provider()
    await provider.read(target)
    await provider.delete(target)
    assert service.asked == calls


async def test_a_version_is_stopped_by_a_post_without_a_body(service):
    await service.say(OK).provider().stop(VERSION)
    assert service.asked == ["POST /v1/training-jobs/155500/versions/1/stop"]
    assert service.requests[0].content == b""


@pytest.mark.parametrize(("target", "hint"), [(V1_JOB, "versions one by one"), (CONFIG, "never runs")])
async def test_what_has_no_run_of_its_own_is_not_stopped(service, target, hint):
    with pytest.raises(ConfigurationError, match=hint):
        await service.provider().stop(target)
    assert service.requests == []


@pytest.mark.parametrize(
    "target",
    [
        Target(Thing.JOB, "0"),
        Target(Thing.JOB, "../155500"),
        Target(Thing.JOB, "1" * 20),
        Target(Thing.JOB, UUID.upper()),
        Target(Thing.JOB, "155500\n"),
        Target(Thing.VERSION, "155500"),
        Target(Thing.VERSION, f"{UUID}/1"),
        Target(Thing.VERSION, "155500/V0001"),
        Target(Thing.CONFIG, ".."),
        Target(Thing.CONFIG, "a/b"),
        Target(Thing.CONFIG, ""),
        Target(Thing.CONFIG, "a" * 65),
        Target(Thing.TUNING_TASK, "task-abc"),
        Target(Thing.TUNING_JOB, "job-abc"),
    ],
    ids=str,
)
async def test_an_id_of_no_known_form_leads_to_no_call(service, target):
    provider = service.provider()
    for method in (provider.read, provider.stop, provider.delete):
        with pytest.raises(ConfigurationError, match="ModelArts has no"):
            await method(target)
    with pytest.raises(ConfigurationError):
        provider.collection(target)
    assert service.requests == []


@pytest.mark.parametrize(
    ("target", "collection"),
    [(V1_JOB, "v1/jobs"), (V2_JOB, "v2/jobs"), (VERSION, "v1/versions/155500"), (CONFIG, "v1/configs")],
)
def test_each_thing_has_the_narrowest_list(service, target, collection):
    assert service.provider().collection(target) == collection


def test_names_are_looked_up_where_they_can_be(service):
    provider = service.provider()
    assert provider.collections_of_names(Thing.JOB) == ("v1/jobs", "v2/jobs")
    assert provider.collections_of_names(Thing.CONFIG) == ("v1/configs",)
    assert provider.collections_of_names(Thing.VERSION, "155500") == ("v1/versions/155500",)
    assert provider.collections_of_names(Thing.VERSION) == ("v1/jobs",)
    for thing, parent in ((Thing.VERSION, UUID), (Thing.TUNING_JOB, "")):
        with pytest.raises(ConfigurationError):
            provider.collections_of_names(thing, parent)


@pytest.mark.parametrize(
    "collection", ["", "v3/jobs", "tasks", "v1/versions/", f"v1/versions/{UUID}", "v1/versions/a/b"]
)
async def test_an_unknown_collection_leads_to_no_call(service, collection):
    with pytest.raises(ConfigurationError):
        await service.provider().list(collection)
    assert service.requests == []


async def test_a_part_of_a_v1_job_is_a_version(service):
    body = {"job_id": 155500, "job_name": "demo", "versions": [{"version_id": 3, "status": 8}]}
    provider = service.say(body).provider()
    job = await provider.read(V1_JOB)
    assert job.name == "demo"
    assert provider.part(V1_JOB, job.parts[0]) == Target(Thing.VERSION, "155500/3", "155500")
    with pytest.raises(ConfigurationError):
        provider.part(V2_JOB, job)


async def test_versions_come_oldest_first_whatever_their_order(service):
    rows = [{"version_id": number, "status": 10} for number in (10, 9, 11)]
    versions = await service.say({"job_id": 155500, "versions": rows}).provider().list("v1/versions/155500")
    assert [version.id for version in versions] == ["155500/9", "155500/10", "155500/11"]


async def test_v1_lists_are_asked_for_in_long_pages_oldest_first(service):
    provider = service.say({"jobs": [], "job_total_count": 0}, {"configs": [], "config_total_count": 0}).provider()
    await provider.list("v1/jobs")
    await provider.list("v1/configs")
    jobs, configs = (dict(request.url.params) for request in service.requests)
    assert jobs == {"per_page": "1000", "page": "1", "sortBy": "create_time", "order": "asc"}
    assert configs == jobs | {"config_type": "custom"}


@pytest.mark.parametrize(("step", "offsets"), [(50, [0, 2, 1, 0]), (1, [0, 100, 50, 0])])
async def test_whether_the_offset_of_the_v2_search_counts_pages_or_rows_is_found_out_once(
    service, v2_numbered, step, offsets
):
    provider = service.always(v2_numbered(uuids(120), step)).provider()
    for asked in ([0, 1, *offsets[1:]], offsets):
        service.requests.clear()
        assert [row.id for row in await provider.list("v2/jobs")] == uuids(120)
        assert [json.loads(request.content)["offset"] for request in service.requests] == asked


@pytest.mark.parametrize("step", [50, 1])
async def test_a_long_v2_list_costs_little_more_than_its_pages(service, v2_numbered, step):
    found = await service.always(v2_numbered(uuids(2000), step)).provider().list("v2/jobs")
    assert len(found) == 2000
    assert len(service.requests) <= 2000 / 50 + 4


async def test_a_v2_search_that_knows_no_offset_proves_nothing(service, v2_numbered):
    with pytest.raises(Malformed):
        await service.always(v2_numbered(uuids(120), 0)).provider().list("v2/jobs")


@pytest.mark.parametrize("step", [20, 1])
async def test_a_v2_search_with_shorter_pages_is_read_to_its_end(service, v2_numbered, step):
    found = await service.always(v2_numbered(uuids(120), step, cap=20)).provider().list("v2/jobs")
    assert [row.id for row in found] == uuids(120)


@pytest.mark.parametrize("step", [50, 1])
async def test_a_long_v2_list_survives_deletions_while_it_is_read(service, v2_numbered, step):
    ids = uuids(300)
    answer = v2_numbered(ids, step)

    def delete_after_each(request):
        page = answer(request)
        del ids[:3]
        return page

    kept = uuids(300)[200:]
    found = await service.always(delete_after_each).provider().list("v2/jobs")
    assert set(kept) <= {row.id for row in found}


async def test_the_v2_search_asks_oldest_first(service, v2_numbered):
    await service.always(v2_numbered(uuids(2))).provider().list("v2/jobs")
    bodies = [json.loads(request.content) for request in service.requests]
    assert bodies[0] == {"offset": 0, "limit": 50, "sort_by": "create_time", "order": "asc"}


async def test_a_long_v1_list_is_read_to_its_end(service, v1_numbered):
    found = await service.always(v1_numbered(range(1, 2501))).provider().list("v1/jobs")
    assert [row.id for row in found] == [str(number) for number in range(1, 2501)]
    assert len(service.requests) == 4


async def test_a_long_list_survives_deletions_while_it_is_read(service, v1_numbered):
    ids = list(range(1, 2501))
    answer = v1_numbered(ids)

    def delete_after_each(request):
        page = answer(request)
        del ids[:3]
        return page

    found = {int(row.id) for row in await service.always(delete_after_each).provider().list("v1/jobs")}
    assert set(ids) <= found


async def test_a_workspace_is_asked_for_when_it_is_set(service):
    provider = service.say({"jobs": [], "job_total_count": 0}, {"items": [], "total": 9, "count": 0}).provider(
        settings=replace(SETTINGS, workspace_id="w-1")
    )
    assert await provider.list("v1/jobs") == ()
    assert await provider.list("v2/jobs") == ()
    assert service.requests[0].url.params["workspace_id"] == "w-1"
    assert json.loads(service.requests[1].content)["workspace_id"] == "w-1"


@pytest.mark.parametrize(
    ("collection", "body"),
    [
        ("v1/jobs", {"is_success": True}),
        ("v1/jobs", {"jobs": None}),
        ("v1/jobs", {"jobs": {}, "job_total_count": 0}),
        ("v1/jobs", {"jobs": [{"job_name": "no id"}], "job_total_count": 1}),
        ("v1/jobs", {"jobs": [], "job_total_count": 1}),
        ("v1/configs", {"configs": [], "config_total_count": 1}),
        ("v1/configs", {"jobs": []}),
        ("v2/jobs", {"total": 1, "items": []}),
        ("v2/jobs", {"total": 3, "count": 0, "items": []}),
        ("v2/jobs", {"items": None}),
        ("v2/jobs", {"items": [{"metadata": {}}], "total": 1}),
        ("v2/jobs", {"items": ["x"], "total": 1}),
        ("v1/versions/155500", {"job_id": 155500}),
    ],
)
async def test_a_list_that_proves_nothing_is_not_answered(service, collection, body):
    with pytest.raises(Malformed):
        await service.always(lambda _: httpx.Response(200, json=body)).provider().list(collection)


@pytest.mark.parametrize(
    ("collection", "body"),
    [
        ("v1/jobs", {"jobs": None, "job_total_count": 0}),
        ("v1/jobs", {"job_total_count": 0}),
        ("v1/jobs", {"jobs": []}),
        ("v1/configs", {"configs": [], "config_total_count": 0}),
        ("v2/jobs", {"items": None, "total": 0}),
        ("v2/jobs", {"items": [], "total": 0, "count": 0}),
        ("v1/versions/155500", {"versions": []}),
    ],
)
async def test_an_empty_list_is_an_answer(service, collection, body):
    assert await service.say(body).provider().list(collection) == ()


async def test_versions_of_a_refused_job_are_none_once_the_job_is_in_no_list(service, refusal, v1_numbered):
    def answer(request):
        return refusal(404, "ModelArts.0999") if request.url.path.endswith("/versions") else jobs(request)

    jobs = v1_numbered([1, 2])
    assert await service.always(answer).provider().list("v1/versions/155500") == ()
    jobs = v1_numbered([1, 155500])
    with pytest.raises(Refused):
        await service.provider().list("v1/versions/155500")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((404, "APIGW.0101"), Misrouted),
        ((503, "ModelArts.4700"), Unavailable),
        ((401, "APIGW.0301"), CredentialsInvalid),
    ],
)
async def test_versions_that_cannot_be_read_are_not_none(service, refusal, answer, error):
    with pytest.raises(error):
        await service.say(refusal(*answer)).provider().list("v1/versions/155500")
    assert len(service.requests) == 1


async def test_a_probe_is_one_small_read(service):
    await service.say({"total": 9, "items": []}).provider().probe()
    assert json.loads(service.requests[0].content)["limit"] == 1


async def test_a_probe_falls_back_to_v1_where_v2_is_not_offered(service, refusal):
    await service.say(refusal(*WITHDRAWN), {"jobs": []}).provider().probe()
    assert service.asked == ["POST /v2/training-job-searches", "GET /v1/training-jobs"]


async def test_a_probe_with_bad_keys_raises(service, refusal):
    with pytest.raises(CredentialsInvalid, match="nope"):
        await service.say(refusal(401, "APIGW.0301", "nope")).provider().probe()
