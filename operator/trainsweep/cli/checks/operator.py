"""Whether an operator is at work: its Lease, and its Deployment where one may be seen."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from trainsweep.cli.checks.finding import Finding, Scribe
from trainsweep.core.last_status import parse_time
from trainsweep.kube.client import KubeClient, KubeError

CHECK = "operator"
_LABELS = "app.kubernetes.io/name=trainsweep,app.kubernetes.io/component=operator"


async def look(scribe: Scribe, client: KubeClient, lease: tuple[str, str]) -> list[Finding]:
    namespace, name = lease
    found = await _read(client, f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{name}")
    now = _server_time(client)
    waiting = await _waiting(client, namespace)
    look_at = f"kubectl -n {namespace} get pods,events"
    if waiting:
        return [scribe.failed(CHECK, waiting, f"Look at its pods: {look_at}.")]
    if found is None:
        where = "Name another one with --lease-namespace and --lease-name; an operator on a laptop has none by default."
        return [scribe.skipped(CHECK, f"there is no Lease {namespace}/{name}", where)]
    spec = found.get("spec") or {}
    holder, renewed = spec.get("holderIdentity") or "", parse_time(spec.get("renewTime"))
    if not holder or renewed is None:
        return [scribe.failed(CHECK, f"nobody holds the Lease {namespace}/{name}: no operator runs", f"See {look_at}.")]
    age = (now - renewed).total_seconds()
    if age > 2 * int(spec.get("leaseDurationSeconds") or 15):
        found_ = f"the Lease {namespace}/{name} was renewed last {age:.0f} s ago by {holder}: no operator runs"
        return [scribe.failed(CHECK, found_, f"See {look_at}.")]
    return [scribe.ok(CHECK, f"{holder} leads by the Lease {namespace}/{name}")]


async def _waiting(client: KubeClient, namespace: str) -> str:
    """Which Deployment of ours in that namespace has no pod that is ready; "" for none, or when none may be seen."""
    found = await _read(client, f"/apis/apps/v1/namespaces/{namespace}/deployments", {"labelSelector": _LABELS})
    for body in (found or {}).get("items") or ():
        wanted, ready = body["spec"].get("replicas", 1), (body.get("status") or {}).get("readyReplicas", 0)
        if not ready:
            return f"the Deployment {namespace}/{body['metadata']['name']} has 0 of {wanted} pods ready"
    return ""


async def _read(client: KubeClient, path: str, query: dict[str, str] | None = None) -> dict[str, Any] | None:
    try:
        return await client.get(path, query)
    except KubeError as error:
        if error.status in (403, 404):
            return None
        raise


def _server_time(client: KubeClient) -> datetime:
    """The Lease is compared with the API server's clock: ours has a check of its own."""
    try:
        return parsedate_to_datetime(client.server_date).astimezone(UTC)
    except (ValueError, TypeError):
        return datetime.now(UTC)
