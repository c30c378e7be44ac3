"""The one place that knows which providers there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import httpx

from trainsweep.api.common import ProviderName
from trainsweep.api.provider_config import AccountSpec
from trainsweep.core.account_id import AccountID
from trainsweep.core.errors import ConfigurationError
from trainsweep.core.external import Thing
from trainsweep.core.reasons import Reason
from trainsweep.providers.base import Provider
from trainsweep.providers.credentials import AccessKey, Credentials, Password
from trainsweep.providers.endpoints import Endpoints as Endpoints  # noqa: PLC0414 (imported from here)
from trainsweep.providers.error_overrides import ErrorOverride
from trainsweep.providers.modelarts.provider import ModelArtsProvider
from trainsweep.providers.modelarts.regions import doubt_about
from trainsweep.providers.modelarts.settings import ModelArtsSettings
from trainsweep.providers.qianfan.provider import QianfanProvider
from trainsweep.providers.qianfan.settings import QianfanSettings

#: Which provider holds which kind of thing.
HOLDS: dict[ProviderName, frozenset[Thing]] = {
    ProviderName.MODELARTS: frozenset({Thing.JOB, Thing.VERSION, Thing.CONFIG}),
    ProviderName.QIANFAN: frozenset({Thing.TUNING_TASK, Thing.TUNING_JOB}),
}


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast an account is called when its ProviderConfig does not say."""

    reads: float
    writes: float
    in_flight: int


#: In flight stay at four: five bad signatures in a row lock a Huawei key (facts 7.2), and one round must not reach it.
PACES: dict[ProviderName, Pace] = {
    ProviderName.MODELARTS: Pace(reads=50.0, writes=20.0, in_flight=4),
    ProviderName.QIANFAN: Pace(reads=2.0, writes=1.0, in_flight=4),
}


def identity(spec: AccountSpec, place: str = "", key: str = "") -> AccountID:
    """Two configs with the same identity look at the same remote things. Hosts are compared in lower case.

    `place` is the provider's, once it is known. Until then a project that is only named could be any. `key` is the
    fingerprint of the access key in use; it counts where the provider does not tell which account a key belongs to.
    """
    if spec.model_arts:
        settings = _model_arts(spec)
        project = settings.project_id or place
        return AccountID("ModelArts", _host(settings.api_url), project, open=not project)
    return AccountID("Qianfan", _host(_qianfan(spec).endpoint), keys=(key,) if key else ())


def base_urls(spec: AccountSpec, credentials: Credentials | None) -> tuple[str, ...]:
    """Where the credentials of an account are sent, the training API first; for None those of an access key.

    Raises `ConfigurationError`.
    """
    if spec.model_arts is None:
        return (_qianfan(spec).endpoint,)
    settings = _model_arts(spec)
    if settings.project_id and not isinstance(credentials, Password):
        return (settings.api_url,)
    return settings.api_url, settings.iam_url


def doubt(spec: AccountSpec) -> str:
    """A sentence about a region that is not known and that the addresses are made from; "" for none."""
    block = spec.model_arts
    return doubt_about(block.region or "") if block and not block.endpoint else ""


def _host(url: str) -> str:
    return httpx.URL(url).netloc.decode().lower()


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
    overrides = tuple(
        ErrorOverride(entry.status or 0, entry.code or "", entry.error_class.value) for entry in spec.error_classes
    )
    if spec.provider is ProviderName.MODELARTS:
        settings = _model_arts(spec)
        endpoints.check(settings.api_url)
        if settings.iam_endpoint or settings.region:
            endpoints.check(settings.iam_url)
        return ModelArtsProvider(settings, credentials, overrides=overrides, transport=transport, now=now)
    if not isinstance(credentials, AccessKey):
        raise ConfigurationError(
            Reason.SECRET_KEY_MISSING, "Qianfan needs the keys accessKey and secretKey in the Secret."
        )
    place = _qianfan(spec)
    endpoints.check(place.endpoint)
    return QianfanProvider(place, credentials, overrides=overrides, transport=transport, now=now)


def _model_arts(spec: AccountSpec) -> ModelArtsSettings:
    block = spec.model_arts
    if block is None:
        raise ConfigurationError(Reason.INVALID_SPEC, "provider ModelArts needs the block modelArts.")
    return ModelArtsSettings(**{name: value for name, value in block.model_dump().items() if value is not None})


def _qianfan(spec: AccountSpec) -> QianfanSettings:
    block = spec.qianfan
    return QianfanSettings(endpoint=block.endpoint) if block else QianfanSettings()
