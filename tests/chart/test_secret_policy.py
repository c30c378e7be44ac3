"""What our ServiceAccounts may change in a Secret, asked of the API server: their own finalizer, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from trainsweep.api.names import IN_USE_FINALIZER

from ..e2e.world import until
from .helm import NAMESPACE, Helm
from .kubectl import Kubectl

pytestmark = pytest.mark.apiserver

ACCOUNTS = ("trainsweep", "trainsweep-drain")
PLACE = ("-n", "default")
#: No Secret of ours: the finalizer of somebody else, and everything that could be changed.
SECRET: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {
        "name": "huawei",
        "namespace": "default",
        "finalizers": ["example.com/theirs"],
        "labels": {"team": "a"},
    },
    "data": {"accessKey": "a2V5"},
}
OTHERS = {
    "data": {"data": {"accessKey": "b3RoZXI="}},
    "more data": {"data": {"more": "a2V5"}},
    "text": {"stringData": {"accessKey": "other"}},
    "no data": {"data": None},
    "immutable": {"immutable": True},
    "a label": {"metadata": {"labels": {"team": "b"}}},
    "no labels": {"metadata": {"labels": None}},
    "an annotation": {"metadata": {"annotations": {"note": "1"}}},
    "an owner": {"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "1"}]}},
    "somebody's finalizer gone": {"metadata": {"finalizers": None}},
    "another finalizer": {"metadata": {"finalizers": ["example.com/theirs", "example.com/more"]}},
}


@pytest.fixture(scope="module")
def guarded(helm: Helm, plane: Any) -> Iterator[Kubectl]:
    """The release, and rights for its drain's account, which exist in an uninstall only."""
    from dataclasses import replace

    kubectl = Kubectl(plane)
    replace(helm, kubeconfig=plane.kubeconfig).upgrade()
    hooks = [entry for entry in helm.template() if "drain" in entry["metadata"]["name"] and entry["kind"] != "Job"]
    kubectl("apply", "--server-side", "-f", "-", given=hooks)
    kubectl("apply", "--server-side", "-f", "-", given=SECRET)
    yield kubectl
    kubectl("patch", "secret", "huawei", *PLACE, "--type=merge", "-p", patch({"metadata": {"finalizers": None}}))
    kubectl("delete", "secret", "huawei", *PLACE)
    kubectl("delete", "-f", "-", given=hooks)


def patch(change: dict[str, Any]) -> str:
    return json.dumps(change)


def ask(kubectl: Kubectl, account: str, change: dict[str, Any]) -> tuple[int, str]:
    """What the API server would answer to that patch; nothing is changed."""
    user = f"--as=system:serviceaccount:{NAMESPACE}:{account}"
    done = kubectl.run(
        "patch", "secret", "huawei", *PLACE, user, "--type=merge", "--dry-run=server", "-p", patch(change)
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_our_account_adds_and_removes_its_finalizer(guarded: Kubectl, account: str):
    await until(lambda: ask(guarded, account, OTHERS["data"])[0], "the policy is in force")
    ours = {"metadata": {"finalizers": ["example.com/theirs", IN_USE_FINALIZER]}}
    assert ask(guarded, account, ours) == (0, "")
    guarded("patch", "secret", "huawei", *PLACE, "--type=merge", "-p", patch(ours))
    assert ask(guarded, account, {"metadata": {"finalizers": ["example.com/theirs"]}}) == (0, "")


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("change", OTHERS)
async def test_our_account_changes_nothing_else(guarded: Kubectl, account: str, change: str):
    async def refused() -> bool:
        code, said = ask(guarded, account, OTHERS[change])
        return code != 0 and "Trainsweep may not change" in said and "Forbidden" in said

    await until(refused, f"a patch of {change} is refused")


async def test_everybody_else_is_left_alone(guarded: Kubectl):
    await until(lambda: ask(guarded, "trainsweep", OTHERS["data"])[0], "the policy is in force")
    for change in OTHERS.values():
        dry = ("--type=merge", "--dry-run=server", "-p", patch(change))
        assert guarded.run("patch", "secret", "huawei", *PLACE, *dry).returncode == 0


def test_our_account_makes_no_secret_by_applying_one(guarded: Kubectl):
    new = SECRET | {"metadata": {"name": "new", "namespace": "default"}}
    user = f"--as=system:serviceaccount:{NAMESPACE}:trainsweep"
    done = guarded.run("apply", "--server-side", "--dry-run=server", user, "-f", "-", given=new)
    assert done.returncode
    assert "forbidden" in done.stderr.lower()


def test_without_protection_our_account_may_not_patch_secrets_at_all(cluster_helm: Helm, kubectl: Kubectl):
    cluster_helm.upgrade({"rbac": {"protectSecrets": False}})
    asked = kubectl.run(
        "auth", "can-i", "patch", "secrets", *PLACE, f"--as=system:serviceaccount:{NAMESPACE}:trainsweep"
    )
    assert asked.stdout.strip() == "no"
    assert not kubectl.json("get", "validatingadmissionpolicies")["items"]
    cluster_helm.upgrade()


def test_the_policy_is_left_out_where_it_is_not_served(helm: Helm):
    def rendered(version: str) -> bool:
        manifests = helm.template(None, "--kube-version", version)
        return any(entry["kind"] == "ValidatingAdmissionPolicy" for entry in manifests)

    assert not rendered("1.29.15")
    assert rendered("1.30.0")
    assert rendered("v1.31.4-gke.1183000")
