"""The operator runs under exactly the ServiceAccount and the roles that the chart renders: they suffice, and nothing in
them is left over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from trainsweep.api.kinds import REMOTE_KINDS
from trainsweep.devcluster import ControlPlane

from ..e2e.conftest import make_world
from ..e2e.world import World, until
from .helm import Helm, one
from .house import NOTHING, fill, jostle
from .pods import Pod, Pods
from .rights import Right, granted, requests, used
from .test_install import Kubectl

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(400)]

SIMULATED = {"settings": {"allowHttpEndpoints": True, "logLevel": "debug", "leaseSeconds": 5}}


class Installed:
    """A release and its one pod."""

    def __init__(self, helm: Helm, values: dict[str, Any], pods: Pods) -> None:
        self.account = one(helm.template(values), "Deployment")["spec"]["template"]["spec"]["serviceAccountName"]
        self._helm = helm
        self._values = values
        self._pods = pods

    async def start(self) -> Pod:
        """Install, and run the Deployment's pod until its probes succeed."""
        self._helm.upgrade(self._values)
        template = one(self._helm.template(self._values), "Deployment")["spec"]["template"]
        pod = await self._pods.run(template)
        (container,) = template["spec"]["containers"]
        for probe in ("livenessProbe", "readinessProbe"):
            path = container[probe]["httpGet"]["path"]
            await until(lambda path=path: pod.answers(path), f"{path} answers", 60, shown=pod.log)
        return pod

    def granted(self) -> set[Right]:
        return granted(self._helm.template(self._values), self.account)


@pytest_asyncio.fixture
async def world(cluster_helm: Helm, plane: ControlPlane, tmp_path: Path) -> AsyncIterator[World]:
    """In the namespace of a scoped release, too: it is made before the release."""
    cluster_helm.upgrade()
    async for world in make_world(plane, tmp_path):
        yield world
        await cluster_helm.uninstall("--no-hooks")


@pytest.mark.parametrize("scoped", [False, True], ids=["whole cluster", "some namespaces"])
async def test_no_request_is_forbidden_and_no_right_is_unused(
    world: World, cluster_helm: Helm, plane: ControlPlane, pods: Pods, scoped: bool
):
    values = SIMULATED | ({"scopedNamespaces": [world.namespace]} if scoped else {})
    release = Installed(cluster_helm, values, pods)
    pod = await release.start()
    assert plane.audit_log
    start = len(requests(plane.audit_log, release.account))

    def asked() -> set[Right]:
        return used(requests(plane.audit_log, release.account)[start:])

    resources = await fill(world, shared=not scoped)
    for name, kind in resources.items():
        await world.delete(kind, name)
    for kind in REMOTE_KINDS:
        plural = REMOTE_KINDS[kind].plural
        again = Right("get", "trainsweep.dev", plural, world.namespace)
        await jostle(world, kind, "jostled", lambda again=again: any(again.covers(right) for right in asked()))
    await world.api.annotate("ProviderConfig", "huawei")
    await world.resource("TrainingJob", "stuck", jobID="155503", annotations={"trainsweep.dev/paused": "true"})
    await until(lambda: finalizer(world, "stuck"), "the resource is held")
    await world.api.delete("TrainingJob", "stuck")
    await world.api.annotate("TrainingJob", "stuck", force_orphan="155503", paused=None)
    await world.gone("TrainingJob", "stuck")
    assert await pod.stop() == 0, pod.log.read_text()

    found = requests(plane.audit_log, release.account)
    assert [request for request in found if request.status in (401, 403)] == []
    rights = release.granted()
    assert {use for use in used(found) if not any(right.covers(use) for right in rights)} == set()
    assert {right for right in rights if not any(right.covers(use) for use in used(found))} == set()


async def finalizer(world: World, name: str) -> bool:
    body = await world.api.get("TrainingJob", name)
    return bool(body and body["metadata"].get("finalizers"))


async def test_a_scoped_operator_lets_go_when_a_definition_is_removed(
    world: World, cluster_helm: Helm, plane: ControlPlane, pods: Pods
):
    """It may not read definitions, and still must not take their removal for a wish to delete."""
    release = Installed(cluster_helm, SIMULATED | {"scopedNamespaces": [world.namespace]}, pods)
    await release.start()
    await world.resource("TrainingJob", "mnist", jobID="155500")
    await world.reaches("TrainingJob", "mnist", "Available")
    kubectl = Kubectl(plane)
    kubectl("delete", "crd", "trainingjobs.trainsweep.dev", "--timeout=50s")
    assert world.writes() == []


async def test_a_secret_that_is_not_named_cannot_be_read(world: World, cluster_helm: Helm, pods: Pods):
    release = Installed(cluster_helm, SIMULATED | {"rbac": {"secretNames": ["baidu"]}}, pods)
    await release.start()
    await world.resource("TrainingJob", "mnist", jobID="155500")
    await world.resource("FineTuningTask", "answers", **NOTHING["FineTuningTask"])
    await world.reaches("FineTuningTask", "answers", "NotFound")
    status = await world.reaches("TrainingJob", "mnist", "SecretNotFound")
    assert "role" in str(status["conditions"])
