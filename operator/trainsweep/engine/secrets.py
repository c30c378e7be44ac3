"""The Secret of an account: read by name, protected while a resource may still need it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trainsweep.api.names import IN_USE_FINALIZER
from trainsweep.core.errors import ConfigurationError
from trainsweep.core.reasons import Reason
from trainsweep.engine.parse import Config
from trainsweep.kube import paths
from trainsweep.kube.client import KubeClient, KubeError
from trainsweep.providers.credentials import Credentials, parse_credentials


@dataclass(frozen=True, slots=True)
class Secret:
    """What a Secret held when it was read; its values are in `credentials` alone."""

    namespace: str
    name: str
    credentials: Credentials
    version: str
    finalizers: tuple[str, ...]
    deleting: bool

    @property
    def protected(self) -> bool:
        return IN_USE_FINALIZER in self.finalizers


async def read_secret(client: KubeClient, config: Config) -> Secret:
    """Raises `ConfigurationError` when it is missing or unfit, `KubeError` when the API server does not answer."""
    namespace, name = config.secret
    where = f"Secret {namespace}/{name}"
    try:
        body = await client.get(paths.secret(namespace, name))
    except KubeError as error:
        if error.status == 404:
            raise ConfigurationError(Reason.SECRET_NOT_FOUND, f"{where} does not exist; create it.") from None
        if error.status == 403:
            message = f"The operator may not read {where}; its role must allow get on it."
            raise ConfigurationError(Reason.SECRET_NOT_FOUND, message) from None
        raise
    metadata = body["metadata"]
    return Secret(
        namespace=namespace,
        name=name,
        credentials=parse_credentials(_decoded(body.get("data") or {}, where), where=where),
        version=metadata["resourceVersion"],
        finalizers=tuple(metadata.get("finalizers") or ()),
        deleting="deletionTimestamp" in metadata,
    )


async def protect_secret(client: KubeClient, secret: Secret, *, needed: bool) -> None:
    """Set or remove the in-use finalizer. A Secret that is going can only be let go.

    Raises `KubeError` 409 when it has changed since it was read: with its ProviderConfig gone nobody would try again.
    """
    if needed == secret.protected or (needed and secret.deleting):
        return
    finalizers = [name for name in secret.finalizers if name != IN_USE_FINALIZER]
    if needed:
        finalizers.append(IN_USE_FINALIZER)
    metadata = {"finalizers": finalizers or None, "resourceVersion": secret.version}
    try:
        await client.merge(paths.secret(secret.namespace, secret.name), {"metadata": metadata})
    except KubeError as error:
        if error.status != 404:
            raise


def _decoded(data: Mapping[str, Any], where: str) -> dict[str, str]:
    try:
        return {field: base64.b64decode(value, validate=True).decode() for field, value in data.items()}
    except (binascii.Error, UnicodeDecodeError):
        raise ConfigurationError(
            Reason.SECRET_KEY_MISSING, f"{where} holds a value that is not UTF-8 text; write it again."
        ) from None
