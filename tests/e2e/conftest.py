"""Both providers simulated in this process, a namespace of its own for each test, and the operator on the real API
server."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr

from trainsweep_devtools.devcluster import ControlPlane
from trainsweep_devtools.simulators.keys import Key
from trainsweep_devtools.simulators.loading import load_scenario
from trainsweep_devtools.simulators.modelarts import ModelArtsScenario, ModelArtsSimulator
from trainsweep_devtools.simulators.qianfan import QianfanScenario, QianfanSimulator
from trainsweep_devtools.simulators.server import serve

from .api import Api, AuditLog
from .world import BAIDU, HUAWEI, World

CRDS = Path(__file__).parents[2] / "crds"


@pytest.fixture(scope="session")
def served_plane(control_plane: ControlPlane) -> ControlPlane:
    """The API server with our kinds."""
    install_crds(control_plane)
    return control_plane


def install_crds(plane: ControlPlane) -> None:
    for arguments in (
        ("apply", "--server-side", "-f", str(CRDS)),
        ("wait", "--for=condition=Established", "--timeout=60s", "-f", str(CRDS)),
    ):
        command = ["kubectl", "--kubeconfig", str(plane.kubeconfig), *arguments]
        subprocess.run(command, check=True, capture_output=True, timeout=90)


@pytest_asyncio.fixture
async def quiet_world(served_plane: ControlPlane, tmp_path: Path) -> AsyncIterator[World]:
    """A world with both accounts, and no operator yet. The simulators hold the things of the demo."""
    async for world in make_world(served_plane, tmp_path):
        yield world


@pytest_asyncio.fixture
async def world(quiet_world: World) -> World:
    """A world with both accounts and an operator."""
    quiet_world.start_operator()
    return quiet_world


async def make_world(plane: ControlPlane, directory: Path) -> AsyncIterator[World]:
    modelarts, qianfan = simulators()
    assert plane.audit_log
    api = Api(plane.kubeconfig, f"e2e-{secrets.token_hex(4)}", directory / "kubectl")
    async with serve(modelarts) as huawei, serve(qianfan) as baidu:
        world = World(
            plane=plane,
            api=api,
            audit=AuditLog(plane.audit_log),
            modelarts=modelarts,
            qianfan=qianfan,
            urls={HUAWEI: huawei, BAIDU: baidu},
            directory=directory,
        )
        try:
            await api.apply("Namespace", api.namespace)
            await world.accounts()
            yield world
        finally:
            await world.stop_operators()
            await api.aclose()


def simulators() -> tuple[ModelArtsSimulator, QianfanSimulator]:
    """The things of the demo, keys of their own, and everything asynchronous over in less than half a second."""
    huawei, baidu = load_scenario(ModelArtsScenario), load_scenario(QianfanScenario)
    huawei.access_keys, baidu.access_keys = [_key("AK")], [_key("ALTAK")]
    for scenario in (huawei, baidu):
        scenario.timing.stopping, scenario.timing.deleting = 0.4, 0.3
    return ModelArtsSimulator(huawei), QianfanSimulator(baidu)


def _key(prefix: str) -> Key:
    return Key(access_key=f"{prefix}{secrets.token_hex(8).upper()}", secret_key=SecretStr(secrets.token_hex(20)))
