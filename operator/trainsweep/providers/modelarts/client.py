"""One account at ModelArts over HTTP: builds a request, sends it once, answers with a JSON object or raises."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import httpx

from trainsweep.core.errors import ConfigurationError, NotSent
from trainsweep.core.reasons import Reason
from trainsweep.providers.credentials import SESSION_WAS_SENT, AccessKey, Password
from trainsweep.providers.error_overrides import ErrorOverride
from trainsweep.providers.http import HEADERS, TIMEOUT, send
from trainsweep.providers.modelarts.auth import AccessKeyAuth, TokenAuth, is_renewable
from trainsweep.providers.modelarts.codes import canonical_overrides
from trainsweep.providers.modelarts.iam import fetch_token, find_project, login_request, project_query
from trainsweep.providers.modelarts.regions import doubt_about
from trainsweep.providers.modelarts.responses import Judge, request_id_of
from trainsweep.providers.modelarts.settings import ModelArtsSettings
from trainsweep.providers.modelarts.signing import canonical_query, encode
from trainsweep.providers.modelarts.single_flight import SingleFlight
from trainsweep.providers.pacing import InTurn


@dataclass(frozen=True, slots=True)
class Answer:
    """The object of a success, {} when there was none, and the vendor's id of the call."""

    body: dict[str, Any]
    request_id: str


class Client:
    """Calls of one account. A `transport` has its own limit of connections, `max_connections` is for none given."""

    def __init__(
        self,
        settings: ModelArtsSettings,
        credentials: AccessKey | Password,
        *,
        overrides: Iterable[ErrorOverride],
        transport: httpx.AsyncBaseTransport | None,
        max_connections: int,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._credentials = credentials
        self._api_url = settings.api_url
        self._project_id = settings.project_id
        self._project_search = SingleFlight(self._find_project)
        self._judge = Judge(canonical_overrides(overrides), self._secrets, now, _remark(credentials))
        self._auth = self._authentication(now)
        limits = httpx.Limits(max_connections=max_connections, max_keepalive_connections=max_connections)
        self._http = httpx.AsyncClient(
            auth=InTurn(self._auth, transport), headers=HEADERS, transport=transport, timeout=TIMEOUT, limits=limits
        )
        # Logs in, so it has no credentials to add.
        self._iam = httpx.AsyncClient(
            auth=InTurn(None, transport), headers=HEADERS, transport=transport, timeout=TIMEOUT, limits=limits
        )

    @property
    def project_id(self) -> str:
        """The id of the project, "" until it was asked for. Once known it never changes."""
        return self._project_id

    async def call(
        self,
        method: str,
        *path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        write: bool = False,
        may_be_empty: bool = False,
    ) -> Answer:
        """One exchange. `path` is the version of the API and the segments after the project.

        Raises ProviderError or ConfigurationError.
        """
        version, *segments = path
        project_id = await self.locate()
        target = "/".join(encode(segment) for segment in (version, project_id, *segments))
        request = partial(self._request, method, target, query or {}, body, project_id)
        response = await self._exchange(request, write=write)
        body_of_success = self._judge.verdict(response, write=write, may_be_empty=may_be_empty)
        return Answer(body_of_success, request_id_of(response, self._secrets()))

    async def aclose(self) -> None:
        await self._project_search.aclose()
        if isinstance(self._auth, TokenAuth):
            await self._auth.aclose()
        await self._iam.aclose()
        await self._http.aclose()

    def _authentication(self, now: Callable[[], datetime]) -> AccessKeyAuth | TokenAuth:
        """The scheme that fits the credentials. Raises ConfigurationError, now and not at the first call."""
        settings, credentials = self._settings, self._credentials
        if isinstance(credentials, AccessKey):
            if not settings.project_id:
                project_query(settings)
            return AccessKeyAuth(credentials, now)
        login_request(settings, credentials)
        return TokenAuth(lambda: fetch_token(self._iam, settings, credentials, self._judge), now)

    def _request(
        self, method: str, target: str, query: Mapping[str, str], body: Mapping[str, Any] | None, project_id: str
    ) -> httpx.Request:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if isinstance(self._auth, AccessKeyAuth):
            headers["X-Project-Id"] = project_id
        url = f"{self._api_url}/{target}" + (f"?{canonical_query(query.items())}" if query else "")
        content = None if body is None else json.dumps(body, separators=(",", ":"))
        return self._http.build_request(method, url, headers=headers, content=content)

    async def locate(self) -> str:
        """The project id: the one given, else the token's, else the one that IAM finds by name. Asks IAM alone.

        Raises ConfigurationError (`IdentityChanged`) when the name leads to another project than before.
        """
        if self._project_id:
            return self._project_id
        with self._hinting():
            if isinstance(self._auth, TokenAuth):
                return self._same_project((await self._auth.token()).project_id)
            return self._same_project(await self._project_search.join())

    async def _exchange(self, request: Callable[[], httpx.Request], *, write: bool) -> httpx.Response:
        """Send once, and once more with a fresh token if the first one was refused."""
        with self._hinting():
            if not isinstance(self._auth, TokenAuth):
                return await send(self._http, request(), write=write)
            token = await self._auth.token()
            self._same_project(token.project_id)
            response = await send(self._http, request(), write=write)
            if is_renewable(response):
                self._same_project((await self._auth.token(refused=token.value)).project_id)
                response = await send(self._http, request(), write=write)
            return response

    def _same_project(self, found: str) -> str:
        """Keep to the first project. What was read and is to be deleted is of that one."""
        self._project_id = self._project_id or found
        if not self._project_id:
            raise ConfigurationError(
                Reason.INVALID_SPEC, "The token of the ModelArts account names no project; set modelArts.projectID."
            )
        if found and found != self._project_id:
            raise ConfigurationError(
                Reason.IDENTITY_CHANGED,
                f"IAM now answers with the project {found}, and this account works in {self._project_id}: nothing is "
                "sent to either. Make another ProviderConfig for another project, or set modelArts.projectID.",
            )
        return self._project_id

    async def _find_project(self) -> str:
        return await find_project(self._http, self._settings, self._judge)

    @contextmanager
    def _hinting(self) -> Iterator[None]:
        """A region that is mistyped leads to a host that does not exist, or not to the vendor's."""
        try:
            yield
        except NotSent as error:
            doubt = "" if self._settings.endpoint else doubt_about(self._settings.region)
            raise NotSent(f"{error.message} {doubt}".rstrip()) from None

    def _secrets(self) -> tuple[str, ...]:
        if isinstance(self._credentials, AccessKey):
            return (self._credentials.secret_key, self._credentials.security_token)
        held = self._auth.secrets if isinstance(self._auth, TokenAuth) else ()
        return (self._credentials.password, *held)


def _remark(credentials: AccessKey | Password) -> str:
    """Said when a key is refused."""
    if isinstance(credentials, AccessKey) and credentials.security_token:
        return SESSION_WAS_SENT
    return ""
