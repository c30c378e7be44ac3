"""From the JSON of the API server to records, never an exception.

What does not fit the models, because the schema lets more in or is older or newer, is a `problem` of the record, which
is then let go or told, never acted on. Without the rest of its spec an object is `Unreadable`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from sys import intern
from typing import Any, cast

from pydantic import ValidationError

from trainsweep.api.common import Mode, Model
from trainsweep.api.kinds import REMOTE_KINDS
from trainsweep.api.names import (
    APPROVE_DELETIONS_UNTIL,
    FORCE_ORPHAN,
    PAUSED,
    RECONCILE_REQUESTED_AT,
)
from trainsweep.api.provider_config import ClusterProviderConfigSpec, ProviderConfigSpec
from trainsweep.core.last_status import parse_time
from trainsweep.core.resource import Key, RemoteSpec, Resource

AccountSpec = ProviderConfigSpec | ClusterProviderConfigSpec


@dataclass(frozen=True, slots=True)
class Config:
    """A ProviderConfig or ClusterProviderConfig as last seen. `status` is its JSON text.

    A new `requested_at` (trainsweep.dev/reconcile-requested-at) has the Secret read again at once. `approval` is the
    annotation trainsweep.dev/approve-deletions-until as written. `problem` says which part of the spec cannot be read,
    "" for none: then nothing is done with this account.
    """

    key: Key
    uid: str
    generation: int
    version: str
    spec: AccountSpec
    deleting: bool = False
    finalizers: tuple[str, ...] = ()
    approval: str = ""
    requested_at: str = ""
    status: str = ""
    problem: str = ""

    @property
    def mode(self) -> Mode:
        """A mode that cannot be read may be one that forbids everything."""
        return Mode.PLAN if self.problem.startswith("spec.mode ") else self.spec.mode

    @property
    def approved_until(self) -> datetime | None:
        return parse_time(self.approval)

    @property
    def secret(self) -> tuple[str, str]:
        """Namespace and name of the Secret. The namespaced kind reads its own namespace only."""
        reference = self.spec.credentials.secret_ref
        return getattr(reference, "namespace", "") or self.key.namespace, reference.name


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An object whose spec says too little when what cannot be read is left out. `problem` names the field."""

    key: Key
    uid: str
    version: str
    problem: str


def key_of(kind: str, body: Mapping[str, Any]) -> Key:
    metadata = body["metadata"]
    return Key(intern(kind), intern(metadata.get("namespace") or ""), metadata["name"])


def decode(kind: str, body: Mapping[str, Any]) -> Resource | Config | Unreadable:
    """One object of our kinds."""
    key = key_of(kind, body)
    try:
        return _resource(key, body) if kind in REMOTE_KINDS else _config(key, body)
    except ValidationError as error:
        metadata = body["metadata"]
        return Unreadable(key, metadata["uid"], metadata["resourceVersion"], _problem(error))


def _resource(key: Key, body: Mapping[str, Any]) -> Resource:
    metadata = body["metadata"]
    annotations = metadata.get("annotations") or {}
    spec, problem = _spec(REMOTE_KINDS[key.kind].spec, body.get("spec") or {})
    return Resource(
        key=key,
        uid=metadata["uid"],
        generation=metadata["generation"],
        version=metadata["resourceVersion"],
        created_at=parse_time(metadata.get("creationTimestamp")) or datetime.fromtimestamp(0, UTC),
        spec=cast("RemoteSpec", spec),
        deleting="deletionTimestamp" in metadata,
        deleted_at=parse_time(metadata.get("deletionTimestamp")),
        finalizers=_finalizers(metadata),
        paused=annotations.get(PAUSED) == "true",
        requested_at=annotations.get(RECONCILE_REQUESTED_AT, ""),
        force_orphan=annotations.get(FORCE_ORPHAN, ""),
        manager=_manager(metadata),
        status=_compact(body.get("status")),
        problem=problem,
    )


def _spec(model: type[Model], given: Mapping[str, Any]) -> tuple[Model, str]:
    """The spec as far as it can be read, and what cannot. Raises ValidationError when the rest is not enough."""
    try:
        return model.model_validate(given), ""
    except ValidationError as error:
        odd = {part["loc"][:1] for part in error.errors()}
        rest = {name: value for name, value in given.items() if (name,) not in odd}
        try:
            return model.model_validate(rest), _problem(error)
        except ValidationError:
            raise error from None  # it tells what is wrong, not what is missed without it


def _problem(error: ValidationError) -> str:
    first = max(error.errors(), key=lambda part: part["loc"][:1] == ("mode",))
    return f"spec.{'.'.join(str(part) for part in first['loc'])} cannot be read: {first['msg']}"


def _config(key: Key, body: Mapping[str, Any]) -> Config:
    metadata = body["metadata"]
    annotations = metadata.get("annotations") or {}
    model = ProviderConfigSpec if key.kind == "ProviderConfig" else ClusterProviderConfigSpec
    spec, problem = _spec(model, body.get("spec") or {})
    return Config(
        key=key,
        uid=metadata["uid"],
        generation=metadata["generation"],
        version=metadata["resourceVersion"],
        spec=cast("AccountSpec", spec),
        deleting="deletionTimestamp" in metadata,
        finalizers=_finalizers(metadata),
        approval=annotations.get(APPROVE_DELETIONS_UNTIL, ""),
        requested_at=annotations.get(RECONCILE_REQUESTED_AT, ""),
        status=_compact(body.get("status")),
        problem=problem,
    )


def _finalizers(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(intern(finalizer) for finalizer in metadata.get("finalizers") or ())


def _manager(metadata: Mapping[str, Any]) -> str:
    """The field manager that wrote the spec last."""
    writers = [
        (entry.get("time") or "", entry.get("manager") or "")
        for entry in metadata.get("managedFields") or ()
        if "f:spec" in (entry.get("fieldsV1") or {})
    ]
    return intern(max(writers, default=("", ""))[1])


def _compact(status: Any) -> str:
    return json.dumps(status, separators=(",", ":"), ensure_ascii=False) if status else ""
