"""From a ProviderConfig to its provider. Which ones there are is known from the installed packages alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import httpx

from trainsweep.api.provider import UNKNOWN, KindSupport, either, installed
from trainsweep.api.provider_config import AccountSpec
from trainsweep.api.provider_settings import ProviderSettings
from trainsweep.core.account_id import AccountID
from trainsweep.core.errors import ConfigurationError
from trainsweep.core.external import Thing
from trainsweep.core.reasons import Reason
from trainsweep.providers.base import Provider
from trainsweep.providers.credentials import Credentials
from trainsweep.providers.endpoints import Endpoints as Endpoints  # noqa: PLC0414 (imported from here)
from trainsweep.providers.error_overrides import ErrorOverride
from trainsweep.providers.plugin import ProviderPlugin


def plugin_of(provider: str) -> ProviderPlugin:
    """The provider of this name. Raises `ConfigurationError` when it is not installed: none stands in for another."""
    plugin = installed().get(provider)
    if isinstance(plugin, ProviderPlugin):
        return plugin
    raise ConfigurationError(
        Reason.INVALID_SPEC,
        f"No provider {provider[:64]!r} is installed beside this operator, only {either(tuple(installed()))}.",
    )


def support_of(spec: AccountSpec, thing: Thing) -> KindSupport:
    """What the provider of an account has of a kind. Of one that it does not have, nothing is known."""
    return plugin_of(spec.provider).kinds.get(thing, UNKNOWN)


def identity(spec: AccountSpec, place: str = "", key: str = "") -> AccountID:
    """Two configs with the same identity look at the same remote things. Hosts are compared in lower case.

    `place` is the provider's, once it is known. Until then a project that is only named could be any. `key` is the
    fingerprint of the access key in use; it counts where the provider does not tell which account a key belongs to.
    """
    plugin = plugin_of(spec.provider)
    return plugin.account_id(_settings(plugin, spec), place=place, key=key)


def base_urls(spec: AccountSpec, credentials: Credentials | None) -> tuple[str, ...]:
    """Where these credentials of an account are sent, the training API first; all that may be called when they are not
    known. Raises `ConfigurationError`.
    """
    plugin = plugin_of(spec.provider)
    settings = _settings(plugin, spec)
    return plugin.called(settings, credentials) if plugin.called and credentials else plugin.endpoints(settings)


def scope_of(spec: AccountSpec) -> str:
    """A sentence about which of the account's things are listed, "" for all."""
    plugin = plugin_of(spec.provider)
    return plugin.scope(_settings(plugin, spec))


def doubt(spec: AccountSpec) -> str:
    """A sentence about settings that may be wrong, "" for none."""
    plugin = plugin_of(spec.provider)
    return plugin.doubt(_settings(plugin, spec))


class OpenProvider(Protocol):
    """How an account gets its client."""

    def __call__(
        self,
        spec: AccountSpec,
        credentials: Credentials,
        *,
        endpoints: Endpoints,
        transport: httpx.AsyncBaseTransport,
        now: Callable[[], datetime],
    ) -> Provider: ...


def open_provider(
    spec: AccountSpec,
    credentials: Credentials,
    *,
    endpoints: Endpoints,
    transport: httpx.AsyncBaseTransport,
    now: Callable[[], datetime],
) -> Provider:
    """The client of an account. Raises `ConfigurationError` when spec and credentials do not fit."""
    plugin = plugin_of(spec.provider)
    settings = _settings(plugin, spec)
    for url in plugin.endpoints(settings):
        endpoints.check(url, plugin.hosts)
    overrides = tuple(
        ErrorOverride(entry.status or 0, entry.code or "", entry.error_class.value) for entry in spec.error_classes
    )
    return plugin.open(settings, credentials, overrides=overrides, transport=transport, now=now)


def _settings(plugin: ProviderPlugin, spec: AccountSpec) -> ProviderSettings:
    if block := spec.settings:
        return block
    if not plugin.settings.needs:
        return plugin.settings()
    raise ConfigurationError(Reason.INVALID_SPEC, f"provider {plugin.name} needs the block {plugin.block}.")
