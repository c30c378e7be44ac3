"""The page about keys, done as it stands: what a Secret holds afterwards."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from trainsweep.api.names import IN_USE_FINALIZER
from trainsweep_devtools.devcluster import ControlPlane

from .conftest import kubectl
from .pages import DOCS, blocks

pytestmark = pytest.mark.apiserver
PAGE = DOCS / "how-to" / "keys.md"
NAMESPACE = "keys"


def replacing() -> dict[bool, str]:
    """The commands that replace the Secret as a whole, by whether the keys are temporary ones."""
    commands = [command for block in blocks(PAGE.read_text()) for command in block.commands]
    return {"securityToken" in command: command for command in commands if command.endswith("kubectl replace -f -")}


def test_a_replaced_secret_holds_the_new_keys_and_no_others(control_plane: ControlPlane, tmp_path: Path):
    temporary = {"accessKey": "old", "secretKey": "old", "securityToken": "old"}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "huawei", "namespace": NAMESPACE, "finalizers": [IN_USE_FINALIZER]},
        "stringData": temporary,
    }
    kubectl(control_plane, "create", "namespace", NAMESPACE)
    kubectl(control_plane, "create", "-f", "-", stdin=json.dumps(secret))
    for file in ("ak.txt", "sk.txt", "token.txt"):
        (tmp_path / file).write_text(f"new {file}")
    login = json.loads(control_plane.kubeconfig.read_text())
    login["contexts"][0]["context"]["namespace"] = NAMESPACE
    (tmp_path / "kubeconfig").write_text(json.dumps(login))

    def keys_after(command: str) -> set[str]:
        environment = os.environ | {"KUBECONFIG": str(tmp_path / "kubeconfig")}
        subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=tmp_path, env=environment, check=True)  # noqa: S607
        return set(json.loads(kubectl(control_plane, "get", "secret", "huawei", "-n", NAMESPACE, "-o", "json"))["data"])

    assert keys_after(replacing()[True]) == set(temporary)
    assert keys_after(replacing()[False]) == {"accessKey", "secretKey"}
