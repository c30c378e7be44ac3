"""SDK-HMAC-SHA256 against vectors that the vendor's own signer produced."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trainsweep.providers.modelarts import signing

FILE = Path(__file__).parents[2] / "data" / "huawei-signing-vectors.json"
VECTORS = json.loads(FILE.read_text())["vectors"]
#: What the vendor's signer signs beyond ours: any header that it is given.
OURS = [vector for vector in VECTORS if set(vector["expected"]["signed_headers"]) <= set(signing.SIGNED_HEADERS)]


def name(vector):
    return vector["name"]


def pairs(query):
    """Name and value pairs as text: a list repeats its name, a boolean is lower case."""
    flat = [(key, one) for key, value in query for one in (value if isinstance(value, list) else [value])]
    return [(key, str(value).lower() if isinstance(value, bool) else str(value)) for key, value in flat]


def body(vector):
    return (vector["body"] or "").encode()


def test_there_are_20_vectors_and_all_but_2_sign_only_what_we_sign():
    assert len(VECTORS) == 20
    assert {vector["name"] for vector in VECTORS if vector not in OURS} == {
        "post_header_whitespace_and_underscore",
        "post_non_json_content_type",
    }


@pytest.mark.parametrize("vector", VECTORS, ids=name)
def test_each_step_equals_the_vendors_signer(vector):
    expected = vector["expected"]
    sent = {key.lower(): value for key, value in expected["sent_headers"].items()}
    signed = {key: sent[key] for key in expected["signed_headers"]}

    canonical = signing.canonical_request(
        vector["method"], vector["path"], pairs(vector["query"]), signed, body(vector)
    )
    to_sign = signing.string_to_sign(vector["date"], canonical)
    value = signing.signature(vector["sk"], to_sign)

    assert canonical == expected["canonical_request"]
    assert to_sign == expected["string_to_sign"]
    assert value == expected["signature"]
    assert signing.authorization(vector["ak"], signed, value) == expected["authorization"]


@pytest.mark.parametrize("vector", OURS, ids=name)
def test_a_request_signed_as_a_whole_equals_the_vendors_signer(vector):
    headers = {"Host": vector["host"], **vector["headers"]}
    if vector["project_id"]:
        headers["X-Project-Id"] = vector["project_id"]
    query = signing.canonical_query(pairs(vector["query"]))

    added = signing.sign(
        vector["method"],
        vector["path"] + (f"?{query}" if query else ""),
        headers,
        body(vector),
        access_key=vector["ak"],
        secret_key=vector["sk"],
        security_token=vector["security_token"] or "",
        now=datetime.strptime(vector["date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC),
    )

    assert added["Authorization"] == vector["expected"]["authorization"]
    assert added["X-Sdk-Date"] == vector["date"]
    assert added.get("X-Security-Token") == vector["security_token"]


def test_headers_that_a_proxy_may_rewrite_are_not_signed():
    added = signing.sign(
        "GET",
        "/v1/p/training-jobs",
        {"Host": "modelarts.example", "User-Agent": "a", "Accept": "b", "Via": "c"},
        b"",
        access_key="AK",
        secret_key="SK",
        now=datetime(2026, 1, 15, tzinfo=UTC),
    )
    assert "SignedHeaders=host;x-sdk-date," in added["Authorization"]


def test_a_time_in_another_zone_is_signed_as_utc():
    assert signing.timestamp(datetime.fromisoformat("2026-01-15T16:30:00+08:00")) == "20260115T083000Z"
