"""The ports of probes and metrics, asked by a crowd that says nothing, too much or nothing to the point."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

import httpx
import pytest
import uvloop

from trainsweep.telemetry import listener
from trainsweep.telemetry.health import serve
from trainsweep.telemetry.metrics import Metrics
from trainsweep.telemetry.metrics_server import serve_metrics
from trainsweep.telemetry.state import State, WatchState

from .sources import Given

ANYWHERE = "127.0.0.1:0"
WELL = State(leading=True, watch=WatchState(alive=True, up=True), last_sweep=4e9)


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request):
    """Run a coroutine to its end on one of the loops that the operator may have."""

    def run(work):
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(asyncio.wait_for(work, 60))

    return run


async def half_sent(url: httpx.URL, stack: AsyncExitStack) -> asyncio.StreamReader:
    reader, writer = await asyncio.open_connection(url.host, url.port)
    stack.callback(writer.close)
    writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Never-")
    return reader


async def ended(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read() == b""
    except ConnectionError:
        return True


def test_half_sent_requests_give_way_and_probes_are_answered(run):
    async def work() -> None:
        async with serve(ANYWHERE, Given(WELL)) as address, AsyncExitStack() as stack:
            url = httpx.URL(address)
            crowd = [await half_sent(url, stack) for _ in range(500)]
            async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
                assert (await client.get("/livez")).status_code == 200
            over = [asyncio.create_task(ended(reader)) for reader in crowd]
            done, waiting = await asyncio.wait(over, timeout=5)
            for task in waiting:
                task.cancel()
            assert len(waiting) <= listener.OF_ONE_ADDRESS
            assert all(task.result() for task in done)

    run(work())


def test_a_connection_ends_with_its_time_whatever_it_sends(run, monkeypatch):
    monkeypatch.setattr(listener, "LONGEST", 0.3)

    async def drip(url: httpx.URL) -> float:
        reader, writer = await asyncio.open_connection(url.host, url.port)
        begun = time.monotonic()
        answer = asyncio.create_task(ended(reader))
        while not answer.done():
            writer.write(b"G")
            await asyncio.wait({answer}, timeout=0.05)
        writer.close()
        return time.monotonic() - begun

    async def work() -> None:
        async with serve(ANYWHERE, Given(WELL)) as address:
            assert await drip(httpx.URL(address)) < 5

    run(work())


def test_an_answer_ends_its_connection(run):
    async def work() -> None:
        async with serve(ANYWHERE, Given(WELL)) as address:
            url = httpx.URL(address)
            reader, writer = await asyncio.open_connection(url.host, url.port)
            writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
            assert (await reader.read()).count(b"HTTP/1.1") == 1
            writer.close()

    run(work())


def test_metrics_are_not_on_the_port_of_the_probes_when_they_have_their_own(run):
    async def work() -> None:
        metrics = Metrics()
        async with (
            serve(ANYWHERE, Given(WELL)) as probes,
            serve_metrics(ANYWHERE, metrics) as own,
            httpx.AsyncClient(trust_env=False) as client,
        ):
            assert (await client.get(f"{probes}/metrics")).status_code == 404
            assert (await client.get(f"{own}/metrics")).status_code == 200
            assert (await client.get(f"{own}/livez")).status_code == 404

    run(work())


async def test_the_oldest_connection_of_who_has_the_most_gives_way():
    crowd = listener.Crowd()

    async def stay() -> None:
        await asyncio.Event().wait()

    quiet = asyncio.create_task(stay())
    crowd.admit("10.0.0.1", quiet)
    tasks = [asyncio.create_task(stay()) for _ in range(3 * listener.CONNECTIONS)]
    for number, task in enumerate(tasks):
        crowd.admit(f"10.1.0.{number % 9}", task)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert len(crowd.tasks) <= listener.CONNECTIONS
    assert not quiet.cancelled()
    for task in crowd.tasks:
        task.cancel()
