import asyncio
import random
from datetime import UTC, datetime

import pytest

from trainsweep.calls.circuit_breaker import (
    OPEN_FIRST,
    OPEN_LONGEST,
    OUTAGE_THRESHOLD,
    REFUSED_FIRST,
    REFUSED_LONGEST,
    CircuitOpen,
)
from trainsweep.calls.gate import LIMITED_NEWS, QUIET_LONGEST, QUIET_STEP, Call, Fenced, Gate
from trainsweep.calls.rate_limiter import RateLimiter
from trainsweep.core.errors import (
    CredentialsInvalid,
    Malformed,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Unavailable,
)

from .virtual_time import virtual_time


def a_lane(*, rate=1000.0, burst=1000.0, in_flight=4, **more):
    now = lambda: datetime(2026, 5, 1, tzinfo=UTC)  # noqa: E731
    return Gate(
        reads=RateLimiter(rate, burst),
        writes=RateLimiter(rate, burst),
        in_flight=in_flight,
        now=now,
        rng=random.Random(1),  # noqa: S311
        **more,
    )


def answering(error=None, takes=0.0):
    async def make():
        await asyncio.sleep(takes)
        if error:
            raise error
        return "answer"

    return make


async def outcome(lane, error=None, takes=0.0, call=None):
    """ "answer", or the type of what was raised."""
    try:
        return await lane.call(answering(error, takes), call or Call())
    except Exception as raised:
        return type(raised)


def seconds():
    return asyncio.get_running_loop().time() - 1000


class TestTokens:
    @virtual_time
    async def test_a_burst_goes_at_once_and_then_one_request_goes_at_the_rate(self):
        lane = a_lane(rate=2.0, burst=3.0)
        went = []
        for _ in range(6):
            await lane.turn()
            went.append(seconds())
        assert went == [0, 0, 0, 0.5, 1.0, 1.5]

    @virtual_time
    async def test_a_quiet_time_refills_the_burst_and_no_more(self):
        lane = a_lane(rate=2.0, burst=3.0)
        for _ in range(3):
            await lane.turn()
        await asyncio.sleep(1000)
        for _ in range(4):
            await lane.turn()
        assert seconds() == 1000.5

    @virtual_time
    async def test_requests_that_come_together_wait_one_after_the_other(self):
        lane = a_lane(rate=1.0, burst=1.0)
        await asyncio.gather(*(lane.turn() for _ in range(5)))
        assert seconds() == 4

    @virtual_time
    async def test_writes_have_a_bucket_of_their_own(self):
        lane = Gate(reads=RateLimiter(1, 1), writes=RateLimiter(1, 1), in_flight=4, now=lambda: datetime.now(UTC))

        async def requests():
            await lane.turn()

        await lane.call(requests, Call())
        await lane.call(requests, Call(wanted=lambda: True))
        assert seconds() == 0
        await lane.call(requests, Call(wanted=lambda: True))
        assert seconds() == 1


class TestSlots:
    @virtual_time
    async def test_no_more_calls_are_under_way_than_allowed(self):
        lane, busy, most = a_lane(in_flight=3), 0, 0

        async def make():
            nonlocal busy, most
            busy += 1
            most = max(most, busy)
            await asyncio.sleep(1)
            busy -= 1

        await asyncio.gather(*(lane.call(make, Call()) for _ in range(10)))
        assert (most, seconds()) == (3, 4)

    @virtual_time
    async def test_a_call_that_is_cancelled_gives_its_slot_back(self):
        lane = a_lane(in_flight=1)
        task = asyncio.ensure_future(lane.call(answering(takes=100), Call()))
        await asyncio.sleep(1)
        task.cancel()
        assert await outcome(lane) == "answer"
        assert seconds() == 1


