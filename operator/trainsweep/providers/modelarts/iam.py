"""The two calls to Huawei's identity service: a token for a password, and the id of a project for its name.

Source: the vendor's pages on authentication and, for the project, what its SDK does when it is given no project id.
Whatever IAM refuses says nothing about any training job, so a refusal leaves here as an error of the account.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from trainsweep.core.errors import (
    ConfigurationError,
    CredentialsInvalid,
    Malformed,
    Misrouted,
    PermissionDenied,
    ProviderError,
    Refused,
)
from trainsweep.core.reasons import Reason
from trainsweep.providers.credentials import Password
from trainsweep.providers.http import send
from trainsweep.providers.modelarts.fields import mapping, text
from trainsweep.providers.modelarts.responses import Judge
from trainsweep.providers.modelarts.settings import ModelArtsSettings, is_project_id
from trainsweep.providers.modelarts.signing import canonical_query

#: Taken for the life of a token whose answer does not tell; the documents say 24 h.
_ASSUMED_LIFE = timedelta(hours=1)
#: A token is renewed this long before its end, or after nine tenths of a shorter life.
_MARGIN = timedelta(minutes=10)
#: Use of a fresh token that seems to have ended: a wrong clock must not turn every call into a login.
_LEAST_USE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Token:
    """A project token; `project_id` is "" when the answer names none."""

    value: str = field(repr=False)
    project_id: str
    renew_at: datetime


def login_request(settings: ModelArtsSettings, password: Password) -> tuple[str, dict[str, Any]]:
    """URL and body of the token call. The account is the user's own name unless a domain is given."""
    if settings.project_id:
        project = {"id": settings.project_id}
    elif settings.project_label:
        project = {"name": settings.project_label}
    else:
        raise _no_project("set modelArts.projectID, .projectName or .region")
    domain = password.domain_name or settings.domain_name or password.username
    user = {"name": password.username, "password": password.password, "domain": {"name": domain}}
    identity = {"methods": ["password"], "password": {"user": user}}
    return f"{settings.iam_url}/v3/auth/tokens", {"auth": {"identity": identity, "scope": {"project": project}}}


def project_query(settings: ModelArtsSettings) -> tuple[str, dict[str, str]]:
    """URL and query of the search for the project."""
    if not settings.project_label:
        raise _no_project("set modelArts.projectID, or .projectName or .region to look it up")
    return f"{settings.iam_url}/v3/projects", {"name": settings.project_label}


async def fetch_token(http: httpx.AsyncClient, settings: ModelArtsSettings, password: Password, judge: Judge) -> Token:
    """Log in. Raises CredentialsInvalid, PermissionDenied, Misrouted, Unavailable, Malformed or ConfigurationError."""
    url, login = login_request(settings, password)
    response = await send(http, http.build_request("POST", url, json=login), write=False)
    try:
        body = mapping(judge.verdict(response).get("token"))
    except Refused as refusal:
        raise _reclassified(CredentialsInvalid, refusal) from None
    value = response.headers.get("x-subject-token", "")
    if not value:
        raise Malformed("IAM answered a login without a token; check modelArts.iamEndpoint in the ProviderConfig.")
    now = judge.now()
    project_id = text(mapping(body.get("project")).get("id"))
    if project_id and not is_project_id(project_id):
        raise Malformed("IAM named a project by an id that cannot be one; check modelArts.iamEndpoint.")
    return Token(value, project_id, _renewal(now, _instant(body.get("expires_at"), now)))


async def find_project(http: httpx.AsyncClient, settings: ModelArtsSettings, judge: Judge) -> str:
    """The id of the project by name. Raises ConfigurationError unless exactly one fits, and provider errors.

    A user that may not list the account's projects is still told its own.
    """
    url, query = project_query(settings)
    try:
        body = await _ask(http, f"{url}?{canonical_query(query.items())}", judge)
    except PermissionDenied:
        body = await _own_projects(http, settings, judge)
    name, projects = settings.project_label, body.get("projects")
    if not isinstance(projects, list):
        raise Malformed("IAM answered the search for a project without projects; check modelArts.iamEndpoint.")
    ids = [text(mapping(project).get("id")) for project in projects if text(mapping(project).get("name")) == name]
    if len(ids) != 1:
        raise _no_project(f"IAM knows {len(ids) or 'no'} projects named {name!r} for this key; set modelArts.projectID")
    if not is_project_id(ids[0]):
        raise Malformed("IAM named a project by an id that cannot be one; check modelArts.iamEndpoint.")
    return ids[0]


async def _own_projects(http: httpx.AsyncClient, settings: ModelArtsSettings, judge: Judge) -> dict[str, Any]:
    """The projects of the user itself (the vendor's IAM reference, KeystoneListAuthProjects)."""
    try:
        return await _ask(http, f"{settings.iam_url}/v3/auth/projects", judge)
    except PermissionDenied as denied:
        raise PermissionDenied(
            f"IAM lets this user see no projects, so the id of {settings.project_label!r} is not known: set "
            f"modelArts.projectID in the ProviderConfig. IAM says: {denied.message}",
            status=denied.status,
            code=denied.code,
            request_id=denied.request_id,
        ) from None


async def _ask(http: httpx.AsyncClient, url: str, judge: Judge) -> dict[str, Any]:
    try:
        return judge.verdict(await send(http, http.build_request("GET", url), write=False))
    except Refused as refusal:
        raise _reclassified(Misrouted, refusal) from None


def _no_project(what: str) -> ConfigurationError:
    return ConfigurationError(Reason.INVALID_SPEC, f"The project of the ModelArts account is not known: {what}.")


def _reclassified(error: type[ProviderError], refusal: Refused) -> ProviderError:
    return error(refusal.message, status=refusal.status, code=refusal.code, request_id=refusal.request_id)


def _instant(value: Any, now: datetime) -> datetime:
    """The end of a token's life."""
    try:
        end = datetime.fromisoformat(text(value))
    except ValueError:
        return now + _ASSUMED_LIFE
    return end if end.tzinfo else now + _ASSUMED_LIFE


def _renewal(now: datetime, end: datetime) -> datetime:
    life = end - now
    return end - min(_MARGIN, life / 10) if life > timedelta(0) else now + _LEAST_USE
