"""The commands and manifests of the two GitOps pages, run as they stand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from tests.e2e.world import World, condition, until

from trainsweep.api.kinds import KINDS
from trainsweep_devtools.devcluster import ControlPlane

from .evaluators import RULES

pytestmark = pytest.mark.apiserver


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)^ *```$", (RULES / page).read_text(), re.MULTILINE | re.DOTALL)


def kubectl(plane: ControlPlane, *arguments: str) -> str:
    command = ["kubectl", "--kubeconfig", str(plane.kubeconfig), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def test_the_commands_give_argo_cd_the_script_for_every_kind(plane: ControlPlane, tmp_path: Path):
    kubectl(plane, "create", "namespace", "argocd")
    kubectl(plane, "create", "configmap", "argocd-cm", "--namespace=argocd", "--from-literal=url=https://argo.example")
    shutil.copytree(RULES, tmp_path / "gitops")
    (commands,) = blocks("argo-cd.md", "sh")
    subprocess.run(
        ["bash", "-euc", commands],  # noqa: S607 (as a reader's terminal does)
        cwd=tmp_path / "gitops",
        env=os.environ | {"KUBECONFIG": str(plane.kubeconfig)},
        check=True,
        timeout=60,
    )
    data = yaml.safe_load(kubectl(plane, "get", "configmap", "argocd-cm", "--namespace=argocd", "--output=yaml"))[
        "data"
    ]
    assert data.pop("url") == "https://argo.example"
    script = (RULES / "argocd-health.lua").read_text()
    assert data == {f"resource.customizations.health.trainsweep.dev_{kind}": script for kind in KINDS}


def test_the_manifests_of_the_page_are_accepted(plane: ControlPlane, tmp_path: Path):
    (manifests,) = blocks("argo-cd.md", "yaml")
    (tmp_path / "manifests.yaml").write_text(manifests)
    told = kubectl(plane, "apply", "--dry-run=server", "--filename", str(tmp_path / "manifests.yaml"))
    assert [line.split()[1:] for line in told.splitlines()] == [["created", "(server", "dry", "run)"]] * 2


async def test_an_annotation_under_fluxs_field_manager_pauses_a_resource(world: World):
    world.start_operator()
    await world.resource("TrainingJob", "nightly", jobID="155500")
    await world.reaches("TrainingJob", "nightly", "Available")
    (command,) = blocks("flux.md", "sh")
    await world.api.kubectl(*command.split()[1:])
    await until(lambda: is_paused(world), "the resource is paused")


async def is_paused(world: World) -> bool:
    body = await world.api.get("TrainingJob", "nightly")
    return condition(body or {}, "Synced")["reason"] == "ReconcilePaused"


def test_kustomize_spells_out_the_rules_of_flux(tmp_path: Path):
    shutil.copy(RULES / "flux-health.yaml", tmp_path)
    (tmp_path / "kustomization.yaml").write_text("resources: [flux-health.yaml]")
    command = ["kubectl", "kustomize", str(tmp_path)]
    built = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    assert yaml.safe_load(built) == yaml.safe_load((RULES / "flux-health.yaml").read_text())
    assert "&" not in built.replace("&&", "")
