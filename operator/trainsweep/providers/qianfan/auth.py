"""Signs every request of an `httpx` client with an access key, anew for each sending.

Only host, x-bce-date and the session token are signed: content-length and content-type are what proxies change.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import datetime

import httpx

from trainsweep.providers.credentials import AccessKey
from trainsweep.providers.qianfan.signing import Signable, parse_query, sign, timestamp_of

#: Seconds a signature is good for: the default of Baidu's documentation.
EXPIRES = 1800


class BceAuth(httpx.Auth):
    """bce-auth-v1 for one access key; temporary keys send their token as `x-bce-security-token`."""

    def __init__(self, key: AccessKey, now: Callable[[], datetime]) -> None:
        self._key = key
        self._now = now

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        timestamp = timestamp_of(self._now())
        request.headers["x-bce-date"] = timestamp
        names = ["host", "x-bce-date"]
        if self._key.security_token:
            request.headers["x-bce-security-token"] = self._key.security_token
            names.append("x-bce-security-token")
        query = parse_query(request.url.query.decode("ascii"))
        authorization = sign(
            Signable(request.method, request.url.path, query, request.headers),
            self._key.access_key,
            self._key.secret_key,
            names=names,
            timestamp=timestamp,
            expires=EXPIRES,
        )
        request.headers["authorization"] = authorization.header
        yield request
