"""What an endpoint may send, however it means it: bounded in size, decoded within the bound, and one deadline."""

import asyncio
import gzip
import zlib
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from trainsweep.core.errors import Malformed
from trainsweep.providers.bounded import MOST
from trainsweep.providers.exchange import clean, send
from trainsweep.providers.pacing import PacedTransport, signing
from trainsweep.providers.server_clock import ServerClock

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Pace:
    """Grants each turn after a while, and notes when."""

    def __init__(self) -> None:
        self.turns: list[str] = []

    async def turn(self) -> None:
        await asyncio.sleep(0)
        self.turns.append("turn")

    def check(self) -> None:
        pass


async def answered(body: bytes, **headers: str) -> httpx.Response:
    """The answer of a loopback server, as a provider's client gets it."""
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\n{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/jobs"
    async with server, httpx.AsyncClient(trust_env=False) as client:
        return await send(client, client.build_request("GET", url), write=False)


async def test_an_answer_is_asked_for_and_taken_as_it_is():
    answer = await answered(b'{"jobs": []}')
    assert answer.json() == {"jobs": []}
    assert answer.request.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
async def test_one_that_is_compressed_all_the_same_is_decoded(encoding, pack):
    assert (await answered(pack(b'{"jobs": []}'), content_encoding=encoding)).json() == {"jobs": []}


async def test_a_small_body_that_would_become_a_large_one_is_given_up():
    with pytest.raises(Malformed, match="larger than 8 MiB"):
        await answered(gzip.compress(b" " * (MOST * 8)), content_encoding="gzip")


async def test_a_body_that_is_too_large_is_given_up():
    with pytest.raises(Malformed, match="larger than 8 MiB"):
        await answered(b" " * (MOST + 1))


async def test_an_encoding_that_was_not_asked_for_is_no_answer():
    with pytest.raises(Malformed, match="was not asked for"):
        await answered(b"x", content_encoding="br")


@pytest.mark.parametrize(
    "worst",
    ["http://a" * 200_000, " ," * 500_000 + "x", "SDK-HMAC-SHA256 " * 70_000, "?" * 1_000_000, "Bearer " * 150_000],
    ids=["addresses", "separators", "schemes", "question marks", "tokens"],
)
def test_a_megabyte_of_the_worst_text_is_cut_before_any_pattern_runs_over_it(worst):
    assert len(clean(worst, ())) <= 300


class Scheme(httpx.Auth):
    """Signs with how many turns were granted by then."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    def auth_flow(self, request):
        request.headers["signed-after"] = str(len(self._pace.turns))
        yield request


async def test_a_request_is_signed_once_its_turn_has_come_and_waits_for_one_turn_alone():
    pace = Pace()
    transport = PacedTransport(httpx.MockTransport(lambda request: httpx.Response(200, json={})), pace)
    async with httpx.AsyncClient(auth=signing(Scheme(pace), transport), transport=transport) as client:
        answer = await client.get("https://provider.example/")
    assert answer.request.headers["signed-after"] == "1"
    assert pace.turns == ["turn"]


class TestTheClockOfAProvider:
    @pytest.mark.parametrize(
        ("date", "ahead"),
        [
            ("Fri, 01 May 2026 11:50:00 GMT", -600),
            ("Fri, 01 May 2026 12:10:00 GMT", 0),
            ("Fri, 01 May 2026 11:59:59 GMT", 0),
            ("soon", 0),
        ],
        ids=["ours is fast", "ours is slow", "the same", "no date"],
    )
    def test_counts_where_it_is_behind_ours(self, date, ahead):
        clock = ServerClock()
        clock.observe(date, NOW)
        assert clock.earlier(NOW) == NOW + timedelta(seconds=ahead)

    async def test_is_read_from_each_answer(self):
        headers = {"date": "Fri, 01 May 2026 11:50:00 GMT"}
        inner = httpx.MockTransport(lambda request: httpx.Response(200, headers=headers))
        transport = PacedTransport(inner, Pace(), now=lambda: NOW)
        async with httpx.AsyncClient(transport=transport) as client:
            await client.get("https://provider.example/")
        assert transport.clock.earlier(NOW) == NOW - timedelta(minutes=10)
