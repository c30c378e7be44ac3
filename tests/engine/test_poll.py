import asyncio
from dataclasses import replace

import pytest

from trainsweep.accounts.list_cache import ListCache
from trainsweep.accounts.list_poller import ListPoller
from trainsweep.api.provider_config import Polling
from trainsweep.calls.circuit_breaker import CircuitOpen
from trainsweep.core.errors import Misrouted, ProviderError, Unavailable
from trainsweep.core.external import ExternalState, Remote
from trainsweep.core.resource import Key

from .virtual_time import virtual_time

RUN, OTHER = Key("FineTuningTask", "team-a", "run"), Key("FineTuningTask", "team-a", "other")
RUNNING = Remote("task-a1", "llama", ExternalState.RUNNING, "Running")
ENDED = replace(RUNNING, state=ExternalState.SUCCEEDED, provider_state="Done")
JOB = Remote("job-a", "nightly", ExternalState.STOPPED, "", parts=None)
SLOW = Remote("task-b1", "mistral", ExternalState.SUCCEEDED, "Done")


class Account:
    """The lists of an account, how often each was read, and who was woken."""

    def __init__(self, **lists: list[Remote]) -> None:
        self.lists = lists
        self.read: list[tuple[str, float]] = []
        self.woken: list[Key] = []
        self.error: Exception | None = None
        self.reading = asyncio.Event()
        self.cache = ListCache(self._list, lambda _: None)
        self.poll = ListPoller(self.cache, Polling(active_seconds=10, idle_seconds=100), self.woken.append)
        self.poll.start()

    async def _list(self, collection: str) -> tuple[Remote, ...]:
        self.read.append((collection, asyncio.get_running_loop().time()))
        self.reading.set()
        await asyncio.sleep(0.1)
        if self.error:
            raise self.error
        return tuple(self.lists[collection])

    def times(self, collection: str = "tasks") -> int:
        return sum(name == collection for name, _ in self.read)


@virtual_time
async def test_while_something_moves_the_list_is_read_at_the_active_pace_and_then_at_the_idle_one():
    account = Account(tasks=[RUNNING])
    account.poll.follow(RUN, "tasks", "task-a1", RUNNING)
    await asyncio.sleep(100)
    assert 8 <= account.times() <= 11
    account.read.clear()
    account.poll.follow(RUN, "tasks", "task-a1", ENDED)
    account.lists["tasks"] = [ENDED]
    await asyncio.sleep(1000)
    assert 8 <= account.times() <= 12


@virtual_time
async def test_one_list_serves_all_who_follow_it_and_one_that_moves_sets_the_pace():
    account = Account(tasks=[RUNNING, SLOW])
    account.poll.follow(OTHER, "tasks", "task-b1", SLOW)
    account.poll.follow(RUN, "tasks", "task-a1", RUNNING)
    await asyncio.sleep(100)
    assert 8 <= account.times() <= 11


@virtual_time
async def test_only_those_are_woken_whose_entry_is_not_what_they_saw():
    account = Account(tasks=[ENDED, SLOW])
    account.poll.follow(RUN, "tasks", "task-a1", RUNNING)
    account.poll.follow(OTHER, "tasks", "task-b1", SLOW)
    await asyncio.sleep(12)
    assert account.woken == [RUN]


@pytest.mark.parametrize("entry", [None, replace(RUNNING, parts=None)], ids=["gone", "incomplete"])
def test_an_entry_that_is_gone_or_does_not_tell_all_wakes_its_follower(entry):
    @virtual_time
    async def run():
        account = Account(tasks=[entry] if entry else [])
        account.poll.follow(RUN, "tasks", "task-a1", RUNNING)
        await asyncio.sleep(12)
        assert account.woken == [RUN]

    run()


@virtual_time
async def test_who_saw_nothing_is_woken_when_an_entry_appears():
    account = Account(tasks=[])
    account.poll.follow(RUN, "tasks", "task-a1", None)
    await asyncio.sleep(120)
    assert account.woken == []
    account.lists["tasks"] = [RUNNING]
    await asyncio.sleep(120)
    assert account.woken == [RUN]


@virtual_time
async def test_a_stream_of_new_followers_does_not_put_the_list_off():
    account = Account(tasks=[RUNNING])
    for number in range(100):
        account.poll.follow(Key("FineTuningTask", "team-a", str(number)), "tasks", f"task-{number}", RUNNING)
        await asyncio.sleep(1)
    assert account.times() >= 8


@virtual_time
async def test_a_list_that_nobody_follows_any_more_is_not_read_and_not_kept():
    account = Account(tasks=[RUNNING])
    account.poll.follow(RUN, "tasks", "task-a1", RUNNING)
    await asyncio.sleep(15)
    assert account.cache.latest("tasks")
    account.poll.unfollow(RUN)
    account.read.clear()
    await asyncio.sleep(1000)
    assert account.read == []
    assert account.cache.latest("tasks") is None


@virtual_time
async def test_a_list_whose_last_follower_goes_while_it_is_read_is_not_kept():
    account = Account(tasks=[RUNNING])
    account.poll.follow(RUN, "tasks", "task-a1", RUNNING)
    await account.reading.wait()
    account.poll.unfollow(RUN)
    await asyncio.sleep(1)
    assert account.cache.latest("tasks") is None


