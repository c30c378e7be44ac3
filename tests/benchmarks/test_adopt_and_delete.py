"""What adopting and deleting costs, in counts and ratios: they hold on any machine, seconds do not."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from trainsweep_devtools.devcluster import ControlPlane

pytestmark = pytest.mark.apiserver

ROOT = Path(__file__).parents[2]
SMALL, LARGE = 20, 60


@pytest.fixture(scope="module")
def results(control_plane: ControlPlane) -> dict[int, dict[str, Any]]:
    """A measurement for each size, side by side. Each has its own control plane; the shared one shows that it can."""
    with ThreadPoolExecutor() as pool:
        return dict(zip((SMALL, LARGE), pool.map(measured, (SMALL, LARGE)), strict=True))


def measured(size: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks", "--operator", "trainsweep", "--size", str(size)]
    options = ["--rest", "2", "--limit", "60", "--output", "json"]
    done = subprocess.run([*command, *options], cwd=ROOT, check=False, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    (result,) = json.loads(done.stdout)
    return result


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_every_resource_is_adopted_and_every_one_goes(results: dict[int, dict[str, Any]], size: int):
    assert results[size]["ready_seconds"] is not None
    assert results[size]["gone_seconds"] is not None
    assert results[size]["calls"]["DeleteTrainingJob"] == size + 1


def test_a_resource_costs_three_writes_in_its_life(results: dict[int, dict[str, Any]]):
    requests = results[LARGE]["requests"]
    assert requests["patch trainingjobs"] == 2 * (LARGE + 1), "finalizer on, finalizer off"
    assert requests["patch trainingjobs/status"] == LARGE + 1
    assert results[LARGE]["writes_per_resource"] <= 4


def test_nothing_is_written_at_rest_though_the_provider_is_read(results: dict[int, dict[str, Any]]):
    assert results[LARGE]["writes_at_rest"] == 0
    assert results[LARGE]["calls_at_rest"] > 0


def test_a_resource_costs_no_more_calls_than_with_an_operator_that_reads_one_by_one(results: dict[int, dict[str, Any]]):
    assert results[LARGE]["calls_per_resource"] <= 4.2


def test_what_a_resource_costs_does_not_grow_with_their_number(results: dict[int, dict[str, Any]]):
    small, large = results[SMALL], results[LARGE]
    for counts, what in (("calls", "Job"), ("requests", "trainingjobs")):
        each = {size: _about(results[size][counts], what) / (size + 1) for size in (SMALL, LARGE)}
        assert each[LARGE] <= 1.1 * each[SMALL], (small[counts], large[counts])


def _about(counts: dict[str, int], what: str) -> int:
    """What goes to single jobs. Lists and what goes to the account come with time, not with the number."""
    return sum(number for name, number in counts.items() if what in name and "list" not in name.lower())
