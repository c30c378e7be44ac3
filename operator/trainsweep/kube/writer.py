"""The one writer of finalizers and status: minimal merge patches, only on change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainsweep.core.resource import Key
from trainsweep.kube import paths
from trainsweep.kube.client import KubeClient


class Writer:
    """Patches objects of our kinds. A 404 or 409 comes up as `KubeError`: the next event tells what is true."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    async def set_finalizers(self, key: Key, version: str, finalizers: tuple[str, ...]) -> dict[str, Any]:
        """Replace the list; the resource version makes a write over somebody else's change fail with 409."""
        metadata = {"finalizers": list(finalizers) or None, "resourceVersion": version}
        return await self._client.merge(paths.resource(key), {"metadata": metadata})

    async def write_status(
        self, key: Key, uid: str, status: Mapping[str, Any], before: Mapping[str, Any], *, version: str = ""
    ) -> dict[str, Any] | None:
        """Patch the fields that differ from `before`; None when none does.

        The uid keeps a status from reaching a new object of the same name. A `version` makes the write fail with 409
        when the object has changed since.
        """
        changed = {name: value for name, value in status.items() if before.get(name) != value}
        removed = {name: None for name in before if name not in status}
        if not changed and not removed:
            return None
        for name, value in changed.items():
            changed[name] = _with_removals(value, before.get(name))
        metadata = {"uid": uid} | ({"resourceVersion": version} if version else {})
        patch = {"metadata": metadata, "status": changed | removed}
        return await self._client.merge(f"{paths.resource(key)}/status", patch)


def _with_removals(value: Any, before: Any) -> Any:
    """A merge patch merges objects: fields that are gone must be named."""
    if isinstance(value, dict) and isinstance(before, dict):
        return {name: None for name in before if name not in value} | value
    return value
