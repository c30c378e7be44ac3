"""Every row of the vendor's tables that the operator acts on, and what is not in any table."""

import httpx
import pytest

from trainsweep.core.errors import (
    CredentialsInvalid,
    Misrouted,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    QuotaExceeded,
    RateLimited,
    Refused,
    Unavailable,
    Withdrawn,
    WrongState,
)
from trainsweep.core.external import Target, Thing
from trainsweep.providers.error_overrides import ErrorOverride
from trainsweep.providers.modelarts.codes import TABLE, classify, renewable

VERSION = Target(Thing.VERSION, "155500/1")

ROWS = [
    (NotFound, "400 2775"),
    (Misrouted, "404 2786, 404 APIGW.0103, 404 0015"),
    (Withdrawn, "404 2836, 404 APIGW.0101, 404 APIG.0101"),
    (Misrouted, "403 0210, 400 0204, 400 0210"),
    (Refused, "400 0102, 404 0102, 409 0102, 200 0102, 400 6357, 404 6357, 409 6357, 200 6357"),
    (WrongState, "409 2796, 409 2813, 409 2878"),
    (Refused, "400 0101, 400 0104, 400 0107, 400 2764, 400 2787, 400 2788, 400 2789, 400 2790, 400 2812"),
    (Refused, "400 2751, 400 0103, 400 2755, 400 2842"),
    (CredentialsInvalid, "401 0201, 401 0202, 401 0203, 401 0204, 401 0212, 403 0203, 403 2784, 403 0206"),
    (CredentialsInvalid, "401 APIGW.0301, 401 APIGW.0303, 401 APIGW.0305, 401 APIGW.0307, 401 APIC.0301"),
    (PermissionDenied, "403 0108, 403 0112, 401 0112, 403 2785, 400 2837, 401 6201, 401 6203, 403 4116, 403 4118"),
    (PermissionDenied, "403 APIGW.0302, 403 APIGW.0304, 403 APIGW.0306, 403 APIGW.0310"),
    (QuotaExceeded, "400 0116, 400 0118, 400 2815, 400 2833"),
    (RateLimited, "429 2799, 429 4206, 429 6101, 429 APIGW.0308, 429 APIG.0308, 500 5039"),
    (Unavailable, "500 0010, 500 APIGW.0601, 502 APIGW.0201, 504 APIGW.0201, 502 APIGW.0610, 503 APIGW.0613"),
    (Unavailable, "503 4700, 504 4503"),
]


def full(code):
    return code if "." in code else f"ModelArts.{code}"


def read(status, code, *overrides):
    return classify(status, code, write=False, overrides=overrides)


def cases():
    for error, pairs in ROWS:
        for pair in pairs.split(", "):
            status, code = pair.split()
            yield pytest.param(int(status), full(code), error, id=pair)


@pytest.mark.parametrize(("status", "code", "error"), list(cases()))
def test_a_documented_pair_means_what_the_documents_say(status, code, error):
    assert read(status, code) is error


@pytest.mark.parametrize("form", ["V2", "V1"])
@pytest.mark.parametrize(("status", "code", "error"), list(cases()))
async def test_a_documented_pair_comes_up_from_a_conversation_with_its_code_and_words(
    service, status, code, error, form
):
    verdict = {"is_success": False} if form == "V1" else {}
    body = {**verdict, "error_code": code, "error_msg": "The vendor's words."}
    service.always(lambda _: httpx.Response(status, json=body, headers={"X-Request-Id": "r-1"}))
    provider = service.provider()
    with pytest.raises(error) as refused:
        await provider.read(VERSION)
    assert type(refused.value) is error
    assert (refused.value.code, refused.value.request_id) == (code, "r-1")
    assert "The vendor's words." in str(refused.value)
    for write in (provider.stop, provider.delete):
        with pytest.raises(OutcomeUnknown if status >= 500 else error):
            await write(VERSION)
    assert len(service.requests) == 3, "nothing is tried again by itself"


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (404, "ModelArts.9999", Refused),
        (404, "", Misrouted),
        (404, "APIGW.9999", Misrouted),
        (404, "IAM.0004", Misrouted),
        (400, "ModelArts.9999", Refused),
        (400, "APIGW.0201", Misrouted),
        (413, "APIGW.0201", Misrouted),
        (401, "", CredentialsInvalid),
        (403, "ModelArts.9999", PermissionDenied),
        (405, "", Misrouted),
        (408, "", Unavailable),
        (409, "ModelArts.9999", WrongState),
        (429, "", RateLimited),
        (500, "ModelArts.2775", Unavailable),
        (599, "", Unavailable),
    ],
)
def test_an_unlisted_pair_is_classified_by_its_status_and_who_speaks(status, code, error):
    assert read(status, code) is error


