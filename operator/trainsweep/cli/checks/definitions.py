"""Whether our kinds are installed, and as this version defines them."""

from __future__ import annotations

from typing import Any

from trainsweep.api.crd import crd
from trainsweep.api.kinds import KINDS
from trainsweep.api.names import API_VERSION, VERSION
from trainsweep.cli.checks.finding import Finding, Scribe
from trainsweep.kube import paths
from trainsweep.kube.client import KubeClient, KubeError

_INSTALL = "Install those of this version: trainsweep crds | kubectl apply --server-side -f -"


async def look(scribe: Scribe, client: KubeClient) -> list[Finding]:
    served = await _served(client)
    if missing := [kind.crd_name for kind in KINDS.values() if kind.plural not in served]:
        return [scribe.failed("kinds", f"not installed: {', '.join(missing)}", _INSTALL)]
    differing, unread = [], 0
    for kind in KINDS.values():
        try:
            installed = await client.get(paths.definition(kind.name))
        except KubeError as error:
            if error.status != 403:
                raise
            unread += 1
            continue
        if "deletionTimestamp" in installed["metadata"]:
            advice = "Resources of a kind that goes are let go, not cleaned up; wait for its end and install it again."
            return [scribe.failed("kinds", f"{kind.crd_name} is being deleted", advice)]
        if where := _difference(_schema(crd(kind)), _schema(installed)):
            differing.append(f"{kind.crd_name} at {where}")
    if differing:
        return [scribe.failed("kinds", f"of another version: {', '.join(differing)}", _INSTALL)]
    rest = f"; {unread} definitions may not be read by this login" if unread else ""
    return [scribe.ok("kinds", f"{len(KINDS)} kinds of {API_VERSION}, as in this version{rest}")]


async def _served(client: KubeClient) -> set[str]:
    try:
        return {entry["name"] for entry in (await client.get(paths.DISCOVERY))["resources"]}
    except KubeError as error:
        if error.status == 404:
            return set()
        raise


def _schema(definition: dict[str, Any]) -> Any:
    versions = definition["spec"]["versions"]
    return next((entry["schema"]["openAPIV3Schema"] for entry in versions if entry["name"] == VERSION), None)


def _difference(ours: Any, theirs: Any, path: str = "") -> str:
    """Where two schemas differ first, "" when they do not. Descriptions do not count."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in sorted(ours.keys() | theirs.keys()):
            if name == "description" and isinstance(ours.get(name, ""), str):
                continue
            below = path if name in ("properties", "items") else f"{path}.{name}"
            if (name in ours) != (name in theirs):
                return below.lstrip(".")
            if found := _difference(ours[name], theirs[name], below):
                return found
        return ""
    return "" if ours == theirs else path.lstrip(".") or "its root"
