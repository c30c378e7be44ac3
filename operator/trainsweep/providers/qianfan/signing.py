"""The signature scheme bce-auth-v1, as pure functions: for a client that signs and for a server that verifies.

    timestamp   UTC, "2026-01-31T08:09:10Z"
    prefix      bce-auth-v1/ACCESS_KEY/TIMESTAMP/EXPIRES          EXPIRES: seconds of validity from the timestamp
    key         lowerhex(HMAC-SHA256(SECRET_KEY, prefix))         its hex text is the next key
    signature   lowerhex(HMAC-SHA256(key, canonical request))
    header      PREFIX/NAMES/SIGNATURE                            NAMES: signed headers, "host;x-bce-date"

The body is not part of a signature. Source: https://cloud.baidu.com/doc/Reference/s/njwvz1yfu
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from urllib.parse import quote, unquote

SCHEME = "bce-auth-v1"

#: What an empty NAMES part stands for, beside every header that begins with `x-bce-`.
DEFAULT_HEADERS = frozenset({"host", "content-length", "content-type", "content-md5"})

#: A decoded query in any order; None is a parameter without "=".
Query = Iterable[tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class Authorization:
    """The parts of an Authorization header. `names` keeps the order of the header; empty is the default set."""

    access_key: str
    timestamp: str
    expires: int
    names: tuple[str, ...]
    signature: str = field(default="", repr=False)

    @property
    def prefix(self) -> str:
        return f"{SCHEME}/{self.access_key}/{self.timestamp}/{self.expires}"

    @property
    def header(self) -> str:
        return f"{self.prefix}/{';'.join(self.names)}/{self.signature}"


def parse_authorization(header: str) -> Authorization:
    """Take an Authorization header apart. Raises `ValueError` if it is not one of this scheme."""
    parts = header.strip().split("/")
    if len(parts) != 6 or parts[0] != SCHEME or not parts[3].isdecimal():
        raise ValueError("not a bce-auth-v1 authorization")
    _, access_key, timestamp, expires, names, signature = parts
    return Authorization(
        access_key, timestamp, int(expires), tuple(name.lower() for name in names.split(";") if name), signature
    )


@dataclass(frozen=True, slots=True)
class Signable:
    """What a signature covers of a request. `path` is decoded; header names are in any case."""

    method: str
    path: str
    query: Query
    headers: Mapping[str, str]


def sign(
    request: Signable, access_key: str, secret_key: str, *, names: Iterable[str], timestamp: str, expires: int
) -> Authorization:
    """Sign a request. `names` are the headers to sign, none for the default set."""
    unsigned = Authorization(access_key, timestamp, expires, tuple(sorted(name.lower() for name in names)))
    signature = sign_canonical(secret_key, unsigned.prefix, canonical_request(request, unsigned.names))
    return replace(unsigned, signature=signature)


def verify(request: Signable, authorization: Authorization, secret_key: str) -> bool:
    """Whether the signature is the one of this request. Says nothing about the clock: see `Authorization.expires`."""
    canonical = canonical_request(request, authorization.names)
    expected = sign_canonical(secret_key, authorization.prefix, canonical)
    return hmac.compare_digest(expected.encode(), authorization.signature.encode())


def canonical_request(request: Signable, names: Iterable[str]) -> str:
    """The text that is signed: method, path, query and the chosen headers, a line each, in one order for all clients.

    Headers whose trimmed value is empty are left out.
    """
    chosen = frozenset(name.lower() for name in names)
    lines = sorted(
        f"{_encode(name.lower())}:{_encode(value.strip())}"
        for name, value in request.headers.items()
        if value.strip() and (name.lower() in chosen if chosen else _signed_by_default(name.lower()))
    )
    pairs = sorted(
        f"{_encode(key)}={_encode(value or '')}" for key, value in request.query if key.lower() != "authorization"
    )
    path = quote(request.path or "/", safe="/")
    return "\n".join([request.method.upper(), path, "&".join(pairs), *lines])


def sign_canonical(secret_key: str, prefix: str, canonical: str) -> str:
    return _hmac(_hmac(secret_key, prefix), canonical)


def parse_query(raw: str) -> list[tuple[str, str | None]]:
    """The query of a request line, decoded. A plus sign is itself: this scheme writes a space as %20."""
    pairs: list[tuple[str, str | None]] = []
    for part in filter(None, raw.split("&")):
        key, equals, value = part.partition("=")
        pairs.append((unquote(key), unquote(value) if equals else None))
    return pairs


def timestamp_of(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _signed_by_default(name: str) -> bool:
    return name in DEFAULT_HEADERS or name.startswith("x-bce-")


def _encode(text: str) -> str:
    return quote(text, safe="")


def _hmac(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
