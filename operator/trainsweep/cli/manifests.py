"""Manifests in YAML files, as `kubectl apply -f` reads them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from trainsweep.api.kinds import KINDS
from trainsweep.api.names import API_VERSION, GROUP
from trainsweep.core.errors import ConfigurationError
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Key

_OURS = frozenset((API_VERSION, kind) for kind in KINDS)
#: What the API server would refuse in any other type.
_SHAPES: dict[str, type[Any]] = {
    **dict.fromkeys(("apiVersion", "kind", "metadata.name", "metadata.namespace"), str),
    **dict.fromkeys(("metadata.labels", "metadata.annotations", "spec", "data", "stringData"), dict),
}
#: Of these every value is a text. Aliases of YAML could make any other one grow without end when it is shown.
_TEXTS = frozenset({"metadata.labels", "metadata.annotations", "data", "stringData"})


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object. `source` is the file that it stands in; the namespace is filled in where the kind has one."""

    source: str
    body: dict[str, Any]

    @property
    def key(self) -> Key:
        metadata = self.body["metadata"]
        return Key(self.body["kind"], metadata.get("namespace", ""), metadata["name"])

    @property
    def ours(self) -> bool:
        return (self.body["apiVersion"], self.body["kind"]) in _OURS


def read_manifests(files: Iterable[Path], namespace: str) -> list[Manifest]:
    """The objects of files, of the `*.yaml`, `*.yml` and `*.json` of directories, and of standard input ("-").

    `namespace` is that of objects that name none. Raises `ConfigurationError`.
    """
    return [manifest for source, text in _texts(files) for manifest in _parse(source, text, namespace)]


def _texts(files: Iterable[Path]) -> Iterator[tuple[str, str]]:
    for file in files:
        if str(file) == "-":
            yield "standard input", sys.stdin.read()
            continue
        paths = sorted(p for p in file.iterdir() if p.suffix in (".yaml", ".yml", ".json")) if file.is_dir() else [file]
        for path in paths:
            try:
                yield str(path), path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise _unfit(f"Cannot read {path}: {getattr(error, 'strerror', None) or error}.") from None


def _parse(source: str, text: str, namespace: str) -> Iterator[Manifest]:
    try:
        documents = list(yaml.safe_load_all(text))
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that does not exist
        raise _unfit(f"{source} is not YAML: {error}") from None
    except RecursionError:
        raise _unfit(f"{source} is nested too deeply; no manifest is.") from None
    for document in documents:
        if document is None:
            continue
        for body in _objects(document):
            yield _manifest(source, body, namespace)


def _objects(document: Any) -> list[Any]:
    is_list = isinstance(document, dict) and document.get("kind") == "List"
    return list(document.get("items") or ()) if is_list else [document]


def _manifest(source: str, body: Any, namespace: str) -> Manifest:
    metadata = body.get("metadata") if isinstance(body, dict) else None
    if not isinstance(metadata, dict) or not all(body.get(field) for field in ("apiVersion", "kind")):
        raise _unfit(f"{source} holds something that is no Kubernetes object: it needs apiVersion, kind and metadata.")
    if odd := next((field for field, kind in _SHAPES.items() if not _is(body, field, kind)), ""):
        raise _unfit(f"{source} holds an object whose {odd} has the wrong type; correct it.")
    if not metadata.get("name"):
        raise _unfit(f"{source} holds a {body['kind']} without metadata.name.")
    if str(body["apiVersion"]).startswith(f"{GROUP}/") and (body["apiVersion"], body["kind"]) not in _OURS:
        kinds = f"{API_VERSION} has {', '.join(KINDS)}"
        raise _unfit(f"{source}: there is no {body['kind']} in {body['apiVersion']}; {kinds}.")
    if body["kind"] not in ("ClusterProviderConfig", "Namespace"):
        metadata = {"namespace": namespace, **metadata}
    return Manifest(source, {**body, "metadata": metadata})


def _is(body: dict[str, Any], field: str, kind: type[Any]) -> bool:
    value: Any = body
    for name in field.split("."):
        value = value.get(name)
    if value is None:
        return True
    fits = isinstance(value, kind)
    return fits and (field not in _TEXTS or all(isinstance(text, str) for text in value.values()))


def _unfit(message: str) -> ConfigurationError:
    return ConfigurationError(Reason.INVALID_SPEC, message)
