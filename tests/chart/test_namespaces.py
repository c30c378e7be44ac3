"""A watched namespace is deleted whole: Kubernetes takes the roles in it first, whatever still needs them."""

from __future__ import annotations

from typing import Any

import pytest

from ..e2e.world import BAIDU, HUAWEI, World, until
from .helm import Helm
from .house import finalizers
from .installed import SIMULATED, Installed
from .kubectl import Kubectl
from .pods import Pods

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(200)]


def scoped(world: World, **rbac: Any) -> dict[str, Any]:
    return {"scopedNamespaces": [world.namespace], "rbac": rbac}


async def occupied(world: World) -> None:
    await world.resource("TrainingJob", "mnist", jobID="155500")
    await world.resource("FineTuningTask", "answers", taskID="task-r1unn1ng0001")
    await world.reaches("TrainingJob", "mnist", "Available")
    await world.reaches("FineTuningTask", "answers", "Available")
    for kind in ("ProviderConfig", "Secret"):
        for name in (HUAWEI, BAIDU):
            await until(lambda kind=kind, name=name: finalizers(world, kind, name), f"{kind} {name} is protected")


async def cleaned_up(world: World) -> None:
    async def gone() -> bool:
        return await world.api.get("Namespace", world.namespace) is None

    await until(gone, "the namespace is gone", 60)
    assert world.thing("155500") is None
    assert world.thing("task-r1unn1ng0001") is None


async def test_rights_of_the_cluster_outlive_a_namespace(world: World, cluster_helm: Helm, pods: Pods):
    await Installed(cluster_helm, pods, scoped(world, clusterWide=True)).start()
    await occupied(world)
    await world.api.delete("Namespace", world.namespace)
    await cleaned_up(world)


async def test_a_namespace_that_took_its_roles_along_is_freed_by_an_upgrade(
    world: World, cluster_helm: Helm, kubectl: Kubectl, pods: Pods
):
    pod = await Installed(cluster_helm, pods, scoped(world)).start()
    await occupied(world)
    kubectl("delete", "rolebinding", "trainsweep", "-n", world.namespace)
    await world.api.delete("Namespace", world.namespace)
    await until(lambda: "403 Forbidden" in pod.log.read_text(), "the operator is refused", shown=pod.log)
    assert world.writes() == []
    cluster_helm.upgrade(SIMULATED | scoped(world, clusterWide=True))
    await cleaned_up(world)
