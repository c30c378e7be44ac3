"""`trainsweep demo` as a stranger runs it: it shows that every call arrived, ends by itself, and leaves nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from trainsweep.api.kinds import KINDS
from trainsweep.core.resource import Key
from trainsweep_devtools.cli.demo_screen import Row, Screen, missing
from trainsweep_devtools.cli.examples import SEEDS, Write
from trainsweep_devtools.simulators.journal import Entry

COMMAND = [sys.executable, "-c", "from trainsweep.cli import main; main()", "demo"]
LIMIT = 120


@contextmanager
def started(tmp_path: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The demo in a process of its own; what it leaves in the temporary directory is in `tmp_path`."""
    environ = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        env=environ | {"TMPDIR": str(tmp_path), "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """Lines of its output up to the one that holds these words; fails at the end of the output."""
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return "".join(lines)
    raise AssertionError(f"{words!r} never came; the output was:\n{''.join(lines)}")


@pytest.mark.apiserver
def test_the_demo_shows_that_every_call_arrived_and_leaves_nothing(tmp_path):
    with started(tmp_path) as process:
        shown, complaints = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, complaints
    for seed in SEEDS:
        assert f"examples/{seed.file}  replaces  {seed.call}" in shown
        for write in seed.writes:
            journalled = [line.split() for line in shown.splitlines() if write.target in line.split()]
            assert [write.provider, write.operation, write.target, "200,", "done"] in [line[1:] for line in journalled]
    assert "5 of 5 done, 8 of 8 calls arrived" in shown
    assert "\x1b" not in shown
    assert list(tmp_path.iterdir()) == []


@pytest.mark.apiserver
def test_kept_it_serves_until_ctrl_c(tmp_path):
    with started(tmp_path, "--keep") as process:
        line = read_until(process, "export KUBECONFIG=").splitlines()[-1]
        kubeconfig = line.removeprefix("export KUBECONFIG=").strip("'")
        command = ["kubectl", "--kubeconfig", kubeconfig, "get", "providerconfigs", "-A", "-o", "name"]
        found = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
        assert found.split() == ["providerconfig.trainsweep.dev/baidu", "providerconfig.trainsweep.dev/huawei"]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=LIMIT)
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.apiserver
@pytest.mark.parametrize(
    ("moment", "number"),
    [
        ("serves at", signal.SIGINT),
        ("the operator runs", signal.SIGTERM),
        ("004-delete", signal.SIGINT),
    ],
)
def test_interrupted_it_stops_everything(moment, number, tmp_path):
    with started(tmp_path) as process:
        read_until(process, moment)
        process.send_signal(number)
        _, complaints = process.communicate(timeout=LIMIT)
    assert process.returncode == 130, complaints
    assert "everything was stopped" in complaints
    assert "Traceback" not in complaints
    assert list(tmp_path.iterdir()) == []


@pytest.mark.apiserver
def test_in_a_given_cluster_only_the_definitions_stay(cluster_, tmp_path):
    with started(tmp_path, *cluster_.flags) as process:
        shown, complaints = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, complaints
    assert "8 of 8 calls arrived" in shown
    kinds = ",".join(kind.crd_name for kind in KINDS.values() if kind.scope == "Namespaced")
    assert cluster_.kubectl("--namespace", "trainsweep-demo", "get", kinds, "-o", "name") == ""


@pytest.mark.apiserver
def test_a_cluster_that_is_not_there_is_told_in_a_sentence(tmp_path):
    with started(tmp_path, "--kubeconfig", str(tmp_path / "none")) as process:
        _, complaints = process.communicate(timeout=LIMIT)
    assert process.returncode == 1
    assert "No cluster to talk to" in complaints
    assert "Traceback" not in complaints


def journalled(operation: str, target: str, *, effect: bool) -> tuple[str, Entry]:
    return "ModelArts", Entry(1, 0.0, "DELETE", "/", operation, target, 200, effect, "key")


def test_a_call_counts_only_when_the_provider_followed_it():
    wanted = [Write("ModelArts", "DeleteJob", "155500"), Write("ModelArts", "DeleteJob", "155501")]
    calls = [journalled("DeleteJob", "155500", effect=True), journalled("DeleteJob", "155501", effect=False)]
    assert missing(wanted, calls) == wanted[1:]


def test_a_row_follows_a_resource_from_its_creation_to_its_end():
    key = Key("TrainingJob", "demo", "a-job")
    body = {"metadata": {}, "spec": {"desiredState": "Absent"}}
    assert Row.of(key, body) == Row("TrainingJob/a-job", "Absent", "", "", "not yet looked at")
    condition = {"type": "Ready", "status": "True", "message": "The remote thing is absent."}
    seen = body | {"status": {"externalState": "Absent", "conditions": [condition]}}
    assert Row.of(key, seen) == Row("TrainingJob/a-job", "Absent", "Absent", "True", "The remote thing is absent.")
    assert Row.of(key, seen | {"metadata": {"deletionTimestamp": "now"}}).desired == "(deleted)"
    assert Row.of(key, None).message.startswith("freed")


def test_without_a_terminal_only_what_changed_is_written(console):
    screen = Screen(console)
    key = Key("TrainingJob", "demo", "a-job")
    body = {"metadata": {}, "spec": {"desiredState": "Absent"}}
    with screen.watching():
        for seen in (body, body, None, None):
            screen.watch([key], [seen])
    lines = console.file.getvalue().splitlines()
    assert [line.split("TrainingJob/a-job: ")[1] for line in lines] == [
        "desired Absent, not yet looked at",
        "freed: the remote thing is gone",
    ]


@pytest.fixture
def console():
    import io

    from rich.console import Console

    return Console(file=io.StringIO(), width=200)
