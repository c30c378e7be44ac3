"""kubectl as the administrator of the chart's API server."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

from trainsweep_devtools.devcluster import ControlPlane

KUBECTL = shutil.which("kubectl") or "kubectl"


class Kubectl:
    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane

    def __call__(self, *arguments: str, given: Any = None) -> str:
        """What kubectl prints; `given` is a manifest, or several, for its standard input."""
        result = self.run(*arguments, given=given)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def run(self, *arguments: str, given: Any = None) -> subprocess.CompletedProcess[str]:
        # What an earlier server on the same port served must not count.
        cache = self._plane.directory / "kubectl"
        text = None
        if given is not None:
            text = json.dumps(
                {"apiVersion": "v1", "kind": "List", "items": given if isinstance(given, list) else [given]}
            )
        return subprocess.run(
            [KUBECTL, "--kubeconfig", str(self._plane.kubeconfig), "--cache-dir", str(cache), *arguments],
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "-o", "json"))

    def namespace(self, name: str, **labels: str) -> None:
        manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        self("apply", "--server-side", "-f", "-", given=manifest)
