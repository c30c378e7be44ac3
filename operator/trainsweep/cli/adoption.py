"""From a remote thing to the manifest of a resource that stands for it. Pure; the same thing gives the same name."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

import yaml

from trainsweep.api.common import ConfigKind, DeletionPolicy, DesiredState
from trainsweep.api.names import API_VERSION
from trainsweep.cli.inventory import Item
from trainsweep.core.external import Thing
from trainsweep.core.last_status import format_time
from trainsweep.providers.text import clean

#: The longest name that is also good as a label's value.
LONGEST_NAME = 63


@dataclass(frozen=True, slots=True)
class Adoption:
    """What the manifests say beside the identity. With Orphan, deleting a resource leaves its remote thing alone."""

    config_kind: ConfigKind
    config_name: str
    namespace: str
    desired_state: DesiredState = DesiredState.PRESENT
    deletion_policy: DeletionPolicy = DeletionPolicy.ORPHAN


def manifest(item: Item, adoption: Adoption) -> dict[str, Any]:
    """A config never runs: what would stop it leaves it alone."""
    reference = {"kind": adoption.config_kind.value, "name": adoption.config_name}
    desired, policy = adoption.desired_state, adoption.deletion_policy
    if item.thing is Thing.CONFIG:
        desired = DesiredState.PRESENT if desired is DesiredState.STOPPED else desired
        policy = DeletionPolicy.ORPHAN if policy is DeletionPolicy.STOP else policy
    return {
        "apiVersion": API_VERSION,
        "kind": item.thing.value,
        "metadata": {"name": object_name(item), "namespace": adoption.namespace},
        "spec": {
            **_identity(item),
            "providerConfigRef": reference,
            "desiredState": desired.value,
            "deletionPolicy": policy.value,
        },
    }


def document(item: Item, adoption: Adoption) -> str:
    """A YAML document ready for `kubectl apply -f -`, under comments that tell a person what was seen of the thing.

    They hold nothing that changes while the thing does not, so that the file stays the same in Git.
    """
    body = yaml.safe_dump(manifest(item, adoption), sort_keys=False, allow_unicode=True)
    return "---\n" + "".join(f"# {clean(line, ())}\n" for line in _seen(item)) + body


def _seen(item: Item) -> list[str]:
    remote = item.remote
    word = f" ({remote.provider_state})" if remote.provider_state not in ("", remote.state) else ""
    times = (("created", remote.created_at), ("started", remote.started_at), ("ended", remote.finished_at))
    dates = ", ".join(f"{name} {format_time(time)}" for name, time in times if time)
    held = f"part of {item.parent}" if item.parent else ""
    return [f"{remote.name or item.id}: {remote.state}{word}", *filter(None, (held, dates))]


def object_name(item: Item) -> str:
    """A DNS label of the thing's name and id. An id that loses something on the way gets a hash of itself."""
    told = _label(item.id)
    if told != item.id.replace("/", "-"):
        told = f"{told}-{hashlib.sha256(item.id.encode()).hexdigest()[:8]}"
    name = _label(item.remote.name)
    if not name or name in told or item.thing is Thing.CONFIG:
        return _shorten(told)
    return _shorten(f"{name[: max(0, LONGEST_NAME - len(told) - 1)]}-{told}")


def _identity(item: Item) -> dict[str, str]:
    match item.thing:
        case Thing.JOB | Thing.TUNING_JOB:
            return {"jobID": item.id}
        case Thing.VERSION:
            job, _, version = item.id.partition("/")
            return {"jobID": job, "versionID": version}
        case Thing.CONFIG:
            return {"configName": item.id}
        case Thing.TUNING_TASK:
            return {"taskID": item.id}


def _label(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _shorten(name: str) -> str:
    """Keep the end, where the id is."""
    return name[-LONGEST_NAME:].strip("-")
