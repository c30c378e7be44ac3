"""CustomResourceDefinitions out of the models: what `crds/` holds.

The schema is structural: references are inlined, optional means "not required" (never null), every integer is an int64.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from trainsweep.api.common import RULES_KEY
from trainsweep.api.kinds import KINDS, Column, Kind
from trainsweep.api.names import CATEGORY, GROUP, VERSION
from trainsweep.api.status import Status

_HEADER = "# Generated from the models in operator/trainsweep/api by `trainsweep crds`. Do not edit.\n"
#: Keywords in the order of the YAML text. What is not here and not dropped is an error: it would be lost silently.
_ORDER = (
    "description",
    "type",
    "format",
    "default",
    "enum",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "required",
    "properties",
    "additionalProperties",
    "items",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    RULES_KEY,
)
_DROPPED = ("title", "$defs")
_FORMATS = {"integer": "int64", "number": "double"}

Json = dict[str, Any]


def crd(kind: Kind) -> Json:
    """The CustomResourceDefinition of one kind, as JSON."""
    version: Json = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": _root(kind)},
        "subresources": {"status": {}},
        "additionalPrinterColumns": [_column(column) for column in kind.columns],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": kind.crd_name},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": kind.name,
                "listKind": f"{kind.name}List",
                "plural": kind.plural,
                "singular": kind.singular,
                "shortNames": list(kind.short),
                "categories": [CATEGORY],
            },
            "scope": kind.scope,
            "versions": [version],
        },
    }


def documents() -> dict[str, str]:
    """YAML text by file name, one file a kind."""
    return {f"{kind.plural}.yaml": _HEADER + _yaml(crd(kind)) for kind in KINDS.values()}


def write(directory: Path) -> None:
    """Write every document into a directory, which is created if need be."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in documents().items():
        (directory / name).write_text(text, encoding="utf-8")


def stale(directory: Path) -> list[str]:
    """Names of the files in a directory that are missing, differ from the models, or belong to no kind."""
    wanted = documents()
    found = {path.name: path.read_text(encoding="utf-8") for path in directory.glob("*.yaml")}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def _root(kind: Kind) -> Json:
    spec = _structural(kind.spec.model_json_schema())
    status = _structural(kind.status.model_json_schema())
    # A new resource must not look done to tools that wait for it; see Status.observed_generation.
    status["default"] = {"observedGeneration": Status.model_fields["observed_generation"].default}
    return {
        "type": "object",
        "description": kind.description,
        "required": ["spec"],
        "properties": {"spec": spec, "status": status},
    }


def _structural(schema: Json) -> Json:
    return _convert(schema, schema.get("$defs", {}))


def _convert(schema: Json, definitions: Json) -> Json:
    found = {key: value for key, value in _flatten(schema, definitions).items() if key not in _DROPPED}
    if unknown := found.keys() - set(_ORDER):
        raise NotImplementedError(f"A CustomResourceDefinition needs another way to say {', '.join(sorted(unknown))}.")
    if "description" in found:
        found["description"] = " ".join(found["description"].split())
    if "properties" in found:
        found["properties"] = {name: _convert(field, definitions) for name, field in found["properties"].items()}
    for nested in ("items", "additionalProperties"):
        if nested in found:
            found[nested] = _convert(found[nested], definitions)
    if "default" in found:
        found["default"] = _prune(found["default"])
        if found["default"] in (None, [], {}):  # nothing to say, but more to store
            del found["default"]
    if number_format := _FORMATS.get(found.get("type", "")):
        found["format"] = number_format
    return {key: deepcopy(found[key]) for key in _ORDER if key in found}


def _flatten(schema: Json, definitions: Json) -> Json:
    """Resolve a reference or "this or null" into one schema. What stands beside it wins; rules are added up."""
    beside = {keyword: value for keyword, value in schema.items() if keyword not in ("$ref", "anyOf")}
    if "$ref" in schema:
        target = definitions[schema["$ref"].removeprefix("#/$defs/")]
    elif "anyOf" in schema:
        (target,) = (branch for branch in schema["anyOf"] if branch != {"type": "null"})
    else:
        return schema
    target = _flatten(target, definitions)
    merged = target | beside
    if rules := target.get(RULES_KEY, []) + beside.get(RULES_KEY, []):
        merged[RULES_KEY] = rules
    return merged


def _prune(default: Any) -> Any:
    """A default without nulls and empty lists: what is unset is left out of a manifest."""
    if isinstance(default, dict):
        return {key: value for key, field in default.items() if (value := _prune(field)) not in (None, [])}
    return default


def _column(column: Column) -> Json:
    result: Json = {
        "name": column.name,
        "type": column.type,
        "description": column.description,
        "jsonPath": column.path,
    }
    return result | {"priority": 1} if column.wide else result


def _yaml(document: Json) -> str:
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