class TestTooFast:
    @virtual_time
    async def test_retry_after_is_kept_by_everybody_even_by_those_that_waited_for_a_token_already(self):
        lane = a_lane(rate=1.0, burst=1.0)
        went = []

        async def requests():
            await lane.turn()
            went.append(seconds())

        await lane.turn()
        waiting = asyncio.ensure_future(requests())
        await asyncio.sleep(0.5)
        await outcome(lane, RateLimited("slow down", retry_after=30))
        await asyncio.gather(waiting, requests())
        assert min(went) == 30.5

    @virtual_time
    async def test_the_rate_halves_with_each_429_and_grows_back_slowly(self):
        bucket = RateLimiter(8.0, 8.0)
        lane = Gate(reads=bucket, writes=RateLimiter(1, 1), in_flight=4, now=lambda: datetime.now(UTC))
        for speed in (0.5, 0.25, 0.125):
            await outcome(lane, RateLimited("slow down", retry_after=1))
            assert bucket.slowed == speed
        for _ in range(3):
            await outcome(lane)
        assert bucket.slowed == pytest.approx(0.275)
        for _ in range(100):
            await outcome(lane)
        assert bucket.slowed == 1.0

    @virtual_time
    async def test_it_is_no_outage(self):
        lane = a_lane()
        for _ in range(OUTAGE_THRESHOLD * 2):
            await outcome(lane, RateLimited("slow down", retry_after=1))
        assert not lane.circuit.open

    @virtual_time
    async def test_a_retry_after_of_years_is_cut_short(self):
        lane = a_lane()
        await outcome(lane, RateLimited("slow down", retry_after=99_999_999))
        await lane.turn()
        assert seconds() == QUIET_LONGEST

    @virtual_time
    async def test_new_credentials_end_the_quiet_also_for_those_that_wait(self):
        lane = a_lane()
        await outcome(lane, RateLimited("slow down", retry_after=300))
        waiting = asyncio.ensure_future(lane.turn())
        await asyncio.sleep(7)
        lane.reset()
        await waiting
        assert seconds() <= 7 + QUIET_STEP

    @virtual_time
    async def test_it_is_worth_telling_when_it_lasts_or_is_going_to_and_until_a_call_works(self):
        lane = a_lane()
        await outcome(lane, RateLimited("slow down", retry_after=1))
        assert lane.limited is None
        await asyncio.sleep(LIMITED_NEWS)
        assert "slow down" in str(lane.limited)
        await outcome(lane)
        assert lane.limited is None
        await outcome(lane, RateLimited("slow down", retry_after=LIMITED_NEWS))
        assert lane.limited
        await asyncio.sleep(LIMITED_NEWS + QUIET_LONGEST + 1)
        assert lane.limited is None, "nobody has asked since"


class TestSharedCredentials:
    """Providers lock a key after a few bad signatures, whichever account of ours sends them."""

    def lanes(self, count=7):
        lanes = []
        for number in range(count):
            lanes.append(a_lane(sharers=lambda own=number: [*lanes[:own], *lanes[own + 1 :]]))
        return lanes

    async def asked(self, lanes, error=None):
        """How many calls go out when every lane is asked at the same time, and each takes a second."""
        outcomes = await asyncio.gather(*(outcome(lane, error, takes=1) for lane in lanes))
        return sum(one is not CircuitOpen for one in outcomes)

    @virtual_time
    async def test_what_one_is_refused_holds_for_all_and_one_alone_makes_the_trial(self):
        lanes, refused = self.lanes(), CredentialsInvalid("401")
        await outcome(lanes[0], refused)
        assert await self.asked(lanes, refused) == 0
        for _ in range(5):
            await asyncio.sleep(REFUSED_LONGEST + 1)
            assert await self.asked(lanes, refused) == 1
        await asyncio.sleep(REFUSED_LONGEST + 1)
        assert await self.asked(lanes) == 1
        assert await self.asked(lanes) == 7, "what one is granted holds for all, too"

    @virtual_time
    async def test_an_outage_is_each_ones_own(self):
        one, other = self.lanes(2)
        for _ in range(OUTAGE_THRESHOLD):
            await outcome(one, Unavailable("503"))
        assert one.circuit.open
        assert await outcome(other) == "answer"

    @virtual_time
    async def test_a_trial_that_never_ends_leaves_room_for_that_of_another(self):
        one, other = self.lanes(2)
        await outcome(one, CredentialsInvalid("401"))
        await asyncio.sleep(REFUSED_FIRST + 1)
        endless = asyncio.ensure_future(outcome(one, takes=10_000))
        await asyncio.sleep(1)
        assert await outcome(other) is CircuitOpen
        await asyncio.sleep(REFUSED_FIRST)
        assert await outcome(other) == "answer"
        endless.cancel()


