"""The gateway's side of Huawei's SDK-HMAC-SHA256 signature, written from the vendor's description of the algorithm.

Source: api-sign-algorithm of the vendor's API signing guide (devg-apisign). Independent of the operator's signer on
purpose: each is a check of the other.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote, unquote, unquote_plus

from trainsweep_devtools.simulators.wire import Call

ALGORITHM = "SDK-HMAC-SHA256"
#: Seconds by which the clocks may differ.
TOLERANCE = 15 * 60

_AUTHORIZATION = re.compile(
    r"SDK-HMAC-SHA256 Access=(?P<access>[^,\s]+), ?"
    r"SignedHeaders=(?P<headers>[^,\s]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_DATE = "%Y%m%dT%H%M%SZ"


class Mismatch(Exception):
    """The signature does not hold; the text says why."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What the Authorization header says, nothing verified yet."""

    access_key: str
    signed_headers: tuple[str, ...]
    signature: str


def read_claim(authorization: str) -> Claim | None:
    """None when the header is not of this scheme's form."""
    found = _AUTHORIZATION.fullmatch(authorization.strip())
    if not found:
        return None
    return Claim(found["access"], tuple(found["headers"].split(";")), found["signature"])


def canonical_request(call: Call, signed_headers: tuple[str, ...]) -> str:
    """Method, URI, query, headers, names of the headers and hash of the body, joined by newlines."""
    block = "".join(f"{name}:{_header(call.headers, name)}\n" for name in signed_headers)
    payload = call.header("X-Sdk-Content-Sha256") if call.body else ""
    return "\n".join(
        (
            call.method,
            _canonical_uri(call.path),
            _canonical_query(call.query_string),
            block,
            ";".join(signed_headers),
            payload or hashlib.sha256(call.body).hexdigest(),
        )
    )


def verify(call: Call, claim: Claim, secret_key: str, now: float) -> None:
    """Raise Mismatch unless the signature holds at `now` (epoch seconds)."""
    date = call.header("X-Sdk-Date")
    try:
        signed_at = datetime.strptime(date, _DATE).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise Mismatch(f"X-Sdk-Date is missing or not of the form YYYYMMDDTHHMMSSZ: {date!r}") from None
    if abs(now - signed_at) > TOLERANCE:
        server = datetime.fromtimestamp(now, UTC).strftime(_DATE)
        raise Mismatch(f"calc aksk signature fail:signature expired, signature time:{date},server time:{server}")
    if "x-sdk-date" not in claim.signed_headers:
        raise Mismatch("x-sdk-date is not among the signed headers")
    if list(claim.signed_headers) != sorted(claim.signed_headers):
        raise Mismatch("the signed headers are not sorted")
    absent = [name for name in claim.signed_headers if name not in call.headers]
    if absent:
        raise Mismatch(f"signed headers are not in the request: {', '.join(absent)}")
    canonical = canonical_request(call, claim.signed_headers)
    to_sign = f"{ALGORITHM}\n{date}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    expected = hmac.new(secret_key.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, claim.signature):
        raise Mismatch(f"verify aksk signature fail, canonicalRequest:{canonical.replace(chr(10), '|')}")


def _header(headers: Mapping[str, str], name: str) -> str:
    return headers.get(name, "").strip()


@lru_cache(maxsize=20_000)
def _canonical_uri(path: str) -> str:
    encoded = quote(unquote(path), safe="/-_.~")
    return encoded if encoded.endswith("/") else encoded + "/"


def _canonical_query(query_string: str) -> str:
    """Sorted by the decoded name, then value, as the vendor's signer sorts before it encodes."""
    if not query_string:
        return ""
    pairs = []
    for part in query_string.split("&"):
        name, _, value = part.partition("=")
        pairs.append((unquote_plus(name), unquote_plus(value)))
    return "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in sorted(pairs))
