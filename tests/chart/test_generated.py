"""What is written twice says the same."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from trainsweep.api.kinds import KINDS
from trainsweep.settings import Settings

from .helm import CHART

ROOT = Path(__file__).parents[2]
#: What the templates set themselves, and what makes no sense in a pod.
NOT_VALUES = {
    "namespace",
    "leader_election",
    "lease_name",
    "lease_namespace",
    "http_address",
    "metrics_address",
    "metrics_tls_cert",
    "metrics_tls_key",
    "metrics_authentication",
    "kubeconfig",
    "context",
}


def chart() -> dict[str, Any]:
    return yaml.safe_load((CHART / "Chart.yaml").read_text())


def annotation(name: str) -> Any:
    return yaml.safe_load(chart()["annotations"][f"artifacthub.io/{name}"])


def test_the_definitions_and_the_readme_are_current():
    command = [sys.executable, str(ROOT / "charts" / "generate.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_the_chart_has_the_version_of_the_package():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert (chart()["version"], chart()["appVersion"]) == (version, version)
    assert annotation("images") == [{"name": "trainsweep", "image": f"trainsweep/trainsweep:{version}"}]


def test_artifact_hub_knows_every_kind():
    known = {(entry["kind"], entry["name"]) for entry in annotation("crds")}
    assert known == {(kind.name, kind.crd_name) for kind in KINDS.values()}


def test_every_value_has_a_schema_and_every_schema_a_value():
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())

    def compare(schema: dict[str, Any], values: dict[str, Any], path: str) -> None:
        if schema.get("additionalProperties") is not False:
            return
        known = set(schema["properties"]) - ({"global"} if not path else set())
        # What Kubernetes defines may have parts that need no default.
        if path not in (".updateStrategy", ".resources"):
            assert known == set(values), path or "the whole"
        for name in known & set(values):
            if isinstance(values[name], dict):
                compare(schema["properties"][name], values[name], f"{path}.{name}")

    compare(schema, values, "")


def test_every_setting_of_the_operator_is_a_value_with_the_same_default():
    def plain(default: Any) -> Any:
        return list(default) if isinstance(default, tuple) else default or ("" if default is None else default)

    def camel(name: str) -> str:
        first, *rest = name.split("_")
        return first + "".join(word.title() for word in rest)

    values = yaml.safe_load((CHART / "values.yaml").read_text())["settings"]
    assert values == {
        camel(field.name): plain(field.default) for field in fields(Settings) if field.name not in NOT_VALUES
    }
