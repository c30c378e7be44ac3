"""A real API server with the CustomResourceDefinitions of this checkout installed."""

from __future__ import annotations

import base64
import json
import secrets
import ssl
import subprocess
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pytest

from trainsweep.api.kinds import KINDS
from trainsweep.api.names import API_VERSION

CRDS = Path(__file__).parents[2] / "crds"
ACCOUNT = {"providerConfigRef": {"name": "account"}}
SECRET = {"secretRef": {"name": "account"}}
VALID: dict[str, dict[str, Any]] = {
    "TrainingJob": ACCOUNT | {"jobID": "155500"},
    "TrainingJobVersion": ACCOUNT | {"jobID": "155500", "versionID": "2"},
    "TrainingJobConfig": ACCOUNT | {"configName": "resnet_50-v2"},
    "FineTuningTask": ACCOUNT | {"taskID": "task-5rvc7sk3m9qd"},
    "FineTuningJob": ACCOUNT | {"jobID": "job-4jr5xb2wq8nt"},
    "ProviderConfig": {
        "provider": "ModelArts",
        "modelArts": {"region": "cn-north-4", "projectID": "0123456789abcdef"},
        "credentials": SECRET,
    },
    "ClusterProviderConfig": {
        "provider": "Qianfan",
        "qianfan": {},
        "credentials": {"secretRef": {"name": "account", "namespace": "ops"}},
    },
}


class Api:
    """The API server as a user meets it: by kubectl, and by plain requests where many are made."""

    def __init__(self, kubeconfig: Path) -> None:
        self._kubeconfig = kubeconfig
        view = json.loads(self.kubectl("config", "view", "--raw", "--minify", "--flatten", "-o", "json"))
        cluster = view["clusters"][0]["cluster"]
        self._http = httpx.Client(
            base_url=cluster["server"],
            headers={"Authorization": f"Bearer {view['users'][0]['user']['token']}"},
            verify=ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode()),
        )
        self.namespace = f"api-{secrets.token_hex(4)}"

    def close(self) -> None:
        self._http.close()

    def kubectl(self, *arguments: str) -> str:
        command = ["kubectl", "--kubeconfig", str(self._kubeconfig), *arguments]
        result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        assert result.returncode == 0, f"{' '.join(command)}: {result.stderr}"
        return result.stdout

    def create(self, kind: str, spec: Any, *, name: str = "", dry_run: bool = False) -> httpx.Response:
        """Create an object as kubectl does: unknown fields are refused. A dry run stores nothing."""
        manifest = {
            "apiVersion": API_VERSION,
            "kind": kind,
            "metadata": {"name": name or f"{kind.lower()}-{secrets.token_hex(4)}"},
            "spec": spec,
        }
        return self._http.post(self._path(kind), json=manifest, params=_params(dry_run))

    def patch(self, kind: str, name: str, patch: Any, *, dry_run: bool = False, part: str = "") -> httpx.Response:
        """Send a JSON merge patch; `part` is "/status" for the status subresource."""
        return self._http.patch(
            f"{self._path(kind)}/{name}{part}",
            json=patch,
            params=_params(dry_run),
            headers={"Content-Type": "application/merge-patch+json"},
        )

    def read(self, kind: str, name: str) -> dict[str, Any]:
        return self._http.get(f"{self._path(kind)}/{name}").raise_for_status().json()

    def delete(self, kind: str, name: str) -> None:
        self._http.delete(f"{self._path(kind)}/{name}").raise_for_status()

    def _path(self, kind: str) -> str:
        scope = f"/namespaces/{self.namespace}" if KINDS[kind].scope == "Namespaced" else ""
        return f"/apis/{API_VERSION}{scope}/{KINDS[kind].plural}"


def _params(dry_run: bool) -> dict[str, str]:
    return {"fieldValidation": "Strict"} | ({"dryRun": "All"} if dry_run else {})


@pytest.fixture
def valid() -> dict[str, dict[str, Any]]:
    """The smallest valid spec of each kind, to be changed at will."""
    return deepcopy(VALID)


@pytest.fixture(scope="session")
def api(control_plane: Any) -> Iterator[Api]:
    """The API server, and a namespace of its own for these tests."""
    api = Api(control_plane.kubeconfig)
    api.kubectl("apply", "--server-side", "-f", str(CRDS))
    api.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", str(CRDS))
    api.kubectl("create", "namespace", api.namespace)
    yield api
    api.kubectl("delete", "namespace", api.namespace, "--wait=false")
    api.close()
