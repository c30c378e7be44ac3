"""The real Helm, on the chart of this repository, and the Prometheus Operator's definitions out of its module."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainsweep_devtools.devcluster.cache import Cache
from trainsweep_devtools.devcluster.golang import find_go
from trainsweep_devtools.devcluster.progress import Progress

from .strict import load_all

TOOLS = Path(__file__).parents[1] / "tools"
CHART = Path(__file__).parents[2] / "charts" / "trainsweep"
NAMESPACE = RELEASE = "trainsweep"

Values = Mapping[str, Any]
Manifest = dict[str, Any]


class HelmError(Exception):
    """Helm said no; the text is what it said."""


@dataclass(frozen=True)
class Helm:
    """`kubeconfig` is needed for what talks to a cluster; everything Helm keeps lies in `home`."""

    program: Path
    home: Path
    kubeconfig: Path | None = None

    def template(self, values: Values | None = None, *options: str, chart: Path = CHART) -> list[Manifest]:
        """The manifests of a release "trainsweep" in the namespace "trainsweep", hooks too. Raises DuplicateKey."""
        return load_all(self._call("template", RELEASE, str(chart), "--namespace", NAMESPACE, *options, values=values))

    def lint(self, values: Values | None = None) -> str:
        return self._call("lint", "--strict", str(CHART), values=values)

    def notes(self, values: Values) -> str:
        """What a user is told after the installation."""
        options = ("--namespace", NAMESPACE, "--dry-run=client")
        text = self._call("install", RELEASE, str(CHART), *options, values=values)
        return text.partition("NOTES:\n")[2]

    def package(self, directory: Path) -> Path:
        self._call("package", str(CHART), "--destination", str(directory))
        (archive,) = directory.glob("*.tgz")
        return archive

    def upgrade(self, values: Values | None = None, *options: str, chart: Path = CHART, release: str = RELEASE) -> None:
        """Install the release, or upgrade it; earlier values count no more."""
        place = ("--namespace", NAMESPACE, "--create-namespace", "--install", "--reset-values")
        self._call("upgrade", release, str(chart), *place, *options, values=values)

    async def uninstall(self, *options: str, release: str = RELEASE) -> None:
        command = self._command("uninstall", release, "--namespace", NAMESPACE, *options)
        process = await asyncio.create_subprocess_exec(
            *command, env=self._environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        try:
            said, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode:
            raise HelmError(said.decode())

    def _call(self, *arguments: str, values: Values | None = None) -> str:
        result = subprocess.run(
            self._command(*arguments, *(("--values", "-") if values else ())),
            input=json.dumps(values) if values else None,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if result.returncode:
            raise HelmError(result.stderr + result.stdout)
        return result.stdout

    def _command(self, *arguments: str) -> Sequence[str]:
        cluster = ("--kubeconfig", str(self.kubeconfig)) if self.kubeconfig else ()
        return str(self.program), *arguments, *cluster

    @property
    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.home)}


def prometheus_definitions(progress: Progress) -> list[Path]:
    """The files with the definitions of ServiceMonitor and PrometheusRule. Raises DevClusterError without Go."""
    cache = Cache.of_user(os.environ)
    with cache.locked(progress):
        go = find_go(cache, progress, os.environ)
    answer = subprocess.run(
        [str(go), "mod", "download", "-json", "github.com/prometheus-operator/prometheus-operator"],
        cwd=TOOLS / "prometheus-operator",
        env=os.environ | {"GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off"},
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )
    directory = Path(json.loads(answer.stdout)["Dir"]) / "example" / "prometheus-operator-crd"
    return [directory / f"monitoring.coreos.com_{plural}.yaml" for plural in ("servicemonitors", "prometheusrules")]


def one(manifests: list[Manifest], kind: str, name: str = "") -> Manifest:
    """The only manifest of a kind, or the one with that name."""
    (found,) = (entry for entry in manifests if entry["kind"] == kind and name in ("", entry["metadata"]["name"]))
    return found


def kinds(manifests: list[Manifest]) -> set[str]:
    return {manifest["kind"] for manifest in manifests}
