"""What the operator may do is said once: the data of `trainsweep check` are what the chart grants."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from trainsweep.kube import rights
from trainsweep.kube.rights import Right

from ..operator_rights import RENDERED


def test_the_rights_are_those_of_the_chart():
    bodies = list(yaml.safe_load_all(RENDERED.read_text()))
    of_cluster = [body for body in bodies if body["kind"] == "ClusterRole"]
    own = [body for body in bodies if body["kind"] == "Role"]
    wanted = {*rights.namespaced(), *rights.on_secret(), *rights.of_cluster()}
    assert set(granted(of_cluster)) == wanted
    assert set(granted(own)) == set(rights.on_lease("trainsweep"))


def granted(roles: list[dict[str, Any]]) -> Iterator[Right]:
    for rule in (rule for role in roles for rule in role["rules"]):
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                for verb in rule["verbs"]:
                    for name in rule.get("resourceNames", ("",)):
                        yield Right(verb, group, resource, name)
