"""How a request proves who sends it, one `httpx.Auth` for each kind of credentials. Both act when a request is sent."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from datetime import datetime
from typing import Any

import httpx

from trainsweep.core.errors import Malformed
from trainsweep.providers.credentials import AccessKey
from trainsweep.providers.http import json_object
from trainsweep.providers.modelarts.codes import renewable
from trainsweep.providers.modelarts.iam import Token
from trainsweep.providers.modelarts.responses import complaint
from trainsweep.providers.modelarts.signing import sign
from trainsweep.providers.modelarts.single_flight import SingleFlight


class AccessKeyAuth(httpx.Auth):
    """Signs with SDK-HMAC-SHA256. Never repeats: after five bad signatures in a row the vendor locks the key."""

    requires_request_body = True

    def __init__(self, key: AccessKey, now: Callable[[], datetime]) -> None:
        self._key = key
        self._now = now

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign the bytes that are sent."""
        request.headers.update(
            sign(
                request.method,
                request.url.raw_path.decode("ascii"),
                request.headers,
                request.content,
                access_key=self._key.access_key,
                secret_key=self._key.secret_key,
                security_token=self._key.security_token,
                now=self._now(),
            )
        )
        yield request


class TokenAuth(httpx.Auth):
    """Sends a project token; logs in once for all requests, and again before its end or when it was refused.

    `token()` comes before the request, so that it waits for its turn with a token at hand.
    """

    def __init__(self, login: Callable[[], Coroutine[Any, Any, Token]], now: Callable[[], datetime]) -> None:
        self._login = SingleFlight(login)
        self._now = now
        self._token: Token | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self._token.value,) if self._token else ()

    async def token(self, *, refused: str = "") -> Token:
        """A token that is not the refused one. Raises the errors of `iam.fetch_token`."""
        token = self._token
        if token is None or token.value == refused or self._now() >= token.renew_at:
            token = self._token = await self._login.join()
        return token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self._token:
            request.headers["X-Auth-Token"] = self._token.value
        yield request

    async def aclose(self) -> None:
        await self._login.aclose()


def is_renewable(response: httpx.Response) -> bool:
    """Whether an answer refuses the token, so that a fresh one may mend it. Such a request let nothing happen."""
    return renewable(response.status_code, _code(response))


def _code(response: httpx.Response) -> str:
    if response.status_code != 403:
        return ""
    try:
        return complaint(json_object(response)).code
    except Malformed:
        return ""
