"""Success or refusal: what an HTTP answer of ModelArts, its gateway or IAM comes to.

The forms of a refusal (vendor's pages of the operations, the gateway's and IAM's guides):

    V1        {"is_success": false, "error_message" or "error_msg", "error_code"}, its HTTP status undocumented
    V2        {"error_msg", "error_code", "error_solution"}
    gateway   {"error_msg", "error_code", "request_id"}
    IAM       {"error": {"code", "message", "title"}}
    others    errorCode/errorMsg, code/message, or any of these one level deeper
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from trainsweep.core.errors import CredentialsInvalid, ProviderError, RateLimited, Refused
from trainsweep.providers.error_overrides import ErrorOverride
from trainsweep.providers.http import json_object, parse_json, retry_after
from trainsweep.providers.modelarts.codes import classify, is_about_the_id
from trainsweep.providers.modelarts.fields import mapping, text
from trainsweep.providers.text import INSPECTED, clean, name

_CODES = ("error_code", "errorCode", "code")
_TEXTS = ("error_message", "error_msg", "errorMsg", "message")

#: Statuses that say enough by themselves, whatever the body is.
_PLAIN = {401, 405, 407, 408, 429}

#: The gateway quotes its canonical request, `|` for newline, when a signature fails. It holds signed headers.
_QUOTED_REQUEST = re.compile(r"\bcanonical[ _-]?request|\b[A-Z]{3,7}\|/", re.IGNORECASE)
#: What stands between the gateway's sentence and the request that it quotes.
_BEFORE_QUOTE = " \t\r\n,;:([{\"'"


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a body says of a failure; "" for what it does not say."""

    code: str = ""
    words: str = ""
    request_id: str = ""


def complaint(body: Any) -> Complaint:
    """Read any of the forms above; the outer object first, then the objects in it."""
    outer = mapping(body)
    request_id = text(outer.get("request_id"))[:INSPECTED]
    for level in (outer, *(value for value in outer.values() if isinstance(value, dict))):
        code = _first(level, _CODES)
        words = _first(level, _TEXTS)
        if code or words:
            return Complaint(code, words, request_id)
    return Complaint(request_id=request_id)


def failed(body: Mapping[str, Any]) -> bool:
    """Whether a body under a 2xx status tells of a failure. A present `is_success` decides, and only `true` is good."""
    if "is_success" in body:
        return body["is_success"] is not True
    return bool(text(body.get("error_code")) or text(body.get("errorCode")) or mapping(body.get("error")))


def request_id_of(response: httpx.Response, secrets: Iterable[str]) -> str:
    """The vendor's id of the call, from the header of every answer."""
    return name(clean(response.headers.get("x-request-id", ""), secrets))


@dataclass(frozen=True, slots=True)
class Judge:
    """Turns an answer into its JSON object, or raises what it means.

    `overrides` hold canonical codes; `secrets` are masked in every message; `remark` is added when a key is refused.
    """

    overrides: Sequence[ErrorOverride]
    secrets: Callable[[], Iterable[str]]
    now: Callable[[], datetime]
    remark: str = ""

    def verdict(self, response: httpx.Response, *, write: bool = False, may_be_empty: bool = False) -> dict[str, Any]:
        """The object of a success. Raises a ProviderError.

        `may_be_empty`: success may come without an object, as a body that is empty, `""` or `null` (V2 writes).
        """
        body = _loads(response.content)
        if response.status_code >= 400:
            if not isinstance(body, dict) and response.status_code not in _PLAIN and response.status_code < 500:
                json_object(response)
            raise self._refusal(response, complaint(body), write=write)
        if may_be_empty and body in ("", None) and not _is_broken(response.content):
            return {}
        answer = json_object(response)
        if failed(answer):
            raise self._refusal(response, complaint(answer), write=write)
        return answer

    def _refusal(self, response: httpx.Response, said: Complaint, *, write: bool) -> ProviderError:
        status = response.status_code
        error = classify(status, said.code, write=write, overrides=self.overrides)
        where = f"{response.request.method} {response.request.url.path}"
        words = clean(_without_quote(said.words), self.secrets())
        words = words or f"{where} was refused with HTTP {status} and no words."
        if issubclass(error, CredentialsInvalid) and self.remark:
            words = f"{words} {self.remark}"
        code = "" if said.code == str(status) else name(clean(said.code, self.secrets()))
        request_id = request_id_of(response, self.secrets()) or name(clean(said.request_id, self.secrets()))
        if error is RateLimited:
            pause = retry_after(response, self.now())
            return RateLimited(words, status=status, code=code, request_id=request_id, retry_after=pause)
        if error is Refused:
            about = is_about_the_id(said.code)
            return Refused(words, status=status, code=code, request_id=request_id, about_the_id=about)
        return error(words, status=status, code=code, request_id=request_id)


def _first(level: Mapping[str, Any], names: Iterable[str]) -> str:
    return next((found[:INSPECTED] for field in names if (found := text(level.get(field)))), "")


def _without_quote(words: str) -> str:
    quote = _QUOTED_REQUEST.search(words)
    return words[: quote.start()].rstrip(_BEFORE_QUOTE) if quote else words


def _loads(content: bytes) -> Any:
    """The JSON value, None for an empty or broken body."""
    try:
        return parse_json(content)
    except ValueError:
        return None


def _is_broken(content: bytes) -> bool:
    return bool(content.strip()) and content.strip() not in (b'""', b"null")
