"""What single exchanges come to: acceptance, refusal, nonsense, silence."""

from datetime import timedelta

import httpx
import pytest

from trainsweep.core.errors import (
    CredentialsInvalid,
    Malformed,
    Misrouted,
    NotFound,
    NotSent,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Refused,
    Unavailable,
    WrongState,
)
from trainsweep.core.external import Target, Thing
from trainsweep.providers.error_overrides import ErrorOverride

UUID = "3faf5c03-aaa1-4cbe-879d-24b05d997347"
V1_JOB = Target(Thing.JOB, "155500")
V2_JOB = Target(Thing.JOB, UUID)
VERSION = Target(Thing.VERSION, "155500/1")
CONFIG = Target(Thing.CONFIG, "my_job_config")
EVERY = [V1_JOB, V2_JOB, VERSION, CONFIG]
V1 = [V1_JOB, VERSION, CONFIG]

READABLE = {
    V1_JOB: {"is_success": True, "job_id": 155500, "versions": []},
    V2_JOB: {"kind": "job", "metadata": {"id": UUID}, "status": {"phase": "Running"}},
    VERSION: {"is_success": True, "job_id": 155500, "version_id": 1, "status": 8},
    CONFIG: {"is_success": True, "config_name": "my_job_config"},
}

every = pytest.mark.parametrize("target", EVERY, ids=lambda target: f"{target.thing} {target.id}")
v1 = pytest.mark.parametrize("target", V1, ids=lambda target: target.thing)


@every
async def test_a_read_is_one_get_and_answers_with_the_thing(service, target):
    remote = await service.say(READABLE[target]).provider().read(target)
    assert remote.id == target.id
    assert remote.complete
    assert [request.method for request in service.requests] == ["GET"]


@v1
async def test_a_v1_delete_is_accepted_by_is_success_and_keeps_the_id_of_the_call(service, target):
    service.say(httpx.Response(200, json={"is_success": True}, headers={"X-Request-Id": "r-1"}))
    assert (await service.provider().delete(target)).request_id == "r-1"


@v1
@pytest.mark.parametrize("body", [{}, {"job_id": 155500}])
async def test_a_v1_delete_without_is_success_is_not_accepted(service, target, body):
    with pytest.raises(Malformed, match="without is_success"):
        await service.say(body).provider().delete(target)


@pytest.mark.parametrize("said", [False, None, "true", 1])
async def test_only_true_is_success(service, said):
    body = {"is_success": said, "error_code": "ModelArts.0105", "error_message": "Failed to do it."}
    with pytest.raises(Refused, match=r"200 ModelArts\.0105: Failed to do it\.") as caught:
        await service.say(body).provider().stop(VERSION)
    assert type(caught.value) is Refused


async def test_a_failure_under_200_is_a_failure_of_a_read_too(service):
    with pytest.raises(Refused, match="gone fishing"):
        await service.say({"is_success": False, "error_msg": "gone fishing"}).provider().read(V1_JOB)
    with pytest.raises(Refused, match="oh"):
        await service.say({"error_code": "ModelArts.0000", "error_msg": "oh"}).provider().read(V2_JOB)


@pytest.mark.parametrize("body", [b'""', b"", b"null", b"{}", b'{"kind":"job"}', b' "" \n'])
@pytest.mark.parametrize("status", [202, 200])
async def test_a_v2_write_is_accepted_with_any_body_that_the_samples_show(service, status, body):
    service.say(*(httpx.Response(status, content=body, headers={"X-Request-Id": "r-2"}) for _ in range(2)))
    provider = service.provider()
    assert (await provider.delete(V2_JOB)).request_id == "r-2"
    assert (await provider.stop(V2_JOB)).request_id == "r-2"


async def test_a_v2_write_is_accepted_with_no_content(service):
    assert await service.say(httpx.Response(204)).provider().delete(V2_JOB)


async def test_a_v2_write_with_an_error_under_202_is_refused(service, refusal):
    with pytest.raises(WrongState):
        await service.say(refusal(202, "ModelArts.2796")).provider().stop(V2_JOB)


NONSENSE = {
    "html": (b"<html>Welcome to the proxy</html>", "text/html", "no JSON"),
    "broken": (b'{"is_success": tr', "application/json", "broken JSON"),
    "array": (b"[1]", "application/json", "a JSON list"),
    "text": (b'"ok"', "application/json", "a JSON str"),
    "not utf-8": (b"\xff\xfe{}", "application/json", "broken JSON"),
}


@every
@pytest.mark.parametrize("status", [200, 400, 403, 404])
@pytest.mark.parametrize("kind", NONSENSE)
async def test_what_is_no_answer_of_the_api_is_malformed(service, target, kind, status):
    content, content_type, words = NONSENSE[kind]
    answers = [httpx.Response(status, content=content, headers={"Content-Type": content_type}) for _ in range(2)]
    provider = service.say(*answers).provider()
    with pytest.raises(Malformed, match=words):
        await provider.read(target)
    with pytest.raises(Malformed, match=words):
        await provider.delete(target)


