"""Who may act, told by a Lease: the replicas' own clocks are in the test's hands, the API server is a dictionary."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from trainsweep.kube.client import KubeError
from trainsweep.kube.leader_election import Lease, Terms

TERMS = Terms(duration=15.0, renew_deadline=10.0, retry=2.0)


class Server:
    """One Lease, with the API server's optimistic locking. `error` is the answer to everything while there is one."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.version = 0
        self.error: Exception | None = None

    async def get(self, _: str) -> dict[str, Any]:
        self._check()
        if self.lease is None:
            raise KubeError(404, "NotFound", "no such lease")
        return self.lease

    async def post(self, _: str, body: dict[str, Any]) -> dict[str, Any]:
        self._check()
        if self.lease is not None:
            raise KubeError(409, "AlreadyExists", "it exists")
        return self._store(body)

    async def put(self, _: str, body: dict[str, Any]) -> dict[str, Any]:
        self._check()
        assert self.lease is not None
        if body["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
            raise KubeError(409, "Conflict", "somebody was faster")
        return self._store(body)

    def _check(self) -> None:
        if self.error:
            raise self.error

    def _store(self, body: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        self.lease = body | {"metadata": body["metadata"] | {"resourceVersion": str(self.version)}}
        return self.lease


class Replica:
    """A lease with a clock of its own."""

    def __init__(self, server: Server, name: str) -> None:
        self.time = 1000.0
        self.lease = Lease(server, "ops", "trainsweep", name, terms=TERMS, clock=lambda: self.time)  # type: ignore[arg-type]

    async def tries(self, after: float = 0.0) -> bool:
        self.time += after
        return await self.lease._attempt()


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def pair(server: Server) -> tuple[Replica, Replica]:
    return Replica(server, "one"), Replica(server, "two")


async def test_the_first_to_come_holds_it(pair):
    one, two = pair
    assert await one.tries()
    assert not await two.tries()
    assert (one.lease.held, two.lease.held) == (True, False)


async def test_a_holder_that_renews_is_never_replaced(pair):
    one, two = pair
    await one.tries()
    for _ in range(30):
        assert await one.tries(after=2.0)
        assert not await two.tries(after=2.0)


async def test_a_silent_holder_stops_acting_before_anybody_takes_over(pair):
    one, two = pair
    await one.tries()
    await two.tries()
    one.time += TERMS.renew_deadline
    assert not one.lease.held
    assert not await two.tries(after=TERMS.duration)
    assert await two.tries(after=0.1)


async def test_a_holder_that_was_frozen_wakes_up_knowing_that_its_time_is_over(pair):
    one, two = pair
    await one.tries()
    await two.tries()
    assert await two.tries(after=TERMS.duration + 1)
    one.time += 3600
    assert not one.lease.held
    assert not await one.tries()


async def test_the_time_counts_from_before_the_request(server):
    one = Replica(server, "one")
    post = server.post

    async def slow(path: str, body: dict[str, Any]) -> dict[str, Any]:
        one.time += TERMS.renew_deadline
        return await post(path, body)

    server.post = slow
    assert await one.tries()
    assert not one.lease.held


async def test_without_the_api_server_nobody_begins_and_a_holder_runs_out(pair, server):
    one, _ = pair
    await one.tries()
    server.error = KubeError(0, "Unreachable", "no answer")
    assert not await one.tries(after=2.0)
    assert one.lease.held
    one.time += TERMS.renew_deadline
    assert not one.lease.held


async def test_of_two_that_take_over_at_once_one_wins(server):
    gone, one, two = (Replica(server, name) for name in ("gone", "one", "two"))
    await gone.tries()
    await one.tries()
    await two.tries()
    one.time += TERMS.duration + 1
    two.time += TERMS.duration + 1
    won = await asyncio.gather(one.tries(), two.tries())
    assert sum(won) == 1


async def test_what_is_given_back_is_free_at_once(pair):
    one, two = pair
    await one.tries()
    await one.lease.release()
    assert not one.lease.held
    assert await two.tries()


async def test_what_is_not_ours_is_not_given_back(pair, server):
    one, two = pair
    await one.tries()
    await two.lease.release()
    assert server.lease["spec"]["holderIdentity"] == "one"


async def test_takeovers_are_counted(pair, server):
    one, two = pair
    await one.tries()
    await one.lease.release()
    await two.tries()
    assert server.lease["spec"]["leaseTransitions"] == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KubeError(403, "Forbidden", "you cannot get leases"), "403 Forbidden: you cannot get leases"),
        (KubeError(422, "Invalid", "must be greater than 0"), "422 Invalid: must be greater than 0"),
        (TimeoutError(), "The API server did not answer in time."),
        (ValueError("something with s3cret in it"), "ValueError"),
    ],
)
async def test_a_lease_that_cannot_be_taken_is_told_once(server, caplog, error, words):
    caplog.set_level("INFO")
    one = Replica(server, "one")
    server.error = error
    for _ in range(3):
        assert not await one.tries(after=2.0)
    assert one.lease.trouble == words
    server.error = None
    assert await one.tries(after=2.0)
    assert one.lease.trouble == ""
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "s3cret" not in caplog.text


async def test_the_holder_is_known_to_all(pair):
    one, two = pair
    await one.tries()
    await two.tries()
    assert (one.lease.holder, two.lease.holder) == ("one", "one")


def test_a_holder_that_would_learn_too_late_that_its_time_is_over_is_refused():
    with pytest.raises(ValueError, match="must end before the duration does"):
        Terms(duration=15.0, renew_deadline=10.0, retry=2.5)
