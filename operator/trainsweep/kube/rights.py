"""What the operator may do in a cluster, as data. The chart grants exactly this; a test compares the two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from trainsweep.api.kinds import KINDS, REMOTE_KINDS
from trainsweep.api.names import GROUP


@dataclass(frozen=True, slots=True)
class Right:
    """One verb on one resource ("trainingjobs/status"), on one object of that name when there is one."""

    verb: str
    group: str
    resource: str
    name: str = ""

    def __str__(self) -> str:
        where = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {where}{f' {self.name}' if self.name else ''}"

    def question(self, namespace: str = "") -> dict[str, Any]:
        """The body of a SelfSubjectAccessReview; without a namespace it is about all of them."""
        resource, _, subresource = self.resource.partition("/")
        attributes = {"verb": self.verb, "group": self.group, "resource": resource}
        optional = {"subresource": subresource, "name": self.name, "namespace": namespace}
        return {"spec": {"resourceAttributes": attributes | {key: value for key, value in optional.items() if value}}}


def namespaced() -> Iterator[Right]:
    """In each namespace that is watched, beside those on Secrets."""
    plurals = [kind.plural for kind in KINDS.values() if kind.scope == "Namespaced"]
    yield from _on_kinds(plurals)
    yield Right("get", "", "namespaces")
    yield Right("create", "", "events")
    yield Right("patch", "", "events")


def on_secret(name: str = "") -> Iterator[Right]:
    """On a Secret of an account. `patch` protects it from being deleted, and can be done without."""
    yield Right("get", "", "secrets", name)
    yield Right("patch", "", "secrets", name)


def of_cluster() -> Iterator[Right]:
    """Beside those in its namespaces, to serve the whole cluster."""
    yield from _on_kinds([kind.plural for kind in KINDS.values() if kind.scope == "Cluster"])
    for verb in ("list", "watch"):
        yield Right(verb, "apiextensions.k8s.io", "customresourcedefinitions")
    for kind in REMOTE_KINDS.values():
        yield Right("get", "apiextensions.k8s.io", "customresourcedefinitions", kind.crd_name)


def on_lease(name: str) -> Iterator[Right]:
    """In the operator's own namespace. A name cannot be limited before the object exists."""
    yield Right("create", "coordination.k8s.io", "leases")
    yield Right("get", "coordination.k8s.io", "leases", name)
    yield Right("update", "coordination.k8s.io", "leases", name)


def _on_kinds(plurals: list[str]) -> Iterator[Right]:
    for plural in plurals:
        for verb in ("get", "list", "watch", "patch"):
            yield Right(verb, GROUP, plural)
        yield Right("patch", GROUP, f"{plural}/status")
