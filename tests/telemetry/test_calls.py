"""What a lane tells of the calls made through it, and how requests to the API server are named."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from trainsweep.calls.circuit_breaker import CircuitOpen
from trainsweep.calls.gate import Call, Gate
from trainsweep.calls.rate_limiter import RateLimiter
from trainsweep.core.errors import CredentialsInvalid, WrongState
from trainsweep.kube.paths import subject


class Told:
    """A lane, and what it told. `rate` is in requests a second; the first one is free."""

    def __init__(self, rate: float = 1e6) -> None:
        self.calls: list[tuple[str, str, str]] = []
        self.times: list[tuple[float, float]] = []
        self.lane = Gate(
            reads=RateLimiter(rate, 1),
            writes=RateLimiter(rate, 1),
            in_flight=1,
            now=lambda: datetime.now(UTC),
            observe=self._take,
        )

    def _take(self, call, result, took):
        self.calls.append((call.operation, call.kind, result))
        self.times.append((took, call.waited))


async def test_a_call_is_told_with_its_result():
    told = Told()

    async def refuse():
        raise WrongState("it just ended")

    async def accept():
        return "done"

    assert await told.lane.call(accept, Call("delete", "TrainingJob")) == "done"
    with pytest.raises(WrongState):
        await told.lane.call(refuse, Call("stop", "TrainingJob"))
    assert told.calls == [("delete", "TrainingJob", "ok"), ("stop", "TrainingJob", "WrongState")]


async def test_a_call_that_is_cut_off_is_told_as_well():
    told = Told()
    begun = asyncio.Event()

    async def hang():
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(told.lane.call(hang, Call("read", "TrainingJob")))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told.calls == [("read", "TrainingJob", "CancelledError")]


async def test_what_an_open_circuit_keeps_back_is_no_call():
    told = Told()

    async def refuse():
        raise CredentialsInvalid("bad signature")

    with pytest.raises(CredentialsInvalid):
        await told.lane.call(refuse, Call("read"))
    with pytest.raises(CircuitOpen):
        await told.lane.call(refuse, Call("read"))
    assert told.calls == [("read", "", "CredentialsInvalid")]


async def test_the_wait_for_a_turn_is_told_apart_from_the_call():
    told = Told(rate=5.0)

    async def two_pages():
        await told.lane.turn()
        await told.lane.turn()

    await told.lane.call(two_pages, Call("list"))
    [(took, waited)] = told.times
    assert waited == pytest.approx(0.2, abs=0.05)
    assert took < waited


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/apis/trainsweep.dev/v1alpha1/trainingjobs", "trainingjobs"),
        ("/apis/trainsweep.dev/v1alpha1/namespaces/a/trainingjobs", "trainingjobs"),
        ("/apis/trainsweep.dev/v1alpha1/namespaces/a/trainingjobs/b", "trainingjobs"),
        ("/apis/trainsweep.dev/v1alpha1/namespaces/a/trainingjobs/b/status", "trainingjobs/status"),
        ("/apis/trainsweep.dev/v1alpha1/clusterproviderconfigs/b/status", "clusterproviderconfigs/status"),
        ("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/x.y", "customresourcedefinitions"),
        ("/apis/coordination.k8s.io/v1/namespaces/a/leases/b", "leases"),
        ("/api/v1/namespaces/a", "namespaces"),
        ("/api/v1/namespaces/a/secrets/namespaces", "secrets"),
        ("/api/v1/namespaces/a/events", "events"),
    ],
)
def test_a_request_is_named_by_what_it_is_about_and_never_by_a_name(path, expected):
    assert subject(path) == expected
