"""Huawei's request signature SDK-HMAC-SHA256, as pure functions over text and bytes.

Source: the vendor's guide "Signing API requests" (devg-apisign, api-sign-algorithm) and its SDK's signer: one key, no
key derivation, no region in the scope. Nothing here knows of an HTTP library, so a client can sign with it and a server
can verify: build `canonical_request` from the headers that the Authorization header names, then compare `signature`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from urllib.parse import quote, unquote

ALGORITHM = "SDK-HMAC-SHA256"

#: What is signed when it is present. No more: a proxy in between may rewrite any other header.
SIGNED_HEADERS = ("content-type", "host", "x-project-id", "x-sdk-date", "x-security-token")

_CONTENT_HASH = "x-sdk-content-sha256"


def encode(text: str) -> str:
    """Percent-encode as UTF-8 in upper case; only letters, digits and `-_.~` stay."""
    return quote(text, safe="")


def timestamp(now: datetime) -> str:
    """The value of X-Sdk-Date: UTC, `YYYYMMDDTHHMMSSZ`."""
    return now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def canonical_uri(path: str) -> str:
    """The path decoded, each segment encoded again, with a closing slash that the request itself does not have."""
    segments = [encode(segment) for segment in unquote(path).split("/")]
    uri = "/".join(segments)
    return uri if uri.endswith("/") else uri + "/"


def canonical_query(pairs: Iterable[tuple[str, str]]) -> str:
    """Decoded pairs sorted by name, then value, and only then encoded. The query must be sent exactly like this."""
    return "&".join(f"{encode(name)}={encode(value)}" for name, value in sorted(pairs))


def query_pairs(query: str) -> list[tuple[str, str]]:
    """The decoded pairs of a query string; a plus sign is a plus sign."""
    split = (part.partition("=") for part in query.split("&") if part)
    return [(unquote(name), unquote(value)) for name, _, value in split]


def canonical_request(
    method: str, path: str, query: Iterable[tuple[str, str]], headers: Mapping[str, str], body: bytes
) -> str:
    """The text that both sides must agree on.

    `path` as sent, `query` as decoded pairs, `headers` exactly those that are signed, in any case and order.
    The hash is that of the bytes sent, unless a body goes with a signed X-Sdk-Content-Sha256, whose value then counts.
    """
    signed = {name.lower(): value.strip() for name, value in headers.items()}
    digest = hashlib.sha256(body).hexdigest()
    return "\n".join(
        (
            method.upper(),
            canonical_uri(path),
            canonical_query(query),
            "".join(f"{name}:{signed[name]}\n" for name in sorted(signed)),
            signed_names(signed),
            signed.get(_CONTENT_HASH, digest) if body else digest,
        )
    )


def signed_names(names: Iterable[str]) -> str:
    """Names in lower case, sorted, joined by semicolons."""
    return ";".join(sorted(name.lower() for name in names))


def string_to_sign(date: str, canonical: str) -> str:
    """`date` is the value of X-Sdk-Date."""
    return f"{ALGORITHM}\n{date}\n{hashlib.sha256(canonical.encode()).hexdigest()}"


def signature(secret_key: str, to_sign: str) -> str:
    """Lower-case hexadecimal HMAC-SHA256 under the secret key itself."""
    return hmac.new(secret_key.encode(), to_sign.encode(), hashlib.sha256).hexdigest()


def authorization(access_key: str, names: Iterable[str], signed: str) -> str:
    """The Authorization header."""
    return f"{ALGORITHM} Access={access_key}, SignedHeaders={signed_names(names)}, Signature={signed}"


def sign(
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    access_key: str,
    secret_key: str,
    now: datetime,
    security_token: str = "",
) -> dict[str, str]:
    """The headers to add to a request: X-Sdk-Date, Authorization, and X-Security-Token for temporary keys.

    `target` is path and query as sent; `headers` must hold Host (with the port when the URL has one).
    """
    added = {"X-Sdk-Date": timestamp(now)}
    if security_token:
        added["X-Security-Token"] = security_token
    present = {name.lower(): value for name, value in (*headers.items(), *added.items())}
    signed = {name: present[name] for name in SIGNED_HEADERS if name in present}
    path, _, query = target.partition("?")
    canonical = canonical_request(method, path, query_pairs(query), signed, body)
    value = signature(secret_key, string_to_sign(added["X-Sdk-Date"], canonical))
    return added | {"Authorization": authorization(access_key, signed, value)}
