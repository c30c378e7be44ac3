"""What a refusal means: a table of (HTTP status, code) pairs, and the classes for what it does not list.

Source: the vendor's error-code and status-code appendices, and the gateway's table (devg-apisign, api-sign-errorcode).
The same code means different things at different statuses, so the pair decides. Two rules keep deletions safe:

- `NotFound` comes from one pair alone, that of a missing V2 job. The vendor does not document the V1 answers for a
  missing job, version or config; they arrive as `Refused`, and only a complete list can turn that into absence.
- What the gateway says (`APIGW.`) is never said by the service: no such answer is a `Refused`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from trainsweep.core.errors import (
    CredentialsInvalid,
    Misrouted,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    ProviderError,
    QuotaExceeded,
    RateLimited,
    Refused,
    Unavailable,
    Withdrawn,
    WrongState,
)
from trainsweep.providers.error_overrides import ErrorOverride, overridden

Pair = tuple[int, str]
ErrorClass = type[ProviderError]

#: Bare numbers are `ModelArts.nnnn`; a gateway code stands for its whole prefix family.
_ROWS: tuple[tuple[ErrorClass, int, str], ...] = (
    (NotFound, 400, "2775"),
    # Not about the thing: another project or workspace, an unpublished API, a wrong host or path.
    (Misrouted, 400, "0204 0210"),
    (Misrouted, 403, "0210"),
    (Misrouted, 404, "0015 2786 APIGW.0103"),
    (Withdrawn, 404, "2836 APIGW.0101"),
    (WrongState, 409, "2796 2813 2878"),
    # Documented as a missing workspace, seen for a missing V1 job; and for one that is being deleted. The list decides.
    (Refused, 400, "0102 6357"),
    (Refused, 404, "0102 6357"),
    (Refused, 409, "0102 6357"),
    (Refused, 400, "0101 0103 0104 0107 2751 2755 2764 2787 2788 2789 2790 2812 2842"),
    (CredentialsInvalid, 401, "0201 0202 0203 0204 0212 APIGW.0301 APIGW.0303 APIGW.0305 APIGW.0307"),
    (CredentialsInvalid, 403, "0203 0206 2784"),
    (PermissionDenied, 400, "2837"),
    (PermissionDenied, 401, "0112 6201 6203"),
    (PermissionDenied, 403, "0108 0112 2785 4116 4118 APIGW.0302 APIGW.0304 APIGW.0306 APIGW.0310"),
    (QuotaExceeded, 400, "0116 0118 2815 2833"),
    (RateLimited, 429, "2799 4206 6101 APIGW.0308"),
    (RateLimited, 500, "5039"),
    (Unavailable, 500, "0010 APIGW.0601"),
    (Unavailable, 502, "APIGW.0201 APIGW.0610"),
    (Unavailable, 503, "4700 APIGW.0613"),
    (Unavailable, 504, "4503 APIGW.0201"),
)

_GATEWAY = re.compile(r"(?:APIGW|APIG|APIC)\.(\d+)", re.IGNORECASE)
_SERVICE = re.compile(r"ModelArts\.(\d+)", re.IGNORECASE)


def canonical(code: str) -> str:
    """One spelling for a code: the gateway's prefix family as `APIGW.`, the service's as `ModelArts.`."""
    if found := _GATEWAY.fullmatch(code.strip()):
        return f"APIGW.{found[1]}"
    if found := _SERVICE.fullmatch(code.strip()):
        return f"ModelArts.{found[1]}"
    return code.strip()


TABLE: dict[Pair, ErrorClass] = {
    (status, code if "." in code else f"ModelArts.{code}"): error
    for error, status, codes in _ROWS
    for code in codes.split()
}

#: Refusals that are known to be about something else than the id of a job, version or config: a name that is taken, a
#: missing algorithm or experiment, an unknown action, fields of a new job.
_ABOUT_OTHERS = {f"ModelArts.{number}" for number in ("0103", 2751, 2755, 2764, 2787, 2788, 2789, 2790, 2812, 2842)}

#: 403 answers that a fresh token may mend, beside every 401.
_RENEWABLE = {(403, "ModelArts.0203"), (403, "ModelArts.2784")}


def canonical_overrides(overrides: Iterable[ErrorOverride]) -> tuple[ErrorOverride, ...]:
    """The user's corrections with their codes in the one spelling that `classify` compares."""
    return tuple(replace(override, code=canonical(override.code)) for override in overrides)


def classify(status: int, code: str, *, write: bool, overrides: Sequence[ErrorOverride]) -> ErrorClass:
    """The class of a refusal. A write that met a server error may have taken effect, whatever the code says.

    An override of a pair comes before the table, one of a status or a code alone only after it, and that one never
    makes the gateway's words the service's. `overrides` hold canonical codes.
    """
    code = canonical(code)
    exact = overridden((override for override in overrides if override.status and override.code), status, code)
    found = exact or TABLE.get((status, code)) or _unlisted(status, code, overrides)
    if write and (issubclass(found, Unavailable) or (status >= 500 and not exact)):
        return OutcomeUnknown
    return found


def is_about_the_id(code: str) -> bool:
    """Whether a `Refused` with this code may be the service's word on the id: with its own code, and no known other."""
    code = canonical(code)
    return _SERVICE.fullmatch(code) is not None and code not in _ABOUT_OTHERS


def renewable(status: int, code: str) -> bool:
    """Whether a fresh token may mend this answer."""
    return status == 401 or (status, canonical(code)) in _RENEWABLE


def _unlisted(status: int, code: str, overrides: Sequence[ErrorOverride]) -> ErrorClass:
    broad = overridden(overrides, status, code)
    if broad and not (issubclass(broad, Refused) and _GATEWAY.fullmatch(code)):
        return broad
    return _by_code_alone(code) if 200 <= status < 300 else _by_status(status, code)


def _by_code_alone(code: str) -> ErrorClass:
    """A failure told under a 2xx has no status to pair with: its code alone is trusted for anything but absence."""
    meanings: Sequence[ErrorClass] = list(dict.fromkeys(error for (_, known), error in TABLE.items() if known == code))
    if len(meanings) == 1 and meanings[0] is not NotFound:
        return meanings[0]
    unlisted = Misrouted if _GATEWAY.fullmatch(code) else Refused
    return next((error for error in meanings if not issubclass(error, Refused)), unlisted)


_BY_STATUS: dict[int, ErrorClass] = {
    401: CredentialsInvalid,
    403: PermissionDenied,
    405: Misrouted,
    407: Misrouted,  # a proxy in between
    408: Unavailable,
    429: RateLimited,
}


def _by_status(status: int, code: str) -> ErrorClass:
    if status >= 500:
        return Unavailable
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if not _SERVICE.fullmatch(code) and (status == 404 or _GATEWAY.fullmatch(code)):
        return Misrouted
    return WrongState if status == 409 else Refused
