"""The API server with our kinds and the namespaces that the pages speak of, and Helm."""

from __future__ import annotations

import json
import subprocess

import pytest
from tests.chart.conftest import helm
from tests.e2e.conftest import install_crds

from trainsweep_devtools.devcluster import ControlPlane

__all__ = ["helm"]

NAMESPACES = ("team-a",)


@pytest.fixture(scope="session")
def plane(control_plane: ControlPlane) -> ControlPlane:
    install_crds(control_plane)
    for namespace in NAMESPACES:
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        kubectl(control_plane, "apply", "-f", "-", stdin=json.dumps(body))
    return control_plane


def kubectl(plane: ControlPlane, *arguments: str, stdin: str = "") -> str:
    command = ["kubectl", "--kubeconfig", str(plane.kubeconfig), *arguments]
    result = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, f"{' '.join(arguments)}: {result.stderr}"
    return result.stdout
