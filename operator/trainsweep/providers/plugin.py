"""A provider as one object: what the operator needs to know of it, and how its client is opened.

A package brings one by an entry point, and nothing else of the operator knows its name:

    [project.entry-points."trainsweep.providers"]
    example = "trainsweep_example.plugin:PLUGIN"

Its module may import `trainsweep.providers`, `trainsweep.core.errors`, `trainsweep.core.external` and, of
`trainsweep.api`, `common`, `provider` and `provider_settings`; the other models are made from the plugins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import httpx

from trainsweep.api.provider import ProviderDescription
from trainsweep.core.account_id import AccountID
from trainsweep.providers.base import Provider
from trainsweep.providers.credentials import Credentials
from trainsweep.providers.error_overrides import ErrorOverride


@dataclass(frozen=True, slots=True)
class CredentialsForm:
    """`parse(values, where=...)` makes credentials of a Secret's decoded values; `where` names the Secret in its
    ConfigurationError. `variables` are the keys of the Secret and the environment variables in which the vendor's own
    client looks for the same, for commands without a cluster; those in `optional` may be missing.
    """

    parse: ParseCredentials
    variables: Mapping[str, str]
    optional: frozenset[str] = frozenset()

    @property
    def required(self) -> tuple[str, ...]:
        """The environment variables that must be set."""
        return tuple(variable for key, variable in self.variables.items() if key not in self.optional)


class ParseCredentials(Protocol):
    def __call__(self, values: Mapping[str, str], *, where: str) -> Credentials: ...


class OpenClient(Protocol):
    """Makes the client of an account. Raises ConfigurationError when settings and credentials do not fit.

    `settings` and `credentials` are what the plugin's own model and `parse` have made.
    """

    def __call__(
        self,
        settings: Any,
        credentials: Any,
        /,
        *,
        overrides: Sequence[ErrorOverride],
        transport: httpx.AsyncBaseTransport,
        now: Callable[[], datetime],
    ) -> Provider: ...


class IdentifyAccount(Protocol):
    """The account that settings lead to.

    `place` is the provider's, once it is known. `key` is the fingerprint of the key in use, which counts where the
    provider does not tell which account a key belongs to.
    """

    def __call__(self, settings: Any, /, *, place: str, key: str) -> AccountID: ...


@dataclass(frozen=True, kw_only=True)
class ProviderPlugin(ProviderDescription):
    """`endpoints` are the addresses that settings send credentials to, `hosts` the vendor's own hosts: others must
    be allowed by the operator's settings. `called(settings, credentials)` are those of the endpoints that are
    really called with these credentials, None for all. `doubt` and `scope` say in a sentence what may be wrong with
    settings, and which things of the account are listed; "" for nothing and for all. `variables` are the
    environment variables for fields of the block. `simulator` leads to the command that serves a simulation
    ("package.module:function"), "" for none.
    """

    credentials: CredentialsForm
    hosts: re.Pattern[str]
    endpoints: Callable[[Any], tuple[str, ...]]
    called: Callable[[Any, Any], tuple[str, ...]] | None = None
    account_id: IdentifyAccount
    open: OpenClient
    variables: Mapping[str, str]
    doubt: Callable[[Any], str] = lambda _: ""
    scope: Callable[[Any], str] = lambda _: ""
    simulator: str = ""
