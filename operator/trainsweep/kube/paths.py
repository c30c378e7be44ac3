"""Paths of the API server for the objects that the operator touches. A name fills one segment, whatever is in it."""

from __future__ import annotations

from urllib.parse import quote

from trainsweep.api.kinds import KINDS
from trainsweep.api.names import GROUP, VERSION
from trainsweep.core.errors import ConfigurationError
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Key

#: What our group serves, and with which verbs.
DISCOVERY = f"/apis/{GROUP}/{VERSION}"
#: Where an account asks what it may do itself.
ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def subject(path: str) -> str:
    """What a path is about, without names: "trainingjobs", "trainingjobs/status", "events"; "discovery"."""
    parts = path.strip("/").split("/")
    rest = parts[3:] if parts[0] == "apis" else parts[2:]
    if len(rest) > 2 and rest[0] == "namespaces":
        rest = rest[2:]
    return "/".join(rest[::2]) or "discovery"


def namespace_of(path: str) -> str:
    """The namespace that a path leads into, "" for none."""
    parts = path.strip("/").split("/")
    rest = parts[3:] if parts[0] == "apis" else parts[2:]
    return rest[1] if len(rest) > 1 and rest[0] == "namespaces" else ""


def collection(kind: str, namespace: str = "") -> str:
    """All objects of a kind, in one namespace or everywhere."""
    scope = f"/namespaces/{_segment(namespace)}" if namespace else ""
    return f"/apis/{GROUP}/{VERSION}{scope}/{KINDS[kind].plural}"


def resource(key: Key) -> str:
    return f"{collection(key.kind, key.namespace)}/{_segment(key.name)}"


def definition(kind: str) -> str:
    """The CustomResourceDefinition of a kind."""
    return f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{KINDS[kind].plural}.{GROUP}"


def namespace(name: str) -> str:
    return f"/api/v1/namespaces/{_segment(name)}"


def secret(namespace_: str, name: str) -> str:
    return f"{namespace(namespace_)}/secrets/{_segment(name)}"


def _segment(name: str) -> str:
    """Raises `ConfigurationError` for dots alone: HTTP clients take them for a way up, escaped or not."""
    if name in ("", ".", ".."):
        raise ConfigurationError(Reason.INVALID_SPEC, f"{name!r} is not the name of an object; correct it.")
    return quote(name, safe="")
