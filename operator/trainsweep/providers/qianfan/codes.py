"""Which error an unsuccessful answer of Qianfan is. Pure; the table is data.

Sources: https://cloud.baidu.com/doc/qianfan/s/Pmh4sv5qa (v2), https://cloud.baidu.com/doc/WENXINWORKSHOP/s/tlmyncueh
(v1), and the common codes of sister products. What the fine-tuning actions answer for "no such task", "wrong state" and
quotas is not published: the patterns below follow the sister products, and `errorClasses` corrects them.
A rejection by IAM is never read as absence, whatever its words: an unknown access key is told as "NotFound".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from trainsweep.core.errors import (
    CredentialsInvalid,
    Malformed,
    Misrouted,
    NotFound,
    PermissionDenied,
    ProviderError,
    QuotaExceeded,
    RateLimited,
    Refused,
    Unavailable,
    WrongState,
)
from trainsweep.providers.error_overrides import ErrorOverride, overridden

ErrorClass = type[ProviderError]


@dataclass(frozen=True, slots=True)
class Failure:
    """What an unsuccessful answer says: HTTP `status`, `code` and `message` ("" when it gives none).

    `gateway`: the words come from the headers X-Bce-Error-Code and X-Bce-Error-Message, so IAM or the gateway wrote
    them and the service never saw the request.
    """

    status: int
    code: str
    message: str
    gateway: bool = False


#: Codes of IAM and of the gateway that are about the caller.
CALLER: dict[str, ErrorClass] = {
    "InvalidHTTPAuthHeader": CredentialsInvalid,
    "SignatureDoesNotMatch": CredentialsInvalid,
    "RequestExpired": CredentialsInvalid,
    "InvalidAccessKeyId": CredentialsInvalid,
    "IamSignatureInvalid": CredentialsInvalid,
    "AuthError": CredentialsInvalid,
    "13": CredentialsInvalid,
    "14": CredentialsInvalid,
    "15": CredentialsInvalid,
    "110": CredentialsInvalid,
    "111": CredentialsInvalid,
    "AccessDenied": PermissionDenied,
    "OptInRequired": PermissionDenied,
    "6": PermissionDenied,
    "336004": PermissionDenied,
    "500002": PermissionDenied,
}

#: Codes that are about the request or the thing.
CODES: dict[str, ErrorClass] = {
    "InappropriateJSON": Refused,
    "MalformedJSON": Refused,
    "InvalidHTTPRequest": Refused,
    "InvalidMarker": Refused,
    "IdempotentParameterMismatch": Refused,
    "PreconditionFailed": Refused,
    "InvalidURI": Misrouted,
    "InvalidVersion": Misrouted,
    "InternalError": Unavailable,
    "NoSuchKey": NotFound,
    "1": Unavailable,
    "2": Unavailable,
    "3": Misrouted,
    "4": RateLimited,
    "17": QuotaExceeded,
    "18": RateLimited,
    "19": QuotaExceeded,
    "336000": Unavailable,
    "336100": Unavailable,
    "336101": Misrouted,
    "336501": RateLimited,
    "336502": RateLimited,
    "500000": Unavailable,
    "510202": NotFound,
    "510203": QuotaExceeded,
    "510301": NotFound,
    "510302": WrongState,
    "510402": QuotaExceeded,
    "510403": QuotaExceeded,
}

#: Codes of requests that the service could not make sense of at all. `InappropriateJSON` is not one of them: it may be
#: what an unknown id gives.
_ABOUT_THE_REQUEST = frozenset(
    {"MalformedJSON", "InvalidHTTPRequest", "InvalidMarker", "IdempotentParameterMismatch", "PreconditionFailed"}
)

#: What an unlisted code suggests, first match wins.
PATTERNS: tuple[tuple[re.Pattern[str], ErrorClass], ...] = (
    (re.compile(r"Quota"), QuotaExceeded),
    (re.compile(r"Limit|Throttl|TooMany"), RateLimited),
    (re.compile(r"Action|Version|Route|Path|Method|Uri|URI|URL|Api|API"), Misrouted),
    (re.compile(r"Status|State|Conflict"), WrongState),
    (re.compile(r"NotFound|NotExist|NoSuch"), NotFound),
)

#: What a status says when no code does, or when the code is unlisted and suggests nothing.
STATUSES: dict[int, ErrorClass] = {
    401: CredentialsInvalid,
    403: PermissionDenied,
    404: NotFound,
    405: Misrouted,
    408: Unavailable,
    409: WrongState,
    410: Misrouted,
    429: RateLimited,
}

#: Codes and words that are about the key, in answers that no table lists.
_CALLER_CODE = re.compile(r"Signature|AccessKey|Credential|Token|Auth|Iam|IAM")
_CALLER_WORDS = re.compile(r"credential|access ?key|signature|authn", re.IGNORECASE)
#: Words of an absence, and words of something else than a task or job that may be absent.
_ABSENT = re.compile(r"(not|n't) +(be +)?(exist|found)|不存在|未找到", re.IGNORECASE)
_OTHER_THING = re.compile(r"\b(user|account|action|api|route|path|url|version|model|dataset|service)\b", re.IGNORECASE)


def classify(failure: Failure, overrides: Sequence[ErrorOverride] = ()) -> ErrorClass:
    """The error that a failure is: what is about the caller, then the user's overrides, then the table.

    An override that names a code comes before the table, one of a status alone only where the table lists no code.
    None makes a rejected key a refusal of the thing.
    """
    about_caller = _about_caller(failure)
    fitting = [override for override in overrides if override.code or failure.code not in CODES]
    chosen = overridden(fitting, failure.status, failure.code)
    if chosen and not (about_caller and issubclass(chosen, Refused)):
        return chosen
    if about_caller:
        return about_caller
    if failure.status >= 500:
        return Unavailable
    if failure.status == 429:
        return RateLimited
    if not failure.code:
        return _without_code(failure)
    return _by_code(failure)


def is_about_the_id(failure: Failure) -> bool:
    """Whether a `Refused` may be the service's word on the id: with a code of its own that means nothing else."""
    return bool(failure.code) and not failure.gateway and failure.code not in _ABOUT_THE_REQUEST


def _about_caller(failure: Failure) -> ErrorClass | None:
    """The class of a rejection that concerns the key or its rights; None for everything else."""
    if failure.status >= 500 or failure.status == 429:
        return None
    if failure.code in CALLER:
        return CALLER[failure.code]
    if failure.status == 401:
        return CredentialsInvalid
    listed = CODES.get(failure.code)
    if listed and listed is not NotFound:
        return None
    if _CALLER_CODE.search(failure.code) or _CALLER_WORDS.search(failure.message):
        return CredentialsInvalid
    if failure.gateway:
        return {400: CredentialsInvalid, 403: PermissionDenied}.get(failure.status, Misrouted)
    return None


def _without_code(failure: Failure) -> ErrorClass:
    """No code means that the service did not speak: a 404 is then about the address, not about the thing."""
    if failure.status == 404:
        return Misrouted
    if failure.status == 403:
        return Malformed
    return STATUSES.get(failure.status, Malformed)


def _by_code(failure: Failure) -> ErrorClass:
    suggested = CODES.get(failure.code)
    if suggested is None:
        suggested = next((error for pattern, error in PATTERNS if pattern.search(failure.code)), None)
    if suggested is None:
        suggested = STATUSES.get(failure.status)
    if suggested is None and _ABSENT.search(failure.message) and not _OTHER_THING.search(failure.message):
        suggested = NotFound
    if suggested is NotFound and failure.status == 403:
        return PermissionDenied
    return suggested or Refused