def test_only_a_missing_v2_job_is_not_found():
    assert [pair for pair, error in TABLE.items() if issubclass(error, NotFound)] == [(400, "ModelArts.2775")]


@pytest.mark.parametrize("status", [200, 401, 403, 404, 409, 500])
def test_the_code_of_a_missing_job_under_another_status_is_not_not_found(status):
    assert not issubclass(read(status, "ModelArts.2775"), NotFound)


def test_a_failure_under_200_is_trusted_by_its_code_unless_that_would_mean_absence():
    assert read(200, "ModelArts.2796") is WrongState
    assert read(200, "ModelArts.0202") is CredentialsInvalid
    assert read(200, "ModelArts.0210") is Misrouted
    assert read(200, "ModelArts.2775") is Refused
    assert read(200, "ModelArts.0105") is Refused
    assert read(200, "") is Refused
    assert read(200, "APIGW.9999") is Misrouted


def test_a_code_that_means_several_things_is_no_refusal_under_200():
    assert not issubclass(read(200, "ModelArts.0204"), Refused)


@pytest.mark.parametrize("code", ["ModelArts.0010", "ModelArts.5039", ""])
def test_a_write_that_met_a_server_error_may_have_taken_effect(code):
    assert classify(500, code, write=True, overrides=()) is OutcomeUnknown


def test_a_write_that_was_refused_was_refused():
    assert classify(409, "ModelArts.2796", write=True, overrides=()) is WrongState
    assert classify(429, "APIG.0308", write=True, overrides=()) is RateLimited


def test_an_override_of_a_pair_comes_before_the_table():
    gone = ErrorOverride(404, "ModelArts.0015", "NotFound")
    assert read(404, "ModelArts.0015", gone) is NotFound
    assert read(404, "ModelArts.2786", gone) is Misrouted


def test_an_override_of_a_status_alone_comes_after_the_table_and_not_for_the_gateway():
    every_404 = ErrorOverride(404, "", "NotFound")
    assert read(404, "ModelArts.2786", every_404) is Misrouted
    assert read(404, "ModelArts.9999", every_404) is NotFound
    assert read(404, "APIGW.0101", every_404) is Withdrawn
    assert read(404, "APIG.9999", every_404) is Misrouted


def test_an_override_to_unavailable_leaves_a_write_in_doubt():
    busy = ErrorOverride(400, "ModelArts.7777", "Unavailable")
    assert read(400, "ModelArts.7777", busy) is Unavailable
    assert classify(400, "ModelArts.7777", write=True, overrides=[busy]) is OutcomeUnknown


def test_a_fresh_token_is_tried_after_401_and_the_403_that_tell_of_a_token():
    assert renewable(401, "")
    assert renewable(403, "ModelArts.0203")
    assert renewable(403, "ModelArts.2784")
    assert not renewable(403, "ModelArts.0112")
    assert not renewable(404, "ModelArts.2786")


#: Of the refusals above, those that may be the service's word on an id.
ABOUT_THE_ID = "2775 0102 6357 0101 0104 0107"


@pytest.mark.parametrize(("status", "code", "error"), list(cases()))
async def test_only_a_refusal_that_may_be_about_the_id_counts_toward_absence(service, refusal, status, code, error):
    with pytest.raises(error) as caught:
        await service.say(refusal(status, code)).provider().read(VERSION)
    about = code.removeprefix("ModelArts.") in ABOUT_THE_ID.split()
    assert getattr(caught.value, "about_the_id", False) is about


@pytest.mark.parametrize("body", [{}, {"error_msg": "no"}, {"error_code": "DEW.0001"}, {"error_code": "0102"}])
async def test_a_refusal_without_a_code_of_the_service_counts_for_nothing(service, body):
    with pytest.raises(Refused) as caught:
        await service.say(httpx.Response(400, json=body)).provider().read(VERSION)
    assert not caught.value.about_the_id


async def test_a_code_of_the_service_that_nobody_knows_may_be_about_the_id(service, refusal):
    with pytest.raises(Refused) as caught:
        await service.say(refusal(400, "ModelArts.9999")).provider().read(VERSION)
    assert caught.value.about_the_id
