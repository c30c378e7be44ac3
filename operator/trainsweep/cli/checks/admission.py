"""Whether a webhook or a policy would refuse what the operator writes: the same patches, as dry runs."""

from __future__ import annotations

from typing import Any

from trainsweep.api.kinds import KINDS, REMOTE_KINDS
from trainsweep.api.names import API_VERSION, FINALIZER, IN_USE_FINALIZER
from trainsweep.cli.checks.finding import Finding, Scribe, one_line
from trainsweep.cluster.decode import key_of
from trainsweep.kube import paths
from trainsweep.kube.client import KubeClient, KubeError

CHECK = "patches"
_ADVICE = "Exempt the operator's ServiceAccount for trainsweep.dev in that webhook or policy; see docs/install.md."
#: How RBAC refuses, which the check of rights tells.
_BY_RBAC = ("cannot patch resource", "cannot create resource")


async def look(scribe: Scribe, client: KubeClient, namespaces: tuple[str, ...]) -> list[Finding]:
    """One object of each kind; when there is none at all, a new one."""
    refused, tried, unknown = [], 0, ""
    for kind in KINDS.values():
        places = ("",) if kind.scope == "Cluster" else namespaces or ("",)
        if (kind.scope == "Cluster" and namespaces) or not (body := await _some(client, kind.name, places)):
            continue
        for what, path, patch in _patches(kind.name, body):
            tried += 1
            match await _refusal(client, path, patch):
                case None:
                    pass
                case KubeError(status=403) as error if any(words in str(error) for words in _BY_RBAC):
                    unknown = "this login may not patch our objects"
                case KubeError(status=400) as error if "dry run" in str(error):
                    unknown = one_line(error)
                case KubeError(status=404 | 409):
                    pass  # changed or gone meanwhile
                case error:
                    refused.append(f"{what} of {key_of(kind.name, body)}: {one_line(error)}")
    if not tried:
        return [await _of_a_new_one(scribe, client, next(iter(namespaces), "default"))]
    if refused:
        return [scribe.failed(CHECK, f"refused: {'; '.join(refused[:2])}", _ADVICE)]
    if unknown:
        return [scribe.skipped(CHECK, f"it cannot be told whether they are admitted: {unknown}")]
    return [scribe.ok(CHECK, f"{tried} patches of finalizers and status were admitted as dry runs")]


async def _some(client: KubeClient, kind: str, places: tuple[str, ...]) -> dict[str, Any] | None:
    for place in places:
        if items := (await client.get(paths.collection(kind, place), {"limit": "1"})).get("items"):
            found: dict[str, Any] = items[0]
            return found
    return None


def _patches(kind: str, body: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """The finalizer is taken off where it is, else put on; the status is written as it is."""
    metadata = body["metadata"]
    ours = FINALIZER if kind in REMOTE_KINDS else IN_USE_FINALIZER
    there = list(metadata.get("finalizers") or ())
    after = [name for name in there if name != ours] if ours in there else [*there, ours]
    path = paths.resource(key_of(kind, body))
    status = {"observedGeneration": (body.get("status") or {}).get("observedGeneration", -1)}
    return [
        ("the finalizer", path, {"metadata": {"uid": metadata["uid"], "finalizers": after or None}}),
        ("the status", f"{path}/status", {"metadata": {"uid": metadata["uid"]}, "status": status}),
    ]


async def _refusal(client: KubeClient, path: str, patch: dict[str, Any]) -> KubeError | None:
    try:
        await client.merge(path, patch, dry_run=True)
    except KubeError as error:
        return error
    return None


async def _of_a_new_one(scribe: Scribe, client: KubeClient, namespace: str) -> Finding:
    spec = {"providerConfigRef": {"name": "none"}, "jobID": "1"}
    metadata = {"generateName": "trainsweep-check-", "namespace": namespace, "finalizers": [FINALIZER]}
    body = {"apiVersion": API_VERSION, "kind": "TrainingJob", "metadata": metadata, "spec": spec}
    try:
        await client.post(paths.collection("TrainingJob", namespace), body, dry_run=True)
    except KubeError as error:
        if error.status in (403, 404) and (error.status == 404 or any(words in str(error) for words in _BY_RBAC)):
            return scribe.skipped(CHECK, "there is no object of ours yet, and this login may not create one to try")
        return scribe.failed(CHECK, f"a new TrainingJob in {namespace} is refused: {one_line(error)}", _ADVICE)
    return scribe.ok(CHECK, f"there is no object of ours yet; a new TrainingJob in {namespace} would be admitted")
