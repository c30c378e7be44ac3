"""The gateway's side of Baidu's bce-auth-v1 signature, written from the vendor's description of the algorithm.

Source: the authentication chapter of Baidu's API reference (Reference/njwvz1yfu). Independent of the operator's signer
on purpose: each is a check of the other. The body is not part of the signature.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, unquote

from trainsweep_devtools.simulators.wire import Call

SCHEME = "bce-auth-v1"
#: Signed when the list of signed headers is left empty, beside every x-bce-* header.
DEFAULT_HEADERS = frozenset({"host", "content-length", "content-type", "content-md5"})
#: Seconds by which a client's clock may run ahead. Not documented; the vendor's samples allow half an hour backwards.
TOLERANCE = 15 * 60

_DATE = "%Y-%m-%dT%H:%M:%SZ"


class Mismatch(Exception):
    """The signature does not hold: `code` is the documented error code, the text says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Claim:
    """What the Authorization header says, nothing verified yet. No `signed_headers` means the default set."""

    access_key: str
    timestamp: str
    expires_in: str
    signed_headers: tuple[str, ...]
    signature: str

    @property
    def prefix(self) -> str:
        return f"{SCHEME}/{self.access_key}/{self.timestamp}/{self.expires_in}"


def read_claim(authorization: str) -> Claim | None:
    """None when the header is not of this scheme's form."""
    parts = authorization.strip().split("/")
    if len(parts) != 6 or parts[0] != SCHEME or not parts[3].isdecimal():
        return None
    names = tuple(sorted(parts[4].lower().split(";"))) if parts[4] else ()
    return Claim(parts[1], parts[2], parts[3], names, parts[5])


def canonical_request(call: Call, signed_headers: tuple[str, ...], *, host: str | None = None) -> str:
    """Method, URI, query and the chosen headers, joined by newlines. `host` replaces the request's Host."""
    chosen = signed_headers or tuple(
        name.lower() for name in call.headers if name.lower() in DEFAULT_HEADERS or name.lower().startswith("x-bce-")
    )
    lines = []
    for name in chosen:
        value = (host if host is not None and name == "host" else call.header(name)).strip()
        if value:
            lines.append(f"{_encode(name)}:{_encode(value)}")
    block = "\n".join(sorted(lines))
    return "\n".join((call.method, _canonical_uri(call.path), _canonical_query(call.query_string), block))


def verify(call: Call, claim: Claim, secret_key: str, now: float) -> None:
    """Raise Mismatch unless the signature holds at `now` (epoch seconds)."""
    try:
        signed_at = datetime.strptime(claim.timestamp, _DATE).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise Mismatch("InvalidHTTPAuthHeader", "The time in the Authorization header is malformed.") from None
    if now > signed_at + int(claim.expires_in) or signed_at > now + TOLERANCE:
        raise Mismatch("RequestExpired", "Request has expired. Timestamp date is " + claim.timestamp)
    absent = [name for name in claim.signed_headers if name not in call.headers]
    if absent:
        raise Mismatch(
            "IamSignatureInvalid", f"Fail to authn user: Missing headers required by signing: {';'.join(absent)}"
        )
    if claim.signed_headers and "host" not in claim.signed_headers:
        raise Mismatch("InvalidHTTPAuthHeader", "The Host header must be signed.")
    signing_key = hmac.new(secret_key.encode(), claim.prefix.encode(), hashlib.sha256).hexdigest().encode()
    # The vendor's Go and Java clients sign the host without its port.
    for host in (None, call.header("Host").rpartition(":")[0]):
        canonical = canonical_request(call, claim.signed_headers, host=host)
        expected = hmac.new(signing_key, canonical.encode(), hashlib.sha256).hexdigest()
        if hmac.compare_digest(expected, claim.signature):
            return
    raise Mismatch("SignatureDoesNotMatch", "Fail to authn user: Signature does not match")


def _encode(text: str) -> str:
    return quote(text, safe="-._~")


def _canonical_uri(path: str) -> str:
    return quote(unquote(path), safe="/-._~") or "/"


def _canonical_query(query_string: str) -> str:
    parts = []
    for part in query_string.split("&") if query_string else ():
        name, _, value = part.partition("=")
        if unquote(name).lower() != "authorization":
            parts.append(f"{_encode(unquote(name))}={_encode(unquote(value))}")
    return "&".join(sorted(parts))
