"""Helm, and an API server of the chart's own, as it installs and removes the definitions that other tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from trainsweep.devcluster import ControlPlane, DevClusterError, PlainProgress

from ..conftest import NO_SKIP, _plane
from ..e2e.conftest import make_world
from ..e2e.world import World
from ..tools.builder import obtain
from .helm import HELM, Helm
from .pods import Pods


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


@pytest_asyncio.fixture
async def world(cluster_helm: Helm, plane: ControlPlane, tmp_path: Path) -> AsyncIterator[World]:
    """Both providers simulated, their accounts in a namespace of its own, our kinds installed by the chart, and nobody
    who operates."""
    cluster_helm.upgrade()
    async for world in make_world(plane, tmp_path):
        yield world


@pytest_asyncio.fixture
async def pods(plane: ControlPlane, tmp_path: Path) -> AsyncIterator[Pods]:
    """Stands in for the kubelet: runs what a pod would run."""
    pods = Pods(plane, tmp_path)
    yield pods
    await pods.stop()
