"""The commands as a user types them, against both simulators, which serve in a thread of their own."""

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from trainsweep.cli import app
from trainsweep_devtools.cli.examples import MODELARTS, QIANFAN, accounts
from trainsweep_devtools.devcluster import ControlPlane
from trainsweep_devtools.simulators.loading import load_scenario
from trainsweep_devtools.simulators.modelarts import ModelArtsScenario, ModelArtsSimulator
from trainsweep_devtools.simulators.qianfan import QianfanScenario, QianfanSimulator
from trainsweep_devtools.simulators.server import serve
from trainsweep_devtools.simulators.simulator import Simulator

CRDS = Path(__file__).parents[2] / "crds"
PROJECT = "0123456789abcdef0123456789abcdef"
KEYS = {
    "HUAWEICLOUD_SDK_AK": "SIMULATEDACCESSKEY00",
    "HUAWEICLOUD_SDK_SK": "simulated-secret-key-for-the-demo-only00",
    "QIANFAN_ACCESS_KEY": "ALTAKsimulatedaccesskey1",
    "QIANFAN_SECRET_KEY": "simulatedsecretkeyforthedemo0001",
}
SECRETS = (KEYS["HUAWEICLOUD_SDK_SK"], KEYS["QIANFAN_SECRET_KEY"])
API_VERSION = "trainsweep.dev/v1alpha1"


@dataclass
class Clouds:
    """Both providers with the things of the demo."""

    modelarts: ModelArtsSimulator
    qianfan: QianfanSimulator
    urls: dict[str, str] = field(default_factory=dict)

    @property
    def simulators(self) -> tuple[Simulator, ...]:
        return self.modelarts, self.qianfan

    def flags(self, provider: str) -> list[str]:
        """How `discover` is told of one of them."""
        name = MODELARTS if provider == "modelarts" else QIANFAN
        project = ["--project-id", PROJECT] if name is MODELARTS else []
        return ["--provider", provider, "--endpoint", self.urls[name], "--allow-http-endpoints", *project]

    def accounts(self) -> list[dict[str, Any]]:
        return accounts(self.urls)

    @property
    def changes(self) -> list[str]:
        """Calls that changed something."""
        return [entry.operation for each in self.simulators for entry in each.journal.entries if entry.effect]


@pytest.fixture
def clouds() -> Iterator[Clouds]:
    both = Clouds(
        ModelArtsSimulator(load_scenario(ModelArtsScenario)), QianfanSimulator(load_scenario(QianfanScenario))
    )
    loop = asyncio.new_event_loop()
    serving, over = threading.Event(), asyncio.Event()

    async def serve_both() -> None:
        async with serve(both.modelarts) as modelarts, serve(both.qianfan) as qianfan:
            both.urls = {MODELARTS: modelarts, QIANFAN: qianfan}
            serving.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve_both()))
    thread.start()
    assert serving.wait(30)
    yield both
    loop.call_soon_threadsafe(over.set)
    thread.join(30)
    loop.close()


Run = Callable[..., Result]


@pytest.fixture
def trainsweep(tmp_path: Path) -> Run:
    """Run a command; no cluster but the one that it is given, no key but the simulators' own."""

    def run(*arguments: str, **variables: str) -> Result:
        nowhere = {"KUBECONFIG": str(tmp_path / "no-kubeconfig"), "HOME": str(tmp_path)}
        result = CliRunner().invoke(app, [*arguments], env={**KEYS, **nowhere, **variables})
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert not any(secret in result.output for secret in SECRETS)
        return result

    return run


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Write objects into a file; the answer is its path."""

    def write(*objects: dict[str, Any], name: str = "manifests.yaml") -> str:
        path = tmp_path / name
        path.write_text(yaml.safe_dump_all(objects), encoding="utf-8")
        return str(path)

    return write


@dataclass
class Cluster:
    """The API server with our kinds, and a namespace of its own for each test."""

    plane: ControlPlane
    namespace: str

    @property
    def flags(self) -> list[str]:
        return ["--kubeconfig", str(self.plane.kubeconfig)]

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        command = ["kubectl", "--kubeconfig", str(self.plane.kubeconfig), "--namespace", self.namespace, *arguments]
        result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=90, input=stdin)
        assert result.returncode == 0, f"{' '.join(command)}: {result.stderr}"
        return result.stdout

    def apply(self, *objects: dict[str, Any]) -> None:
        self.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(objects))

    def status(self, kind: str, name: str, status: dict[str, Any]) -> None:
        """Write a status as the operator does."""
        self.kubectl("patch", kind, name, "--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))

    def writes(self) -> list[str]:
        """Requests of Trainsweep that could have changed something in the cluster, from the audit log."""
        assert self.plane.audit_log
        events = [json.loads(line) for line in self.plane.audit_log.read_text().splitlines()]
        return [
            f"{event['verb']} {event['requestURI']}"
            for event in events
            if event.get("userAgent", "").startswith("trainsweep/")
            and event["verb"] not in ("get", "list", "watch")
            and self.namespace in event["requestURI"]
        ]


@pytest.fixture(scope="session")
def defined(control_plane: ControlPlane) -> Cluster:
    """The API server with our kinds, in the namespace default."""
    found = Cluster(control_plane, "default")
    found.kubectl("apply", "--server-side", "-f", str(CRDS))
    found.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", str(CRDS))
    return found


@pytest.fixture
def cluster_(defined: Cluster) -> Cluster:
    found = Cluster(defined.plane, f"cli-{secrets.token_hex(4)}")
    found.kubectl("create", "namespace", found.namespace)
    return found


def resource(kind: str, name: str, *, account: str = "huawei", **spec: Any) -> dict[str, Any]:
    """A manifest, with the account of the demo."""
    body = {"providerConfigRef": {"name": account}, **spec}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": body}
