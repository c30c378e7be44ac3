"""The rules by which kstatus (and so Flux and `kpt live`) judges a custom resource, in its documented order."""

from __future__ import annotations

from typing import Any


def kstatus(body: dict[str, Any]) -> str:
    """Terminating, InProgress, Failed or Current."""
    metadata, status = body["metadata"], body.get("status", {})
    if metadata.get("deletionTimestamp"):
        return "Terminating"
    if "generation" in metadata and status.get("observedGeneration", metadata["generation"]) != metadata["generation"]:
        return "InProgress"
    conditions = status.get("conditions", [])
    for condition in conditions:
        abnormal = {"Reconciling": "InProgress", "Stalled": "Failed"}.get(condition["type"])
        if abnormal and condition["status"] == "True":
            return abnormal
    ready = next((condition["status"] for condition in conditions if condition["type"] == "Ready"), "True")
    return "Current" if ready == "True" else "InProgress"
