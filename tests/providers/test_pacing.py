"""Requests wait for their turn, and nothing is sent when the moment has passed by the time that a connection stands."""

import asyncio

import httpx
import pytest

from trainsweep.providers.pacing import paced


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

    async def __call__(self, reader, writer):
        self.connections += 1
        while chunk := await reader.read(65536):
            self.received += chunk
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()


@pytest.fixture
async def service():
    service = Service()
    server = await asyncio.start_server(service, "127.0.0.1", 0)
    async with server:
        service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/jobs/1"
        yield service


async def test_a_request_waits_for_its_turn_and_is_checked_once_more_before_it_is_sent(service):
    pace = Pace()
    async with httpx.AsyncClient(transport=paced(pace, 2)) as client:
        for count in (1, 2):
            await client.delete(service.url)
            assert (pace.turns, pace.checks) == (count, count)
    assert service.received.count(b"DELETE /v1/jobs/1") == 2


async def test_nothing_is_sent_on_a_connection_that_stands_too_late(service):
    async with httpx.AsyncClient(transport=paced(Pace(until=0), 2)) as client:
        with pytest.raises(Passed):
            await client.delete(service.url)
    assert service.connections == 1
    assert service.received == b""


async def test_a_request_held_back_leaves_its_connections_usable(service):
    pace = Pace(until=1)
    async with httpx.AsyncClient(transport=paced(pace, 1)) as client:
        await client.delete(service.url)
        with pytest.raises(Passed):
            await client.delete(service.url)
        pace.checks = 0
        await client.delete(service.url)
    assert service.received.count(b"DELETE /v1/jobs/1") == 2
