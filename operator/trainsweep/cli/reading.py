"""An account, opened to be read by a command: the controller's own account, with its pace and its shared lists."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer

from trainsweep.accounts.account import Account
from trainsweep.accounts.ceilings import UNLIMITED
from trainsweep.api.provider_config import AccountSpec
from trainsweep.core.errors import ConfigurationError
from trainsweep.core.reasons import Reason
from trainsweep.providers.credentials import Credentials
from trainsweep.providers.pacing import paced
from trainsweep.providers.registry import Endpoints, open_provider, plugin_of

AllowHttp = Annotated[
    bool,
    typer.Option(
        "--allow-http-endpoints", envvar="TRAINSWEEP_ALLOW_HTTP_ENDPOINTS", help="Allow endpoints without TLS."
    ),
]
AllowedHosts = Annotated[
    list[str] | None,
    typer.Option(
        envvar="TRAINSWEEP_ALLOWED_ENDPOINT_HOST",
        help="Allow only endpoints of this host and its subdomains, as the operator's setting of the same name.",
        show_default=False,
    ),
]


def allowed(http: bool, hosts: list[str] | None) -> Endpoints:
    return Endpoints(http=http, hosts=tuple(hosts or ()))


@asynccontextmanager
async def reading(spec: AccountSpec, credentials: Credentials, endpoints: Endpoints) -> AsyncIterator[Account]:
    """The account, closed at the end. Raises `ConfigurationError` when spec and credentials do not fit."""
    account = Account(spec, now=utc_now, wake=lambda _: None, troubled=lambda: None)
    transport = paced(account.gate, UNLIMITED.in_flight(spec), endpoints)
    provider = open_provider(spec, credentials, endpoints=endpoints, transport=transport, now=utc_now)
    await account.use(provider, credentials)
    try:
        yield account
    finally:
        await account.aclose()


def credentials_of_environment(provider: str, environ: Mapping[str, str] = os.environ) -> Credentials:
    """Keys never come from flags: those show in process lists and in the shell's history."""
    form = plugin_of(provider).credentials
    missing = [name for name in form.required if not environ.get(name)]
    if missing:
        raise ConfigurationError(
            Reason.SECRET_NOT_FOUND,
            f"Set {' and '.join(missing)} in the environment: the keys of the {provider} account.",
        )
    values = {key: environ.get(name, "") for key, name in form.variables.items()}
    return form.parse(values, where="the environment")


def utc_now() -> datetime:
    return datetime.now(UTC)
