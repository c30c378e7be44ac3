"""YAML as a strict reader takes it: a mapping that holds a key twice is an error, not its last value."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml


class DuplicateKey(Exception):
    """The text says where."""


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        found = super().construct_mapping(node, deep)
        if len(found) != len(node.value):
            keys = [self.construct_object(key) for key, _ in node.value]
            doubles = sorted({str(key) for key in keys if keys.count(key) > 1})
            raise DuplicateKey(f"{', '.join(doubles)} twice in the mapping{node.start_mark}")
        return found


def load_all(text: str) -> list[dict[str, Any]]:
    """The documents that hold something. Raises DuplicateKey."""
    return [document for document in yaml.load_all(text, _Loader) if document]