class TestTheCircuit:
    async def opened(self, **more):
        lane = a_lane(**more)
        for _ in range(OUTAGE_THRESHOLD):
            await outcome(lane, Unavailable("503"))
        assert lane.circuit.open
        return lane

    @virtual_time
    async def test_opens_after_so_many_outages_in_a_row(self):
        lane = a_lane()
        for _ in range(OUTAGE_THRESHOLD - 1):
            await outcome(lane, OutcomeUnknown("no answer"))
        assert not lane.circuit.open
        await outcome(lane)
        for _ in range(OUTAGE_THRESHOLD - 1):
            await outcome(lane, Unavailable("503"))
        assert not lane.circuit.open
        await outcome(lane, Unavailable("503"))
        assert await outcome(lane) is CircuitOpen

    @pytest.mark.parametrize("error", [NotFound("404"), Malformed("HTML"), PermissionDenied("403")])
    def test_an_answer_of_the_service_breaks_the_row(self, error):
        @virtual_time
        async def run():
            lane = a_lane()
            for _ in range(3):
                for _ in range(OUTAGE_THRESHOLD - 1):
                    await outcome(lane, Unavailable("503"))
                await outcome(lane, error)
            assert not lane.circuit.open

        run()

    @virtual_time
    async def test_refused_credentials_open_it_at_once_as_providers_lock_keys(self):
        lane = a_lane()
        await outcome(lane, CredentialsInvalid("401"))
        assert await outcome(lane) is CircuitOpen
        await asyncio.sleep(REFUSED_FIRST - 1)
        assert await outcome(lane) is CircuitOpen

    @virtual_time
    async def test_makes_no_call_while_open_and_says_when_to_come_back_and_why(self):
        lane = await self.opened()
        with pytest.raises(CircuitOpen, match="503") as shut:
            await lane.call(answering(), Call())
        assert shut.value.seconds >= OPEN_FIRST

    @virtual_time
    async def test_lets_one_trial_through_after_its_time_and_closes_when_it_works(self):
        lane = await self.opened()
        await asyncio.sleep(OPEN_FIRST + 0.1)
        trial, *others = await asyncio.gather(*(outcome(lane, takes=1) for _ in range(4)))
        assert (trial, set(others)) == ("answer", {CircuitOpen})
        assert not lane.circuit.open
        assert await outcome(lane) == "answer"

    @virtual_time
    async def test_stays_open_twice_as_long_after_each_trial_that_fails_up_to_a_longest_time(self):
        lane = await self.opened()
        expected = OPEN_FIRST
        for _ in range(10):
            await asyncio.sleep(lane.circuit.open_until - asyncio.get_running_loop().time() + 0.001)
            expected = min(OPEN_LONGEST, expected * 2)
            assert await outcome(lane, Unavailable("503")) is Unavailable
            rest = lane.circuit.open_until - asyncio.get_running_loop().time()
            assert rest == pytest.approx(expected)

    @virtual_time
    async def test_a_trial_that_is_cancelled_leaves_room_for_another_one(self):
        lane = await self.opened()
        await asyncio.sleep(OPEN_FIRST + 0.1)
        trial = asyncio.ensure_future(lane.call(answering(takes=100), Call()))
        await asyncio.sleep(1)
        trial.cancel()
        await asyncio.sleep(0)
        assert await outcome(lane) == "answer"
        assert not lane.circuit.open

    @virtual_time
    async def test_a_trial_that_ends_with_a_defect_leaves_room_for_another_one(self):
        lane = await self.opened()
        await asyncio.sleep(OPEN_FIRST + 0.1)
        assert await outcome(lane, TypeError("defect")) is TypeError
        assert await outcome(lane) == "answer"

    @virtual_time
    async def test_calls_that_waited_for_a_slot_when_it_opened_are_not_made(self):
        lane, made = a_lane(in_flight=1), []

        async def refused():
            made.append(1)
            await asyncio.sleep(1)
            raise CredentialsInvalid("401")

        await asyncio.gather(*(lane.call(refused, Call()) for _ in range(5)), return_exceptions=True)
        assert len(made) == 1

    @virtual_time
    async def test_is_told_once_when_it_opens_and_once_when_it_closes(self):
        told = []
        lane = a_lane(changed=lambda: told.append("changed"))
        for _ in range(OUTAGE_THRESHOLD + 3):
            await outcome(lane, Unavailable("503"))
        assert len(told) == 1
        assert lane.circuit.since is not None
        await asyncio.sleep(OPEN_FIRST + 0.1)
        await outcome(lane)
        assert len(told) == 2

    @virtual_time
    async def test_closes_with_new_credentials_and_old_calls_count_no_more(self):
        lane = a_lane()
        old = [asyncio.ensure_future(outcome(lane, CredentialsInvalid("401"), takes=5)) for _ in range(3)]
        await asyncio.sleep(1)
        await outcome(lane, CredentialsInvalid("401"))
        lane.reset()
        assert not lane.circuit.open
        await asyncio.gather(*old)
        assert not lane.circuit.open

    @virtual_time
    async def test_a_trial_of_before_a_reset_does_not_make_room_for_a_second_trial_after_it(self):
        lane = await self.opened()
        await asyncio.sleep(OPEN_FIRST + 0.1)
        old = asyncio.ensure_future(outcome(lane, Unavailable("503"), takes=20))
        await asyncio.sleep(0)
        lane.reset()
        for _ in range(OUTAGE_THRESHOLD):
            await outcome(lane, Unavailable("503"))
        await asyncio.sleep(OPEN_FIRST + 0.1)
        trial = asyncio.ensure_future(outcome(lane, takes=60))
        await old
        assert await outcome(lane) is CircuitOpen
        assert await trial == "answer"


