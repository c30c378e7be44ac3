"""The guard: more removals than `deletionGuard` allows are held until a person approves or withdraws them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from .world import HUAWEI, World, condition, until

pytestmark = pytest.mark.apiserver

KIND = "TrainingJobVersion"


async def a_batch(world: World, size: int, limit: int) -> list[str]:
    """Resources of ended versions under an account that allows so many removals in an hour; no operator is left at
    work, so that what is asked for next comes as one batch."""
    await world.account(HUAWEI, deletionGuard={"maxDeletions": limit, "windowSeconds": 3600})
    names = [await a_resource(world, f"batch-{number}") for number in range(size)]
    for name in names:
        await world.reaches(KIND, name, "Available")
    await world.stop_operators()
    return names


async def a_resource(world: World, name: str) -> str:
    version = world.modelarts.add("version", job="155501", state="COMPLETED")
    await world.resource(KIND, name, jobID="155501", versionID=version.partition("/")[2])
    return name


async def delete_all(world: World, names: list[str]) -> None:
    for name in names:
        await world.api.delete(KIND, name)


async def until_held(world: World, count: int) -> None:
    async def held() -> bool:
        status = (await world.api.get("ProviderConfig", HUAWEI)).get("status", {})
        return status.get("held", {}).get("count") == count

    await until(held, f"the ProviderConfig tells of {count} held removals")


def approval(seconds: int) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_a_batch_within_the_limit_goes_through(world: World):
    names = await a_batch(world, 3, limit=3)
    await delete_all(world, names)
    world.start_operator()
    for name in names:
        await world.gone(KIND, name)
    assert len(world.writes()) == 3


async def test_more_than_the_limit_are_held_and_told(world: World):
    names = await a_batch(world, 4, limit=3)
    await delete_all(world, names)
    world.start_operator()
    await until_held(world, 4)
    for name in names:
        status = await world.reaches(KIND, name, "DeletionHeld")
        assert status["plannedAction"].startswith("Delete TrainingJobVersion 155501/")
    ready = condition(await world.api.get("ProviderConfig", HUAWEI), "Ready")
    assert (ready["status"], ready["reason"]) == ("True", "DeletionHeld")
    for name in (*names, HUAWEI):
        assert "deletion" in await world.told(name, "DeletionHeld")
    await world.polls(world.modelarts, 2, operation="ListVersions")
    assert world.writes() == []


async def test_of_a_wave_that_rolls_in_no_more_than_the_limit_go_out(world: World):
    names = await a_batch(world, 12, limit=3)
    world.start_operator()
    await world.polls(world.modelarts, 1, operation="ListVersions")
    await delete_all(world, names)

    async def answered() -> bool:
        left = await world.api.list(KIND)
        return all(condition(body, "Ready").get("reason") == "DeletionHeld" for body in left)

    await until(answered, "every resource is gone or held")
    assert len(world.writes()) <= 3
    assert len(await world.api.list(KIND)) + len(world.writes()) == 12


async def test_an_approval_lets_the_batch_go(world: World):
    names = await a_batch(world, 4, limit=3)
    await delete_all(world, names)
    world.start_operator()
    await until_held(world, 4)
    await world.api.annotate("ProviderConfig", HUAWEI, approve_deletions_until=approval(600))
    for name in names:
        await world.gone(KIND, name)
    assert len(world.writes()) == 4

    async def told() -> bool:
        return "held" not in (await world.api.get("ProviderConfig", HUAWEI))["status"]

    await until(told, "the ProviderConfig tells of no held removals")


async def test_an_approval_that_has_expired_approves_nothing(world: World):
    names = await a_batch(world, 4, limit=3)
    await world.api.annotate("ProviderConfig", HUAWEI, approve_deletions_until=approval(-60))
    await delete_all(world, names)
    world.start_operator()
    await until_held(world, 4)
    await world.polls(world.modelarts, 2, operation="ListVersions")
    assert world.writes() == []


async def test_requests_that_are_withdrawn_are_not_carried_out_and_free_the_guard(world: World):
    names = await a_batch(world, 4, limit=3)
    for name in names:
        await world.api.patch(KIND, name, {"spec": {"desiredState": "Absent"}})
    world.start_operator()
    await until_held(world, 4)
    for name in names:
        await world.api.patch(KIND, name, {"spec": {"desiredState": "Present"}})
    for name in names:
        await world.reaches(KIND, name, "Available")
    assert world.writes() == []
    await world.delete(KIND, names[0])
    assert len(world.writes()) == 1, "one removal is within the limit again"


async def test_orphaning_withdraws_a_held_deletion(world: World):
    names = await a_batch(world, 4, limit=3)
    await delete_all(world, names)
    world.start_operator()
    await until_held(world, 4)
    for name in names:
        await world.api.patch(KIND, name, {"spec": {"deletionPolicy": "Orphan"}})
    for name in names:
        await world.gone(KIND, name)
    assert world.writes() == []


async def test_the_hold_outlives_the_operator(world: World):
    names = await a_batch(world, 4, limit=3)
    await delete_all(world, names)
    world.start_operator()
    await until_held(world, 4)
    await world.stop_operators()
    await world.api.patch(KIND, names[0], {"spec": {"deletionPolicy": "Orphan"}})
    world.start_operator()
    await world.gone(KIND, names[0])
    await until_held(world, 3)
    await world.polls(world.modelarts, 2, operation="ListVersions")
    assert world.writes() == [], "three would be within the limit, had the four not been held before"
