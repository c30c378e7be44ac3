"""Two shards: each operator has its own namespaces and Lease, and neither does, or waits for, the work of the other."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from .api import Api
from .operators import OperatorProcess
from .world import World

pytestmark = pytest.mark.apiserver


@pytest_asyncio.fixture
async def shards(quiet_world: World) -> AsyncIterator[tuple[World, World]]:
    """Two namespaces, with the same accounts in both."""
    directory = quiet_world.directory / "second"
    directory.mkdir()
    api = Api(quiet_world.plane.kubeconfig, f"e2e-{secrets.token_hex(4)}", directory / "kubectl")
    second = replace(quiet_world, api=api, directory=directory, operators=[])
    try:
        await api.apply("Namespace", api.namespace)
        await second.accounts()
        yield quiet_world, second
    finally:
        await second.stop_operators()
        await api.aclose()


async def start(shard: World, lease: str, home: str) -> OperatorProcess:
    """Both Leases are in the namespace `home`, told apart by name."""
    options = ("--leader-election", "--lease-namespace", home, "--lease-name", lease, "--lease-seconds", "6")
    return await shard.start_process(*options)


async def transitions(home: World) -> dict[str, int]:
    """How often each Lease has changed hands."""
    leases = json.loads(await home.api.kubectl("get", "leases", "-o", "json"))["items"]
    return {lease["metadata"]["name"]: lease["spec"]["leaseTransitions"] for lease in leases}


def worked_for(shard: World) -> set[str]:
    """The resources for which an operator of this shard called a provider to change something."""
    audit = shard.directory / "audit.log"
    return {json.loads(line)["resource"] for line in audit.read_text().splitlines()}


async def test_each_shard_does_its_own_work_under_its_own_lease(shards: tuple[World, World]):
    a, b = shards
    home = a.namespace
    in_a, _ = await start(a, "trainsweep-a", home), await start(b, "trainsweep-b", home)
    await a.resource("TrainingJob", "mine", jobName="llama-lora", desiredState="Stopped")
    await b.resource("FineTuningTask", "yours", taskID="task-r1unn1ng0001", desiredState="Stopped")
    await a.reaches("TrainingJob", "mine", "Stopped")
    await b.reaches("FineTuningTask", "yours", "Stopped")
    assert await transitions(a) == {"trainsweep-a": 0, "trainsweep-b": 0}

    await in_a.kill()
    await a.api.delete("TrainingJob", "mine")
    await b.delete("FineTuningTask", "yours")
    assert await a.api.get("TrainingJob", "mine"), "no other shard may take over"

    await start(a, "trainsweep-a", home)
    await a.gone("TrainingJob", "mine")
    assert await transitions(a) == {"trainsweep-a": 1, "trainsweep-b": 0}
    assert worked_for(a) == {f"TrainingJob {a.namespace}/mine"}
    assert worked_for(b) == {f"FineTuningTask {b.namespace}/yours"}
