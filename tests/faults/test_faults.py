"""Whatever goes wrong, and wherever the operator is killed: in the end everything that should be gone is gone, nothing
else was touched, no finalizer is left over, and every status is true.
"""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

import pytest

from trainsweep.devcluster import ControlPlane

from .judge import judge
from .operators import Nursery
from .scenario import scenario
from .upstream import Upstream

log = logging.getLogger(__name__)

#: Runs at the same time. They wait most of the time.
AT_ONCE = 20


@pytest.mark.apiserver
@pytest.mark.timeout(3600)
async def test_every_scenario_ends_right(
    served_plane: ControlPlane, nursery: Nursery, seeds: list[int], tmp_path: Path
):
    """Replay a failing seed with `pytest tests/faults --seed N`; `--log-cli-level=INFO` shows how far it is."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def play(seed: int) -> tuple[int, str]:
        async with turns:
            directory = tmp_path / str(seed)
            directory.mkdir()
            begun = time.monotonic()
            report = await judge(scenario(seed), upstream, nursery, directory)
            log.info("seed %d: %s after %.0f s", seed, "wrong" if report else "right", time.monotonic() - begun)
            return seed, report

    async with Upstream.open(served_plane.kubeconfig_for("operator")) as upstream:
        verdicts = await asyncio.gather(*(play(seed) for seed in seeds))
    failed = {seed: report for seed, report in verdicts if report}
    for seed, report in failed.items():
        print(f"\n==== seed {seed}\n{report}")  # noqa: T201 (shown when the test fails)
    assert not failed, f"{len(failed)} of {len(seeds)} scenarios failed; replay with --seed: {sorted(failed)}"
