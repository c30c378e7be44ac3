"""What tests share: one real API server for the whole run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from trainsweep.devcluster import ControlPlane, DevClusterError, PlainProgress, find_binaries


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """etcd and kube-apiserver 1.36 with RBAC, a token user "admin" and an audit log; no controllers."""
    yield from _plane(controllers=False, audit_log=tmp_path_factory.mktemp("control-plane") / "audit.log")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """The same with the garbage-collector, namespace and service-account controllers."""
    yield from _plane(controllers=True, audit_log=tmp_path_factory.mktemp("cluster") / "audit.log")


def _plane(*, controllers: bool, audit_log: Path) -> Iterator[ControlPlane]:
    try:
        binaries = find_binaries(controllers, PlainProgress())
    except DevClusterError as error:
        pytest.skip(f"no control plane on this machine: {error}")
    with ControlPlane.start(binaries, controllers=controllers, audit_log=audit_log) as plane:
        yield plane
