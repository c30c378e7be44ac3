"""The operator under test is a user with just the rights that the chart gives to the operator's ServiceAccount.

tests/data/rights.yaml is what Helm renders (tests/chart/test_rights.py), so that no Helm is needed here.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from trainsweep_devtools.devcluster import ControlPlane

OPERATOR = "operator"
RENDERED = Path(__file__).parent / "data" / "rights.yaml"
#: A release may write the Lease that has its name. Tests stand for the first of these, or for two shards.
RELEASES = ("trainsweep", "trainsweep-a", "trainsweep-b")
_FORBIDDEN = b'"authorization.k8s.io/decision":"forbid"'


def grant(plane: ControlPlane) -> None:
    bodies = [_for_tests(body) for body in yaml.safe_load_all(RENDERED.read_text())]
    command = ["kubectl", "--kubeconfig", str(plane.kubeconfig), "apply", "--server-side", "-f", "-"]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": bodies})
    subprocess.run(command, input=text, check=True, capture_output=True, text=True, timeout=60)


def refusals(audit_log: Path) -> list[str]:
    """What the operator asked for without a right to it, as "patch /api/v1/…"."""
    with audit_log.open("rb") as log:
        entries = [json.loads(line) for line in log if _FORBIDDEN in line and line.endswith(b"\n")]
    return [f"{entry['verb']} {entry['requestURI']}" for entry in entries if entry["user"]["username"] == OPERATOR]


def _for_tests(body: dict[str, Any]) -> dict[str, Any]:
    """The same rights for the user. What the release has in its own namespace it has in all, as each test has its own.
    Names and labels are others, so that a release can be installed beside it.
    """
    own = body["kind"] in ("Role", "RoleBinding")
    body["kind"] = f"Cluster{body['kind'].removeprefix('Cluster')}"
    body["metadata"] = {"name": "operator-under-test-own" if own else "operator-under-test"}
    if "rules" in body:
        for rule in body["rules"]:
            if "leases" in rule["resources"] and "resourceNames" in rule:
                rule["resourceNames"] = list(RELEASES)
    else:
        body["roleRef"] |= {"kind": "ClusterRole", "name": body["metadata"]["name"]}
        body["subjects"] = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": OPERATOR}]
    return body
