"""Write the manifests for those who have no Helm, as the chart renders them with its own values (`make manifests`).

`kustomize/operator/operator.yaml` holds the operator in a namespace of its own, `dist/install.yaml` the same after the
CustomResourceDefinitions. `python charts/manifests.py` writes, `--check` only says what is stale (exit code 1). Helm is
the one that the tests use, built with Go if this machine has none of it yet.

What only Helm understands is left out: its labels, its annotations, and its hooks, so that the drain before an
uninstall is done by hand (docs/operations.md).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from trainsweep.api.crd import documents
from trainsweep_devtools.devcluster import PlainProgress

ROOT = Path(__file__).parents[1]
NAMESPACE = "trainsweep"
OPERATOR = ROOT / "kustomize" / "operator" / "operator.yaml"
INSTALL = ROOT / "dist" / "install.yaml"
_HEAD = "# Made from charts/trainsweep by `make manifests`. Do not edit.\n"
_HELMS_OWN = ("helm.sh/chart", "app.kubernetes.io/managed-by")
_VALUES = ("--set=drainPolicy=None", "--set=crds.install=false")

Manifest = dict[str, Any]


def texts(helm: Path) -> dict[Path, str]:
    """Text by file."""
    operator = [_namespace(), *(_without_helm(manifest) for manifest in _rendered(helm))]
    text = "---\n".join(yaml.safe_dump(manifest, sort_keys=False, width=120) for manifest in operator)
    definitions = "---\n".join(documents()[name] for name in sorted(documents()))
    return {OPERATOR: _HEAD + text, INSTALL: f"{_HEAD}{definitions}---\n{text}"}


def _rendered(helm: Path) -> list[Manifest]:
    with tempfile.TemporaryDirectory() as home:
        command = [str(helm), "template", NAMESPACE, str(ROOT / "charts" / "trainsweep"), "-n", NAMESPACE, *_VALUES]
        done = subprocess.run(command, env={"HOME": home}, capture_output=True, text=True, timeout=120, check=True)
    return [manifest for manifest in yaml.safe_load_all(done.stdout) if manifest]


def _namespace() -> Manifest:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}


def _without_helm(manifest: Manifest) -> Manifest:
    for metadata in (manifest["metadata"], manifest.get("spec", {}).get("template", {}).get("metadata", {})):
        for label in _HELMS_OWN:
            metadata.get("labels", {}).pop(label, None)
    return manifest


def main(arguments: list[str]) -> str | None:
    sys.path.insert(0, str(ROOT / "tests" / "tools"))
    from builder import HELM, obtain  # type: ignore[import-not-found]  # noqa: PLC0415 (of the tests' tools)

    wanted = texts(obtain(HELM, PlainProgress()))
    if arguments == ["--check"]:
        old = [str(path.relative_to(ROOT)) for path in wanted if not path.exists() or path.read_text() != wanted[path]]
        return f"Not current: {', '.join(old)}. Run: make manifests" if old else None
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
