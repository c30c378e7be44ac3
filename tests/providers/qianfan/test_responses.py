"""How Qianfan says no over HTTP, in every form, and what a person reads of it."""

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
from trainsweep.providers.credentials import AccessKey
from trainsweep.providers.error_overrides import ErrorOverride

TASK = Target(Thing.TUNING_TASK, "task-aaaa00000001")


def v2(status, code, message="", **headers):
    return httpx.Response(status, json={"requestId": "r-7", "code": code, "message": message}, headers=headers)


def v1(code, message=""):
    return httpx.Response(200, json={"error_code": code, "error_msg": message, "log_id": 42})


def in_headers(status, message="", code="", content=b""):
    headers = {"x-bce-request-id": "r-8", "x-bce-error-message": message, "x-bce-error-code": code}
    return httpx.Response(status, content=content, headers={name: text for name, text in headers.items() if text})


NOT_FOUND_BODY = b'{"requestId": "r", "code": "NotFound", "message": "NotFound"}'

ANSWERS = [
    ("v2 body", v2(403, "AccessDenied", "Access denied."), PermissionDenied),
    ("v2 body in 200", v2(200, "JobStatusConflict", "busy"), WrongState),
    ("v2 not found", v2(404, "TaskNotFound", "no such task"), NotFound),
    ("v2 plain refusal", v2(400, "InappropriateJSON", "param[taskId] invalid"), Refused),
    ("v1 body in 200", v1(510301, "job not found"), NotFound),
    ("v1 as text", v1("510302"), WrongState),
    ("v1 beside a result", httpx.Response(200, json={"error_code": 14, "result": True}), CredentialsInvalid),
    ("unknown key", in_headers(403, "NotFound, cause: Could not find credential."), CredentialsInvalid),
    ("unknown key with a code", in_headers(400, "Could not find credential.", "NotFound"), CredentialsInvalid),
    ("unknown key as 404", in_headers(404, "NotFound, cause: Could not find credential."), CredentialsInvalid),
    (
        "unknown key in header and body",
        in_headers(404, "NotFound, cause: Could not find credential.", content=NOT_FOUND_BODY),
        CredentialsInvalid,
    ),
    (
        "wrong secret",
        in_headers(403, "SignatureDoesNotMatch, cause: Fail to authn user: Signature does not match"),
        CredentialsInvalid,
    ),
    ("code alone in a header", in_headers(403, code="AccessDenied"), PermissionDenied),
    ("header beside HTML", in_headers(403, "", "InvalidAccessKeyId", b"<html>"), CredentialsInvalid),
    ("unknown words in a header", in_headers(404, "NotFound", "NotFound"), Misrouted),
    ("401 with nothing", httpx.Response(401), CredentialsInvalid),
    ("403 with HTML", httpx.Response(403, html="<h1>Blocked</h1>"), Malformed),
    ("404 with HTML", httpx.Response(404, html="<h1>Not Found</h1>"), Misrouted),
    ("404 of another gateway", httpx.Response(404, json={"message": "no Route matched"}), Misrouted),
    ("400 with nothing", httpx.Response(400), Malformed),
    ("200 with HTML", httpx.Response(200, html="<h1>Welcome</h1>"), Malformed),
    ("200 with nothing", httpx.Response(200), Malformed),
    ("200 with broken JSON", httpx.Response(200, content=b'{"result": tr'), Malformed),
    ("200 with a list", httpx.Response(200, json=[]), Malformed),
    ("redirect", httpx.Response(302, headers={"location": "https://login.example/"}), Misrouted),
    ("429", v2(429, "TooMany"), RateLimited),
    ("429 with nothing", httpx.Response(429), RateLimited),
    ("v1 rate", v1(18), RateLimited),
]
every_answer = pytest.mark.parametrize(
    ("answer", "error"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS]
)


@every_answer
async def test_a_read_raises_what_the_answer_means(service, answer, error):
    with pytest.raises(error) as caught:
        await service.say(answer).provider().read(TASK)
    assert type(caught.value) is error


@every_answer
async def test_a_stop_and_a_delete_raise_the_same(service, answer, error):
    provider = service.always(lambda action, body: answer).provider()
    for verb in (provider.stop, provider.delete):
        with pytest.raises(error) as caught:
            await verb(TASK)
        assert type(caught.value) is error


