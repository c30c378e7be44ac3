"""Whatever goes wrong, and wherever the operator is killed: in the end everything that should be gone is gone, nothing
else was touched, no finalizer is left over, and every status is true.
"""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

import pytest

from trainsweep_devtools.devcluster import ControlPlane

from .judge import judge
from .operators import Nursery
from .scenario import scenario
from .upstream import Upstream

log = logging.getLogger(__name__)

#: Runs at the same time. They wait most of the time.
AT_ONCE = 20


@pytest.mark.apiserver
@pytest.mark.timeout(0)
async def test_every_scenario_ends_right(
    served_plane: ControlPlane, nursery: Nursery, seeds: list[int], tmp_path: Path
):
    """Replay a failing seed with `pytest tests/faults --seed N`; `--log-cli-level=INFO` shows how far it is."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def play(seed: int) -> bool:
        async with turns:
            directory = tmp_path / str(seed)
            directory.mkdir()
            begun = time.monotonic()
            report = await judge(scenario(seed), upstream, nursery, directory)
            if report:
                log.error("seed %d is wrong\n%s", seed, report)
            else:
                log.info("seed %d is right after %.0f s", seed, time.monotonic() - begun)
            return not report

    async with Upstream.open(served_plane) as upstream:
        right = await asyncio.gather(*(play(seed) for seed in seeds))
    wrong = [seed for seed, fine in zip(seeds, right, strict=True) if not fine]
    assert not wrong, f"{len(wrong)} of {len(seeds)} scenarios went wrong; replay with --seed: {wrong}"
