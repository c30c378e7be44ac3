"""The quick start first, then Helm: definitions applied by hand become the release's, by each way of the docs."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator

import pytest

from trainsweep.api.kinds import KINDS

from .helm import NAMESPACE, Helm, HelmError
from .kubectl import Kubectl

pytestmark = pytest.mark.apiserver
DEFINITIONS = [kind.crd_name for kind in KINDS.values()]


def printed() -> str:
    command = [sys.executable, "-c", "from trainsweep.cli import main; main()", "crds"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.fixture
async def by_hand(cluster_helm: Helm, kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The quick start's definitions and no release; the answer is the file that they are in."""
    if kubectl.run("get", "deployment", "trainsweep", "-n", NAMESPACE).returncode == 0:
        await cluster_helm.uninstall("--no-hooks")
    kubectl("delete", "crds", *DEFINITIONS, "--ignore-not-found", "--wait=false")
    # A busy API server takes its time, longer than kubectl is given here.
    while kubectl("get", "crds", *DEFINITIONS, "--ignore-not-found"):  # noqa: ASYNC110 (nothing tells when it is done)
        await asyncio.sleep(0.5)
    path = tmp_path_factory.mktemp("definitions") / "crds.yaml"
    path.write_text(printed())
    kubectl("apply", "--server-side", "-f", str(path))
    return str(path)


def owner(kubectl: Kubectl, definition: str) -> str | None:
    metadata = kubectl.json("get", "crd", definition)["metadata"]
    return metadata.get("annotations", {}).get("meta.helm.sh/release-name")


@pytest.mark.usefixtures("by_hand")
def test_an_installation_says_that_the_definitions_are_there(cluster_helm: Helm):
    with pytest.raises(HelmError, match=r"exists and cannot be imported into the current release"):
        cluster_helm.upgrade()


@pytest.mark.usefixtures("by_hand")
def test_helm_takes_them_over_when_told_to(cluster_helm: Helm, kubectl: Kubectl):
    cluster_helm.upgrade(None, "--take-ownership")
    assert {owner(kubectl, definition) for definition in DEFINITIONS} == {"trainsweep"}
    cluster_helm.upgrade()


def test_an_older_helm_takes_them_over_once_they_are_marked(cluster_helm: Helm, kubectl: Kubectl, by_hand: str):
    release = ("meta.helm.sh/release-name=trainsweep", f"meta.helm.sh/release-namespace={NAMESPACE}")
    kubectl("label", "--overwrite", "-f", by_hand, "app.kubernetes.io/managed-by=Helm")
    kubectl("annotate", "--overwrite", "-f", by_hand, *release)
    cluster_helm.upgrade()
    assert kubectl.json("get", "crd", DEFINITIONS[0])["metadata"]["labels"]["helm.sh/chart"]


@pytest.mark.usefixtures("by_hand")
def test_they_can_stay_what_they_are(cluster_helm: Helm, kubectl: Kubectl):
    cluster_helm.upgrade({"crds": {"install": False}})
    assert {owner(kubectl, definition) for definition in DEFINITIONS} == {None}


@pytest.fixture(autouse=True)
def tidy(cluster_helm: Helm) -> Iterator[None]:
    """The next test finds a release that owns everything."""
    yield
    cluster_helm.upgrade(None, "--take-ownership")
