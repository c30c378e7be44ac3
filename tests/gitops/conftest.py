"""A GitOps engine on a repository of the test, beside the operator, on an API server with its controllers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from trainsweep.devcluster import ControlPlane, DevClusterError, PlainProgress

from ..conftest import NO_SKIP
from ..e2e.conftest import install_crds, make_world
from ..e2e.world import World
from ..tools.builder import GITOPS_AGENT, obtain
from .agent import Agent
from .repository import Repository


@pytest.fixture(scope="session")
def agent_program() -> Path:
    try:
        return obtain(GITOPS_AGENT, PlainProgress())
    except DevClusterError as error:
        if NO_SKIP:
            raise
        pytest.skip(f"no GitOps engine on this machine: {error}")


@pytest.fixture(scope="session")
def plane(cluster: ControlPlane) -> ControlPlane:
    """The controllers are needed: the engine prunes in the foreground, which the garbage collector has to finish."""
    install_crds(cluster)
    return cluster


@pytest_asyncio.fixture
async def world(plane: ControlPlane, tmp_path: Path) -> AsyncIterator[World]:
    """A world without an operator yet."""
    async for world in make_world(plane, tmp_path):
        yield world


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


@pytest_asyncio.fixture
async def agent(
    agent_program: Path, repository: Repository, world: World, tmp_path: Path
) -> AsyncIterator[Agent]:
    agent = await Agent.start(
        agent_program,
        repository,
        kubeconfig=world.plane.kubeconfig,
        namespace=world.namespace,
        directory=tmp_path,
    )
    yield agent
    await agent.stop()
