"""The API server as a user meets it, and its audit log."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from pathlib import Path
from typing import Any

import httpx

from trainsweep.api.kinds import KINDS
from trainsweep.api.names import API_VERSION

from ..operator_rights import OPERATOR

_CORE = {"Secret": "secrets", "Namespace": "namespaces", "Event": "events"}
_WRITES = frozenset({"create", "update", "patch", "delete"})


class Api:
    """Requests of an administrator. `namespace` is where objects are looked for, `cache` is a directory for kubectl."""

    def __init__(self, kubeconfig: Path, namespace: str, cache: Path) -> None:
        self.kubeconfig = kubeconfig
        self.namespace = namespace
        self._cache = cache
        login = json.loads(kubeconfig.read_text())
        cluster = login["clusters"][0]["cluster"]
        self._http = httpx.AsyncClient(
            base_url=cluster["server"],
            headers={"Authorization": f"Bearer {login['users'][0]['user']['token']}"},
            verify=ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode()),
            trust_env=False,
            timeout=30,
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    async def apply(self, kind: str, name: str, *, annotations: Any = None, **fields: Any) -> dict[str, Any]:
        """Server-side apply of a whole object: `fields` are what stands beside its metadata."""
        manifest = {
            "apiVersion": "v1" if kind in _CORE else API_VERSION,
            "kind": kind,
            "metadata": {"name": name} | ({"annotations": annotations} if annotations else {}),
            **fields,
        }
        answer = await self._http.patch(
            self.path(kind, name),
            content=json.dumps(manifest),
            params={"fieldManager": "e2e", "force": "true", "fieldValidation": "Strict"},
            headers={"Content-Type": "application/apply-patch+yaml"},
        )
        return _read(answer)

    async def patch(self, kind: str, name: str, patch: dict[str, Any]) -> dict[str, Any]:
        """JSON merge patch."""
        headers = {"Content-Type": "application/merge-patch+json"}
        return _read(await self._http.patch(self.path(kind, name), content=json.dumps(patch), headers=headers))

    async def annotate(self, kind: str, name: str, **annotations: str | None) -> None:
        """Set our annotations, or remove those given as None; `force_orphan` is trainsweep.dev/force-orphan."""
        ours = {f"trainsweep.dev/{key.replace('_', '-')}": value for key, value in annotations.items()}
        await self.patch(kind, name, {"metadata": {"annotations": ours}})

    async def get(self, kind: str, name: str) -> dict[str, Any] | None:
        """The object, None when there is none."""
        answer = await self._http.get(self.path(kind, name))
        return None if answer.status_code == 404 else _read(answer)

    async def list(self, kind: str) -> list[dict[str, Any]]:
        return _read(await self._http.get(self.path(kind)))["items"]

    async def delete(self, kind: str, name: str) -> None:
        """Ask for the deletion; finalizers may keep the object for a while."""
        _read(await self._http.delete(self.path(kind, name)))

    async def kubectl(self, *arguments: str) -> str:
        """What kubectl prints in the namespace. Fails when it does not exit with 0."""
        process = await asyncio.create_subprocess_exec(
            "kubectl",
            # A cache of its own: kubectl does not ask again for what it learned of an earlier server on the same port.
            *("--kubeconfig", str(self.kubeconfig), "--cache-dir", str(self._cache), "-n", self.namespace),
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, complaint = await process.communicate()
        assert process.returncode == 0, f"kubectl {' '.join(arguments)}: {complaint.decode()}"
        return printed.decode()

    def path(self, kind: str, name: str = "") -> str:
        """The path of an object, or of all objects of its kind in the namespace."""
        base = "/api/v1" if kind in _CORE else f"/apis/{API_VERSION}"
        cluster_wide = kind == "Namespace" or (kind in KINDS and KINDS[kind].scope == "Cluster")
        scope = "" if cluster_wide else f"/namespaces/{self.namespace}"
        plural = _CORE.get(kind) or KINDS[kind].plural
        return f"{base}{scope}/{plural}{'/' if name else ''}{name}"


class AuditLog:
    """What was asked of the API server since this object was made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._start = path.stat().st_size

    def writes(self, namespace: str, *, by: str = OPERATOR) -> list[tuple[str, str, str]]:
        """The writes in a namespace, in order: (verb, resource or resource/subresource, name), "" for a new name."""
        with self._path.open("rb") as log:
            log.seek(self._start)
            entries = [json.loads(line) for line in log if line.endswith(b"\n")]
        return [
            (
                entry["verb"],
                "/".join(filter(None, (about["resource"], about.get("subresource")))),
                about.get("name", ""),
            )
            for entry in entries
            if entry["user"]["username"] == by
            and entry["verb"] in _WRITES
            and (about := entry.get("objectRef") or {}).get("namespace") == namespace
        ]


def _read(answer: httpx.Response) -> Any:
    assert answer.is_success, f"{answer.request.method} {answer.request.url.path}: {answer.text}"
    return answer.json()
