"""Two replicas: one works, the other takes over when it dies, freezes or ends, and never do both act."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter

import pytest

from .world import HUAWEI, World, until

pytestmark = pytest.mark.apiserver

COUNT = 200
LEASE = "/apis/coordination.k8s.io/v1/namespaces/{}/leases/trainsweep"


async def many_jobs(world: World) -> None:
    """Ended V2 jobs with a resource each, and a guard that lets them all be deleted."""
    await world.account(HUAWEI, deletionGuard={"maxDeletions": 1000}, rateLimit={"writesPerSecond": 60, "burst": 5})
    ids = [f"00000000-0000-4000-8000-{number:012d}" for number in range(COUNT)]
    for job_id in ids:
        world.modelarts.add("v2-job", id=job_id, name=f"job-{job_id[-4:]}", state="Completed")
    for begin in range(0, COUNT, 20):
        await asyncio.gather(
            *(world.resource("TrainingJob", f"j{job_id[-4:]}", jobID=job_id) for job_id in ids[begin : begin + 20])
        )

    async def ready() -> bool:
        found = await world.api.list("TrainingJob")
        return sum(_ready(body) for body in found) == COUNT

    await until(ready, f"{COUNT} jobs are ready", 60.0)


def _ready(body: dict) -> bool:
    conditions = (body.get("status") or {}).get("conditions") or ()
    return any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)


def deletes(world: World) -> Counter[str]:
    return Counter(target for operation, target in world.writes() if operation == "DeleteTrainingJob")


async def replicas(world: World):
    options = ("--leader-election", "--lease-namespace", world.namespace, "--lease-seconds", "3")
    first = await world.start_process(*options)
    await until(lambda: "leading" in first.log.read_text(), "the first replica leads")
    second = await world.start_process(*options)
    return first, second


async def all_gone(world: World) -> None:
    async def none_left() -> bool:
        return await world.api.list("TrainingJob") == []

    await until(none_left, "all resources are gone", 90.0)
    assert set(deletes(world)) == {f"00000000-0000-4000-8000-{number:012d}" for number in range(COUNT)}


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM], ids=lambda blow: blow.name)
async def test_the_standby_finishes_what_the_leader_began(quiet_world: World, blow: signal.Signals):
    world = quiet_world
    leader, _ = await replicas(world)
    await many_jobs(world)
    await world.api.kubectl("delete", "trainingjobs", "--all", "--wait=false")
    await until(lambda: sum(deletes(world).values()) >= COUNT // 4, "a quarter is under way")
    leader.send(blow)
    await all_gone(world)
    if blow is signal.SIGSTOP:
        before = world.writes()
        leader.send(signal.SIGCONT)
        assert await leader.ended() == 1
        # A request whose bytes were being handed over at the blow goes out at the thaw: a lease cannot call it back.
        assert len(world.writes()) - len(before) <= 1
    # What was on its way at the blow may be asked for once more; nothing else is.
    assert sum(count - 1 for count in deletes(world).values()) <= 4
