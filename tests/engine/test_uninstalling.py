"""A definition that goes takes its resources along, those that were deleted before and wait for something too."""

import pytest

from trainsweep.core.external import ExternalState, Thing
from trainsweep.kube import paths

from .memory_api import MemoryClient
from .world import NAMESPACE, TASK, World


@pytest.fixture
def paused(world: World) -> World:
    """A task's resource that was deleted while it was paused: nothing of its own will ever wake it."""
    world.remotes.add(Thing.TUNING_TASK, "task-1", ExternalState.RUNNING)
    world.declare("it", taskID="task-1")
    world.run(5)
    world.api.edit(TASK, NAMESPACE, "it", paused="true")
    world.api.delete(TASK, NAMESPACE, "it")
    world.run(120)
    assert world.api.get(TASK, NAMESPACE, "it")
    return world


def uninstall(world: World, kind: str) -> None:
    definition = world.api.objects[paths.definition(kind)]
    world.api.put(paths.definition(kind), definition | {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})


def test_a_resource_that_was_deleted_before_is_let_go_within_a_minute(paused: World):
    uninstall(paused, TASK)
    paused.run(60)
    assert paused.api.get(TASK, NAMESPACE, "it") is None
    assert paused.calls == []


def test_another_definition_that_goes_changes_nothing(paused: World):
    uninstall(paused, "TrainingJob")
    paused.run(600)
    assert paused.api.get(TASK, NAMESPACE, "it")


def test_a_definition_that_cannot_be_read_is_asked_for_again(paused: World):
    uninstall(paused, TASK)
    paused.api.forbidden.add(paths.definition(TASK))
    paused.run(60)
    assert paused.api.get(TASK, NAMESPACE, "it")
    paused.api.forbidden.clear()
    paused.run(60)
    assert paused.api.get(TASK, NAMESPACE, "it") is None


def test_definitions_are_read_only_while_something_is_being_deleted(world: World, monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []
    get = MemoryClient.get

    async def counted(client: MemoryClient, path: str, **options: bool) -> object:
        asked.append(path)
        return await get(client, path, **options)

    monkeypatch.setattr(MemoryClient, "get", counted)
    world.remotes.add(Thing.TUNING_TASK, "task-1", ExternalState.RUNNING)
    world.declare("it", taskID="task-1")
    world.run(600)
    assert asked
    assert paths.definition(TASK) not in asked
