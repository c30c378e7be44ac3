"""The quick start, done as it stands: its files written, its servers started, its commands typed, in their order."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from trainsweep_devtools.devcluster import ControlPlane

from .conftest import kubectl
from .pages import DOCS, Block, blocks

pytestmark = pytest.mark.apiserver

#: What the page says, and what a test must not take: somebody else may use it on this machine.
PORT = "8441"
SERVERS = ("trainsweep simulate", "trainsweep run")
#: They do not take the namespace of the kubeconfig's context: without a flag it is "default".
READERS = ("trainsweep check", "trainsweep discover", "trainsweep plan")
#: The environment of the reader is the one that the test runs in; the demo has its own tests.
NOT_HERE = ("make demo", "source ")
#: `trainsweep plan` has this exit code when something would be stopped or deleted, as the page says.
WOULD_CHANGE = 3


class Reader:
    """Somebody who follows the page, in a directory and a namespace of their own."""

    def __init__(self, plane: ControlPlane, directory: Path) -> None:
        self.namespace = f"docs-{secrets.token_hex(4)}"
        self._directory = directory
        self._port = _free_port()
        self._servers: list[subprocess.Popen[bytes]] = []
        kubectl(plane, "create", "namespace", self.namespace)
        config = json.loads(plane.kubeconfig.read_text())
        config["contexts"][0]["context"]["namespace"] = self.namespace
        kubeconfig = directory / "kubeconfig"
        kubeconfig.write_text(json.dumps(config))
        # The namespace keeps this operator away from what other tests have on the same API server.
        mine = {"KUBECONFIG": str(kubeconfig), "TRAINSWEEP_NAMESPACE": self.namespace}
        self._environment = {k: v for k, v in os.environ.items() if not k.startswith("TRAINSWEEP_")} | mine

    def follow(self, block: Block) -> list[str]:
        """Save a file, or type the commands; the answer is what they wrote."""
        if block.title:
            (self._directory / block.title).write_text(block.text.replace(PORT, str(self._port)))
        return [self._type(command) for command in block.commands if not command.startswith(NOT_HERE)]

    def _type(self, command: str) -> str:
        command = command.replace(PORT, str(self._port))
        if command.startswith(SERVERS):
            return self._serve(command)
        if command.startswith(READERS):
            command += f" --namespace {self.namespace}"
        result = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],  # noqa: S607 (as a reader's terminal does)
            cwd=self._directory,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
        expected = WOULD_CHANGE if command.startswith("trainsweep plan") else 0
        assert result.returncode == expected, f"{command}: {result.stdout}{result.stderr}\n{self._told()}"
        return result.stdout + result.stderr

    def _serve(self, command: str) -> str:
        with (self._directory / "servers.log").open("ab") as log:
            arguments = shlex.split(command)
            server = subprocess.Popen(arguments, env=self._environment, stdout=log, stderr=log)
        self._servers.append(server)
        if "simulate" in arguments:
            _until(lambda: socket.create_connection(("127.0.0.1", self._port), timeout=1).close())
        return ""

    def _told(self) -> str:
        return (self._directory / "servers.log").read_text()[-3000:]

    def things(self) -> list[Any]:
        """What the simulated cloud holds."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/_sim/things", timeout=10) as answer:
            return json.load(answer)

    def leave(self) -> None:
        for server in reversed(self._servers):
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


@pytest.fixture
def reader(plane: ControlPlane, tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(plane, tmp_path)
    yield reader
    reader.leave()


def test_the_quick_start_works_as_it_stands(reader: Reader):
    steps = list(blocks((DOCS / "quick-start.md").read_text()))
    *before, deleting = steps
    told = [text for block in before for text in reader.follow(block)]
    assert "155500" in json.dumps(reader.things())
    assert any("Stop TrainingJobVersion 155500/1" in text for text in told), "the plan tells what would be stopped"
    assert any("StopTrainingJobVersion" in text for text in told), "the status tells what was called"
    deleted, left = reader.follow(deleting)
    assert "deleted" in deleted
    assert "Nothing found." in left
    assert "155500" not in json.dumps(reader.things())


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _until(ready: Any, seconds: float = 30) -> None:
    """Until it raises no more."""
    end = time.monotonic() + seconds
    while True:
        try:
            return ready()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
