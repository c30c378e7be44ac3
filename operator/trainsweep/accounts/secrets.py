"""The Secret of an account: read by name, never listed or watched."""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trainsweep.api.names import IN_USE_FINALIZER
from trainsweep.cluster.decode import Config
from trainsweep.core.errors import ConfigurationError
from trainsweep.core.reasons import Reason
from trainsweep.kube import paths
from trainsweep.kube.client import KubeClient, KubeError
from trainsweep.providers.credentials import Credentials
from trainsweep.providers.plugin import CredentialsForm
from trainsweep.providers.registry import plugin_of

log = logging.getLogger(__name__)

#: Namespace and name of a Secret.
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Secret:
    """A Secret as it was read; `data` is in base64. It may be there and yet hold no credentials."""

    place: Place
    data: Mapping[str, Any] = field(repr=False)
    version: str
    finalizers: tuple[str, ...]
    deleting: bool

    def __str__(self) -> str:
        return _named(self.place)

    @property
    def protected(self) -> bool:
        return IN_USE_FINALIZER in self.finalizers

    def credentials(self, form: CredentialsForm) -> Credentials:
        """Raises `ConfigurationError` when there are none of this form in it."""
        where = _named(self.place)
        try:
            values = {name: base64.b64decode(value, validate=True).decode() for name, value in self.data.items()}
        except (binascii.Error, UnicodeDecodeError):
            message = f"{where} holds a value that is not UTF-8 text; write it again."
            raise ConfigurationError(Reason.SECRET_KEY_MISSING, message) from None
        return form.parse(values, where=where)


async def find_secret(client: KubeClient, place: Place) -> Secret | None:
    """None when it does not exist. Raises `ConfigurationError` when it may not be read, `KubeError` when the API server
    does not answer.
    """
    try:
        body = await client.get(paths.secret(*place))
    except KubeError as error:
        if error.status == 404:
            return None
        if error.status == 403:
            message = f"The operator may not read {_named(place)}; its role must allow get on it."
            raise ConfigurationError(Reason.SECRET_NOT_FOUND, message) from None
        raise
    metadata = body["metadata"]
    return Secret(
        place=place,
        data=body.get("data") or {},
        version=metadata["resourceVersion"],
        finalizers=tuple(metadata.get("finalizers") or ()),
        deleting="deletionTimestamp" in metadata,
    )


def existing(secret: Secret | None, place: Place) -> Secret:
    """Raises `ConfigurationError` when there is none."""
    if secret is None:
        raise ConfigurationError(Reason.SECRET_NOT_FOUND, f"{_named(place)} does not exist; create it.")
    return secret


async def read_credentials(client: KubeClient, config: Config) -> Credentials:
    """Raises `ConfigurationError` when the Secret is missing or unfit, `KubeError` as `find_secret`."""
    return existing(await find_secret(client, config.secret), config.secret).credentials(
        plugin_of(config.spec.provider).credentials
    )


async def protect_secret(client: KubeClient, secret: Secret, *, needed: bool) -> bool:
    """Set or remove the in-use finalizer; whether it is there now. A Secret that is going can only be let go.

    Raises `KubeError` 409 when it has changed since it was read, `ConfigurationError` when it may not be freed. One
    that may not be protected is used all the same: whoever narrowed the operator's role keeps it from vanishing.
    """
    if needed == secret.protected or (needed and secret.deleting):
        return secret.protected
    finalizers = [name for name in secret.finalizers if name != IN_USE_FINALIZER]
    if needed:
        finalizers.append(IN_USE_FINALIZER)
    metadata = {"finalizers": finalizers or None, "resourceVersion": secret.version}
    try:
        await client.merge(paths.secret(*secret.place), {"metadata": metadata})
    except KubeError as error:
        if error.status == 404:
            return False
        if error.status != 403:
            raise
        message = f"The operator may not change {_named(secret.place)}; its role must allow patch on it."
        if not needed:
            raise ConfigurationError(Reason.SECRET_NOT_FOUND, message) from None
        log.warning("a Secret in use could not be protected", extra={"why": message})
        return False
    return needed


def _named(place: Place) -> str:
    return f"Secret {'/'.join(place)}"
