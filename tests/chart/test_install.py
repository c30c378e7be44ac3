"""The chart on a real API server: accepted, upgraded, removed, installed again."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from trainsweep_devtools.devcluster import ControlPlane, PlainProgress

from ..e2e.world import World, until
from .helm import CHART, NAMESPACE, Helm, HelmError, Manifest, one, prometheus_definitions
from .kubectl import Kubectl
from .matrix import MATRIX
from .scc import RANGE
from .test_generated import annotation

pytestmark = pytest.mark.apiserver


@pytest.fixture(scope="module")
def prometheus(plane: ControlPlane) -> None:
    """The definitions of the Prometheus Operator."""
    files = [argument for path in prometheus_definitions(PlainProgress()) for argument in ("-f", str(path))]
    Kubectl(plane)("apply", "--server-side", *files)
    Kubectl(plane)("wait", "--for=condition=Established", "--timeout=60s", *files)


@pytest.mark.usefixtures("prometheus")
@pytest.mark.parametrize("values", MATRIX.values(), ids=MATRIX)
def test_the_api_server_accepts_every_object(helm: Helm, kubectl: Kubectl, values: dict[str, Any]):
    for namespace in (NAMESPACE, "team-a", "team-b"):
        kubectl.namespace(namespace)
    manifests = helm.template(values)
    options = ("--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict")
    accepted = kubectl("apply", *options, "-f", "-", given=manifests)
    assert len(accepted.splitlines()) == len(manifests)


@pytest.mark.usefixtures("prometheus")
@pytest.mark.parametrize("values", MATRIX.values(), ids=MATRIX)
def test_nothing_of_the_chart_is_warned_of_where_the_restricted_standard_is_enforced(
    helm: Helm, kubectl: Kubectl, values: dict[str, Any]
):
    """A Deployment is never refused for its pods: the API server warns, and no pod ever comes up."""
    labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    for namespace in (NAMESPACE, "team-a", "team-b"):
        kubectl.namespace(namespace)
    kubectl.namespace(NAMESPACE, **labels)
    try:
        options = ("--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict")
        told = kubectl.run("apply", *options, "-f", "-", given=helm.template(values))
        assert (told.returncode, told.stderr) == (0, "")
    finally:
        kubectl.namespace(NAMESPACE)


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_the_pods_are_admitted_where_the_restricted_standard_is_enforced(helm: Helm, kubectl: Kubectl, kind: str):
    kubectl.namespace("restricted", **{"pod-security.kubernetes.io/enforce": "restricted"})
    spec = one(helm.template(), kind)["spec"]["template"]["spec"]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one", "namespace": "restricted"}, "spec": spec}
    assert "created" in kubectl("create", "--dry-run=server", "-f", "-", given=pod)
    # The same with the ids that OpenShift would write into it.
    spec["securityContext"] |= {"runAsUser": RANGE.start, "fsGroup": RANGE.start}
    assert "created" in kubectl("create", "--dry-run=server", "-f", "-", given=pod)
    spec["securityContext"] = {}
    assert "violates PodSecurity" in kubectl.run("create", "--dry-run=server", "-f", "-", given=pod).stderr


def test_the_examples_for_artifact_hub_are_accepted(cluster_helm: Helm, kubectl: Kubectl):
    cluster_helm.upgrade()
    kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", given=annotation("crdsExamples"))


def test_resources_of_our_kinds_can_be_extra_objects(cluster_helm: Helm, kubectl: Kubectl):
    (config, *_) = annotation("crdsExamples")
    cluster_helm.upgrade()
    cluster_helm.upgrade({"extraObjects": [config]})
    assert kubectl.json("get", "providerconfig", "huawei", "-n", NAMESPACE)["spec"]["provider"] == "ModelArts"
    cluster_helm.upgrade()
    assert not kubectl.json("get", "providerconfigs", "-n", NAMESPACE)["items"]


async def test_definitions_are_upgraded_under_their_resources(cluster_helm: Helm, kubectl: Kubectl, tmp_path: Path):
    cluster_helm.upgrade(chart=earlier_chart(tmp_path))
    job = {
        "apiVersion": "trainsweep.dev/v1alpha1",
        "kind": "TrainingJob",
        "metadata": {"name": "old", "namespace": NAMESPACE, "finalizers": ["trainsweep.dev/cleanup"]},
        "spec": {"providerConfigRef": {"name": "huawei"}, "jobID": "155500"},
    }
    kubectl("create", "--validate=strict", "-f", "-", given=job)
    assert "unknown field" in kubectl.run("create", "--validate=strict", "-f", "-", given=expecting(job)).stderr
    before = kubectl.json("get", "trainingjob", "old", "-n", NAMESPACE)
    definition = kubectl.json("get", "crd", "trainingjobs.trainsweep.dev")["metadata"]["uid"]

    cluster_helm.upgrade()

    assert kubectl.json("get", "trainingjob", "old", "-n", NAMESPACE) == before
    assert kubectl.json("get", "crd", "trainingjobs.trainsweep.dev")["metadata"]["uid"] == definition

    def served() -> bool:
        return kubectl.run("create", "--validate=strict", "-f", "-", given=expecting(job)).returncode == 0

    await until(served, "the new field can be used")
    assert "EXTERNAL-ID" in kubectl("get", "trainingjobs", "-n", NAMESPACE)
    for name in ("old", "new"):
        kubectl("patch", "trainingjob", name, "-n", NAMESPACE, "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
        kubectl("delete", "trainingjob", name, "-n", NAMESPACE, "--ignore-not-found")


async def test_definitions_and_resources_outlive_the_release_and_are_taken_up_again(world: World, cluster_helm: Helm):
    created = await world.resource("TrainingJob", "mnist", jobID="155500")
    await cluster_helm.uninstall("--no-hooks")
    kept = await world.api.get("TrainingJob", "mnist")
    assert kept
    assert kept["metadata"]["uid"] == created["metadata"]["uid"]
    cluster_helm.upgrade()
    await world.delete("TrainingJob", "mnist")


async def test_a_second_release_needs_definitions_of_its_own_no_more_than_the_first_ones(
    cluster_helm: Helm, kubectl: Kubectl
):
    for namespace in ("team-a", "team-b"):
        kubectl.namespace(namespace)
    shard = {"scopedNamespaces": ["team-b"]}
    cluster_helm.upgrade({"scopedNamespaces": ["team-a"]})
    try:
        with pytest.raises(HelmError, match=r"CustomResourceDefinition.*cannot be imported"):
            cluster_helm.upgrade(shard, release="trainsweep-b")
        cluster_helm.upgrade(shard | {"crds": {"install": False}}, release="trainsweep-b")
        deployments = kubectl.json("get", "deployments", "-n", NAMESPACE)["items"]
        assert {entry["metadata"]["name"] for entry in deployments} >= {"trainsweep", "trainsweep-b"}
    finally:
        await cluster_helm.uninstall("--no-hooks", release="trainsweep-b")
    assert kubectl.json("get", "deployment", "trainsweep", "-n", NAMESPACE)


async def test_definitions_that_are_not_kept_go_with_the_release(cluster_helm: Helm, kubectl: Kubectl):
    cluster_helm.upgrade({"crds": {"keep": False}})
    await cluster_helm.uninstall("--no-hooks")

    def gone() -> bool:
        return "trainsweep.dev" not in kubectl("get", "crds", "-o", "name")

    await until(gone, "the definitions are gone")


async def test_the_roles_of_the_cluster_learn_our_kinds(cluster_helm: Helm, kubectl: Kubectl):
    cluster_helm.upgrade()
    for role in ("view", "edit", "admin", "trainsweep-approver"):
        binding = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": role, "namespace": "default"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": f"a-{role}"}],
        }
        kubectl("apply", "--server-side", "-f", "-", given=binding)

    def may(role: str, verb: str, what: str) -> bool:
        resource, _, part = what.partition("/")
        about = (f"{resource}.trainsweep.dev", f"--subresource={part}", "-n", "default", f"--as=a-{role}")
        asked = kubectl.run("auth", "can-i", verb, *about)
        return asked.stdout.strip() == "yes"

    await until(lambda: may("admin", "delete", "providerconfigs"), "the roles are aggregated")
    wanted = {
        ("view", "list", "trainingjobs"): True,
        ("view", "get", "providerconfigs"): True,
        ("view", "patch", "trainingjobs"): False,
        ("edit", "list", "finetuningtasks"): True,
        ("edit", "delete", "finetuningtasks"): True,
        ("edit", "patch", "providerconfigs"): False,
        ("admin", "create", "trainingjobversions"): True,
        ("admin", "patch", "providerconfigs"): True,
        ("admin", "patch", "trainingjobs/status"): False,
        ("admin", "get", "clusterproviderconfigs"): False,
        ("trainsweep-approver", "list", "trainingjobs"): True,
        ("trainsweep-approver", "patch", "providerconfigs"): True,
        ("trainsweep-approver", "patch", "trainingjobs"): False,
        ("trainsweep-approver", "delete", "providerconfigs"): False,
    }
    assert {question: may(*question) for question in wanted} == wanted


def earlier_chart(directory: Path) -> Path:
    """The chart as a release before this one would have been: TrainingJob without `expect` and with other columns."""
    chart = directory / "trainsweep"
    shutil.copytree(CHART, chart)
    path = chart / "files" / "crds" / "trainingjobs.yaml"
    definition = yaml.safe_load(path.read_text())
    (version,) = definition["spec"]["versions"]
    del version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["expect"]
    version["additionalPrinterColumns"] = version["additionalPrinterColumns"][:1]
    path.write_text(yaml.safe_dump(definition))
    described = yaml.safe_load((chart / "Chart.yaml").read_text())
    (chart / "Chart.yaml").write_text(yaml.safe_dump(described | {"version": "0.0.9"}))
    return chart


def expecting(job: Manifest) -> Manifest:
    """A second job that uses the field which the earlier release lacks."""
    metadata = {"name": "new", "namespace": NAMESPACE}
    return job | {"metadata": metadata, "spec": job["spec"] | {"jobID": "155501", "expect": {"name": "mnist"}}}


def test_the_notes_say_what_an_uninstall_will_do(cluster_helm: Helm):
    assert "Nothing remote is stopped or deleted" in cluster_helm.notes({})
    assert "ALL RESOURCES ARE DELETED" in cluster_helm.notes({"drainPolicy": "Delete"})
    assert "trainsweep release" in cluster_helm.notes({"drainPolicy": "None"})


def test_the_notes_warn(cluster_helm: Helm):
    assert "WARNING" not in cluster_helm.notes({})
    assert "in the clear" in cluster_helm.notes({"settings": {"allowHttpEndpoints": True}})
    assert "crds.keep is false" in cluster_helm.notes({"crds": {"keep": False}})
    assert "trainsweep crds" in cluster_helm.notes({"crds": {"install": False}})
    scoped = {"scopedNamespaces": ["team-a"]}
    assert "-n team-a create secret" in cluster_helm.notes(scoped)
    assert "do not delete one of the watched namespaces whole" in cluster_helm.notes(scoped)
    assert "WARNING" not in cluster_helm.notes(scoped | {"rbac": {"clusterWide": True}})
