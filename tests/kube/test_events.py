"""Events: about the right object, once in a while, and never in the way."""

from datetime import UTC, datetime, timedelta

import pytest

from trainsweep.core.reasons import Reason
from trainsweep.core.record import Key
from trainsweep.kube.client import KubeError
from trainsweep.kube.events import QUIET, REMEMBERED, Events, Subject

RUN = Subject(Key("FineTuningTask", "team-a", "run"), "uid-1", "trainsweep.dev/v1alpha1")


class World:
    def __init__(self):
        self.time = datetime(2026, 5, 1, tzinfo=UTC)
        self.posted = []
        self.error = None
        self.events = Events(self, lambda: self.time)

    async def post(self, path, body):
        self.posted.append((path, body))
        if self.error:
            raise self.error


@pytest.fixture
def world():
    return World()


async def test_an_event_names_its_object_and_lies_beside_it(world):
    await world.events.post(RUN, Reason.DELETION_HELD, "Held.", warning=True)
    ((path, body),) = world.posted
    assert path == "/api/v1/namespaces/team-a/events"
    assert body["metadata"]["namespace"] == "team-a"
    assert body["involvedObject"]["uid"] == "uid-1"
    assert (body["type"], body["reason"], body["message"]) == ("Warning", "DeletionHeld", "Held.")


async def test_an_event_about_a_cluster_wide_object_lies_in_the_default_namespace(world):
    shared = Subject(Key("ClusterProviderConfig", "", "shared"), "uid-2", "trainsweep.dev/v1alpha1")
    await world.events.post(shared, Reason.IN_USE, "In use.")
    ((path, body),) = world.posted
    assert (path, body["type"]) == ("/api/v1/namespaces/default/events", "Normal")


async def test_the_same_words_are_said_again_only_after_a_while(world):
    for _ in range(3):
        await world.events.post(RUN, Reason.DELETION_HELD, "Held.")
    await world.events.post(RUN, Reason.DELETION_HELD, "Still held.")
    assert len(world.posted) == 2
    world.time += timedelta(seconds=QUIET)
    await world.events.post(RUN, Reason.DELETION_HELD, "Held.")
    assert len(world.posted) == 3


async def test_an_event_that_is_refused_hurts_nobody(world):
    world.error = KubeError(403, "Forbidden", "the namespace is being terminated")
    await world.events.post(RUN, Reason.DELETION_HELD, "Held.")


async def test_long_names_and_messages_stay_within_what_the_api_server_takes(world):
    long = Subject(Key("FineTuningTask", "team-a", "n" * 253), "uid-1", "trainsweep.dev/v1alpha1")
    await world.events.post(long, Reason.DELETION_HELD, "m" * 5000)
    ((_, body),) = world.posted
    assert len(body["metadata"]["name"]) <= 253
    assert len(body["message"]) <= 1024


async def test_what_was_said_is_not_remembered_without_end(world):
    for number in range(REMEMBERED + 10):
        await world.events.post(RUN, Reason.DELETION_HELD, str(number))
    assert len(world.events._posted) == REMEMBERED
