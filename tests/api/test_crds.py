"""The generated CustomResourceDefinitions: current, structural, described, and true to the contract."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel
from typer import Typer
from typer.testing import CliRunner

from trainsweep.api.common import RULES_KEY, ErrorClassName
from trainsweep.api.crd import crd, documents, stale, write
from trainsweep.api.kinds import KINDS, REMOTE_KINDS
from trainsweep.cli.crds import crds
from trainsweep.core import errors
from trainsweep.core.external import ExternalState, Thing

CRDS = Path(__file__).parents[2] / "crds"
CONTRACT = [
    # kind, plural, short name, scope
    ("TrainingJob", "trainingjobs", "tj", "Namespaced"),
    ("TrainingJobVersion", "trainingjobversions", "tjv", "Namespaced"),
    ("TrainingJobConfig", "trainingjobconfigs", "tjc", "Namespaced"),
    ("FineTuningTask", "finetuningtasks", "ftt", "Namespaced"),
    ("FineTuningJob", "finetuningjobs", "ftj", "Namespaced"),
    ("ProviderConfig", "providerconfigs", "pc", "Namespaced"),
    ("ClusterProviderConfig", "clusterproviderconfigs", "cpc", "Cluster"),
]


def root(kind):
    return crd(KINDS[kind])["spec"]["versions"][0]["schema"]["openAPIV3Schema"]


def walk(schema, path=""):
    """Yield every schema node with its path."""
    yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from walk(field, f"{path}.{name}")
    for nested in ("items", "additionalProperties"):
        if nested in schema:
            yield from walk(schema[nested], f"{path}[]")


def nodes():
    return [pytest.param(node, id=f"{kind}{path}") for kind in KINDS for path, node in walk(root(kind))]


def test_the_files_in_crds_are_current():
    assert stale(CRDS) == [], "run: trainsweep crds --output crds"


@pytest.mark.parametrize(("kind", "plural", "short", "scope"), CONTRACT)
def test_names_and_scope_are_those_of_the_contract(kind, plural, short, scope):
    document = crd(KINDS[kind])
    spec = document["spec"]
    assert document["metadata"]["name"] == f"{plural}.trainsweep.dev"
    assert spec["group"] == "trainsweep.dev"
    assert spec["scope"] == scope
    assert spec["names"]["kind"] == kind
    assert spec["names"]["shortNames"][0] == short
    assert spec["names"]["categories"] == ["trainsweep"]
    assert [version["name"] for version in spec["versions"]] == ["v1alpha1"]
    assert spec["versions"][0]["subresources"] == {"status": {}}


def test_there_are_seven_kinds_and_five_of_them_stand_for_a_remote_thing():
    assert list(KINDS) == [kind for kind, *_ in CONTRACT]
    assert list(REMOTE_KINDS) == [thing.value for thing in Thing]


def test_no_schema_has_a_reference_a_union_or_a_null():
    text = "".join(documents().values())
    for word in ("$ref", "$defs", "anyOf", "oneOf", "null", "title:", "nullable"):
        assert word not in text


@pytest.mark.parametrize("node", nodes())
def test_every_schema_node_has_a_type(node):
    assert node["type"] in {"object", "array", "string", "integer", "number", "boolean"}
    if node["type"] == "object":
        assert ("properties" in node) != ("additionalProperties" in node)


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_says_in_a_sentence_what_it_is(kind):
    for path, node in walk(root(kind)):
        if not path.endswith("[]"):
            assert node.get("description", "").endswith("."), f"{kind}{path} has no description"
            assert "\n" not in node["description"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_text_that_a_rule_reads_is_bounded(kind):
    for path, node in walk(root(kind)["properties"]["spec"], ".spec"):
        bound = {"string": "maxLength", "array": "maxItems"}.get(node["type"])
        assert bound is None or bound in node or "enum" in node or "format" in node, f"{kind}{path} needs {bound}"


@pytest.mark.parametrize("kind", KINDS)
def test_every_rule_has_a_sentence(kind):
    rules = [rule for _, node in walk(root(kind)) for rule in node.get(RULES_KEY, [])]
    assert rules
    for rule in rules:
        assert rule["message"].endswith(".")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", ["spec", "status"])
def test_defaults_of_the_schema_are_those_of_the_model(kind, part):
    def compare(model: type[BaseModel], schema: dict) -> None:
        for name, field in model.model_fields.items():
            node = schema["properties"][field.alias]
            default = None if field.is_required() else field.get_default(call_default_factory=True)
            if isinstance(default, BaseModel):
                compare(type(default), node)
                default = default.manifest()
            unset = default in (None, (), {}) or (isinstance(default, dict) and not any(default.values()))
            assert node.get("default") == (None if unset else default), f"{kind}.{part}.{name}"

    compare(getattr(KINDS[kind], part), root(kind)["properties"][part])


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_resource_has_a_status_about_no_generation(kind):
    assert root(kind)["properties"]["status"]["default"] == {"observedGeneration": -1}


def test_the_words_of_the_remote_state_are_explained():
    description = root("TrainingJob")["properties"]["status"]["properties"]["externalState"]["description"]
    assert [state.value for state in ExternalState if state.value not in description] == []


def test_an_answer_can_only_be_assigned_to_a_class_of_the_error_tree():
    for name in ErrorClassName:
        assert issubclass(getattr(errors, name), errors.ProviderError)


def test_a_missing_an_edited_and_a_left_over_file_are_stale(tmp_path):
    write(tmp_path)
    assert stale(tmp_path) == []
    (tmp_path / "trainingjobs.yaml").unlink()
    (tmp_path / "providerconfigs.yaml").write_text("edited: true\n")
    (tmp_path / "gone.yaml").write_text("kind: Gone\n")
    assert stale(tmp_path) == ["gone.yaml", "providerconfigs.yaml", "trainingjobs.yaml"]


def test_the_command_prints_all_kinds_as_one_stream():
    result = run()
    printed = [document["spec"]["names"]["kind"] for document in yaml.safe_load_all(result.stdout)]
    assert printed == list(KINDS)


def test_the_command_writes_a_file_a_kind(tmp_path):
    assert run("--output", str(tmp_path / "new")).exit_code == 0
    assert stale(tmp_path / "new") == []


def test_the_check_names_the_stale_files_and_how_to_renew_them(tmp_path):
    write(tmp_path)
    assert run("--check", "--output", str(tmp_path)).exit_code == 0
    (tmp_path / "trainingjobs.yaml").write_text("")
    result = run("--check", "--output", str(tmp_path))
    assert result.exit_code == 1
    assert "trainingjobs.yaml" in result.stderr
    assert f"trainsweep crds --output {tmp_path}" in result.stderr
    assert (tmp_path / "trainingjobs.yaml").read_text() == ""


def test_the_check_needs_a_directory():
    assert run("--check").exit_code == 2


def run(*arguments):
    app = Typer()
    app.command()(crds)
    return CliRunner().invoke(app, arguments)
