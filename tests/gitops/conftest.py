"""A GitOps engine on a repository of the test, beside the operator, on an API server with its controllers."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.conftest import NO_SKIP
from tests.e2e.conftest import install_crds, make_world
from tests.e2e.world import World
from tests.tools.builder import GITOPS_AGENT, obtain

from trainsweep_devtools.devcluster import ControlPlane, DevClusterError, PlainProgress

from .agent import Agent
from .gitops import GitOps
from .repository import Repository


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


@pytest.fixture(scope="session")
def engine(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Repository, Agent]]:
    """One for all tests, as it takes ten seconds to start."""
    try:
        if not shutil.which("git"):
            raise DevClusterError("The engine reads a git repository, and git is not here. Install it.")
        program = obtain(GITOPS_AGENT, PlainProgress())
    except DevClusterError as error:
        if NO_SKIP:
            raise
        pytest.skip(f"no GitOps engine on this machine: {error}")
    directory = tmp_path_factory.mktemp("gitops")
    repository = Repository(directory / "repository")
    with Agent.started(program, repository, kubeconfig=plane.kubeconfig, directory=directory) as agent:
        yield repository, agent


@pytest_asyncio.fixture
async def gitops(engine: tuple[Repository, Agent], world: World) -> AsyncIterator[GitOps]:
    """The repository is empty before a test and after it."""
    gitops = GitOps(*engine, world)
    yield gitops
    await gitops.push(**dict.fromkeys(gitops.pushed))
