"""One HTTP exchange, for all providers: an answer, or an error of `core.errors` that a person can read.

Bounded whatever the endpoint does: one deadline from the first byte sent to the last one read, and one limit for the
answer. Says nothing about what an answer means: statuses other than redirects, and codes, are each provider's own
table.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from trainsweep.core.errors import Malformed, Misrouted, NotSent, OutcomeUnknown, ProviderError, Unavailable
from trainsweep.providers.body import UnreadableBody, read_body
from trainsweep.providers.text import clean, name

#: No provider needs more than this to begin an answer to a control call (seconds). The pool's limit is a guard only:
#: the controller never has more calls in flight than the client has connections.
TIMEOUT = httpx.Timeout(30.0, connect=5.0)
#: Seconds for a whole exchange, from the first byte sent to the last one read.
DEADLINE = 60.0

#: An answer is decoded under a limit all the same: not every server heeds this.
HEADERS = {"accept-encoding": "identity", "user-agent": "trainsweep"}

#: Objects and arrays in one answer: small ones take twenty times the memory of their text.
MOST_CONTAINERS = 250_000

#: What says that nothing was sent, where the transport does not tell.
_BEFORE_SENDING = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)

_SECONDS = re.compile(r"[0-9]{1,9}")


class Held(httpx.TransportError):
    """The transport did not send the request, and says so itself; the text is for a person."""


class _Departure:
    """Notes when the first byte of a request goes out, and counts the deadline from there.

    Follows the request through httpcore (https://www.encode.io/httpcore/extensions/#trace).
    """

    def __init__(self, request: httpx.Request, deadline: asyncio.Timeout, seconds: float) -> None:
        self._deadline, self._seconds = deadline, seconds
        self.followed = self.sent = False
        request.extensions = {**request.extensions, "trace": self._trace}

    async def _trace(self, event: str, info: dict[str, Any]) -> None:
        self.followed = True
        if not event.endswith(".send_request_headers.started"):
            return
        if self._deadline.when() is None:
            self._deadline.reschedule(asyncio.get_running_loop().time() + self._seconds)
        # A proxy is asked for a tunnel by a request of its own: its answer counts, but the provider knows nothing yet.
        self.sent = self.sent or getattr(info.get("request"), "method", b"") != b"CONNECT"

    def may_have_arrived(self, error: Exception) -> bool:
        if isinstance(error, Held):
            return False
        return self.sent if self.followed else not isinstance(error, _BEFORE_SENDING)


async def send(
    client: httpx.AsyncClient, request: httpx.Request, *, write: bool, deadline: float = DEADLINE
) -> httpx.Response:
    """Send once and read the whole answer, whatever its status below 300 or from 400 on.

    Raises `NotSent` when nothing left; `OutcomeUnknown` (write) or `Unavailable` (read) without an answer; `Misrouted`
    for a redirect; `OutcomeUnknown` (write) or `Malformed` (read) for a body that is too large or does not decompress.
    """
    if client.is_closed:
        raise NotSent(f"{_call(request)} was not sent, as the credentials just changed; it will be tried again.")
    async with _answering(request, write=write, deadline=deadline):
        response = await client.send(request, stream=True, follow_redirects=False)
        try:
            body = b"" if 300 <= response.status_code < 400 else await read_body(response)
        except UnreadableBody as error:
            sentence = f"{_call(request)} was answered with {error}"
            if write:
                raise _unanswered(sentence, write=True, status=response.status_code) from None
            advice = "check the endpoint in the ProviderConfig"
            raise Malformed(f"{sentence}; {advice}.", status=response.status_code) from None
        finally:
            await response.aclose()
    if 300 <= response.status_code < 400:
        raise Misrouted(
            f"{_call(request)} was answered with a redirect{_to(response)}, and redirects are not followed; "
            "check the endpoint in the ProviderConfig.",
            status=response.status_code,
        )
    headers = [(key, value) for key, value in response.headers.multi_items() if key not in _ABOUT_THE_WIRE]
    return httpx.Response(response.status_code, headers=headers, content=body, request=request)


#: Headers that are not true of a body that was read and decoded.
_ABOUT_THE_WIRE = frozenset({"content-encoding", "content-length", "transfer-encoding"})


@asynccontextmanager
async def _answering(request: httpx.Request, *, write: bool, deadline: float) -> AsyncIterator[None]:
    """Translate what ends an exchange before its answer is there."""
    timeout = asyncio.timeout(None)
    departure = _Departure(request, timeout, deadline)
    try:
        async with timeout:
            yield
    except httpx.TransportError as error:
        raise _no_answer(request, error, write=write, departure=departure) from None
    except TimeoutError as error:
        if not timeout.expired():
            raise
        sentence = f"{_call(request)} got no whole answer within {deadline:g} s"
        if departure.may_have_arrived(error):
            raise _unanswered(sentence, write=write) from None
        raise NotSent(f"{sentence}: the proxy did not pass it on.") from None


def _no_answer(
    request: httpx.Request, error: httpx.TransportError, *, write: bool, departure: _Departure
) -> ProviderError:
    if not departure.may_have_arrived(error):
        if isinstance(error, Held):
            return NotSent(f"{_call(request)} was not sent: {clean(str(error), ())}")
        if isinstance(error, httpx.ProxyError):
            why = clean(str(error), ())
            return NotSent(f"{_call(request)} was not sent: the proxy refused to pass it on ({why}).")
        # One sentence for all: what an address inside of the cluster does with a connection is nobody's to find out.
        return NotSent(f"{_call(request)} was not sent, as no connection could be made; it will be tried again.")
    return _unanswered(f"{_call(request)} got no answer ({type(error).__name__})", write=write)


def _unanswered(sentence: str, *, write: bool, status: int = 0) -> ProviderError:
    if write:
        return OutcomeUnknown(f"{sentence}; it may have taken effect, the next read will tell.", status=status)
    return Unavailable(f"{sentence}; it will be tried again.")


class TooManyParts(ValueError):
    """A JSON text holds more objects and arrays than any answer does."""


def parse_json(content: bytes) -> Any:
    """The value of a JSON text. Raises `TooManyParts`, and `ValueError` for what is broken or nested too deep."""
    if content.count(b"{") + content.count(b"[") > MOST_CONTAINERS:
        raise TooManyParts
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("nested too deep") from None


def json_object(response: httpx.Response) -> dict[str, Any]:
    """The body as a JSON object. Raises `Malformed` for anything else; the body itself is not quoted."""
    content = response.content
    try:
        body = parse_json(content)
    except TooManyParts:
        found = "more than can be read"
    except ValueError:
        found = "broken JSON" if "json" in _content_type(response) else "no JSON"
    else:
        if isinstance(body, dict):
            return body
        found = f"a JSON {'null' if body is None else type(body).__name__}"
    size = len(content)
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
    if _SECONDS.fullmatch(value):
        return float(value)
    moment = http_date(value)
    return max(0.0, (moment - now).total_seconds()) if moment else None


def http_date(value: str) -> datetime | None:
    """A date of a header (RFC 9110 section 5.6.7) in UTC; None for what is none."""
    if len(value) > 64:
        return None
    try:
        moment = parsedate_to_datetime(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _call(request: httpx.Request) -> str:
    return name(f"{request.method} {request.url.host}{request.url.path}")


def _to(response: httpx.Response) -> str:
    try:
        host = httpx.URL(response.headers.get("location", "")[:2048]).host
    except httpx.InvalidURL:
        return ""
    return f" to {name(host)}" if host else ""


def _content_type(response: httpx.Response) -> str:
    return clean(str(response.headers.get("content-type", "")).partition(";")[0].lower(), ())
