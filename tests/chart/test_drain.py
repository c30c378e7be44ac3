"""What an uninstall does first. Helm runs the drain as a Job; the test is the kubelet and the Job's controller."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from trainsweep.cli import app

from ..e2e.world import HUAWEI, World, until
from .helm import NAMESPACE, Helm, HelmError
from .house import CLUSTER_ACCOUNT, fill, finalizers
from .installed import Installed
from .kubectl import Kubectl
from .pods import Pod, Pods
from .rights import Trail

MADE_BY_RELEASE = "app.kubernetes.io/instance=trainsweep"
pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(300)]


@pytest.mark.parametrize("scoped", [False, True], ids=["whole cluster", "some namespaces"])
async def test_retain_stops_the_operator_and_lets_everything_go(
    world: World, cluster_helm: Helm, pods: Pods, trail: Callable[[str], Trail], scoped: bool
):
    kubectl = Kubectl(world.plane)
    release = Installed(cluster_helm, pods, {"scopedNamespaces": [world.namespace]} if scoped else {})
    operator = await release.start()
    resources = await fill(world, shared=not scoped)
    start_pod(kubectl, release)

    asked = trail(release.drain)
    uninstalling = asyncio.create_task(cluster_helm.uninstall())
    drain = await run_drain(kubectl, pods, uninstalling)
    await until(lambda: replicas(kubectl) == 0, "the Deployment is scaled to zero", shown=drain.log)
    await until(
        lambda: "Waiting for the end of operator-0" in drain.log.read_text(), "the drain waits", shown=drain.log
    )
    # As long as the operator lives, nothing is let go.
    for name, kind in resources.items():
        assert await finalizers(world, kind, name)
    assert await operator.stop() == 0
    kubectl("delete", "pod", "operator-0", "-n", NAMESPACE, "--force")
    assert await drain.ended() == 0, drain.log.read_text()
    complete(kubectl)
    await uninstalling

    assert world.writes() == []
    for name, kind in resources.items():
        assert await world.api.get(kind, name)
        assert await finalizers(world, kind, name) == []
    for kind, name in (("ProviderConfig", HUAWEI), ("Secret", HUAWEI)):
        assert await finalizers(world, kind, name) == []
    if not scoped:
        assert await finalizers(world, "ClusterProviderConfig", CLUSTER_ACCOUNT) == []
    assert leftovers(kubectl) == set()
    asked.exhausts(release.granted(release.drain))


@pytest.mark.parametrize("scoped", [False, True], ids=["whole cluster", "some namespaces"])
async def test_delete_cleans_up_while_the_operator_lives(
    world: World, cluster_helm: Helm, pods: Pods, trail: Callable[[str], Trail], scoped: bool
):
    kubectl = Kubectl(world.plane)
    values: dict[str, Any] = {"scopedNamespaces": [world.namespace]} if scoped else {}
    release = Installed(cluster_helm, pods, values | {"drainPolicy": "Delete"})
    operator = await release.start()
    resources = await fill(world, shared=not scoped)
    ids = [(await world.api.get(kind, name) or {})["status"]["externalID"] for name, kind in resources.items()]

    asked = trail(release.drain)
    uninstalling = asyncio.create_task(cluster_helm.uninstall())
    drain = await run_drain(kubectl, pods, uninstalling)
    assert await drain.ended() == 0, drain.log.read_text()
    complete(kubectl)
    await uninstalling

    for name, kind in resources.items():
        assert await world.api.get(kind, name) is None
    assert [id for id in ids if world.thing(id)] == []
    for kind, name in (("ProviderConfig", HUAWEI), ("Secret", HUAWEI)):
        assert await finalizers(world, kind, name) == []
    assert leftovers(kubectl) == set()
    asked.exhausts(release.granted(release.drain))
    assert await operator.stop() == 0


async def test_none_leaves_everything_as_it_is(world: World, cluster_helm: Helm, kubectl: Kubectl, pods: Pods):
    release = Installed(cluster_helm, pods, {"drainPolicy": "None"})
    operator = await release.start()
    await world.resource("TrainingJob", "mnist", jobID="155500")
    await world.reaches("TrainingJob", "mnist", "Available")
    await cluster_helm.uninstall()
    assert await finalizers(world, "TrainingJob", "mnist")
    assert leftovers(kubectl) == set()
    # The next release takes it up again.
    await operator.stop()
    await release.start()
    await world.delete("TrainingJob", "mnist")


async def test_a_failed_drain_stops_the_uninstall(world: World, cluster_helm: Helm, kubectl: Kubectl, pods: Pods):
    release = Installed(cluster_helm, pods, {})
    await release.start()
    await world.resource("TrainingJob", "mnist", jobID="155500")
    await world.reaches("TrainingJob", "mnist", "Available")
    uninstalling = asyncio.create_task(cluster_helm.uninstall())
    await until(lambda: uninstalling.done() or job(kubectl), "Helm asks for the drain")
    end(kubectl, "FailureTarget", "Failed")
    with pytest.raises(HelmError, match="job trainsweep-drain failed"):
        await uninstalling
    assert kubectl.json("get", "deployment", "trainsweep", "-n", NAMESPACE)
    assert await finalizers(world, "TrainingJob", "mnist")
    # What is left to do is to uninstall it again, with or without a drain.
    await cluster_helm.uninstall("--no-hooks")
    assert {name for name in leftovers(kubectl) if "drain" not in name} == set()
    kubectl("delete", "sa,roles,rolebindings,clusterroles,clusterrolebindings,jobs", "-A", "-l", MADE_BY_RELEASE)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--policy=Retain"], "needs --deployment"),
        (["--policy=Delete", "--deployment=a/b"], "Delete needs none"),
        (["--policy=Retain", "--deployment=b"], "NAMESPACE/NAME"),
        (["--policy=Orphan"], "Retain"),
    ],
)
def test_a_drain_that_cannot_be_meant_is_refused(arguments: list[str], said: str):
    result = CliRunner().invoke(app, ["drain", *arguments])
    assert result.exit_code == 2
    assert said in result.output


def start_pod(kubectl: Kubectl, release: Installed) -> None:
    """The operator's pod, as the cluster sees it."""
    template = release.template("Deployment")
    metadata = {"name": "operator-0", "namespace": NAMESPACE, "labels": template["metadata"]["labels"]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
    kubectl("create", "-f", "-", given=pod)


def job(kubectl: Kubectl) -> Any:
    """The drain, None as long as there is none."""
    found = kubectl.run("get", "job", Installed.drain, "-n", NAMESPACE, "-o", "json")
    return None if found.returncode else json.loads(found.stdout)


async def run_drain(kubectl: Kubectl, pods: Pods, uninstalling: asyncio.Task[None]) -> Pod:
    """Wait until Helm has made the Job, and run its pod."""
    await until(lambda: uninstalling.done() or job(kubectl), "Helm asks for the drain")
    assert not uninstalling.done(), uninstalling.exception()
    return await pods.run(job(kubectl)["spec"]["template"])


def complete(kubectl: Kubectl) -> None:
    end(kubectl, "SuccessCriteriaMet", "Complete")


def end(kubectl: Kubectl, *conditions: str) -> None:
    """What the Job's controller writes when its pod has ended."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    status: dict[str, Any] = {
        "startTime": now,
        "conditions": [
            {"type": condition, "status": "True", "lastProbeTime": now, "lastTransitionTime": now}
            for condition in conditions
        ],
    }
    if "Complete" in conditions:
        status |= {"completionTime": now, "succeeded": 1}
    patch = json.dumps({"status": status})
    kubectl("patch", "job", Installed.drain, "-n", NAMESPACE, "--subresource=status", "--type=merge", "-p", patch)


def replicas(kubectl: Kubectl) -> int:
    return int(kubectl.json("get", "deployment", "trainsweep", "-n", NAMESPACE)["spec"]["replicas"])


def leftovers(kubectl: Kubectl) -> set[str]:
    """What is left of the release beside definitions and resources."""
    kinds = "deploy,svc,sa,roles,rolebindings,jobs,pdb,clusterroles,clusterrolebindings"
    found = kubectl("get", kinds, "-A", "-l", MADE_BY_RELEASE, "-o", "name")
    return set(found.split())
