"""bce-auth-v1 against signatures that the vendor's own clients made."""

import json
from itertools import permutations
from pathlib import Path

import pytest

from trainsweep.providers.qianfan.signing import (
    Authorization,
    Signable,
    canonical_request,
    parse_authorization,
    parse_query,
    sign,
    sign_canonical,
    verify,
)

VECTORS = json.loads((Path(__file__).parents[2] / "data" / "baidu-signing-vectors.json").read_text("utf-8"))["vectors"]
every_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
interoperable = pytest.mark.parametrize(
    "vector", [vector for vector in VECTORS if vector["interoperable"]], ids=lambda vector: vector["id"]
)


def request_of(vector):
    query = [(key, value) for key, value in vector["query"]]
    return Signable(vector["method"], vector["path"], query, vector["headers"])


def signed(vector, names):
    return sign(
        request_of(vector),
        vector["access_key"],
        vector["secret_key"],
        names=names,
        timestamp=vector["timestamp"],
        expires=vector["expiration_seconds"],
    )


def test_there_are_twenty_vectors():
    assert len(VECTORS) == 20


@every_vector
def test_the_canonical_request_is_the_vendors(vector):
    assert canonical_request(request_of(vector), vector["actually_signed_headers"]) == vector["canonical_request"]


@every_vector
def test_the_signature_is_the_vendors(vector):
    made = sign_canonical(vector["secret_key"], vector["auth_string_prefix"], vector["canonical_request"])
    assert made == vector["signature"]
    assert signed(vector, vector["actually_signed_headers"]).signature == vector["signature"]


@interoperable
def test_the_header_is_the_vendors_with_sorted_names(vector):
    names = [name for name in vector["signed_headers_sorted"].split(";") if name]
    assert signed(vector, names).header == vector["authorization_sorted"]


def test_a_header_that_is_signed_is_always_listed():
    vector = next(vector for vector in VECTORS if not vector["interoperable"])
    assert signed(vector, vector["actually_signed_headers"]).names == ("host", "x-bce-date", "x-bce-security-token")


@interoperable
def test_what_the_vendor_signed_is_verified(vector):
    authorization = parse_authorization(vector["authorization"])
    assert verify(request_of(vector), authorization, vector["secret_key"])


@interoperable
def test_the_names_may_come_in_any_order(vector):
    for names in permutations(parse_authorization(vector["authorization_sorted"]).names):
        given = Authorization(
            vector["access_key"], vector["timestamp"], vector["expiration_seconds"], names, vector["signature"]
        )
        assert verify(request_of(vector), parse_authorization(given.header), vector["secret_key"])


@interoperable
def test_another_key_method_or_path_is_not_verified(vector):
    authorization = parse_authorization(vector["authorization"])
    request = request_of(vector)
    assert not verify(request, authorization, vector["secret_key"] + "x")
    assert not verify(
        Signable("PATCH", request.path, request.query, request.headers), authorization, vector["secret_key"]
    )
    assert not verify(
        Signable(request.method, request.path + "/", request.query, request.headers),
        authorization,
        vector["secret_key"],
    )


@every_vector
def test_the_query_of_a_request_line_is_decoded(vector):
    decoded = [(key, value or "") for key, value in parse_query(vector["wire_query"])]
    assert decoded == [(key, value or "") for key, value in vector["query"]]


def test_a_plus_sign_in_a_query_is_no_space():
    assert parse_query("a=b+c&flag&empty=") == [("a", "b+c"), ("flag", None), ("empty", "")]


def test_an_authorization_in_the_query_is_not_signed():
    bare = Signable("GET", "/", [("a", "1")], {})
    with_it = Signable("GET", "/", [("a", "1"), ("Authorization", "x")], {})
    assert canonical_request(bare, []) == canonical_request(with_it, [])


def test_an_empty_path_is_the_root():
    assert canonical_request(Signable("get", "", [], {"Host": "h"}), ["host"]) == "GET\n/\n\nhost:h"


@pytest.mark.parametrize("header", ["", "Bearer abc", "bce-auth-v1/ak/t/1800/host", "bce-auth-v1/ak/t/soon/host/ff"])
def test_another_scheme_or_form_is_no_authorization(header):
    with pytest.raises(ValueError, match="bce-auth-v1"):
        parse_authorization(header)


def test_an_authorization_hides_its_signature():
    assert "beef" not in repr(Authorization("ak", "t", 1800, ("host",), "beef"))
