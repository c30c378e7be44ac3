"""The same program behind kubectl: called, completed, and packed for krew."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SCRIPT = """#!{python}
import sys
from {module} import {function}
sys.exit({function}())
"""


@pytest.fixture
def kubectl(tmp_path):
    """kubectl with the plugin's two programs on its path, as an installation of the package puts them there."""
    for program, module, function in (
        ("kubectl-trainsweep", "trainsweep.cli", "main"),
        ("kubectl_complete-trainsweep", "trainsweep.cli.kubectl_plugin", "complete"),
    ):
        path = tmp_path / program
        path.write_text(SCRIPT.format(python=sys.executable, module=module, function=function))
        path.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "100"}

    def kubectl(*arguments):
        return subprocess.run(
            [shutil.which("kubectl"), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return kubectl


def test_the_package_brings_the_programs_that_kubectl_looks_for():
    scripts = re.findall(r"^(kubectl\S+) = \"(\S+)\"", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert scripts == [
        ("kubectl-trainsweep", "trainsweep.cli:main"),
        ("kubectl_complete-trainsweep", "trainsweep.cli.kubectl_plugin:complete"),
    ]


def test_kubectl_runs_it_under_its_own_name(kubectl):
    found = kubectl("trainsweep", "status", "--help")
    assert found.returncode == 0
    assert "Usage: kubectl trainsweep status" in found.stdout


def test_it_takes_the_flags_that_kubectl_takes(kubectl, tmp_path):
    nowhere = tmp_path / "kubeconfig"
    found = kubectl("trainsweep", "status", "-n", "team-a", "--context", "c", "--kubeconfig", str(nowhere))
    assert found.returncode == 1
    assert str(nowhere) in found.stderr


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("sta",), ["status"]),
        (("drain", "--policy", ""), ["Retain", "Delete"]),
        (("status", "FineTuningT"), ["FineTuningTask/"]),
        (("pause", "tj/a", "TrainingJobC"), ["TrainingJobConfig/"]),
    ],
)
def test_kubectl_completes_it(words, offered, kubectl):
    *lines, directive = kubectl("__complete", "trainsweep", *words).stdout.splitlines()
    assert directive == ":4"
    assert [line.partition("\t")[0] for line in lines] == offered


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    directory = tmp_path_factory.mktemp("krew")
    command = [sys.executable, str(ROOT / "krew/build.py"), "--uri", "https://example.com/a.tar.gz"]
    done = subprocess.run([*command, str(directory)], capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    return directory


def test_the_krew_manifest_keeps_the_rules_of_krew(packed):
    """Those that krew checks of each manifest: validate-krew-manifest, and the guide for plugin names."""
    body = yaml.safe_load((packed / "trainsweep.yaml").read_text())
    assert (body["apiVersion"], body["kind"]) == ("krew.googlecontainertools.github.com/v1alpha2", "Plugin")
    assert body["metadata"] == {"name": "trainsweep"}
    spec = body["spec"]
    assert re.fullmatch(r"v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?", spec["version"])
    assert 0 < len(spec["shortDescription"]) <= 50
    assert "\n" not in spec["shortDescription"]
    assert not spec["shortDescription"].endswith(".")
    assert spec["homepage"].startswith("https://")
    assert max(map(len, spec["description"].splitlines())) <= 100
    systems = [tuple(platform["selector"]["matchLabels"].values()) for platform in spec["platforms"]]
    assert len(set(systems)) == len(systems) == 4
    archive = packed / "kubectl-trainsweep.tar.gz"
    with tarfile.open(archive) as file:
        modes = {entry.name: entry.mode for entry in file}
    for platform in spec["platforms"]:
        assert set(platform) == {"selector", "uri", "sha256", "bin"}
        assert platform["sha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()
        assert modes[platform["bin"]] == 0o755
    assert "LICENSE" in modes


def test_what_krew_installs_runs(packed, tmp_path):
    with tarfile.open(packed / "kubectl-trainsweep.tar.gz") as file:
        file.extractall(tmp_path / "store", filter="data")
    (tmp_path / "bin").mkdir()
    link = tmp_path / "bin" / "kubectl-trainsweep"
    link.symlink_to(tmp_path / "store" / "kubectl-trainsweep")
    # The packages that it needs are those of the tests: nothing is fetched.
    site = Path(yaml.__file__).parents[1]
    environment = os.environ | {
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "TRAINSWEEP_PYTHON": sys.executable,
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PYTHONPATH": str(site),
    }
    for _ in range(2):  # installs itself, then is there
        found = subprocess.run(
            [str(link), "--version"], env=environment, capture_output=True, text=True, timeout=200, check=False
        )
        assert found.returncode == 0, found.stderr
    assert found.stdout.strip() == "0.1.0"
    assert "Installing" not in found.stderr
