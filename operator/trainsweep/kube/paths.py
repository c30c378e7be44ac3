"""Paths of the API server for the objects that the operator touches."""

from __future__ import annotations

from trainsweep.api.kinds import KINDS
from trainsweep.api.names import GROUP, VERSION
from trainsweep.core.record import Key


def collection(kind: str, namespace: str = "") -> str:
    """All objects of a kind, in one namespace or everywhere."""
    scope = f"/namespaces/{namespace}" if namespace else ""
    return f"/apis/{GROUP}/{VERSION}{scope}/{KINDS[kind].plural}"


def resource(key: Key) -> str:
    return f"{collection(key.kind, key.namespace)}/{key.name}"


def definition(kind: str) -> str:
    """The CustomResourceDefinition of a kind."""
    return f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{KINDS[kind].plural}.{GROUP}"


def namespace(name: str) -> str:
    return f"/api/v1/namespaces/{name}"


def secret(namespace_: str, name: str) -> str:
    return f"/api/v1/namespaces/{namespace_}/secrets/{name}"
