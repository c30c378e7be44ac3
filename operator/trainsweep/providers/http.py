"""One HTTP exchange, for all providers: an answer, or an error of `core.errors` that a person can read.

Says nothing about what an answer means: statuses other than redirects, and codes, are each provider's own table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from trainsweep.core.errors import Malformed, Misrouted, OutcomeUnknown, Unavailable
from trainsweep.providers.credentials import mask

#: No provider needs more than this to begin an answer to a control call (seconds). The pool's limit is a guard only:
#: the controller never has more calls in flight than the client has connections.
TIMEOUT = httpx.Timeout(30.0, connect=5.0)

#: Longest text of a provider that is passed on, in characters.
LONGEST_TEXT = 300

_SIGNED_QUERY = re.compile(r"(https?://[^\s?\"']+)\?[^\s\"']*")
_AUTHORIZATION = re.compile(r"(bce-auth-v1/|bce-v3/|Bearer\s|SDK-HMAC-SHA256\s(?:[^\r\n]*Signature=)?)[^\s\"',}]+")


async def send(client: httpx.AsyncClient, request: httpx.Request, *, write: bool) -> httpx.Response:
    """Send once and read the whole answer, whatever its status below 300 or from 400 on.

    Raises `OutcomeUnknown` (write) or `Unavailable` (read) without an answer, `Misrouted` for a redirect, `Malformed`
    for a body that does not decompress, `Unavailable` when the client was replaced between two requests of one call.
    """
    if client.is_closed:
        raise Unavailable(f"{_call(request)} was not sent, as the credentials just changed; it will be tried again.")
    try:
        response = await client.send(request, follow_redirects=False)
    except httpx.TransportError as error:
        why = clean(str(error), ()) or "no words"
        sentence = f"{_call(request)} got no answer ({type(error).__name__}: {why})"
        if write:
            raise OutcomeUnknown(f"{sentence}; it may have taken effect, the next read will tell.") from None
        raise Unavailable(f"{sentence}; it will be tried again.") from None
    except httpx.DecodingError:
        raise Malformed(f"{_call(request)} was answered with a body that does not decompress.") from None
    if 300 <= response.status_code < 400:
        raise Misrouted(
            f"{_call(request)} was answered with a redirect{_to(response)}, and redirects are not followed; "
            "check the endpoint in the ProviderConfig.",
            status=response.status_code,
        )
    return response


def json_object(response: httpx.Response) -> dict[str, Any]:
    """The body as a JSON object. Raises `Malformed` for anything else; the body itself is not quoted."""
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        found = "broken JSON" if "json" in _content_type(response) else "no JSON"
    else:
        if isinstance(body, dict):
            return body
        found = f"a JSON {'null' if body is None else type(body).__name__}"
    size = len(response.content)
    if not size:
        found = "an empty body"
    raise Malformed(
        f"{_call(response.request)} was answered with {found} where a JSON object is documented "
        f"({size} bytes, {_content_type(response) or 'no content type'}); "
        "check the endpoint in the ProviderConfig and any proxy in between.",
        status=response.status_code,
    )


def retry_after(response: httpx.Response, now: datetime) -> float | None:
    """Seconds to wait by the Retry-After header, in either form of RFC 9110 section 10.2.3; None when there is none."""
    value = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def clean(text: str, secrets: Iterable[str]) -> str:
    """A provider's text, fit to show: no secrets, signatures or signed queries, one line, at most 300 characters."""
    text = mask(text, secrets)
    text = _SIGNED_QUERY.sub(r"\1?***", text)
    text = _AUTHORIZATION.sub(r"\1***", text)
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _call(request: httpx.Request) -> str:
    return f"{request.method} {request.url.host}{request.url.path}"


def _to(response: httpx.Response) -> str:
    try:
        host = httpx.URL(response.headers.get("location", "")).host
    except httpx.InvalidURL:
        return ""
    return f" to {host}" if host else ""


def _content_type(response: httpx.Response) -> str:
    return clean(str(response.headers.get("content-type", "")).partition(";")[0].lower(), ())
