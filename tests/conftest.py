"""What tests share: one real API server for the whole run."""

from __future__ import annotations

import os
import signal
import sysconfig
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from trainsweep_devtools.devcluster import ControlPlane, DevClusterError, PlainProgress, User, find_binaries

from .operator_rights import OPERATOR, grant, refusals

#: Set in CI, which installs everything: there, a skipped test is a failure.
NO_SKIP = bool(os.environ.get("TRAINSWEEP_NO_SKIP"))


# kubectl comes with the development requirements; the environment need not be activated to run the tests.
os.environ["PATH"] = os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)))

# Tests that are started in the background (`&`, nohup) may ignore Ctrl-C; programs under test must not inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if NO_SKIP and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, but nothing may be skipped here: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """etcd and kube-apiserver 1.36 with RBAC, a token user "admin" and an audit log; no controllers."""
    yield from _plane(controllers=False, audit_log=tmp_path_factory.mktemp("control-plane") / "audit.log")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """The same with the garbage-collector, namespace and service-account controllers."""
    yield from _plane(controllers=True, audit_log=tmp_path_factory.mktemp("cluster") / "audit.log")


@pytest.fixture
def cluster_of_its_own(tmp_path: Path) -> Iterator[ControlPlane]:
    """A cluster for one test alone, which would disturb others."""
    yield from _plane(controllers=True, audit_log=tmp_path / "audit.log")


def _plane(*, controllers: bool, audit_log: Path) -> Iterator[ControlPlane]:
    try:
        binaries = find_binaries(controllers, PlainProgress())
    except DevClusterError as error:
        if NO_SKIP:
            raise
        pytest.skip(f"no control plane on this machine: {error}")
    # An operator under test is a user of its own, so that the audit log tells its requests from those of the test.
    users = {OPERATOR: User()}
    with ControlPlane.start(binaries, controllers=controllers, audit_log=audit_log, users=users) as plane:
        grant(plane)
        yield plane
    assert refusals(audit_log) == []
