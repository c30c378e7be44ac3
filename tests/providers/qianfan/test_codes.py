"""Every documented way in which Qianfan says no, and the look-alikes."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainsweep.core.errors import (
    CredentialsInvalid,
    Malformed,
    Misrouted,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    ProviderError,
    QuotaExceeded,
    RateLimited,
    Refused,
    Unavailable,
    WrongState,
)
from trainsweep.core.external import Target, Thing
from trainsweep.providers.error_overrides import ErrorOverride
from trainsweep.providers.qianfan.codes import Failure, classify

TASK = Target(Thing.TUNING_TASK, "task-aaaa00000001")
UNKNOWN_KEY = "NotFound, cause: Could not find credential."
WRONG_SIGNATURE = "SignatureDoesNotMatch, cause: Fail to authn user: Signature does not match"
UNSIGNED_LENGTH = "IamSignatureInvalid, cause: Fail to authn user: Missing headers required by signing: content-length"

CODES = [
    (400, "InappropriateJSON", Refused),
    (400, "MalformedJSON", Refused),
    (400, "InvalidHTTPRequest", Refused),
    (400, "InvalidURI", Misrouted),
    (400, "InvalidMarker", Refused),
    (400, "InvalidHTTPAuthHeader", CredentialsInvalid),
    (400, "SignatureDoesNotMatch", CredentialsInvalid),
    (400, "RequestExpired", CredentialsInvalid),
    (401, "AuthError", CredentialsInvalid),
    (403, "AccessDenied", PermissionDenied),
    (403, "InvalidAccessKeyId", CredentialsInvalid),
    (403, "OptInRequired", PermissionDenied),
    (403, "IdempotentParameterMismatch", Refused),
    (404, "InvalidVersion", Misrouted),
    (412, "PreconditionFailed", Refused),
    (500, "InternalError", Unavailable),
    (200, "InternalError", Unavailable),
    (404, "NoSuchKey", NotFound),
    (400, "NoSuchKey", NotFound),
    (404, "JobNotFound", NotFound),
    (400, "TaskNotExist", NotFound),
    (404, "Gone", NotFound),
    (409, "JobStatusConflict", WrongState),
    (409, "Busy", WrongState),
    (400, "InvalidTaskState", WrongState),
    (429, "Whatever", RateLimited),
    (400, "RequestLimitExceeded", RateLimited),
    (400, "Throttling", RateLimited),
    (400, "QuotaExceeded", QuotaExceeded),
    (400, "SomethingNew", Refused),
    (200, "SomethingNew", Refused),
    (403, "SomethingNew", PermissionDenied),
    (503, "SomethingNew", Unavailable),
    (503, "AccessDenied", Unavailable),
]

NUMBERS = [
    (1, Unavailable),
    (2, Unavailable),
    (3, Misrouted),
    (4, RateLimited),
    (6, PermissionDenied),
    (13, CredentialsInvalid),
    (14, CredentialsInvalid),
    (15, CredentialsInvalid),
    (17, QuotaExceeded),
    (18, RateLimited),
    (19, QuotaExceeded),
    (100, Refused),
    (110, CredentialsInvalid),
    (111, CredentialsInvalid),
    (336000, Unavailable),
    (336001, Refused),
    (336004, PermissionDenied),
    (336100, Unavailable),
    (336101, Misrouted),
    (336501, RateLimited),
    (336502, RateLimited),
    (500000, Unavailable),
    (500001, Refused),
    (500002, PermissionDenied),
    (510101, Refused),
    (510202, NotFound),
    (510203, QuotaExceeded),
    (510301, NotFound),
    (510302, WrongState),
    (510402, QuotaExceeded),
    (510403, QuotaExceeded),
]


@pytest.mark.parametrize(("status", "code", "expected"), CODES)
def test_a_v2_code_has_its_class(status, code, expected):
    assert classify(Failure(status, code, "")) is expected


@pytest.mark.parametrize(("code", "expected"), NUMBERS)
def test_a_v1_number_has_its_class(code, expected):
    assert classify(Failure(200, str(code), "")) is expected


async def refused_alike(service, answer, expected, code):
    """A read and both writes are refused as `expected`, once each."""
    service.always(lambda *_: answer)
    provider = service.provider()
    with pytest.raises(expected) as refused:
        await provider.read(TASK)
    assert type(refused.value) is expected
    assert refused.value.code == code
    for write in (provider.stop, provider.delete):
        with pytest.raises(OutcomeUnknown if expected is Unavailable else expected):
            await write(TASK)
    assert len(service.requests) == 3, "nothing is tried again by itself"


@pytest.mark.parametrize(("status", "code", "expected"), CODES)
async def test_a_v2_code_comes_up_from_a_conversation(service, status, code, expected):
    body = {"requestId": "r-1", "code": code, "message": "The vendor's words."}
    await refused_alike(service, httpx.Response(status, json=body), expected, code)


@pytest.mark.parametrize(("code", "expected"), NUMBERS)
async def test_a_v1_number_comes_up_from_a_conversation(service, code, expected):
    body = {"error_code": code, "error_msg": "The vendor's words.", "log_id": 42}
    await refused_alike(service, httpx.Response(200, json=body), expected, str(code))


@pytest.mark.parametrize("status", [400, 401, 403, 404])
@pytest.mark.parametrize("gateway", [True, False])
@pytest.mark.parametrize("message", [UNKNOWN_KEY, WRONG_SIGNATURE, UNSIGNED_LENGTH])
@pytest.mark.parametrize("code", ["NotFound", ""])
def test_the_words_of_iam_are_about_the_key_whatever_code_comes_with_them(status, gateway, message, code):
    assert classify(Failure(status, code, message, gateway)) is CredentialsInvalid


@pytest.mark.parametrize("message", ["task task-1 does not exist", "Job not found", "任务不存在", "it doesn't exist"])
def test_a_message_tells_absence_when_the_code_tells_nothing(message):
    assert classify(Failure(400, "InvalidParameter", message)) is NotFound


@pytest.mark.parametrize("message", ["user does not exist", "Action not found", "the model does not exist"])
def test_the_absence_of_something_else_is_no_absence(message):
    assert classify(Failure(400, "InvalidParameter", message)) is Refused


def test_inappropriate_json_stays_a_plain_refusal_whatever_its_words():
    assert classify(Failure(400, "InappropriateJSON", "task does not exist")) is Refused


@pytest.mark.parametrize("code", ["ActionNotFound", "NoSuchVersion", "ApiNotFound"])
def test_an_api_that_is_not_found_is_misrouted(code):
    assert classify(Failure(404, code, "")) is Misrouted


def test_a_404_without_a_code_is_about_the_address():
    assert classify(Failure(404, "", "")) is Misrouted


@pytest.mark.parametrize(
    ("status", "expected"),
    [(400, Malformed), (403, Malformed), (401, CredentialsInvalid), (408, Unavailable), (502, Unavailable)],
)
def test_without_a_code_the_status_alone_speaks(status, expected):
    assert classify(Failure(status, "", "")) is expected


def test_an_override_corrects_the_table():
    assert classify(Failure(400, "InappropriateJSON", "")) is Refused
    overrides = [ErrorOverride(400, "InappropriateJSON", "NotFound")]
    assert classify(Failure(400, "InappropriateJSON", ""), overrides) is NotFound


def test_an_override_of_a_status_alone_reaches_only_codes_that_the_table_does_not_list():
    overrides = [ErrorOverride(400, "", "NotFound")]
    assert classify(Failure(400, "MalformedJSON", ""), overrides) is Refused
    assert classify(Failure(400, "SomethingNew", ""), overrides) is NotFound


def test_an_override_can_make_a_server_failure_a_refusal():
    assert classify(Failure(500, "TaskBusy", ""), [ErrorOverride(500, "TaskBusy", "WrongState")]) is WrongState


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidAccessKeyId", "NotFound"])
def test_an_override_cannot_make_a_rejected_key_an_absence(code):
    overrides = [ErrorOverride(403, "", "NotFound")]
    assert classify(Failure(403, code, UNKNOWN_KEY, gateway=True), overrides) in (CredentialsInvalid, PermissionDenied)


words = st.one_of(st.text(), st.sampled_from(["NotFound", "NoSuchKey", "TaskNotExist", "not found", "不存在"]))


@given(status=st.integers(100, 599), code=words, message=words)
def test_every_failure_has_a_class_with_a_meaning(status, code, message):
    assert issubclass(classify(Failure(status, code, message)), ProviderError)


@given(status=st.sampled_from([400, 401, 403, 404, 409, 500]), code=words, message=words)
def test_what_the_gateway_says_in_headers_is_never_an_absence(status, code, message):
    assert classify(Failure(status, code, message, gateway=True)) is not NotFound


@given(status=st.sampled_from([401, 429, 500, 503]), code=words, message=words)
def test_a_401_429_or_5xx_is_never_a_refusal_of_the_thing(status, code, message):
    assert not issubclass(classify(Failure(status, code, message)), Refused)


@given(code=words, message=words)
def test_a_403_is_never_an_absence(code, message):
    assert classify(Failure(403, code, message)) is not NotFound


ABOUT_THE_REQUEST = {
    "MalformedJSON",
    "InvalidHTTPRequest",
    "InvalidMarker",
    "IdempotentParameterMismatch",
    "PreconditionFailed",
}


@pytest.mark.parametrize(("status", "code", "expected"), CODES)
async def test_only_a_refusal_that_may_be_about_the_id_counts_toward_absence(service, status, code, expected):
    answer = httpx.Response(status, json={"requestId": "r-1", "code": code, "message": "The vendor's words."})
    with pytest.raises(expected) as refused:
        await service.say(answer).provider().read(TASK)
    about = expected is NotFound or (expected is Refused and code not in ABOUT_THE_REQUEST)
    assert getattr(refused.value, "about_the_id", False) is about


async def test_a_refusal_of_the_gateway_or_without_a_code_counts_for_nothing(service):
    headers = {"x-bce-error-code": "InappropriateJSON", "x-bce-error-message": "InappropriateJSON, cause: no"}
    with pytest.raises(Refused) as refused:
        await service.say(httpx.Response(400, headers=headers)).provider().read(TASK)
    assert not refused.value.about_the_id
    with pytest.raises(Refused) as refused:
        await service.say({"requestId": "r-1", "result": False}).provider().delete(TASK)
    assert not refused.value.about_the_id
