"""The manifests for those who have no Helm: current, complete, accepted, and a base for kustomize."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from .helm import CHART, NAMESPACE, Helm, Manifest, one
from .kubectl import KUBECTL, Kubectl
from .strict import load_all
from .test_generated import ROOT

INSTALL = ROOT / "dist" / "install.yaml"
BASE = ROOT / "kustomize"


@pytest.fixture
def install() -> list[Manifest]:
    return load_all(INSTALL.read_text())


def kustomized(directory: Path) -> list[Manifest]:
    done = subprocess.run([KUBECTL, "kustomize", str(directory)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return load_all(done.stdout)


def by_name(manifests: list[Manifest]) -> dict[tuple[str, str], Manifest]:
    return {
        (entry["kind"], entry["metadata"]["name"], entry["metadata"].get("namespace", "")): entry for entry in manifests
    }


@pytest.mark.usefixtures("helm")
def test_the_manifests_are_current():
    command = [sys.executable, str(ROOT / "charts" / "manifests.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_the_manifests_hold_what_the_chart_renders_but_for_its_hooks(helm: Helm, install: list[Manifest]):
    rendered = {key for key in by_name(helm.template()) if not key[1].endswith("-drain")}
    assert set(by_name(install)) == rendered | {("Namespace", NAMESPACE, "")}


def test_nothing_in_the_manifests_is_helms(install: list[Manifest]):
    assert [entry for entry in install if "helm" in str(entry).lower()] == []


def test_the_namespace_comes_first_and_enforces_the_restricted_standard(install: list[Manifest]):
    others = [entry["kind"] for entry in install if entry["kind"] != "CustomResourceDefinition"]
    assert others[0] == "Namespace"
    labels = one(install, "Namespace")["metadata"]["labels"]
    assert labels == {"pod-security.kubernetes.io/enforce": "restricted"}


def test_kustomize_builds_the_same(install: list[Manifest]):
    assert by_name(kustomized(BASE)) == by_name(install)
    definitions = kustomized(ROOT / "crds")
    assert by_name(definitions) | by_name(kustomized(BASE / "operator")) == by_name(install)
    assert {entry["kind"] for entry in definitions} == {"CustomResourceDefinition"}


def test_an_overlay_sets_image_and_settings(tmp_path: Path):
    overlay = {
        "resources": ["../kustomize"],
        "images": [{"name": "trainsweep/trainsweep", "newName": "mirror.example.com/trainsweep", "newTag": "1"}],
        "patches": [
            {
                "target": {"kind": "Deployment", "name": NAMESPACE},
                "patch": yaml.safe_dump([{"op": "replace", "path": "/spec/replicas", "value": 2}]),
            }
        ],
    }
    for part in ("crds", "kustomize"):
        (tmp_path / part).symlink_to(ROOT / part)
    directory = tmp_path / "overlay"
    directory.mkdir()
    (directory / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    spec: dict[str, Any] = one(kustomized(directory), "Deployment")["spec"]
    assert spec["replicas"] == 2
    assert spec["template"]["spec"]["containers"][0]["image"] == "mirror.example.com/trainsweep:1"


@pytest.mark.apiserver
def test_the_api_server_accepts_the_manifests(kubectl: Kubectl, install: list[Manifest]):
    kubectl.namespace(NAMESPACE)
    options = ("--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict")
    accepted = kubectl("apply", *options, "-f", str(INSTALL))
    assert len(accepted.splitlines()) == len(install)
    assert kubectl("apply", *options, "-k", str(BASE)).count("serverside-applied") == len(install)


def test_the_chart_is_where_the_manifests_say_they_are_from():
    assert f"{CHART.relative_to(ROOT)}" in INSTALL.read_text().splitlines()[0]
