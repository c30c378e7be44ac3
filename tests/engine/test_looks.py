"""How soon the operator notices that what it asked for is done: every look brings something newer than the last one."""

import pytest

from trainsweep.core.external import ExternalState, Thing

from .world import NAMESPACE, World

CONFIG = "TrainingJobConfig"
ENDED = ExternalState.STOPPED


def seconds_until_free(world: World, name: str) -> float:
    begun = world.clock.seconds
    world.run_until(lambda: world.api.get(CONFIG, NAMESPACE, name) is None, step=0.05)
    return world.clock.seconds - begun


@pytest.fixture
def configs(world: World) -> World:
    for number in range(8):
        world.remotes.add(Thing.CONFIG, f"config-{number}", ENDED)
        world.declare(f"config-{number}", CONFIG, configName=f"config-{number}")
    world.run(5)
    return world


def test_a_thing_that_takes_a_few_seconds_to_go_is_missed_within_a_few_more(configs: World):
    configs.api.delete(CONFIG, NAMESPACE, "config-0")
    assert seconds_until_free(configs, "config-0") < 8


def test_a_list_from_before_it_went_does_not_keep_a_resource_waiting(configs: World):
    for number in range(8):
        configs.api.delete(CONFIG, NAMESPACE, f"config-{number}")
        configs.run(0.4)
    assert seconds_until_free(configs, "config-7") < 8


def test_waiting_costs_few_calls(configs: World):
    configs.remotes.journal.clear()
    for number in range(8):
        configs.api.delete(CONFIG, NAMESPACE, f"config-{number}")
    configs.run(60)
    reads = [entry for entry in configs.remotes.journal if entry.verb == "read"]
    assert len(reads) <= 8 * 4
