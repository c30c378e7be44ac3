"""How resources, accounts and queues are counted for probes and metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from trainsweep.api.provider_config import ProviderConfigSpec
from trainsweep.cluster.cache import Cache
from trainsweep.cluster.decode import Config
from trainsweep.controller.account_queues import AccountQueues
from trainsweep.controller.stats import CONFIGS_QUEUE, OTHER, Stats
from trainsweep.controller.workqueue import WorkQueue
from trainsweep.core.deletion_guard import Guard
from trainsweep.core.external import Thing
from trainsweep.core.resource import Key, Resource

from ..core.given import NOW, a_resource, ago

ACCOUNT = Key("ProviderConfig", "team-a", "account")


def a_config(*, status: str = "", **spec: Any) -> Config:
    words = {"provider": "Qianfan", "qianfan": {}, "credentials": {"secretRef": {"name": "keys"}}} | spec
    return Config(ACCOUNT, "uid-c", 1, "5", ProviderConfigSpec.model_validate(words), status=status)


def status_of(state: str, reason: str, ready: str = "True", since: float = 0.0) -> dict[str, Any]:
    moment = ago(since).strftime("%Y-%m-%dT%H:%M:%SZ")
    ready_condition = {"type": "Ready", "status": ready, "reason": reason, "lastTransitionTime": moment}
    return {"externalState": state, "observedGeneration": 1, "conditions": [ready_condition]}


def named(record: Resource, name: str) -> Resource:
    fields = {slot: getattr(record, slot) for slot in Resource.__slots__}
    return Resource(**fields | {"key": record.key._replace(name=name), "uid": f"uid-{name}"})


class Scene:
    """A store with its census; no account has a client. `guard` is that of each account, None for no account."""

    def __init__(self) -> None:
        self.store = Cache()
        self.queues = AccountQueues(self.store, settle=never, work=never, look_after=never, opened=lambda _: None)
        self.guard: Guard | None = None
        accounts = SimpleNamespace(get=lambda _: SimpleNamespace(guard=self.guard) if self.guard else None)
        self.census = Stats(self.store, accounts, self.queues, lambda: NOW)

    def put(self, name: str, thing: Thing = Thing.TUNING_TASK, **more: Any) -> None:
        self.store.put(named(a_resource(thing, **more), name))


async def never(*_: object) -> None:
    await asyncio.Event().wait()


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_resources_are_counted_by_kind_state_and_reason(scene):
    for name in ("one", "two"):
        scene.put(name, status=status_of("Running", "Available"))
    scene.put("three", Thing.JOB, status=status_of("Absent", "NotFound", "False"))
    scene.put("new")
    assert scene.census.resources().counts == {
        ("FineTuningTask", "Running", "Available"): 2,
        ("TrainingJob", "Absent", "NotFound"): 1,
        ("FineTuningTask", "Unknown", "Observing"): 1,
    }


def test_a_change_of_status_is_counted_at_once(scene):
    scene.put("one", status=status_of("Running", "Available"))
    scene.census.resources()
    scene.put("one", status=status_of("Succeeded", "Available"), version="11")
    assert scene.census.resources().counts == {("FineTuningTask", "Succeeded", "Available"): 1}


def test_words_that_somebody_else_wrote_into_a_status_make_no_labels(scene):
    scene.put("one", status=status_of("Dancing", "BecauseOfMe"))
    assert scene.census.resources().counts == {("FineTuningTask", OTHER, OTHER): 1}


def test_a_deletion_is_as_old_as_its_request_and_another_removal_as_what_is_amiss(scene):
    scene.store.put_config(a_config())
    absent = {"desiredState": "Absent"}
    scene.put("young", deleting=True, deleted_at=ago(30))
    scene.put("old", spec=absent, status=status_of("Running", "Deleting", "False", since=600))
    scene.put("done", spec=absent, status=status_of("Absent", "Absent", since=9000))
    scene.put("watched", status=status_of("Running", "UnknownState", "False", since=9000))
    assert scene.census.resources().oldest_removal["team-a/account"] == 600
    scene.put("older", deleting=True, deleted_at=ago(700))
    assert scene.census.resources().oldest_removal["team-a/account"] == 700


def test_what_the_guard_holds_is_not_late_and_hides_nothing_that_is(scene):
    scene.store.put_config(a_config())
    scene.guard = Guard(limit=1, window=3600.0)
    scene.put("stuck", deleting=True, deleted_at=ago(700))
    assert scene.guard.admits("uid-stuck", NOW)
    scene.put("held", deleting=True, deleted_at=ago(9000))
    assert not scene.guard.admits("uid-held", NOW, due=2)
    assert scene.census.resources().oldest_removal["team-a/account"] == 700
    scene.guard.approved_until = ago(-60)
    assert scene.guard.admits("uid-held", NOW, due=2)
    assert scene.census.resources().oldest_removal["team-a/account"] == 9000


def test_what_is_only_planned_is_never_late(scene):
    scene.store.put_config(a_config(mode="Plan"))
    scene.put("old", spec={"desiredState": "Absent"}, status=status_of("Running", "PlanMode", "False", since=600))
    assert scene.census.resources().oldest_removal == {}


def test_an_account_that_is_named_and_missing_is_in_trouble(scene):
    scene.put("one")
    account = scene.census.accounts()["team-a/account"]
    assert (account.reason, account.well) == ("ProviderConfigNotFound", False)


def test_an_account_stands_as_its_status_says(scene):
    condition = '{"type":"Ready","status":"False","reason":"SecretNotFound"}'
    scene.store.put_config(a_config(status=f'{{"conditions":[{condition}]}}'))
    account = scene.census.accounts()["team-a/account"]
    assert (account.provider, account.reason, account.well) == ("Qianfan", "SecretNotFound", False)


async def test_queues_tell_what_waits_and_since_when_counted_from_the_lease(scene):
    queue = scene.queues.providers[ACCOUNT] = WorkQueue(never, limit=1)
    for name in ("one", "two", "three"):
        queue.add(Key("TrainingJob", "team-a", name))
    with later(90):
        assert scene.census.queues()["team-a/account"].depth == 3
        queue.open()
        assert scene.census.queues()["team-a/account"].oldest == pytest.approx(0, abs=1)
    await asyncio.sleep(0)
    with later(90 + 45):
        state = scene.census.queues()["team-a/account"]
        assert state.depth == 2, "one is under way"
        assert state.oldest == pytest.approx(45, abs=1)
        assert scene.census.queues()[CONFIGS_QUEUE].oldest == 0
    await queue.drain(0)


async def test_a_key_that_is_done_is_not_due_any_more():
    done = asyncio.Event()

    async def handle(_: Key) -> None:
        done.set()

    queue = WorkQueue(handle, limit=1)
    queue.open()
    queue.add(ACCOUNT)
    await done.wait()
    await queue.drain(1)
    assert queue.oldest() == 0


@contextmanager
def later(seconds: float) -> Iterator[None]:
    """The loop's time, moved on for a moment."""
    loop = asyncio.get_running_loop()
    true_time = loop.time
    loop.time = lambda: true_time() + seconds  # type: ignore[method-assign]
    try:
        yield
    finally:
        loop.time = true_time  # type: ignore[method-assign]
