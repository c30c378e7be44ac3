"""One action of the fine-tuning API: signed, sent once, its answer told apart from its failures.

All actions are `POST /v2/finetuning?Action=NAME` with a JSON body, reads and deletes alike.
Source: https://cloud.baidu.com/doc/qianfan-api/s/ymo1a9xwn
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx

from trainsweep.core.errors import (
    CredentialsInvalid,
    Malformed,
    Misrouted,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    ProviderError,
    QuotaExceeded,
    RateLimited,
    Refused,
    Unavailable,
    WrongState,
)
from trainsweep.core.external import Receipt
from trainsweep.providers.credentials import AccessKey
from trainsweep.providers.error_overrides import ErrorOverride
from trainsweep.providers.http import HEADERS, TIMEOUT, json_object, retry_after, send
from trainsweep.providers.pacing import InTurn
from trainsweep.providers.qianfan.auth import BceAuth
from trainsweep.providers.qianfan.codes import Failure, classify, is_about_the_id
from trainsweep.providers.qianfan.key_kinds import remark_on
from trainsweep.providers.qianfan.responses import failure_in, request_id_of
from trainsweep.providers.qianfan.settings import QianfanSettings
from trainsweep.providers.text import clean, name

_PATH = "/v2/finetuning"

#: What an error means for the person who reads it, before the provider's own words.
_MEANING: dict[type[ProviderError], str] = {
    NotFound: "there is no such task or job.",
    WrongState: "this is not possible in its present state.",
    QuotaExceeded: "a quota of the account stands in the way.",
    Refused: "the request was refused.",
    Misrouted: "the request did not reach the fine-tuning API; check the endpoint in the ProviderConfig.",
    Malformed: "this is no answer of the fine-tuning API; check the endpoint in the ProviderConfig and any proxy.",
    CredentialsInvalid: "the access key or its signature was refused; check the keys in the Secret and the clock.",
    PermissionDenied: "the access key may not do this; grant its user QianfanModelTuningFullControlAccessPolicy.",
    RateLimited: "there were too many calls.",
    OutcomeUnknown: "the service failed and the call may have taken effect; the next read will tell.",
    Unavailable: "the service failed; it will be tried again.",
}


class QianfanClient:
    """The calls of one account over one pool of connections."""

    def __init__(
        self,
        settings: QianfanSettings,
        key: AccessKey,
        *,
        overrides: Sequence[ErrorOverride],
        transport: httpx.AsyncBaseTransport | None,
        max_connections: int,
        now: Callable[[], datetime],
    ) -> None:
        self._url = settings.endpoint + _PATH
        self._overrides = tuple(overrides)
        self._now = now
        self._remark = remark_on(key)
        # A server may quote the token as it stands in the signed text: percent-encoded.
        self._secrets = (key.secret_key, key.security_token, quote(key.security_token, safe=""))
        self._http = httpx.AsyncClient(
            auth=InTurn(BceAuth(key, now), transport),
            headers={**HEADERS, "accept": "application/json"},
            limits=httpx.Limits(max_connections=max_connections, max_keepalive_connections=max_connections),
            timeout=TIMEOUT,
            transport=transport,
        )

    async def ask(self, action: str, body: dict[str, Any], *, about: str) -> Any:
        """The `result` of a reading action, None when there is none. `about` names the thing in errors."""
        answer, _ = await self._call(action, body, about=about, write=False)
        return answer.get("result")

    async def order(self, action: str, body: dict[str, Any], *, about: str) -> Receipt:
        """Send a stop or delete. Only `result: true` is an acceptance; `false` raises `Refused`."""
        answer, receipt = await self._call(action, body, about=about, write=True)
        result = answer.get("result")
        if result is True:
            return receipt
        if result is False:
            words = clean(str(answer.get("message") or "no reason given"), self._secrets)
            message = f"{action} of {about}: Qianfan answered result: false ({words})."
            raise Refused(clean(message, ()), status=200, request_id=receipt.request_id)
        raise Malformed(
            f"{action} of {about}: Qianfan answered without the documented result; the next read will tell.",
            status=200,
            request_id=receipt.request_id,
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _call(
        self, action: str, body: dict[str, Any], *, about: str, write: bool
    ) -> tuple[dict[str, Any], Receipt]:
        request = self._http.build_request("POST", self._url, params={"Action": action}, json=body)
        response = await send(self._http, request, write=write)
        if failure := failure_in(response):
            raise self._error(failure, response, f"{action} of {about}", write=write)
        return json_object(response), Receipt(self._id_of(response))

    def _error(self, failure: Failure, response: httpx.Response, what: str, *, write: bool) -> ProviderError:
        kind = classify(failure, self._overrides)
        if kind is Unavailable and write:
            kind = OutcomeUnknown
        words = f" Qianfan says: {failure.message}" if failure.message else ""
        message = clean(f"{what}: {_MEANING[kind]}{words}", self._secrets)
        if kind is CredentialsInvalid and self._remark:
            message = f"{message} {self._remark}"
        code = name(clean(failure.code, self._secrets))
        request_id = self._id_of(response)
        if kind is RateLimited:
            wait = retry_after(response, self._now())
            return RateLimited(message, status=failure.status, code=code, request_id=request_id, retry_after=wait)
        if kind is Refused:
            about = is_about_the_id(failure)
            return Refused(message, status=failure.status, code=code, request_id=request_id, about_the_id=about)
        return kind(message, status=failure.status, code=code, request_id=request_id)

    def _id_of(self, response: httpx.Response) -> str:
        return name(clean(request_id_of(response), self._secrets))
