"""The kubectl commands of the pages, run on a real API server that has the objects the pages speak of."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from trainsweep.api.names import API_VERSION
from trainsweep_devtools.devcluster import ControlPlane

from .conftest import kubectl
from .test_commands import COMMANDS, label

#: What a page leaves to the reader.
BLANKS = {"NAME": "huawei", "NAMESPACE": "team-a"}
READS, WRITES = {"get", "describe"}, {"patch", "annotate", "delete", "create"}
FILES = ("ak.txt", "sk.txt", "token.txt")


def manifests() -> list[dict[str, Any]]:
    account = {
        "provider": "ModelArts",
        "modelArts": {"region": "cn-north-4", "projectID": "0" * 32},
        "credentials": {"secretRef": {"name": "huawei"}},
    }
    job = {"providerConfigRef": {"name": "huawei"}, "jobID": "155500"}
    specs = {
        ("ProviderConfig", "huawei"): account,
        ("ProviderConfig", "careful"): account,
        ("TrainingJob", "mnist"): job,
    }
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "huawei-1"},
        "stringData": {"accessKey": "key"},
    }
    return [
        *(
            {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}
            for (kind, name), spec in specs.items()
        ),
        secret,
    ]


def tried() -> list[list[str]]:
    """Each command once. Manifests are tried elsewhere; the rest needs an operator, or what another command prints."""
    found = [
        words
        for _, words in COMMANDS
        if words[0] == "kubectl" and words[1] in READS | WRITES and not {"-", "-k"} & set(words)
    ]
    return [list(words) for words in dict.fromkeys(tuple(words) for words in found)]


@pytest.fixture(scope="module")
def furnished(plane: ControlPlane) -> Iterator[ControlPlane]:
    things = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests()})
    kubectl(plane, "apply", "--namespace", "team-a", "-f", "-", stdin=things)
    yield plane
    kubectl(plane, "delete", "--namespace", "team-a", "-f", "-", stdin=things)  # other pages have operators


@pytest.mark.apiserver
@pytest.mark.parametrize("words", tried(), ids=label)
def test_the_api_server_does_as_the_command_says(furnished: ControlPlane, words: list[str], tmp_path: Path):
    for file in FILES:
        (tmp_path / file).write_text("key")
    command = ["kubectl", "--kubeconfig", str(furnished.kubeconfig), *(BLANKS.get(word, word) for word in words[1:])]
    if not {"-n", "-A"} & set(words):
        command += ["--namespace", "team-a"]
    if words[1] in WRITES and "--dry-run=client" not in words:
        command.append("--dry-run=server")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{shlex.join(words)}: {done.stderr}"
