"""The end-to-end world, for tests that look at a whole operator from outside, and the programs of Prometheus."""

from __future__ import annotations

import shutil

import pytest

from ..e2e.conftest import quiet_world, served_plane

__all__ = ["quiet_world", "served_plane"]


def _program(name: str) -> str:
    return shutil.which(name) or pytest.skip(f"{name} is not installed: apt-get install prometheus")


@pytest.fixture(scope="session")
def promtool() -> str:
    return _program("promtool")


@pytest.fixture(scope="session")
def prometheus() -> str:
    return _program("prometheus")
