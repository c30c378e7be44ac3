"""Finds out whether an HTTP answer of Qianfan is a failure, in any of the forms in which this service says no. Pure."""

from __future__ import annotations

from typing import Any

import httpx

from trainsweep.core.errors import Malformed
from trainsweep.providers.http import json_object
from trainsweep.providers.qianfan.codes import Failure
from trainsweep.providers.text import INSPECTED


def failure_in(response: httpx.Response) -> Failure | None:
    """None for a success. Raises `Malformed` for a 2xx without a JSON object, as every action answers with one.

    The forms: `{requestId, code, message}` (v2) and `{error_code, error_msg, log_id}` (v1), both also with HTTP 200;
    a rejection by IAM that is told in headers, mostly with an empty body.
    """
    if response.is_success:
        code, message = _told_in_body(json_object(response))
        return Failure(response.status_code, code, message) if code else None
    try:
        code, message = _told_in_body(json_object(response))
    except Malformed:
        code, message = "", ""
    gateway_code, gateway_message = _told_in_headers(response)
    # Both are kept: IAM's words in a header unmask a "NotFound" in a body.
    words = ". ".join(dict.fromkeys(text for text in (message, gateway_message) if text))
    from_gateway = bool(gateway_code or gateway_message) and not code
    return Failure(response.status_code, code or gateway_code, words, gateway=from_gateway)


def request_id_of(response: httpx.Response) -> str:
    """Qianfan's id of a call, from the body or the header; "" when there is none."""
    try:
        body = json_object(response)
    except Malformed:
        body = {}
    told = body.get("requestId") or body.get("log_id") or response.headers.get("x-bce-request-id") or ""
    return str(told)[:INSPECTED] if isinstance(told, str | int) else ""


def _told_in_body(body: dict[str, Any]) -> tuple[str, str]:
    for code_field, message_field in (("code", "message"), ("error_code", "error_msg")):
        code = body.get(code_field)
        if isinstance(code, str | int) and not isinstance(code, bool) and str(code) not in ("", "0"):
            return str(code)[:INSPECTED], _text(body.get(message_field))
    return "", ""


def _told_in_headers(response: httpx.Response) -> tuple[str, str]:
    code = response.headers.get("x-bce-error-code", "").strip()[:INSPECTED]
    message = response.headers.get("x-bce-error-message", "").strip()[:INSPECTED]
    if not code:
        # "SignatureDoesNotMatch, cause: Fail to authn user: ..."
        reason, cause, _ = message.partition(", cause:")
        code = reason if cause else ""
    return code, message


def _text(value: Any) -> str:
    return value[:INSPECTED] if isinstance(value, str) else ""
