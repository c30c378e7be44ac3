"""Every value that the schema allows reaches its place as it is, zero and false too, and collides with nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml

from .helm import CHART, Helm, HelmError
from .places import KEYS, PLACES, at, some
from .strict import DuplicateKey, load_all

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
FALSY: tuple[Any, ...] = (0, False, "", [], {})
#: Empty, these say "as the chart sees fit", and values.yaml says what that is.
CHOSEN_BY_THE_CHART = {"image.tag", "image.digest", "fullnameOverride", "nameOverride", "serviceAccount.name"}


def leaves(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Path and schema of each value, an object with any keys being one value."""
    for name, reference in schema["properties"].items():
        where, part = f"{path}.{name}".removeprefix("."), resolved(reference)
        if part.get("additionalProperties") is False:
            yield from leaves(part, where)
        elif where != "global":
            yield where, part


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    return SCHEMA["definitions"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def values(path: str, value: Any, beside: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(beside))
    *way, last = path.split(".")
    inner = found
    for step in way:
        inner = inner.setdefault(step, {})
    inner[last] = value
    return found


def test_every_value_of_the_schema_has_a_row():
    assert [path for path, _ in leaves(SCHEMA)] == list(PLACES)


@pytest.mark.parametrize("path", PLACES)
def test_a_value_reaches_its_place(helm: Helm, path: str):
    row = PLACES[path]
    value = {KEYS[path]: row.value} if path in KEYS else row.value
    manifests = helm.template(values(path, value, row.beside))
    assert {place: at(manifests, place) for place in row.places} == dict.fromkeys(row.places, row.expected)
    assert [what for what in row.absent if some(manifests, what)] == []
    assert row.places or row.absent


@pytest.mark.parametrize("path", PLACES)
def test_a_value_that_is_false_zero_or_empty_counts_like_any_other(helm: Helm, path: str):
    row, schema = PLACES[path], dict(leaves(SCHEMA))[path]
    default = yaml.safe_load((CHART / "values.yaml").read_text())
    for step in path.split("."):
        default = default.get(step) if isinstance(default, dict) else None
    for value in FALSY:
        validator = jsonschema.Draft7Validator({**schema, "definitions": SCHEMA["definitions"]})
        if not validator.is_valid(value) or (type(value) is bool) != (schema.get("type") == "boolean"):
            continue
        manifests = helm.template(values(path, value, row.beside))
        if value in (0, False) and row.places and row.value == value:
            assert at(manifests, row.places[0]) == row.expected
        elif value == {} and at(manifests, row.places[0]) == {}:
            pass  # what Kubernetes defines, and reads as unset
        elif default in FALSY or path in CHOSEN_BY_THE_CHART or isinstance(value, dict):
            assert manifests == helm.template(row.beside)  # nothing is asked for, and nothing changes
        else:
            assert manifests != helm.template(row.beside)


@pytest.mark.parametrize(("seconds", "text"), [(0, "0"), (0.5, "0.5"), (20, "20")])
def test_the_time_for_calls_under_way_reaches_the_pod(helm: Helm, seconds: float, text: str):
    manifests = helm.template({"settings": {"drainSeconds": seconds}})
    pod = at(manifests, "Deployment spec template spec")
    assert at(manifests, "Deployment spec template spec containers 0 env TRAINSWEEP_DRAIN_SECONDS") == text
    assert pod["terminationGracePeriodSeconds"] >= seconds + 10


@pytest.mark.parametrize("value", ["commonLabels", "podLabels", "drainPodLabels"])
@pytest.mark.parametrize("label", ["name", "instance", "component", "version", "managed-by"])
def test_a_label_that_a_selector_or_helm_needs_is_refused(helm: Helm, value: str, label: str):
    with pytest.raises(HelmError, match=value):
        helm.template({value: {f"app.kubernetes.io/{label}": "mine"}})


def test_the_same_label_may_be_given_for_all_and_for_pods(helm: Helm):
    given = {
        "commonLabels": {"team": "a", "app.kubernetes.io/part-of": "sweeping"},
        "podLabels": {"team": "b"},
        "drainPodLabels": {"team": "c"},
        "metrics": {"serviceMonitor": {"enabled": True, "labels": {"team": "d"}}},
    }
    manifests = helm.template(given)
    assert at(manifests, "Deployment metadata labels team") == "a"
    assert at(manifests, "Deployment metadata labels app.kubernetes.io/part-of") == "sweeping"
    assert at(manifests, "Deployment spec template metadata labels team") == "b"
    assert at(manifests, "Job spec template metadata labels team") == "c"
    assert at(manifests, "ServiceMonitor metadata labels team") == "d"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"extraEnv": [{"name": "TRAINSWEEP_LOG_LEVEL", "value": "debug"}]}, r"from settings\.logLevel"),
        ({"extraEnv": [{"name": "TRAINSWEEP_HTTP_ADDRESS", "value": ":1"}]}, "which the chart sets. Leave it out"),
        ({"extraEnv": [{"name": "A"}, {"name": "A"}]}, "holds A twice"),
        ({"extraArgs": ["--drain-seconds=60"]}, r"from settings\.drainSeconds"),
        ({"extraArgs": ["--no-leader-election"]}, "which the chart sets"),
        ({"extraArgs": ["--namespace", "team-a"]}, "from scopedNamespaces"),
    ],
)
def test_what_the_chart_sets_cannot_be_set_another_way(helm: Helm, given: dict[str, Any], said: str):
    with pytest.raises(HelmError, match=said):
        helm.template(given)


def test_a_key_that_is_there_twice_is_noticed():
    with pytest.raises(DuplicateKey, match="a twice"):
        load_all("x: {a: 1, b: 2, a: 3}")
