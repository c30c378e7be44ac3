"""Every manifest of the pages is one that the API server accepts."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainsweep.api.names import API_VERSION
from trainsweep_devtools.devcluster import ControlPlane

from .conftest import kubectl
from .pages import blocks, name, pages_with

PAGES = pages_with("yaml")


def test_there_are_manifests_to_check():
    assert {"README.md", "README.zh-CN.md", "docs/quick-start.md", "docs/how-to/kubectl.md"} <= set(map(name, PAGES))


@pytest.mark.apiserver
@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_manifests_of_a_page_are_accepted(page: Path, plane: ControlPlane):
    found = [block for block in blocks(page.read_text()) if block.language == "yaml"]
    manifests = [body for block in found for body in block.manifests]
    assert {body["apiVersion"] for body in manifests} <= {API_VERSION, "v1", "rbac.authorization.k8s.io/v1"}
    as_written = "---\n".join(block.text for block in found if block.manifests)
    told = kubectl(plane, "apply", "--dry-run=server", "--validate=strict", "-f", "-", stdin=as_written)
    assert len(told.splitlines()) == len(manifests) > 0