@pytest.mark.parametrize(
    "answer",
    [
        v2(500, "InternalError", "oops"),
        httpx.Response(503, html="<h1>down</h1>"),
        httpx.Response(502),
        v2(500, "TaskNotFound", "not found"),
        v1(500000),
        v1(336100),
        httpx.ReadTimeout("slow"),
        httpx.WriteTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("closed"),
    ],
    ids=repr,
)
async def test_without_a_usable_answer_a_read_may_be_repeated_and_a_write_has_an_unknown_outcome(service, answer):
    provider = service.say(answer, answer, answer).provider()
    with pytest.raises(Unavailable) as caught:
        await provider.read(TASK)
    assert not isinstance(caught.value, OutcomeUnknown)
    with pytest.raises(OutcomeUnknown):
        await provider.stop(TASK)
    with pytest.raises(OutcomeUnknown):
        await provider.delete(TASK)
    assert len(service.requests) == 3


@pytest.mark.parametrize("failure", [httpx.ConnectTimeout, httpx.ConnectError, httpx.PoolTimeout])
async def test_a_write_that_was_not_sent_leaves_no_doubt(service, failure):
    provider = service.say(failure("gone"), failure("gone")).provider()
    for verb in (provider.stop, provider.delete):
        with pytest.raises(NotSent):
            await verb(TASK)


async def test_result_false_is_a_refusal(service):
    with pytest.raises(Refused, match="result: false") as caught:
        await service.say({"requestId": "r-9", "result": False}).provider().delete(TASK)
    assert type(caught.value) is Refused
    assert caught.value.request_id == "r-9"


@pytest.mark.parametrize(
    "answer", [{"requestId": "r"}, {"result": None}, {"result": {}}, {"result": "true"}, {"result": 1}], ids=repr
)
async def test_only_a_true_result_is_an_acceptance(service, answer):
    with pytest.raises(Malformed, match="next read"):
        await service.say(answer).provider().stop(TASK)


@pytest.mark.parametrize("code", [0, "0", "", None, False])
async def test_a_code_that_says_nothing_is_no_failure(service, code):
    answer = {"requestId": "r", "code": code, "error_code": code, "result": True}
    assert (await service.say(answer).provider().stop(TASK)).request_id == "r"


async def test_an_error_names_the_call_the_thing_the_provider_and_the_way_out(service):
    with pytest.raises(PermissionDenied) as caught:
        await service.say(v2(403, "AccessDenied", "Access denied.")).provider().delete(TASK)
    error = caught.value
    assert (error.status, error.code, error.request_id) == (403, "AccessDenied", "r-7")
    assert error.message == (
        "DeleteFineTuningTask of task-aaaa00000001: the access key may not do this; grant its user "
        "QianfanModelTuningFullControlAccessPolicy. Qianfan says: Access denied."
    )


async def test_the_code_and_id_of_a_rejection_come_from_the_headers(service):
    answer = in_headers(403, "SignatureDoesNotMatch, cause: Fail to authn user: Signature does not match")
    with pytest.raises(CredentialsInvalid, match="Signature does not match") as caught:
        await service.say(answer).provider().read(TASK)
    assert (caught.value.code, caught.value.request_id) == ("SignatureDoesNotMatch", "r-8")


async def test_the_id_of_a_v1_answer_is_its_log_id(service):
    with pytest.raises(NotFound) as caught:
        await service.say(v1(510301)).provider().read(TASK)
    assert caught.value.request_id == "42"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"retry-after": "7"}, 7.0), ({"retry-after": "Sat, 31 Jan 2026 08:09:40 GMT"}, 30.0), ({}, None)],
)
async def test_a_rate_limit_says_how_long_to_wait_when_the_service_does(service, headers, seconds):
    with pytest.raises(RateLimited) as caught:
        await service.say(v2(429, "RequestLimitExceeded", "", **headers)).provider().read(TASK)
    assert caught.value.retry_after == seconds


async def test_a_message_that_quotes_the_secrets_does_not_show_them(service):
    key = AccessKey("ALTAKfake0001", "fake-secret-key-0001", "session/token+0001==")
    words = "sk fake-secret-key-0001, token session/token+0001==, signed session%2Ftoken%2B0001%3D%3D " + "x" * 500
    with pytest.raises(Refused) as caught:
        await service.say(v2(400, "InappropriateJSON", words)).provider(key).read(TASK)
    shown = f"{caught.value} {caught.value!r} {caught.value.code}"
    assert "fake-secret-key-0001" not in shown
    assert "token+0001" not in shown
    assert "token%2B0001" not in shown
    assert len(caught.value.message) == 300


async def test_an_override_of_the_user_is_followed(service):
    provider = service.say(v2(400, "InappropriateJSON", "param[taskId] invalid")).provider(
        overrides=[ErrorOverride(400, "InappropriateJSON", "NotFound")]
    )
    with pytest.raises(NotFound):
        await provider.read(TASK)


async def test_an_override_to_unavailable_leaves_the_outcome_of_a_write_unknown(service):
    provider = service.say(v2(400, "Later")).provider(overrides=[ErrorOverride(400, "Later", "Unavailable")])
    with pytest.raises(OutcomeUnknown):
        await provider.stop(TASK)