@virtual_time
async def test_who_follows_another_list_now_leaves_the_first_one():
    account = Account(tasks=[RUNNING], jobs=[RUNNING])
    account.poll.follow(RUN, "tasks", "task-a1", RUNNING)
    account.poll.follow(RUN, "jobs", "task-a1", RUNNING)
    await asyncio.sleep(50)
    assert account.times("tasks") == 0
    assert account.times("jobs") > 0


@virtual_time
async def test_all_who_follow_one_entry_are_woken_and_one_that_goes_takes_no_other_along():
    account = Account(tasks=[ENDED])
    account.poll.follow(RUN, "tasks", "task-a1", RUNNING)
    account.poll.follow(OTHER, "tasks", "task-a1", RUNNING)
    await asyncio.sleep(12)
    assert sorted(account.woken) == sorted([RUN, OTHER])
    account.poll.unfollow(RUN)
    account.woken.clear()
    await asyncio.sleep(12)
    assert account.woken == [OTHER]


@virtual_time
async def test_a_part_that_has_ended_is_followed_by_what_holds_it():
    account = Account(tasks=[ENDED], jobs=[JOB])
    account.poll.follow(RUN, "tasks", "task-a1", ENDED, ("jobs", "job-a"))
    await asyncio.sleep(50)
    assert account.times("tasks") == 0
    await asyncio.sleep(100)
    account.woken.clear()
    account.lists["jobs"] = []
    await asyncio.sleep(120)
    assert account.woken == [RUN]
    assert account.times("tasks") == 0


@virtual_time
async def test_a_part_that_is_gone_is_woken_when_what_holds_it_comes_back_and_not_when_that_goes_too():
    account = Account(jobs=[JOB])
    account.poll.follow(RUN, "tasks", "task-a1", None, ("jobs", "job-a"))
    await asyncio.sleep(150)
    account.lists["jobs"] = []
    await asyncio.sleep(250)
    assert account.woken == []
    account.lists["jobs"] = [JOB]
    await asyncio.sleep(120)
    assert account.woken == [RUN]


@virtual_time
async def test_jobs_at_rest_whose_entry_does_not_tell_all_are_read_one_an_interval_and_each_in_its_turn():
    jobs = [replace(JOB, id=f"job-{number}") for number in range(5)]
    account = Account(jobs=jobs)
    keys = [Key("FineTuningJob", "team-a", str(number)) for number in range(5)]

    def look(key: Key) -> None:
        number = int(key.name)
        account.poll.follow(key, "jobs", jobs[number].id, replace(jobs[number], parts=(ENDED,)))

    for key in keys:
        look(key)
        await asyncio.sleep(0.1)
    for _ in range(5):
        await asyncio.sleep(110)
        for key in account.woken[-1:]:
            look(key)
    assert len(account.woken) <= 6
    assert set(account.woken) == set(keys[: len(set(account.woken))])
    assert len(set(account.woken)) >= 4


@virtual_time
async def test_a_shorter_interval_holds_at_once():
    account = Account(tasks=[SLOW])
    account.poll.follow(RUN, "tasks", "task-b1", SLOW)
    account.poll.repace(Polling(active_seconds=2, idle_seconds=5))
    await asyncio.sleep(12)
    assert account.times() >= 2


@virtual_time
async def test_a_slow_list_does_not_keep_another_one_from_being_read_for_ever():
    account = Account(tasks=[RUNNING], jobs=[SLOW])
    account.poll.follow(RUN, "tasks", "task-a1", RUNNING)
    account.poll.follow(OTHER, "jobs", "task-b1", replace(SLOW, state=ExternalState.RUNNING))
    await asyncio.sleep(60)
    assert account.times("tasks") >= 4
    assert account.times("jobs") >= 4


@pytest.mark.parametrize(
    ("error", "woken"),
    [
        (Misrouted("no such path"), True),
        (Unavailable("503"), False),
        (CircuitOpen(60, Unavailable("503")), False),
        (ValueError("a defect"), True),
    ],
)
def test_a_list_that_fails_wakes_its_followers_unless_the_whole_account_is_concerned(error, woken):
    @virtual_time
    async def run():
        account = Account(tasks=[RUNNING])
        account.error = error
        account.poll.follow(RUN, "tasks", "task-a1", RUNNING)
        await asyncio.sleep(12)
        assert account.woken == [RUN] * woken
        account.error = None
        account.lists["tasks"] = [ENDED]
        account.woken.clear()
        await asyncio.sleep(12)
        assert account.woken == [RUN]

    run()


def test_every_error_of_a_provider_says_whether_it_concerns_the_whole_account():
    assert {kind.account_wide for kind in (ProviderError, Misrouted)} == {False}
    assert Unavailable.account_wide


@virtual_time
async def test_the_pace_is_idle_again_when_what_moved_is_not_followed_any_more():
    account = Account(tasks=[RUNNING, SLOW])
    account.poll.follow(RUN, "tasks", "task-a1", RUNNING)
    account.poll.follow(OTHER, "tasks", "task-b1", SLOW)
    account.poll.unfollow(RUN)
    await asyncio.sleep(1000)
    assert account.times() <= 13


@pytest.mark.parametrize("turns", range(6))
@virtual_time
async def test_it_ends_though_something_has_changed_a_moment_before(turns):
    account = Account(tasks=[RUNNING], others=[SLOW])
    account.poll.follow(RUN, "tasks", "task-a1", RUNNING)
    await asyncio.sleep(1)
    account.poll.follow(OTHER, "others", "task-b1", SLOW)
    for _ in range(turns):
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await account.poll.stop()
