"""Answers as jobs and errors. Pure and lenient: only a job without an id is no job."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from trainsweep.core import errors
from trainsweep.core.external import ExternalState, Remote
from trainsweep.providers.error_overrides import ErrorOverride, overridden
from trainsweep.providers.http import json_object, retry_after
from trainsweep.providers.text import clean, is_name, name

STATES = {
    "validating_files": ExternalState.PENDING,
    "queued": ExternalState.PENDING,
    "running": ExternalState.RUNNING,
    "succeeded": ExternalState.SUCCEEDED,
    "failed": ExternalState.FAILED,
    "cancelled": ExternalState.STOPPED,
}
CODES: dict[str, type[errors.ProviderError]] = {
    "fine_tune_not_found": errors.NotFound,
    "invalid_api_key": errors.CredentialsInvalid,
    "insufficient_quota": errors.QuotaExceeded,
    "rate_limit_exceeded": errors.RateLimited,
}
#: What a status says where no code does. A 404 without one may be that of a gateway.
STATUSES: dict[int, type[errors.ProviderError]] = {
    401: errors.CredentialsInvalid,
    403: errors.PermissionDenied,
    404: errors.Misrouted,
    405: errors.Misrouted,
    409: errors.WrongState,
    429: errors.RateLimited,
}


def parse_job(item: Any) -> Remote:
    job_id = item.get("id") if isinstance(item, dict) else None
    if not isinstance(job_id, str) or not job_id or not is_name(job_id):
        raise errors.Malformed("OpenAI described a job without a usable id.", status=200)
    word = name(_text(item.get("status")))
    state = STATES.get(word, ExternalState.UNKNOWN)
    return Remote(
        id=job_id,
        name=name(_text(item.get("user_provided_suffix"))),
        state=state,
        provider_state=word,
        created_at=_moment(item.get("created_at")),
        finished_at=_moment(item.get("finished_at")) if state.ended else None,
    )


def error_of(
    response: httpx.Response,
    overrides: Sequence[ErrorOverride],
    secrets: tuple[str, ...],
    *,
    write: bool,
    now: datetime,
) -> errors.ProviderError:
    """The error that an answer of 400 or more is. The service's own is `{"error": {"message", "code"}}`."""
    try:
        found = json_object(response).get("error")
    except errors.Malformed:
        found = None
    told = found if isinstance(found, dict) else {}
    status, code = response.status_code, name(clean(_text(told.get("code")), secrets))
    kind = overridden(overrides, status, code) or CODES.get(code) or STATUSES.get(status, errors.Refused)
    if kind is errors.Refused and write and status == 400 and told:
        kind = errors.WrongState  # a cancel has no parameter that could be wrong
    if status >= 500 and kind is errors.Refused:
        kind = errors.Unavailable
    if kind is errors.Unavailable and write:
        kind = errors.OutcomeUnknown
    words = clean(_text(told.get("message")), secrets) or "it gave no reason"
    path = response.request.url.path.removeprefix("/v1/")
    message = f"{response.request.method} {path}: OpenAI answered {status} ({words})."
    told_beside: dict[str, Any] = {"status": status, "code": code, "request_id": request_id_of(response, secrets)}
    if kind is errors.RateLimited:
        told_beside["retry_after"] = retry_after(response, now)
    return kind(message, **told_beside)


def request_id_of(response: httpx.Response, secrets: tuple[str, ...]) -> str:
    return name(clean(response.headers.get("x-request-id", ""), secrets))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(value, UTC) if type(value) is int and value > 0 else None
    except (OverflowError, OSError, ValueError):
        return None
