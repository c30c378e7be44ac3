"""Two replicas: one works, the other takes over when it dies, freezes or ends, and never do both act."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections import Counter

import pytest

from .operators import OperatorProcess
from .world import HUAWEI, World, until

pytestmark = pytest.mark.apiserver

COUNT = 200
#: Seconds: of the Lease, and of the calls that are under way at the blow, which outlast it.
LEASE, SLOW = 6.0, 8.0
IN_FLIGHT = 4


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


async def replicas(world: World) -> OperatorProcess:
    """The leader; another one stands by."""
    options = ("--leader-election", "--lease-namespace", world.namespace, "--lease-seconds", str(LEASE))
    first = await world.start_process(*options)
    await until(lambda: led(first) == 1, "the first replica leads")
    await world.start_process(*options)
    return first


def led(replica: OperatorProcess) -> int:
    """How often one of the replicas, which write to one log, has begun to lead."""
    lines = replica.log.read_text().splitlines()
    return sum(line.startswith("{") and json.loads(line)["message"] == "leading" for line in lines)


def called(replica: OperatorProcess, event: str) -> set[str]:
    """The targets of which the audit log, which is one for both, has an "intent" or a "result"."""
    lines = (json.loads(line) for line in replica.audit.read_text().splitlines())
    return {line["target"] for line in lines if line["event"] == event}


async def slow_calls(world: World) -> None:
    """Return when the leader has as many slow calls under way as it may have at once."""
    slow = world.modelarts.faults.add(match={"operation": "DeleteTrainingJob"}, latency=SLOW, times=IN_FLIGHT)
    await until(lambda: slow.times == 0, "slow calls are under way")


async def all_gone(world: World) -> None:
    async def none_left() -> bool:
        return await world.api.list("TrainingJob") == []

    await until(none_left, "all resources are gone", 90.0)
    assert set(deletes(world)) == {f"00000000-0000-4000-8000-{number:012d}" for number in range(COUNT)}


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM], ids=lambda blow: blow.name)
async def test_the_standby_finishes_what_the_leader_began(quiet_world: World, blow: signal.Signals):
    world = quiet_world
    leader = await replicas(world)
    await many_jobs(world)
    await world.api.kubectl("delete", "trainingjobs", "--all", "--wait=false")
    await until(lambda: sum(deletes(world).values()) >= COUNT // 4, "a quarter is under way")
    await slow_calls(world)
    under_way = called(leader, "intent") - called(leader, "result")
    leader.send(blow)
    struck = time.monotonic()
    await until(lambda: led(leader) == 2, "the standby leads")
    assert time.monotonic() - struck < 3 * LEASE + SLOW
    if blow is signal.SIGTERM:
        assert under_way <= called(leader, "result"), "the standby waits for them, though they outlast the Lease"
        assert await leader.ended() == 0
    await all_gone(world)
    if blow is signal.SIGSTOP:
        before = world.writes()
        leader.send(signal.SIGCONT)
        assert await leader.ended() == 1
        # A request whose bytes were being handed over at the blow goes out at the thaw: a lease cannot call it back.
        assert len(world.writes()) - len(before) <= 1
    # What was on its way at the blow may be asked for once more; nothing else is.
    assert sum(count - 1 for count in deletes(world).values()) <= IN_FLIGHT
