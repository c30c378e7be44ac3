"""A provider of another package, installed beside the operator: it stops a job by manifest, and cannot delete one."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest
import pytest_asyncio
import yaml

from trainsweep_devtools.devcluster import ControlPlane

from ..operator_rights import OPERATOR
from .operators import OperatorProcess
from .world import condition, until

pytestmark = [pytest.mark.apiserver, pytest.mark.vendor]

PACKAGE = Path(__file__).parents[2] / "examples" / "provider-openai"
TRAINSWEEP = (sys.executable, "-c", "from trainsweep.cli import main; main()")
NAMESPACE = "research"
KEY = "sk-of-the-test"


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that are started from here have the package installed."""
    # A copy, as building leaves files beside the source.
    source, site = shutil.copytree(PACKAGE, tmp_path / "source"), tmp_path / "site"
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(source))
    subprocess.run(pip, check=True, timeout=120)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH", "")))))


class Cluster:
    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        command = ("kubectl", "--kubeconfig", str(self._plane.kubeconfig), "-n", NAMESPACE, *arguments)
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=90, input=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def define(self, directory: Path) -> None:
        """The definitions as the operator prints them with the package beside it."""
        subprocess.run((*TRAINSWEEP, "crds", "--output", str(directory)), check=True, timeout=60)
        self.kubectl("apply", "--server-side", "-f", str(directory))
        self.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", str(directory))

    def apply(self, kind: str, name: str, *, api: str = "trainsweep.dev/v1alpha1", **fields: Any) -> None:
        body = {"apiVersion": api, "kind": kind, "metadata": {"name": name}, **fields}
        self.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(body))

    def task(self, name: str, task_id: str, **spec: Any) -> None:
        self.apply("FineTuningTask", name, spec={"providerConfigRef": {"name": "openai"}, "taskID": task_id, **spec})

    def get(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.kubectl("get", "finetuningtasks", name, "-o", "json"))
        return found

    async def reaches(self, name: str, reason: str) -> dict[str, Any]:
        def there() -> bool:
            return condition(self.get(name), "Ready").get("reason") == reason

        await until(there, f"{name} is Ready or not because of {reason}", shown=name)
        return self.get(name)


@pytest_asyncio.fixture
async def client(beside: None) -> AsyncIterator[openai.AsyncOpenAI]:
    """OpenAI's own client at the simulator, which runs as a command of the installed package."""
    command = (*TRAINSWEEP, "simulate", "openai", "--port", "0", "--key", KEY)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    found = re.search(r"http://\S+", (await asyncio.wait_for(process.stdout.readline(), 30)).decode())
    assert found
    async with openai.AsyncOpenAI(api_key=KEY, base_url=f"{found[0]}/v1") as client:
        yield client
    process.terminate()
    await process.wait()


@pytest_asyncio.fixture
async def cluster_with_openai(
    cluster_of_its_own: ControlPlane, client: openai.AsyncOpenAI, tmp_path: Path
) -> AsyncIterator[Cluster]:
    """The definitions that the operator prints with the package beside it, an account, and the operator."""
    plane = cluster_of_its_own
    found = Cluster(plane)
    found.define(tmp_path / "crds")
    found.kubectl("create", "namespace", NAMESPACE)
    found.apply("Secret", "openai", api="v1", stringData={"apiKey": KEY})
    found.apply(
        "ProviderConfig",
        "openai",
        spec={
            "provider": "OpenAI",
            "openai": {"endpoint": str(client.base_url).removesuffix("/v1/")},
            "credentials": {"secretRef": {"name": "openai"}},
            "polling": {"activeSeconds": 1, "idleSeconds": 2},
        },
    )
    operator = await OperatorProcess.start(plane.kubeconfig_for(OPERATOR), NAMESPACE, tmp_path)
    yield found
    assert await operator.stop() == 0, operator.log.read_text()
    assert KEY not in operator.log.read_text() + operator.audit.read_text()


@pytest.mark.usefixtures("beside")
def test_its_own_tests_pass() -> None:
    """The contract of a provider, and its simulator driven by OpenAI's own client."""
    own = ("-q", "-p", "no:xdist", "-p", "no:cacheprovider", "-c", str(PACKAGE / "pyproject.toml"), str(PACKAGE))
    done = subprocess.run((sys.executable, "-m", "pytest", *own), check=False, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stdout.decode()


def test_the_package_stays_under_400_lines() -> None:
    files = (PACKAGE / "src").rglob("*.py")
    assert sum(len(file.read_text().splitlines()) for file in files) < 400


async def test_it_stops_by_manifest_and_refuses_what_it_cannot(
    cluster_with_openai: Cluster, client: openai.AsyncOpenAI
) -> None:
    cluster, jobs = cluster_with_openai, client.fine_tuning.jobs

    cluster.task("stopped", "ftjob-demo0002", desiredState="Stopped")
    await cluster.reaches("stopped", "Stopped")
    assert (await jobs.retrieve("ftjob-demo0002")).status == "cancelled"

    cluster.task("watched", "ftjob-demo0003")
    watched = await cluster.reaches("watched", "Available")
    assert watched["status"]["effectiveDeletionPolicy"] == "Stop"
    assert "only stops it" in condition(watched, "Ready")["message"]
    cluster.kubectl("delete", "finetuningtasks", "watched", "--timeout=60s")
    assert (await jobs.retrieve("ftjob-demo0003")).status == "cancelled"

    cluster.task("absent", "ftjob-demo0004", desiredState="Absent", deletionPolicy="Orphan")
    absent = await cluster.reaches("absent", "InvalidSpec")
    assert "cannot delete a FineTuningTask" in condition(absent, "Stalled")["message"]

    cluster.task("foreign", "task-of0another", deletionPolicy="Orphan")
    foreign = await cluster.reaches("foreign", "InvalidSpec")
    assert "taskID is ftjob-" in condition(foreign, "Stalled")["message"]

    assert (await jobs.retrieve("ftjob-demo0004")).status == "running"
    assert [job.id async for job in jobs.list() if job.status == "cancelled"] == ["ftjob-demo0003", "ftjob-demo0002"]