@pytest.mark.parametrize("status", [200, 400])
async def test_an_answer_of_too_many_parts_is_not_parsed(service, status):
    many = b'{"is_success": true, "jobs": [' + b"{}," * 300_000 + b"{}]}"
    with pytest.raises(Malformed, match="more than can be read"):
        await service.say(httpx.Response(status, content=many)).provider().list("v1/jobs")


@every
async def test_an_empty_answer_to_a_read_is_malformed(service, target):
    with pytest.raises(Malformed, match="an empty body"):
        await service.say(httpx.Response(200)).provider().read(target)


@v1
async def test_an_empty_answer_to_a_v1_write_is_malformed(service, target):
    with pytest.raises(Malformed, match="an empty body"):
        await service.say(httpx.Response(200)).provider().delete(target)


@pytest.mark.parametrize(
    ("status", "error"), [(401, CredentialsInvalid), (429, RateLimited), (408, Unavailable), (502, Unavailable)]
)
async def test_a_status_that_needs_no_words_is_told_from_html_too(service, status, error):
    with pytest.raises(error, match="no words"):
        await service.say(httpx.Response(status, html="<b>sorry</b>")).provider().read(V1_JOB)


@every
@pytest.mark.parametrize("answer", [httpx.Response(500), httpx.Response(503, json={"error_code": "ModelArts.4700"})])
async def test_a_server_error_is_no_answer_to_a_read_and_doubt_about_a_write(service, target, answer):
    provider = service.say(answer, answer).provider()
    with pytest.raises(Unavailable) as caught:
        await provider.read(target)
    assert type(caught.value) is Unavailable
    with pytest.raises(OutcomeUnknown):
        await provider.delete(target)


@every
@pytest.mark.parametrize("failure", [httpx.ReadTimeout, httpx.WriteTimeout, httpx.ReadError, httpx.RemoteProtocolError])
async def test_silence_is_no_answer_to_a_read_and_doubt_about_a_write(service, target, failure):
    provider = service.say(failure("gone"), failure("gone")).provider()
    with pytest.raises(Unavailable) as caught:
        await provider.read(target)
    assert type(caught.value) is Unavailable
    with pytest.raises(OutcomeUnknown):
        await provider.delete(target)


@every
@pytest.mark.parametrize("failure", [httpx.ConnectTimeout, httpx.ConnectError, httpx.PoolTimeout])
async def test_a_write_that_was_not_sent_leaves_no_doubt(service, target, failure):
    with pytest.raises(NotSent):
        await service.say(failure("gone")).provider().delete(target)


@every
async def test_a_redirect_is_not_followed_with_credentials(service, target):
    service.say(httpx.Response(307, headers={"Location": "https://elsewhere.example/v1"}))
    with pytest.raises(Misrouted, match=r"elsewhere\.example"):
        await service.provider().delete(target)
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    "look_alike",
    [
        (404, "ModelArts.2786"),
        (404, "ModelArts.2836"),
        (404, "ModelArts.0015"),
        (404, "APIGW.0101"),
        (404, "APIG.0101"),
        (404, "APIGW.0103"),
        (403, "ModelArts.0210"),
    ],
)
@every
async def test_a_look_alike_of_not_found_is_no_refusal(service, refusal, target, look_alike):
    with pytest.raises(Misrouted):
        await service.say(refusal(*look_alike)).provider().read(target)


async def test_a_missing_v2_job_is_not_found_and_a_missing_v1_job_only_refused(service, refusal):
    provider = service.say(refusal(400, "ModelArts.2775"), refusal(404, "ModelArts.0999")).provider()
    with pytest.raises(NotFound):
        await provider.read(V2_JOB)
    with pytest.raises(Refused) as caught:
        await provider.read(V1_JOB)
    assert not isinstance(caught.value, NotFound)


async def test_the_user_can_name_the_code_of_a_missing_v1_job(service, refusal):
    provider = service.say(refusal(404, "ModelArts.0999")).provider(
        overrides=[ErrorOverride(404, "ModelArts.0999", "NotFound")]
    )
    with pytest.raises(NotFound):
        await provider.read(V1_JOB)


@pytest.mark.parametrize(
    "body",
    [
        {"error_code": "ModelArts.0112", "error_msg": "no right"},
        {"error_code": "ModelArts.0112", "error_message": "no right", "is_success": False},
        {"error_code": "ModelArts.0112", "error_msg": "no right", "error_solution": "ask", "request_id": "r-3"},
        {"errorCode": "ModelArts.0112", "errorMsg": "no right"},
        {"code": "ModelArts.0112", "message": "no right"},
        {"error": {"code": "ModelArts.0112", "message": "no right", "title": "Forbidden"}},
        {"badRequest": {"code": "ModelArts.0112", "message": "no right"}},
    ],
    ids=",".join,
)
async def test_every_form_of_a_refusal_is_read(service, body):
    with pytest.raises(PermissionDenied) as caught:
        await service.say(httpx.Response(403, json=body)).provider().read(V1_JOB)
    error = caught.value
    assert (error.status, error.code, error.message) == (403, "ModelArts.0112", "no right")
    assert error.request_id == body.get("request_id", "")


