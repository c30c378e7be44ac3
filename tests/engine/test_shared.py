import asyncio

from trainsweep.calls.single_flight import SingleFlightCache

from .virtual_time import virtual_time


class Source:
    """Takes a second for each answer: the number of fetches so far."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.error: Exception | None = None

    async def __call__(self, key: str) -> int:
        self.begun.append(key)
        number = len(self.begun)
        await asyncio.sleep(1)
        if self.error:
            raise self.error
        return number


def now():
    return asyncio.get_running_loop().time()


@virtual_time
async def test_many_askers_share_one_fetch():
    source = Source()
    shared = SingleFlightCache(source)
    assert await asyncio.gather(*(shared.get("list", now()) for _ in range(10))) == [1] * 10


@virtual_time
async def test_keys_are_fetched_apart():
    source = Source()
    shared = SingleFlightCache(source)
    assert await asyncio.gather(shared.get("a", now()), shared.get("b", now())) == [1, 2]


@virtual_time
async def test_an_answer_serves_all_who_are_content_with_its_beginning():
    source = Source()
    shared = SingleFlightCache(source)
    begun = now()
    await shared.get("list", begun)
    await asyncio.sleep(100)
    assert await shared.get("list", begun) == 1
    assert await shared.get("list", begun + 0.1) == 2


@virtual_time
async def test_a_fetch_that_began_too_early_is_waited_for_and_followed_by_another_one():
    source = Source()
    shared = SingleFlightCache(source)
    early = asyncio.ensure_future(shared.get("list", now()))
    await asyncio.sleep(0.5)
    late = await asyncio.gather(*(shared.get("list", now()) for _ in range(5)))
    assert (await early, late) == (1, [2] * 5)
    assert now() == 1002


@virtual_time
async def test_a_failure_is_raised_for_all_who_waited_and_replaces_nothing():
    source = Source()
    shared = SingleFlightCache(source)
    begun = now()
    await shared.get("list", begun)
    source.error = ValueError("no list")
    answers = await asyncio.gather(*(shared.get("list", now()) for _ in range(3)), return_exceptions=True)
    assert [str(answer) for answer in answers] == ["no list"] * 3
    assert shared.latest("list") == 1
    source.error = None
    assert await shared.get("list", now()) == 3


@virtual_time
async def test_an_asker_that_is_cancelled_takes_nobody_else_along():
    source = Source()
    shared = SingleFlightCache(source)
    first, second = (asyncio.ensure_future(shared.get("list", now())) for _ in range(2))
    await asyncio.sleep(0.5)
    first.cancel()
    assert await second == 1


@virtual_time
async def test_a_failure_that_nobody_waits_for_is_no_error():
    source = Source()
    source.error = ValueError("no list")
    shared = SingleFlightCache(source)
    asker = asyncio.ensure_future(shared.get("list", now()))
    await asyncio.sleep(0.5)
    asker.cancel()
    await asyncio.sleep(5)
    assert shared.latest("list") is None


@virtual_time
async def test_what_is_forgotten_is_fetched_again():
    source = Source()
    shared = SingleFlightCache(source)
    begun = now()
    await shared.get("list", begun)
    shared.forget("list")
    assert shared.latest("list") is None
    assert await shared.get("list", begun) == 2
