import asyncio

import pytest

from trainsweep.controller.workqueue import RETRY, Priority, WorkQueue
from trainsweep.core.resource import Key

from .virtual_time import settled, virtual_time

A, B, C = (Key("FineTuningTask", "team-a", name) for name in "abc")


class Work:
    """A handler that notes what it did and when, and how many were at it at once."""

    def __init__(self, takes: float = 0.0, back: float | None = None) -> None:
        self.takes, self.back = takes, back
        self.done: list[tuple[float, Key]] = []
        self.busy: list[Key] = []
        self.most = 0
        self.doubled = False

    async def __call__(self, key: Key) -> float | None:
        self.doubled |= key in self.busy
        self.busy.append(key)
        self.most = max(self.most, len(self.busy))
        await asyncio.sleep(self.takes)
        self.busy.remove(key)
        self.done.append((asyncio.get_running_loop().time() - 1000, key))
        back, self.back = self.back, None
        return back

    @property
    def keys(self) -> list[Key]:
        return [key for _, key in self.done]


def open_queue(work, limit=4):
    queue = WorkQueue(work, limit=limit)
    queue.open()
    return queue


@virtual_time
async def test_a_key_that_is_added_twice_is_handled_once():
    work = Work()
    queue = open_queue(work)
    queue.add(A)
    queue.add(A, Priority.DELETION)
    queue.add(A, Priority.POLL)
    await settled()
    assert work.keys == [A]


@virtual_time
async def test_keys_wait_until_the_queue_opens_and_the_urgent_ones_go_first():
    work = Work()
    queue = WorkQueue(work, limit=1)
    queue.add(A, Priority.POLL)
    queue.add(B, Priority.CHANGE)
    queue.add(C, Priority.DELETION)
    await settled()
    assert work.keys == []
    assert len(queue) == 3
    queue.open()
    await settled()
    assert work.keys == [C, B, A]


@virtual_time
async def test_a_key_that_becomes_urgent_while_it_waits_is_moved_up():
    work = Work(takes=1)
    queue = open_queue(work, limit=1)
    for key in (A, B, C):
        queue.add(key, Priority.POLL)
    await settled()
    queue.add(C, Priority.DELETION)
    await asyncio.sleep(10)
    assert work.keys == [A, C, B]


@virtual_time
async def test_a_key_is_never_in_two_workers_and_is_handled_again_when_it_changes_meanwhile():
    work = Work(takes=1)
    queue = open_queue(work)
    queue.add(A)
    await asyncio.sleep(0.5)
    for _ in range(3):
        queue.add(A)
    await asyncio.sleep(10)
    assert work.done == [(1, A), (2, A)]
    assert not work.doubled


@virtual_time
async def test_no_more_workers_run_than_the_limit_and_as_many_as_it_when_there_is_work():
    work = Work(takes=1)
    queue = open_queue(work, limit=3)
    for number in range(20):
        queue.add(Key("FineTuningTask", "team-a", str(number)))
    await asyncio.sleep(100)
    assert (len(work.keys), work.most) == (20, 3)


@virtual_time
async def test_a_limit_that_is_raised_is_used():
    work = Work(takes=1)
    queue = open_queue(work, limit=1)
    for number in range(20):
        queue.add(Key("FineTuningTask", "team-a", str(number)))
    queue.limit = 5
    await asyncio.sleep(100)
    assert work.most == 5


@virtual_time
async def test_a_key_comes_back_when_its_handler_says_so():
    work = Work(back=30)
    queue = open_queue(work)
    queue.add(A)
    await asyncio.sleep(100)
    assert [round(when) for when, _ in work.done] == [0, 30]


@virtual_time
async def test_of_two_times_the_earlier_one_counts():
    work = Work()
    queue = open_queue(work)
    queue.add(A, after=50)
    queue.add(A, after=20)
    queue.add(A, after=40)
    await asyncio.sleep(100)
    assert work.done == [(20, A)]


@virtual_time
async def test_a_change_comes_before_what_was_due_later_and_replaces_it():
    work = Work()
    queue = open_queue(work)
    queue.add(A, after=50)
    queue.add(A)
    await asyncio.sleep(100)
    assert work.done == [(0, A)]


@virtual_time
async def test_something_due_later_does_not_delay_what_is_due_now():
    work = Work(takes=1)
    queue = open_queue(work, limit=1)
    queue.add(B)
    queue.add(A)
    await settled()
    queue.add(A, after=50)
    await asyncio.sleep(100)
    assert work.done == [(1, B), (2, A)]


@virtual_time
async def test_a_handler_that_fails_takes_neither_its_key_nor_its_worker_along(caplog):
    handled = []

    async def fail_once(key):
        handled.append((asyncio.get_running_loop().time() - 1000, key))
        if len(handled) == 1:
            raise ValueError("broken")

    queue = open_queue(fail_once, limit=1)
    queue.add(A)
    queue.add(B)
    await asyncio.sleep(RETRY + 1)
    assert handled == [(0, A), (0, B), (RETRY, A)]
    assert "a handler failed" in caplog.text


@virtual_time
async def test_what_is_forgotten_is_not_due_any_more():
    work = Work()
    queue = open_queue(work)
    queue.add(A, after=5)
    queue.forget(A)
    await asyncio.sleep(100)
    assert work.keys == []


@pytest.mark.parametrize(("takes", "finished"), [(3, True), (30, False)])
def test_draining_lets_what_is_under_way_end_within_its_time_and_begins_nothing(takes, finished):
    work = Work(takes=takes, back=1)

    @virtual_time
    async def drain():
        queue = open_queue(work, limit=1)
        queue.add(A)
        queue.add(B)
        queue.add(C, after=2)
        await settled()
        await queue.drain(10)
        queue.add(C)
        await asyncio.sleep(100)

    drain()
    assert work.keys == ([A] if finished else [])
