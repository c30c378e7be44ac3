"""A namespace deleted whole, and kinds that are uninstalled, with the real namespace and garbage controllers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from trainsweep_devtools.devcluster import ControlPlane

from .conftest import CRDS, install_crds, make_world
from .world import BAIDU, World, condition, until

pytestmark = pytest.mark.apiserver

VERSION = {"jobID": "155502", "versionID": "1"}
TASK = {"taskID": "task-r1unn1ng0001"}


@pytest.fixture(scope="module")
def whole_cluster(cluster: ControlPlane) -> ControlPlane:
    install_crds(cluster)
    return cluster


@pytest_asyncio.fixture
async def land(whole_cluster: ControlPlane, tmp_path: Path) -> AsyncIterator[World]:
    """A world on an API server with controllers; the operator watches all namespaces."""
    async for world in make_land(whole_cluster, tmp_path):
        yield world


async def make_land(plane: ControlPlane, directory: Path) -> AsyncIterator[World]:
    async for world in make_world(plane, directory):
        world.start_operator(namespace=())
        yield world


async def gone(world: World, kind: str, name: str) -> None:
    async def away() -> bool:
        return await world.api.get(kind, name) is None

    await until(away, f"{kind} {name} is gone", 60.0)


async def populate(world: World) -> None:
    await world.resource("TrainingJob", "job", jobID="155500")
    await world.resource("TrainingJobVersion", "version", **VERSION)
    await world.resource("TrainingJobConfig", "config", configName="my_job_config")
    await world.resource("FineTuningTask", "task", **TASK)
    for kind, name in (
        ("TrainingJob", "job"),
        ("TrainingJobVersion", "version"),
        ("TrainingJobConfig", "config"),
        ("FineTuningTask", "task"),
    ):
        await world.reaches(kind, name, "Available")


async def test_a_namespace_takes_its_remote_things_along_and_then_goes(land: World):
    await populate(land)
    for kind in ("ProviderConfig", "Secret"):
        assert "trainsweep.dev/in-use" in (await land.api.get(kind, BAIDU))["metadata"]["finalizers"]
    await land.api.delete("Namespace", land.namespace)
    await gone(land, "Namespace", land.namespace)
    for remote in ("155500", "155502/1", "my_job_config", TASK["taskID"]):
        assert land.thing(remote) is None
    for kept in ("155501/1", "155501/2", "task-d0ne00000002", "task-wa1t1ng00003"):
        assert land.thing(kept) is not None


async def test_a_namespace_that_goes_right_after_its_resource_was_taken_over_does_not_get_stuck(land: World):
    await land.resource("FineTuningTask", "task", **TASK)

    async def held() -> bool:
        return bool((await land.api.get("FineTuningTask", "task"))["metadata"].get("finalizers"))

    await until(held)
    await land.stop_operators()
    await land.api.delete("Namespace", land.namespace)
    land.start_operator(namespace=())
    await gone(land, "Namespace", land.namespace)
    assert land.thing(TASK["taskID"]) is None


async def test_nothing_is_created_in_a_namespace_that_goes(land: World):
    await populate(land)
    before = len(land.audit.writes(land.namespace))
    await land.api.delete("Namespace", land.namespace)
    await gone(land, "Namespace", land.namespace)
    assert [write for write in land.audit.writes(land.namespace)[before:] if write[0] == "create"] == []


async def test_a_namespace_goes_with_an_account_whose_secret_lives_elsewhere(land: World):
    home = f"{land.namespace}-home"
    await land.api.apply("Namespace", home)
    key = land.qianfan.scenario.access_keys[0]
    place, land.api.namespace = land.api.namespace, home
    await land.secret("shared", accessKey=key.access_key, secretKey=key.secret_key.get_secret_value())
    land.api.namespace = place
    await land.api.apply(
        "ClusterProviderConfig",
        home,
        spec={
            "provider": "Qianfan",
            "qianfan": {"endpoint": land.urls[BAIDU]},
            "credentials": {"secretRef": {"name": "shared", "namespace": home}},
            "allowedNamespaces": {"names": [place]},
            "polling": {"activeSeconds": 1, "idleSeconds": 2},
            "rateLimit": {"readsPerSecond": 50, "writesPerSecond": 20},
        },
    )
    reference = {"kind": "ClusterProviderConfig", "name": home}
    await land.api.apply("FineTuningTask", "task", spec={"providerConfigRef": reference} | TASK)
    await land.reaches("FineTuningTask", "task", "Available")
    await land.api.delete("Namespace", place)
    await gone(land, "Namespace", place)
    assert land.thing(TASK["taskID"]) is None
    await land.api.delete("ClusterProviderConfig", home)
    await gone(land, "ClusterProviderConfig", home)


async def test_a_namespace_that_is_not_allowed_never_uses_the_shared_account(land: World):
    await land.api.apply(
        "ClusterProviderConfig",
        f"{land.namespace}-other",
        spec={
            "provider": "Qianfan",
            "qianfan": {"endpoint": land.urls[BAIDU]},
            "credentials": {"secretRef": {"name": BAIDU, "namespace": land.namespace}},
            "allowedNamespaces": {"names": ["somewhere-else"]},
        },
    )
    reference = {"kind": "ClusterProviderConfig", "name": f"{land.namespace}-other"}
    await land.api.apply(
        "FineTuningTask", "task", spec={"providerConfigRef": reference, "desiredState": "Absent"} | TASK
    )
    await land.reaches("FineTuningTask", "task", "NamespaceNotAllowed")
    assert condition(await land.api.get("FineTuningTask", "task") or {}, "Stalled")["status"] == "True"
    assert land.writes() == []
    await land.delete("FineTuningTask", "task")
    assert land.writes() == []
    await land.api.delete("ClusterProviderConfig", f"{land.namespace}-other")


@pytest_asyncio.fixture
async def land_of_its_own(cluster_of_its_own: ControlPlane, tmp_path: Path) -> AsyncIterator[World]:
    """The same for a test that takes our kinds away."""
    install_crds(cluster_of_its_own)
    async for world in make_land(cluster_of_its_own, tmp_path):
        yield world


async def test_removing_the_definitions_lets_all_resources_go_and_touches_nothing_remote(land_of_its_own: World):
    await populate(land_of_its_own)
    await land_of_its_own.api.kubectl("delete", "-f", str(CRDS), "--timeout=60s")
    assert land_of_its_own.writes() == []
    for remote in ("155500", "155502/1", "my_job_config", TASK["taskID"]):
        assert land_of_its_own.thing(remote) is not None
