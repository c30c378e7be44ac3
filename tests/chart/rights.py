"""What roles grant, what the audit log shows as used, and the difference."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .helm import NAMESPACE, Manifest

#: What every account may do by the cluster's own roles: discover, and ask what it may do.
FREE_GROUPS = frozenset({"authorization.k8s.io"})


@dataclass(frozen=True, order=True)
class Right:
    """`resource` with its subresource; `namespace` and `name` are "" for any."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""

    def covers(self, use: Right) -> bool:
        same = (self.verb, self.group, self.resource) == (use.verb, use.group, use.resource)
        return same and self.namespace in ("", use.namespace) and self.name in ("", use.name)


@dataclass(frozen=True)
class Request:
    """One line of the audit log; `right` is what it needed, None for a path that is no resource."""

    path: str
    status: int
    right: Right | None


def granted(manifests: list[Manifest], account: str) -> set[Right]:
    """The rights that the roles among the manifests give to a ServiceAccount of the release's namespace."""
    roles = {(entry["kind"], entry["metadata"]["name"], _namespace(entry)): entry for entry in manifests}
    found: set[Right] = set()
    for entry in manifests:
        subject = {"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}
        if subject in entry.get("subjects", ()):
            namespace = _namespace(entry)
            for rule in roles[entry["roleRef"]["kind"], entry["roleRef"]["name"], namespace]["rules"]:
                found.update(_rights(rule, namespace))
    return found


class Trail:
    """The requests of one ServiceAccount from now on, refused or not, out of the audit log."""

    def __init__(self, audit_log: Path, account: str) -> None:
        self._log = audit_log
        self._start = audit_log.stat().st_size
        self._user = f"system:serviceaccount:{NAMESPACE}:{account}"

    def requests(self) -> list[Request]:
        with self._log.open("rb") as log:
            log.seek(self._start)
            entries = [json.loads(line) for line in log if line.endswith(b"\n")]
        return [_request(entry) for entry in entries if entry["user"]["username"] == self._user]

    def used(self) -> set[Right]:
        return {one.right for one in self.requests() if one.right and one.right.group not in FREE_GROUPS}

    def exhausts(self, rights: set[Right]) -> None:
        """Assert that the rights sufficed, that nothing else was used, and that each one was."""
        used = self.used()
        assert [request for request in self.requests() if request.status in (401, 403)] == []
        assert {use for use in used if not any(right.covers(use) for right in rights)} == set()
        assert {right for right in rights if not any(right.covers(use) for use in used)} == set()


def _namespace(manifest: Manifest) -> str:
    return manifest["metadata"].get("namespace", "")


def _rights(rule: dict[str, Any], namespace: str) -> Iterator[Right]:
    for group in rule["apiGroups"]:
        for resource in rule["resources"]:
            for verb in rule["verbs"]:
                for name in rule.get("resourceNames", [""]):
                    yield Right(verb, group, resource, namespace, name)


def _request(entry: dict[str, Any]) -> Request:
    about = entry.get("objectRef") or {}
    right = None
    if about.get("resource"):
        resource = "/".join(filter(None, (about["resource"], about.get("subresource"))))
        places = about.get("namespace", ""), about.get("name", "")
        right = Right(entry["verb"], about.get("apiGroup", ""), resource, *places)
    return Request(entry["requestURI"], entry.get("responseStatus", {}).get("code", 0), right)
