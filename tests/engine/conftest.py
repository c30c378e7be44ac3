"""What the tests of the engine share. Properties are searched the same way in every run, on every machine."""

import pytest
from hypothesis import settings

from .world import World

settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")


@pytest.fixture
def world():
    """A cluster and a provider with an operator at work; it must never have called anything a defect."""
    world = World()
    yield world
    world.kill()
    assert world.defects == []
