"""How many runs, which ones, and what they share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from ..e2e.conftest import served_plane  # noqa: F401 (a fixture)
from .operators import Nursery


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, action="append", help="Play this scenario alone; may be repeated.")


@pytest.fixture(scope="session")
def seeds(pytestconfig: pytest.Config) -> list[int]:
    """`--seed N` or TRAINSWEEP_FAULT_SEED=N, else TRAINSWEEP_FAULT_RUNS of them from TRAINSWEEP_FAULT_FIRST on."""
    chosen = pytestconfig.getoption("--seed", default=None) or os.environ.get("TRAINSWEEP_FAULT_SEED", "").split()
    if chosen:
        return [int(seed) for seed in chosen]
    first = int(os.environ.get("TRAINSWEEP_FAULT_FIRST", "0"))
    return list(range(first, first + int(os.environ.get("TRAINSWEEP_FAULT_RUNS", "300"))))


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    with Nursery.open() as opened:
        yield opened