async def test_the_status_that_iam_repeats_is_no_code(service):
    answer = httpx.Response(401, json={"error": {"code": 401, "message": "bad", "title": "Unauthorized"}})
    with pytest.raises(CredentialsInvalid) as caught:
        await service.say(answer).provider().read(V1_JOB)
    assert str(caught.value) == "401: bad"


async def test_a_refusal_keeps_the_id_of_the_call_from_the_header(service, refusal):
    with pytest.raises(WrongState) as caught:
        await service.say(refusal(409, "ModelArts.2796", X_Request_Id="r-4")).provider().stop(V2_JOB)
    assert caught.value.request_id == "r-4"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("Thu, 15 Jan 2026 08:31:00 GMT", 60.0), ("Thu, 15 Jan 2026 08:00:00 GMT", 0.0), ("soon", None)],
)
async def test_a_throttled_call_says_when_to_come_back(service, refusal, header, seconds):
    with pytest.raises(RateLimited) as caught:
        await service.say(refusal(429, "APIG.0308", Retry_After=header)).provider().read(V1_JOB)
    assert caught.value.retry_after == seconds


async def test_a_throttled_call_without_the_header_says_nothing(service, refusal):
    with pytest.raises(RateLimited) as caught:
        await service.say(refusal(429, "ModelArts.4206")).provider().read(V1_JOB)
    assert caught.value.retry_after is None


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (
            "verify aksk signature fail, canonical request: GET|/v1/p/|x-security-token:abc",
            "verify aksk signature fail",
        ),
        ("verify aksk signature fail (canonicalRequest=GET\n/v1/p/\n)", "verify aksk signature fail"),
        ("no match: DELETE|/v1/p/training-jobs/|host:h", "no match"),
        ("signature expired, signed 20260115T083000Z, server 20260115T090000Z", None),
        ("policy user over ratelimit, limit:200, time:1 second", None),
        ("the key SKEXAMPLE-very-secret is wrong", "the key *** is wrong"),
        ("x" * 1000, "x" * 299 + "…"),
    ],
)
async def test_words_are_shown_without_secrets_and_without_the_servers_canonical_request(
    service, refusal, words, shown
):
    with pytest.raises(CredentialsInvalid) as caught:
        await service.say(refusal(401, "APIGW.0301", words)).provider().read(V1_JOB)
    assert caught.value.message == (shown or words)


async def test_a_bad_signature_is_never_repeated(service, refusal):
    with pytest.raises(CredentialsInvalid):
        await service.say(refusal(401, "APIGW.0301")).provider().read(V1_JOB)
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    ("target", "body"),
    [
        (V1_JOB, {"job_id": 155501, "versions": []}),
        (V1_JOB, {"job_id": 155500, "versions": [{"version_name": "V0001"}]}),
        (V1_JOB, {"job_id": 155500, "is_success": True}),
        (V1_JOB, {"job_id": 155500, "versions": None}),
        (V1_JOB, {"job_id": 155500, "versions": [7]}),
        (V2_JOB, {"metadata": {"id": UUID.replace("3", "4")}}),
        (V2_JOB, {"is_success": True}),
        (VERSION, {"job_id": 155501, "version_id": 1}),
        (VERSION, {"job_id": 155500, "version_id": 2}),
        (VERSION, {"is_success": True}),
        (CONFIG, {"config_name": "another"}),
        (CONFIG, {"is_success": True}),
    ],
)
async def test_an_answer_about_another_thing_or_about_nothing_is_malformed(service, target, body):
    with pytest.raises(Malformed):
        await service.say(body).provider().read(target)


async def test_a_job_without_versions_is_told_from_an_answer_without_a_list(service):
    job = await service.say({"job_id": 155500, "version_count": 0, "versions": None}).provider().read(V1_JOB)
    assert job.parts == ()


async def test_requests_are_signed_with_the_time_of_sending(service):
    provider = service.say(READABLE[V1_JOB], READABLE[V1_JOB]).provider()
    await provider.read(V1_JOB)
    service.now += timedelta(minutes=20)
    await provider.read(V1_JOB)
    assert [request.headers["X-Sdk-Date"] for request in service.requests] == ["20260115T083000Z", "20260115T085000Z"]


async def test_a_terminate_is_the_documented_call(service):
    await service.say(httpx.Response(202, content=b'""')).provider().stop(V2_JOB)
    (request,) = service.requests
    assert service.asked == [f"POST /v2/training-jobs/{UUID}/actions"]
    assert request.content == b'{"action_type":"terminate"}'
    assert request.headers["Content-Type"] == "application/json"
