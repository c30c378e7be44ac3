"""The operator runs under exactly the ServiceAccount and the roles that the chart renders: they suffice, and nothing in
them is left over."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import yaml

from trainsweep.api.kinds import REMOTE_KINDS

from ..e2e.world import World, until
from ..operator_rights import RENDERED
from .helm import Helm
from .house import NOTHING, fill, jostle
from .installed import Installed
from .kubectl import Kubectl
from .pods import Pods
from .rights import Right, Trail

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(400)]


def test_the_rights_of_the_operator_in_the_other_tests_are_these(helm: Helm):
    rendered = helm.template(None, "--show-only", "templates/rbac.yaml")
    again = "helm template trainsweep charts/trainsweep -n trainsweep -s templates/rbac.yaml > tests/data/rights.yaml"
    assert list(yaml.safe_load_all(RENDERED.read_text())) == rendered, f"make it again: {again}"


@pytest.mark.parametrize("scoped", [False, True], ids=["whole cluster", "some namespaces"])
async def test_no_request_is_forbidden_and_no_right_is_unused(
    world: World, cluster_helm: Helm, pods: Pods, trail: Callable[[str], Trail], scoped: bool
):
    release = Installed(cluster_helm, pods, {"scopedNamespaces": [world.namespace]} if scoped else {})
    asked = trail(release.account)
    pod = await release.start()
    resources = await fill(world, shared=not scoped)
    for name, kind in resources.items():
        await world.delete(kind, name)
    for kind in REMOTE_KINDS:
        plural = REMOTE_KINDS[kind].plural
        again = Right("get", "trainsweep.dev", plural, world.namespace)
        await jostle(world, kind, "jostled", lambda again=again: any(again.covers(right) for right in asked.used()))
    # What is left behind by force is told by an event, what happens again is counted on one.
    await world.resource("TrainingJob", "stuck", jobID="155503", annotations={"trainsweep.dev/paused": "true"})
    await until(lambda: finalizer(world, "stuck"), "the resource is held")
    await world.api.delete("TrainingJob", "stuck")
    counted = Right("patch", "", "events", world.namespace)

    async def told_again() -> bool:
        await world.api.annotate("TrainingJob", "stuck", force_orphan=f"not-{time.monotonic_ns()}")
        return any(counted.covers(right) for right in asked.used())

    await until(told_again, "an event is told again")
    await world.api.annotate("TrainingJob", "stuck", force_orphan="155503", paused=None)
    await world.gone("TrainingJob", "stuck")
    assert await pod.stop() == 0, pod.log.read_text()

    asked.exhausts(release.granted(release.account))


async def finalizer(world: World, name: str) -> bool:
    body = await world.api.get("TrainingJob", name)
    return bool(body and body["metadata"].get("finalizers"))


async def test_a_scoped_operator_lets_go_when_a_definition_is_removed(
    world: World, cluster_helm: Helm, kubectl: Kubectl, pods: Pods
):
    """It may not read definitions, and still must not take their removal for a wish to delete."""
    release = Installed(cluster_helm, pods, {"scopedNamespaces": [world.namespace]})
    await release.start()
    await world.resource("TrainingJob", "mnist", jobID="155500")
    await world.reaches("TrainingJob", "mnist", "Available")
    kubectl("delete", "crd", "trainingjobs.trainsweep.dev", "--timeout=50s")
    assert world.writes() == []


async def test_a_namespace_that_is_deleted_with_its_roles_keeps_no_operator_from_serving_the_others(
    world: World, cluster_helm: Helm, kubectl: Kubectl, pods: Pods
):
    lost = f"{world.namespace}-lost"
    kubectl.namespace(lost)
    release = Installed(cluster_helm, pods, {"scopedNamespaces": [world.namespace, lost]})
    first = await release.start()
    kubectl("delete", "namespace", lost)
    assert await first.stop() == 0

    second = await pods.run(release.template("Deployment"))
    await until(lambda: second.answers("/readyz"), "the next pod is ready", 60, shown=second.log)
    assert lost in second.log.read_text()
    await world.resource("TrainingJob", "mnist", jobID="155500")
    await world.reaches("TrainingJob", "mnist", "Available")
    await world.delete("TrainingJob", "mnist")


async def test_a_secret_that_is_not_named_cannot_be_read(world: World, cluster_helm: Helm, pods: Pods):
    release = Installed(cluster_helm, pods, {"rbac": {"secretNames": ["baidu"]}})
    await release.start()
    await world.resource("TrainingJob", "mnist", jobID="155500")
    await world.resource("FineTuningTask", "answers", **NOTHING["FineTuningTask"])
    await world.reaches("FineTuningTask", "answers", "NotFound")
    status = await world.reaches("TrainingJob", "mnist", "SecretNotFound")
    assert "role" in str(status["conditions"])
