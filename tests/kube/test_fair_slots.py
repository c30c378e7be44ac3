"""Connections to the API server: namespaces take turns, and no slot is lost."""

import asyncio

from trainsweep.kube import paths
from trainsweep.kube.fair_slots import FairSlots


async def crowd(slots: FairSlots, namespaces: list[str], done: list[str]) -> list[asyncio.Task]:
    async def work(namespace: str) -> None:
        async with slots.hold(namespace):
            await asyncio.sleep(0)
            done.append(namespace)

    tasks = [asyncio.create_task(work(namespace)) for namespace in namespaces]
    await asyncio.sleep(0)
    return tasks


async def test_a_crowd_of_one_namespace_delays_another_by_a_turn():
    slots, done = FairSlots(2), []
    tasks = await crowd(slots, ["loud"] * 1000 + ["quiet"] * 3, done)
    await asyncio.gather(*tasks)
    assert [place for place, name in enumerate(done) if name == "quiet"][-1] < 12


async def test_no_more_at_once_than_there_are_slots_and_all_come_back():
    slots, most, now = FairSlots(3), 0, 0

    async def work(namespace: str) -> None:
        nonlocal most, now
        async with slots.hold(namespace):
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1

    await asyncio.gather(*(work(str(number % 7)) for number in range(100)))
    assert most == 3
    done = []
    await asyncio.gather(*await crowd(slots, ["a"] * 3, done))
    assert len(done) == 3


async def test_who_is_cancelled_takes_no_slot_along():
    slots, done = FairSlots(1), []
    for chosen in range(4):
        tasks = await crowd(slots, ["a", "b", "b", "c"], done)
        tasks[chosen].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.wait_for(asyncio.gather(*await crowd(slots, ["d"], done)), 1)
    assert done.count("d") == 1


def test_a_request_is_of_the_namespace_in_its_path():
    assert paths.namespace_of("/apis/trainsweep.dev/v1alpha1/namespaces/team-a/trainingjobs/x/status") == "team-a"
    assert paths.namespace_of("/api/v1/namespaces/team-a") == "team-a"
    assert paths.namespace_of("/apis/trainsweep.dev/v1alpha1/clusterproviderconfigs/namespaces") == ""
