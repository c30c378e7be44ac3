"""Events: about the right object, counted instead of repeated, few, and never in anybody's way. On virtual time."""

import asyncio

import pytest

from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Key
from trainsweep.kube.client import KubeError
from trainsweep.kube.event_recorder import (
    BURST,
    FIRST_PAUSE,
    LONGEST_PAUSE,
    PACE,
    REMEMBERED,
    ROOM,
    EventRecorder,
    Subject,
)

from ..engine.virtual_time import virtual_time

COLLECTION = "/api/v1/namespaces/team-a/events"


async def moment():
    """Let everything happen that is not waiting for its turn."""
    await asyncio.sleep(0.1)


def run(number=1, name="run"):
    return Subject(Key("FineTuningTask", "team-a", name), f"uid-{number}")


class World:
    """Stands for the API server; `error` is its answer to everything, `pause` the seconds that it takes."""

    def __init__(self):
        self.kept = {}
        self.writes = []
        self.error = None
        self.pause = 0.0
        self.events = EventRecorder(self, self.now)

    def now(self):
        return asyncio.get_running_loop().clock.now()

    async def post(self, path, body):
        await self._write("post", path, body)
        self.kept[f"{path}/{body['metadata']['name']}"] = body

    async def merge(self, path, body):
        await self._write("merge", path, body)
        if path not in self.kept:
            raise KubeError(404, "NotFound", "events expire")
        self.kept[path] |= body

    async def _write(self, verb, path, body):
        self.writes.append((verb, path, body))
        await asyncio.sleep(self.pause)
        if self.error:
            raise self.error

    def held(self, number=1, message="Held."):
        self.events.post(run(number), Reason.DELETION_HELD, message, warning=True)

    @property
    def all_kept(self):
        return list(self.kept.values())


@pytest.fixture
def world():
    return World()


@virtual_time
async def test_an_event_names_its_object_and_lies_beside_it(world):
    world.held()
    await moment()
    ((verb, path, body),) = world.writes
    assert (verb, path) == ("post", COLLECTION)
    assert body["metadata"]["namespace"] == "team-a"
    assert body["involvedObject"]["uid"] == "uid-1"
    assert (body["type"], body["reason"], body["message"]) == ("Warning", "DeletionHeld", "Held.")


@virtual_time
async def test_an_event_about_a_cluster_wide_object_lies_in_the_default_namespace(world):
    shared = Subject(Key("ClusterProviderConfig", "", "shared"), "uid-2")
    world.events.post(shared, Reason.IN_USE, "In use.")
    await moment()
    ((_, path, body),) = world.writes
    assert (path, body["type"]) == ("/api/v1/namespaces/default/events", "Normal")


@virtual_time
async def test_what_happens_again_for_the_same_reason_is_one_event_that_counts_whatever_its_words(world):
    for number in range(3):
        world.held(message=f"request id {number}")
    await moment()
    assert len(world.writes) == 1
    await asyncio.sleep(FIRST_PAUSE)
    world.held(message="request id 3")
    await moment()
    (event,) = world.all_kept
    assert [verb for verb, *_ in world.writes] == ["post", "merge"]
    assert (event["count"], event["message"]) == (4, "request id 3")
    assert event["lastTimestamp"] > event["firstTimestamp"]


@virtual_time
async def test_the_pauses_grow_so_that_an_endless_trouble_costs_a_write_in_five_minutes(world):
    for _ in range(3600):
        world.held()
        await asyncio.sleep(1)
    early = 7  # 5, 10, 20, 40, 80, 160, 300
    assert early < len(world.writes) <= early + 3600 / LONGEST_PAUSE
    assert world.all_kept[0]["count"] > 3000


@virtual_time
async def test_another_reason_and_another_object_have_events_of_their_own(world):
    world.held(1)
    world.held(2)
    world.events.post(run(1), Reason.CANNOT_DELETE, "Refused.", warning=True)
    await moment()
    assert len(world.kept) == 3


