"""Histories drawn from seeds, at the paces and with the troubles that users have.

Four oracles: the restart twin (a history with restarts anywhere ends as the one without), the wishes (a call goes out
and a resource is freed only for a reason), first sight (a new resource is protected within ten seconds), and rest (an
hour at rest costs the same for few resources and for many).
"""

import os

import pytest

from trainsweep.core.external import ExternalState, Thing

from .history import draw, end_of, play
from .world import World

pytestmark = pytest.mark.long

RUNS = int(os.environ.get("TRAINSWEEP_HISTORIES", "60"))
FIRST = int(os.environ.get("TRAINSWEEP_HISTORIES_FIRST", "0"))


@pytest.mark.parametrize("seed", range(FIRST, FIRST + RUNS))
def test_every_call_has_a_reason_and_restarts_do_not_change_the_end(seed):
    played = [play(seed, restarts=restarts) for restarts in (False, True)]
    ends = [end_of(world) for world, _ in played]
    for world, wrong in played:
        world.kill()
        wrong += [defect for defect in world.defects if defect != "an audit line is lost"]
    steps = [step.says for step in draw(seed)[1]]
    assert [wrong for _, wrong in played] == [[], []], steps
    assert ends[0] == ends[1], steps


def an_hour_at_rest(number: int) -> tuple[int, int]:
    """Calls to the provider and writes to the API server."""
    world = World(rateLimit={})
    world.run(5)
    world.remotes.add(Thing.TUNING_JOB, "job-a")
    for index in range(number):
        job = f"9f2c7d3a-0000-4000-8000-{index:012}"
        world.remotes.add(Thing.TUNING_TASK, f"task-{index}", ExternalState.SUCCEEDED, parent="job-a")
        world.remotes.add(Thing.JOB, job, ExternalState.SUCCEEDED)
        world.remotes.add(Thing.TUNING_JOB, f"job-{index}", ExternalState.STOPPED)
        desired = ["Present", "Stopped", "Absent"][index % 3]
        world.declare(f"task-{index}", taskID=f"task-{index}", desiredState=desired)
        world.declare(f"job-{index}", "TrainingJob", jobID=job, desiredState=desired)
        world.declare(f"tuning-{index}", "FineTuningJob", jobID=f"job-{index}", desiredState="Present")
    world.run(7200)
    calls, writes = len(world.remotes.journal), len(world.api.writes)
    world.run(3600)
    spent = len(world.remotes.journal) - calls, len(world.api.writes) - writes
    world.kill()
    return spent


def test_an_hour_at_rest_costs_the_same_for_few_resources_and_for_many():
    few, many = an_hour_at_rest(3), an_hour_at_rest(60)
    assert few[1] == many[1] == 0
    assert many[0] <= few[0] + 12 * 3
