"""Requests wait for their turn, and nothing is sent when the moment has passed by the time that a connection stands."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from trainsweep.core.errors import NotSent, OutcomeUnknown
from trainsweep.core.external import Target, Thing
from trainsweep.providers.credentials import AccessKey
from trainsweep.providers.endpoints import Endpoints
from trainsweep.providers.modelarts.provider import ModelArtsProvider
from trainsweep.providers.modelarts.settings import ModelArtsSettings
from trainsweep.providers.pacing import paced
from trainsweep.providers.qianfan.provider import QianfanProvider
from trainsweep.providers.qianfan.settings import QianfanSettings

HERE = Endpoints(http=True)
KEY = AccessKey("AKEXAMPLE0000000FAKE", "SKEXAMPLE-very-secret")
JOB = Target(Thing.JOB, "155500")
TASK = Target(Thing.TUNING_TASK, "task-1")


class Passed(Exception):
    """It must not go out any more."""


class Pace:
    """Notes its questions; from the `until`th check on the moment has passed."""

    def __init__(self, until=100):
        self.turns = self.checks = 0
        self._until = until

    async def turn(self):
        self.turns += 1

    def check(self):
        self.checks += 1
        if self.checks > self._until:
            raise Passed


class Service:
    """A loopback server that answers every request with 204 and keeps what it was sent."""

    def __init__(self):
        self.connections = 0
        self.received = b""
        self.answer = b"HTTP/1.1 204 No Content\r\n\r\n"

    async def __call__(self, reader, writer):
        self.connections += 1
        while chunk := await reader.read(65536):
            self.received += chunk
            writer.write(self.answer)
        writer.close()

    def sent(self, header):
        """The values of a header in all requests."""
        lines = self.received.decode().split("\r\n")
        return [line.partition(": ")[2] for line in lines if line.lower().startswith(f"{header}: ")]


@pytest.fixture
async def service():
    service = Service()
    server = await asyncio.start_server(service, "127.0.0.1", 0)
    async with server:
        service.endpoint = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        service.url = f"{service.endpoint}/v1/jobs/1"
        yield service


async def test_a_request_waits_for_its_turn_and_is_checked_once_more_before_it_is_sent(service):
    pace = Pace()
    async with httpx.AsyncClient(transport=paced(pace, 2, HERE)) as client:
        for count in (1, 2):
            await client.delete(service.url)
            assert (pace.turns, pace.checks) == (count, count)
    assert service.received.count(b"DELETE /v1/jobs/1") == 2


async def test_nothing_is_sent_on_a_connection_that_stands_too_late(service):
    async with httpx.AsyncClient(transport=paced(Pace(until=0), 2, HERE)) as client:
        with pytest.raises(Passed):
            await client.delete(service.url)
    assert service.connections == 1
    assert service.received == b""


async def test_a_request_held_back_leaves_its_connections_usable(service):
    pace = Pace(until=1)
    async with httpx.AsyncClient(transport=paced(pace, 1, HERE)) as client:
        await client.delete(service.url)
        with pytest.raises(Passed):
            await client.delete(service.url)
        pace.checks = 0
        await client.delete(service.url)
    assert service.received.count(b"DELETE /v1/jobs/1") == 2


class Held(Pace):
    """Keeps requests waiting until it is let go, and says when one waits."""

    def __init__(self):
        super().__init__()
        self.waiting, self.go = asyncio.Event(), asyncio.Event()

    async def turn(self):
        self.waiting.set()
        await self.go.wait()


class Clock:
    def __init__(self):
        self.time = datetime(2026, 1, 31, 8, 0, 0, tzinfo=UTC)

    def __call__(self):
        return self.time


def model_arts(service, transport, now):
    settings = ModelArtsSettings(endpoint=service.endpoint, project_id="p1")
    return ModelArtsProvider(settings, KEY, transport=transport, now=now), JOB


def qianfan(service, transport, now):
    return QianfanProvider(QianfanSettings(service.endpoint), KEY, transport=transport, now=now), TASK


PROVIDERS = pytest.mark.parametrize("provider_of", [model_arts, qianfan])


@PROVIDERS
async def test_a_request_is_signed_after_its_wait(service, provider_of):
    pace, clock = Held(), Clock()
    provider, target = provider_of(service, paced(pace, 1, HERE), clock)
    call = asyncio.create_task(provider.delete(target))
    await pace.waiting.wait()
    clock.time += timedelta(minutes=20)
    pace.go.set()
    await asyncio.gather(call, return_exceptions=True)
    await provider.aclose()
    assert [*service.sent("x-sdk-date"), *service.sent("x-bce-date")] in (
        ["20260131T082000Z"],
        ["2026-01-31T08:20:00Z"],
    )


@PROVIDERS
async def test_a_client_that_is_closed_during_the_wait_sends_nothing_and_leaves_no_doubt(service, provider_of):
    pace = Held()
    provider, target = provider_of(service, paced(pace, 1, HERE), Clock())
    call = asyncio.create_task(provider.delete(target))
    await pace.waiting.wait()
    await provider.aclose()
    pace.go.set()
    with pytest.raises(NotSent, match="credentials just changed") as refused:
        await call
    assert not isinstance(refused.value, OutcomeUnknown)
    assert service.connections == 0


async def test_a_client_that_was_closed_asks_for_no_further_page(service):
    asked = []

    async def answer(request):
        asked.append(request)
        await provider.aclose()
        info = {"isTruncated": True, "nextMarker": "job-1"}
        return httpx.Response(200, json={"result": {"jobList": [], "pageInfo": info}})

    transport = httpx.MockTransport(answer)
    provider = QianfanProvider(QianfanSettings(), KEY, transport=transport, now=Clock())
    with pytest.raises(NotSent):
        await provider.list("jobs")
    assert len(asked) == 1


async def test_the_clock_of_the_provider_is_heard(service):
    transport = paced(Pace(), 1, HERE)
    async with httpx.AsyncClient(transport=transport) as client:
        service.answer = b"HTTP/1.1 204 No Content\r\nDate: Sat, 31 Jan 2015 12:00:00 GMT\r\n\r\n"
        await client.get(service.url)
    now = datetime.now(UTC)
    assert transport.clock.earlier(now).year == 2015
