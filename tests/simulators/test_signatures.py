"""The verifiers against signatures that the vendors' own signers made."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from multidict import CIMultiDict

from trainsweep_devtools.simulators import baidu_verify, huawei_verify
from trainsweep_devtools.simulators.wire import Call

DATA = Path(__file__).parent.parent / "data"
HUAWEI = json.loads((DATA / "huawei-signing-vectors.json").read_text())["vectors"]
BAIDU = json.loads((DATA / "baidu-signing-vectors.json").read_text())["vectors"]
INTEROPERABLE = [
    vector for vector in BAIDU if vector["interoperable"] and vector["authorization"].startswith("bce-auth")
]


def huawei_call(vector: dict) -> tuple[Call, huawei_verify.Claim, float]:
    expected = vector["expected"]
    path, _, query = expected["request_uri"].partition("?")
    headers = CIMultiDict(expected["sent_headers"])
    body = (vector["body"] or "").encode()
    claim = huawei_verify.read_claim(expected["authorization"])
    signed_at = datetime.strptime(vector["date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    return Call(vector["method"], path, query, headers, body), claim, signed_at


def baidu_call(vector: dict) -> tuple[Call, baidu_verify.Claim]:
    body = (vector["body"] or "").encode()
    call = Call(
        vector["method"],
        quote(vector["path"], safe="/%"),
        vector["wire_query"],
        CIMultiDict(vector["headers"]),
        body,
    )
    return call, baidu_verify.read_claim(vector["authorization"])


@pytest.mark.parametrize("vector", HUAWEI, ids=lambda vector: vector["name"])
def test_huaweis_own_signature_is_accepted(vector):
    call, claim, signed_at = huawei_call(vector)

    huawei_verify.verify(call, claim, vector["sk"], signed_at)

    assert huawei_verify.canonical_request(call, claim.signed_headers) == vector["expected"]["canonical_request"]


@pytest.mark.parametrize("vector", HUAWEI, ids=lambda vector: vector["name"])
def test_huaweis_signature_under_another_key_is_refused(vector):
    call, claim, signed_at = huawei_call(vector)

    with pytest.raises(huawei_verify.Mismatch, match="verify aksk signature fail"):
        huawei_verify.verify(call, claim, vector["sk"] + "x", signed_at)


@pytest.mark.parametrize("minutes", [-15.1, 15.1])
def test_a_huawei_clock_more_than_15_minutes_off_is_refused(minutes):
    call, claim, signed_at = huawei_call(HUAWEI[0])

    with pytest.raises(huawei_verify.Mismatch, match="signature expired"):
        huawei_verify.verify(call, claim, HUAWEI[0]["sk"], signed_at + minutes * 60)


def test_a_changed_body_breaks_huaweis_signature():
    vector = next(vector for vector in HUAWEI if vector["name"] == "post_v2_terminate_json")
    call, claim, signed_at = huawei_call(vector)
    changed = Call(call.method, call.path, call.query_string, call.headers, call.body + b" ")

    with pytest.raises(huawei_verify.Mismatch):
        huawei_verify.verify(changed, claim, vector["sk"], signed_at)


@pytest.mark.parametrize("vector", INTEROPERABLE, ids=lambda vector: vector["id"])
def test_baidus_own_signature_is_accepted(vector):
    call, claim = baidu_call(vector)

    baidu_verify.verify(call, claim, vector["secret_key"], vector["timestamp_epoch"])

    assert baidu_verify.canonical_request(call, claim.signed_headers) == vector["canonical_request"]


@pytest.mark.parametrize("vector", INTEROPERABLE, ids=lambda vector: vector["id"])
def test_baidus_signature_under_another_key_is_refused(vector):
    call, claim = baidu_call(vector)

    with pytest.raises(baidu_verify.Mismatch) as refused:
        baidu_verify.verify(call, claim, vector["secret_key"] + "x", vector["timestamp_epoch"])

    assert refused.value.code == "SignatureDoesNotMatch"


def test_baidus_signature_ends_with_its_expiry():
    vector = INTEROPERABLE[0]
    call, claim = baidu_call(vector)
    last = vector["timestamp_epoch"] + vector["expiration_seconds"]

    baidu_verify.verify(call, claim, vector["secret_key"], last)
    with pytest.raises(baidu_verify.Mismatch) as refused:
        baidu_verify.verify(call, claim, vector["secret_key"], last + 1)

    assert refused.value.code == "RequestExpired"


def test_a_header_signed_but_not_listed_is_refused_as_a_strict_gateway_does():
    vector = next(vector for vector in BAIDU if vector["id"] == "quirk-unlisted-x-bce-header")
    call, claim = baidu_call(vector)

    with pytest.raises(baidu_verify.Mismatch):
        baidu_verify.verify(call, claim, vector["secret_key"], vector["timestamp_epoch"])


def test_baidus_clients_that_sign_the_host_without_its_port_are_accepted():
    vector = next(vector for vector in BAIDU if vector["id"] == "delete-task-host-date")
    call, claim = baidu_call(vector)
    call.headers["Host"] = call.headers["Host"] + ":8443"

    baidu_verify.verify(call, claim, vector["secret_key"], vector["timestamp_epoch"])


@pytest.mark.parametrize(
    ("names", "without", "why"),
    [
        (("host",), "", "x-sdk-date is not among the signed headers"),
        (("x-sdk-date", "host"), "", "not sorted"),
        (("host", "x-other", "x-sdk-date"), "", "not in the request: x-other"),
        (("host", "x-sdk-date"), "X-Sdk-Date", "X-Sdk-Date is missing"),
    ],
)
def test_a_huawei_signature_needs_the_date_and_the_headers_that_it_names(names, without, why):
    call, claim, signed_at = huawei_call(HUAWEI[0])
    call.headers.pop(without, None)

    with pytest.raises(huawei_verify.Mismatch, match=why):
        huawei_verify.verify(call, replace(claim, signed_headers=names), HUAWEI[0]["sk"], signed_at)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"timestamp": "yesterday"}, "InvalidHTTPAuthHeader"),
        ({"signed_headers": ("host", "x-bce-other")}, "IamSignatureInvalid"),
        ({"signed_headers": ("x-bce-date",)}, "InvalidHTTPAuthHeader"),
        ({"expires_in": "999"}, "SignatureDoesNotMatch"),
    ],
)
def test_a_baidu_signature_needs_its_time_the_host_and_the_headers_that_it_names(changes, code):
    vector = next(vector for vector in BAIDU if vector["id"] == "delete-task-host-date")
    call, claim = baidu_call(vector)

    with pytest.raises(baidu_verify.Mismatch) as refused:
        baidu_verify.verify(call, replace(claim, **changes), vector["secret_key"], vector["timestamp_epoch"])

    assert refused.value.code == code


@pytest.mark.parametrize("header", ["", "Bearer x", "SDK-HMAC-SHA256 Access=a", "bce-auth-v1/a/b/c/d/e"])
def test_another_form_of_authorization_is_no_claim(header):
    assert huawei_verify.read_claim(header) is None
    assert baidu_verify.read_claim(header) is None