class TestTheLastMoment:
    async def ask(self, lane, wanted):
        async def request():
            await lane.turn()
            return "went out"

        return await lane.call(request, Call("delete", wanted=wanted))

    @virtual_time
    async def test_what_is_not_wanted_any_more_when_its_turn_comes_does_not_go_out(self):
        lane = a_lane(rate=0.1, burst=1.0)
        wanted = True
        assert await self.ask(lane, lambda: wanted) == "went out"
        late = asyncio.ensure_future(self.ask(lane, lambda: wanted))
        await asyncio.sleep(5)
        wanted = False
        with pytest.raises(Fenced):
            await late

    @virtual_time
    async def test_a_replica_that_lost_its_lease_writes_nothing_and_may_read(self):
        lane = a_lane(may_write=lambda: False)
        with pytest.raises(Fenced):
            await self.ask(lane, lambda: True)

        async def read():
            await lane.turn()
            return "went out"

        assert await lane.call(read, Call("read")) == "went out"

    @virtual_time
    async def test_a_lease_lost_while_a_connection_is_made_holds_the_request_back(self):
        leads = True
        lane = a_lane(may_write=lambda: leads)

        async def request():
            nonlocal leads
            await lane.turn()
            leads = False
            lane.check()

        with pytest.raises(Fenced):
            await lane.call(request, Call("delete", wanted=lambda: True))
        assert await lane.call(request, Call("read")) is None


@virtual_time
async def test_every_call_is_told_with_its_outcome_and_without_its_waiting():
    told = []
    lane = a_lane(rate=1.0, burst=1.0, observe=lambda call, result, took: told.append((call.operation, result, took)))

    async def request():
        await lane.turn()
        await asyncio.sleep(0.25)

    await lane.call(request, Call("read"))
    await lane.call(request, Call("list"))
    await outcome(lane, NotFound("404"), call=Call("stop"))
    assert told == [("read", "ok", 0.25), ("list", "ok", 0.25), ("stop", "NotFound", 0.0)]
