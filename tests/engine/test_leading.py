"""When an operator leads, and how it ends: the Lease, the calls under way, and an API server that hangs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from tests.kube.test_lease import Server

from trainsweep.controller.manager import LeaseLost, Manager, ManagerSettings
from trainsweep.controller.workqueue import WorkQueue
from trainsweep.core.resource import Key
from trainsweep.kube.leader_election import Lease, Terms

from .memory_api import MemoryApi, MemoryClient
from .virtual_time import settled, virtual_time

ACCOUNT, JOB = Key("ProviderConfig", "team-a", "huawei"), Key("TrainingJob", "team-a", "mnist")
TERMS = Terms(duration=15.0, renew_deadline=10.0, retry=2.0)


class _Watch:
    state = None

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass


class Link:
    """One replica's way to the Lease. When it is `cut`, requests hang; `defect` is what it raises instead."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.cut = False
        self.defect: Exception | None = None

    def __getattr__(self, verb: str) -> Callable[..., Awaitable[Any]]:
        async def ask(*arguments: Any) -> Any:
            if self.defect:
                raise self.defect
            await asyncio.sleep(3600 if self.cut else 0)
            return await getattr(self._server, verb)(*arguments)

        return ask


class Replica:
    """An engine whose one resource has a pass that lasts; `told` is what became of it."""

    def __init__(self, server: Server, name: str, drain_seconds: float = 30.0) -> None:
        loop = asyncio.get_running_loop()
        self.client = MemoryClient(MemoryApi(loop.clock))  # type: ignore[attr-defined]
        self.link = Link(server)
        self.lease = Lease(self.link, "ops", "trainsweep", name, terms=TERMS, clock=loop.time)  # type: ignore[arg-type]
        self.engine = Manager(
            self.client,  # type: ignore[arg-type]
            None,  # type: ignore[arg-type]
            ManagerSettings(drain_seconds=drain_seconds),
            lease=self.lease,
            informer=lambda *_, **__: _Watch(),
        )
        self.queue = self.engine._queues.providers[ACCOUNT] = WorkQueue(self._call, limit=1)
        self.told: list[str] = []
        self.answer = asyncio.Event()
        self.run = asyncio.create_task(self.engine.run())

    async def _call(self, key: Key) -> None:
        self.told.append("begun")
        try:
            await self.answer.wait()
            self.told.append("answered")
        except asyncio.CancelledError:
            self.told.append("cut off")
            raise


async def never() -> AsyncIterator[dict[str, Any]]:
    """Pages that do not come."""
    await asyncio.Event().wait()
    yield {}


async def becomes(fact: Callable[[], object], seconds: float = 60.0) -> float:
    """How long it took."""
    clock = asyncio.get_running_loop().time
    begun = clock()
    while not fact():
        assert clock() < begun + seconds, "it does not come to that"
        await asyncio.sleep(0.1)
    return clock() - begun


async def pair(server: Server) -> tuple[Replica, Replica]:
    """One that leads, with a call under way, and one that stands by."""
    one = Replica(server, "one")
    await becomes(lambda: one.engine.leading)
    one.queue.add(JOB)
    await settled()
    assert one.told == ["begun"]
    two = Replica(server, "two")
    await becomes(lambda: two.lease.holder)
    return one, two


@virtual_time
async def test_the_lease_is_kept_until_the_calls_under_way_have_ended():
    one, two = await pair(Server())
    one.engine.stop()
    await asyncio.sleep(TERMS.duration * 1.5)
    assert not two.engine.leading
    one.answer.set()
    await one.run
    assert one.told == ["begun", "answered"]
    assert await becomes(lambda: two.engine.leading) <= TERMS.retry + 0.2
    two.engine.stop()
    await two.run


@virtual_time
async def test_nothing_new_goes_out_after_the_word_to_stop():
    one, two = await pair(Server())
    assert one.engine._may_act()
    one.engine.stop()
    assert one.lease.held
    assert not one.engine._may_act()
    await settled()
    one.queue.add(Key("TrainingJob", "team-a", "other"))
    one.answer.set()
    await one.run
    assert one.told == ["begun", "answered"]
    two.engine.stop()
    await two.run


@virtual_time
@pytest.mark.parametrize("stopped", [False, True], ids=["amid its work", "while it ends"])
async def test_a_call_under_way_is_cut_off_before_another_replica_leads(stopped):
    one, two = await pair(Server())
    if stopped:
        one.engine.stop()
    one.link.cut = True
    await becomes(lambda: one.told[-1] == "cut off")
    assert not two.engine.leading
    with pytest.raises(LeaseLost):
        await one.run
    await becomes(lambda: two.engine.leading)
    two.engine.stop()
    await two.run


@virtual_time
async def test_a_replica_that_is_stopped_while_it_stands_by_never_begins():
    one, two = await pair(Server())
    two.queue.add(JOB)
    two.engine.stop()
    await two.run
    assert two.told == []
    one.answer.set()
    one.engine.stop()
    await one.run


@virtual_time
async def test_a_lease_that_is_lost_before_all_is_listed_is_told_like_any_other():
    one = Replica(Server(), "one")
    one.client.pages = lambda path: never()
    await becomes(lambda: one.lease.held)
    one.link.cut = True
    with pytest.raises(LeaseLost):
        await one.run


@virtual_time
async def test_what_nobody_thought_of_does_not_keep_a_standby_from_leading_later():
    one = Replica(Server(), "one")
    one.link.defect = TypeError("nobody thought of this")
    await becomes(lambda: one.lease.trouble)
    assert one.lease.trouble == "TypeError"
    one.link.defect = None
    await becomes(lambda: one.engine.leading)
    assert one.lease.trouble == ""
    one.engine.stop()
    await one.run


@virtual_time
async def test_an_engine_whose_leading_comes_to_a_bad_end_ends_with_it(monkeypatch):
    one, two = await pair(Server())
    monkeypatch.setattr(one.lease, "_note", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        await one.run
    assert one.told[-1] == "cut off"
    two.engine.stop()
    await two.run


@virtual_time
@pytest.mark.parametrize("first", [True, False])
async def test_a_sweep_that_hangs_does_not_hold_up_the_end(monkeypatch, first):
    clock = asyncio.get_running_loop().time
    one = Replica(Server(), "one")
    if not first:
        await becomes(lambda: one.engine.leading)
    monkeypatch.setattr(one.client, "_exchange", lambda _: asyncio.sleep(30))
    one.engine._sweeps.ask()
    await asyncio.sleep(0.1)
    begun = clock()
    one.engine.stop()
    await one.run
    assert clock() - begun < 1


@virtual_time
async def test_the_queue_of_an_account_that_is_gone_goes_too():
    one = Replica(Server(), "one")
    await becomes(lambda: one.engine.leading)
    one.answer.set()
    one.queue.add(JOB)
    one.engine._queues.revisit(ACCOUNT)
    await becomes(lambda: not one.engine._queues.providers)
    one.engine.stop()
    await one.run


@virtual_time
async def test_the_words_of_an_unexpected_error_stay_out_of_the_log(monkeypatch, caplog):
    one = Replica(Server(), "one")
    await becomes(lambda: one.engine.leading)

    async def fail(_: Key) -> None:
        "s3cr\u00e9t".encode("ascii")

    monkeypatch.setattr(one.engine._accounts, "_pass", fail)
    one.engine._queues.revisit(ACCOUNT)
    await becomes(lambda: caplog.records)
    assert [vars(record)["error"] for record in caplog.records] == ["UnicodeEncodeError"]
    one.engine.stop()
    await one.run