@virtual_time
async def test_an_event_that_has_expired_is_written_anew_with_its_count(world):
    world.held()
    await moment()
    world.kept.clear()
    await asyncio.sleep(LONGEST_PAUSE)
    world.held()
    await moment()
    assert [event["count"] for event in world.all_kept] == [2]


@virtual_time
async def test_nobody_waits_for_an_event_however_slow_the_api_server(world):
    world.pause = 30.0
    world.held()
    world.held(2)
    await moment()
    assert len(world.writes) == 1, "post returned, and one request is under way"


@virtual_time
async def test_a_batch_of_warnings_is_told_at_a_pace_and_what_finds_no_room_is_told_when_it_happens_again(world):
    for number in range(5000):
        world.held(number)
    await moment()
    assert len(world.kept) == BURST
    await asyncio.sleep(10 / PACE)
    assert BURST + 10 <= len(world.kept) <= BURST + 11
    await asyncio.sleep(3600)
    assert len(world.kept) == ROOM
    world.held(4999)
    await moment()
    assert len(world.kept) == ROOM + 1


@virtual_time
async def test_good_news_is_told_at_once_or_not_at_all(world):
    for number in range(100):
        world.events.post(run(number), Reason.DELETED_EXTERNAL, "Gone.")
    await asyncio.sleep(3600)
    assert len(world.kept) == BURST


def of(namespace, number):
    return Subject(Key("FineTuningTask", namespace, "run"), f"uid-{namespace}-{number}")


@virtual_time
async def test_a_namespace_full_of_warnings_delays_another_by_a_turn(world):
    for number in range(5000):
        world.events.post(of("loud", number), Reason.DELETION_HELD, "Held.", warning=True)
    await moment()
    world.events.post(of("quiet", 1), Reason.DELETION_HELD, "Held.", warning=True)
    await asyncio.sleep(2 / PACE)
    assert [body["metadata"]["namespace"] for body in world.all_kept].count("quiet") == 1


@virtual_time
async def test_a_namespace_full_of_good_news_leaves_room_for_that_of_others(world):
    for number in range(600):
        world.events.post(of("loud", number), Reason.DELETED_EXTERNAL, "Gone.")
        if number % 20 == 19:
            world.events.post(of("quiet", number), Reason.DELETED_EXTERNAL, "Gone.")
        await asyncio.sleep(0.5)
    assert [body["metadata"]["namespace"] for body in world.all_kept].count("quiet") == 30


@virtual_time
async def test_an_event_that_is_refused_hurts_nobody_and_not_the_next_one(world):
    world.error = KubeError(403, "Forbidden", "the namespace is being terminated")
    world.held(1)
    await moment()
    world.error = None
    world.held(2)
    await moment()
    assert [event["involvedObject"]["uid"] for event in world.all_kept] == ["uid-2"]


@virtual_time
async def test_at_the_end_what_waits_gets_its_time_and_no_more(world):
    await world.events.drain(1.0)  # nothing to do
    world.held(1)
    await world.events.drain(1.0)
    assert len(world.kept) == 1
    world.pause = 3600.0
    world.held(2)
    async with asyncio.timeout(1.5):
        await world.events.drain(1.0)
    assert len(world.kept) == 1


@virtual_time
async def test_long_names_and_messages_stay_within_what_the_api_server_takes(world):
    world.events.post(run(name="n" * 253), Reason.DELETION_HELD, "m" * 5000)
    await moment()
    ((_, _, body),) = world.writes
    assert len(body["metadata"]["name"]) <= 253
    assert len(body["message"]) <= 1024


@virtual_time
async def test_what_was_told_is_not_remembered_without_end(world):
    for number in range(REMEMBERED + 10):
        world.held(number)
    assert len(world.events._told) == REMEMBERED
    await world.events.drain(0)
