"""Helm, and an API server of the chart's own, as it installs and removes the definitions that other tests share."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from trainsweep.api.kinds import KINDS
from trainsweep_devtools.devcluster import ControlPlane, DevClusterError, PlainProgress

from ..conftest import NO_SKIP, _plane
from ..e2e.conftest import make_world
from ..e2e.world import World
from ..tools.builder import HELM, obtain
from .helm import NAMESPACE, Helm
from .kubectl import Kubectl
from .pods import Pods
from .rights import Trail


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """Helm without a cluster."""
    try:
        return Helm(obtain(HELM, PlainProgress()), tmp_path_factory.mktemp("helm"))
    except DevClusterError as error:
        if NO_SKIP:
            raise
        pytest.skip(f"no Helm on this machine: {error}")


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """etcd, kube-apiserver and the controllers that fill aggregated roles, free namespaces and make accounts."""
    yield from _plane(controllers=True, audit_log=tmp_path_factory.mktemp("chart") / "audit.log")


@pytest.fixture
def cluster_helm(helm: Helm, plane: ControlPlane) -> Helm:
    """Helm on the API server."""
    return replace(helm, kubeconfig=plane.kubeconfig)


@pytest.fixture
def kubectl(plane: ControlPlane) -> Kubectl:
    return Kubectl(plane)


@pytest_asyncio.fixture
async def world(cluster_helm: Helm, kubectl: Kubectl, plane: ControlPlane, tmp_path: Path) -> AsyncIterator[World]:
    """Both providers simulated, their accounts in a namespace of its own, our kinds installed by the chart, and nobody
    who operates. Nothing of it is left for the next test, whose operator may watch the whole cluster."""
    cluster_helm.upgrade()
    kubectl("delete", "leases", "--all", "-n", NAMESPACE)
    async for world in make_world(plane, tmp_path):
        yield world
    let_go(plane)
    for kind in KINDS.values():
        kubectl.run("delete", kind.crd_name, "--all", "--all-namespaces")  # a test may have removed the definition


def let_go(plane: ControlPlane) -> None:
    """Free what is held and has no operator any more."""
    command = [sys.executable, "-c", "from trainsweep.cli import main; main()", "release", "--all", "--orphan", "--yes"]
    subprocess.run([*command, "--kubeconfig", str(plane.kubeconfig)], check=True, capture_output=True, timeout=60)


@pytest_asyncio.fixture
async def pods(plane: ControlPlane, tmp_path: Path) -> AsyncIterator[Pods]:
    """Stands in for the kubelet: runs what a pod would run."""
    pods = Pods(plane, tmp_path)
    yield pods
    await pods.stop()


@pytest.fixture
def trail(plane: ControlPlane) -> Callable[[str], Trail]:
    """Begins to follow a ServiceAccount."""
    assert plane.audit_log
    return partial(Trail, plane.audit_log)
