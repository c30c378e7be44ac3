"""One exchange with a provider: what becomes of missing answers, redirects and bodies that are no JSON object."""

import asyncio
import gzip
import zlib
from contextlib import suppress
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainsweep.core.errors import Malformed, Misrouted, NotSent, OutcomeUnknown, Unavailable
from trainsweep.providers.http import http_date, json_object, retry_after, send

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)


def answer(content=b"", status=200, **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = httpx.Request("POST", "https://provider.example/v1/jobs?signed=abc")
    return httpx.Response(status, content=content, headers=names, request=request)


async def exchange(behaviour, *, write=False, read_timeout=30.0, deadline=60.0):
    """Send one request to a loopback server that treats the connection as `behaviour(writer)` does."""
    done = asyncio.Event()

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        await behaviour(writer, done)
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/jobs"
    async with server, httpx.AsyncClient(timeout=read_timeout, trust_env=False) as client:
        try:
            return await send(client, client.build_request("GET", url), write=write, deadline=deadline)
        finally:
            done.set()


async def test_a_call_whose_client_was_replaced_meanwhile_is_tried_again():
    client = httpx.AsyncClient()
    await client.aclose()
    with pytest.raises(NotSent, match="was not sent"):
        await send(client, client.build_request("DELETE", "https://provider.example/v1/jobs/1"), write=True)


async def hang_up(writer, done):
    pass


async def say_nothing(writer, done):
    await done.wait()


async def break_off_in_the_body(writer, done):
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
    await writer.drain()


def saying(raw):
    async def behaviour(writer, done):
        writer.write(raw)
        await writer.drain()
        await done.wait()

    return behaviour


def saying_once(raw):
    async def serve(reader, writer):
        with suppress(ConnectionError):
            await reader.read(65536)
            writer.write(raw)
            writer.close()
            await writer.wait_closed()

    return serve


@pytest.mark.parametrize("behaviour", [hang_up, break_off_in_the_body])
async def test_a_read_that_is_cut_off_is_unavailable(behaviour):
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1/v1/jobs got no answer") as caught:
        await exchange(behaviour)
    assert not isinstance(caught.value, OutcomeUnknown)


@pytest.mark.parametrize("behaviour", [hang_up, break_off_in_the_body])
async def test_a_write_that_is_cut_off_has_an_unknown_outcome(behaviour):
    with pytest.raises(OutcomeUnknown, match="may have taken effect"):
        await exchange(behaviour, write=True)


@pytest.mark.parametrize(("write", "error"), [(False, Unavailable), (True, OutcomeUnknown)])
async def test_an_answer_that_does_not_come_in_time_is_told_as_a_timeout(write, error):
    with pytest.raises(error, match="ReadTimeout"):
        await exchange(say_nothing, write=write, read_timeout=0.05)


async def drip(writer, done):
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    with suppress(ConnectionError):
        while not done.is_set():
            writer.write(b"1\r\n \r\n")
            await writer.drain()
            await asyncio.sleep(0)


@pytest.mark.parametrize(("write", "error"), [(False, Unavailable), (True, OutcomeUnknown)])
@pytest.mark.parametrize("behaviour", [drip, say_nothing])
async def test_the_whole_exchange_has_one_deadline(behaviour, write, error):
    with pytest.raises(error, match=r"no whole answer within 0\.2 s"):
        await exchange(behaviour, write=write, deadline=0.2)


@pytest.mark.parametrize("write", [False, True])
async def test_a_proxy_that_answers_in_drips_has_the_same_deadline_and_leaves_no_doubt(write):
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        with suppress(ConnectionError):
            while await asyncio.sleep(0, True):
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                await writer.drain()
        writer.transport.abort()
        ended.set()

    ended = asyncio.Event()
    proxy = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
    async with proxy, httpx.AsyncClient(proxy=address, trust_env=False) as client:
        request = client.build_request("DELETE", "https://provider.example/v1/jobs/1")
        with pytest.raises(NotSent, match="no whole answer within"):
            await send(client, request, write=write, deadline=0.2)
        await ended.wait()


async def test_a_timeout_that_the_pace_raises_is_passed_on_as_it_is():
    class Impatient(httpx.Auth):
        async def async_auth_flow(self, request):
            raise TimeoutError("of the caller's own")
            yield request

    async with httpx.AsyncClient(auth=Impatient()) as client:
        with pytest.raises(TimeoutError, match="of the caller's own"):
            await send(client, client.build_request("GET", "https://provider.example/"), write=True)


async def test_the_wait_before_the_first_byte_is_none_of_the_exchange():
    waited = asyncio.Event()

    class Slow(httpx.Auth):
        async def async_auth_flow(self, request):
            await asyncio.wait_for(waited.wait(), 5)
            yield request

    raw = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
    server = await asyncio.start_server(saying_once(raw), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server, httpx.AsyncClient(auth=Slow(), trust_env=False) as client:
        asyncio.get_running_loop().call_later(0.3, waited.set)
        answer = await send(client, client.build_request("GET", url), write=True, deadline=0.25)
    assert answer.content == b"{}"


async def refused_port():
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


@pytest.mark.parametrize("write", [False, True])
async def test_a_refused_connection_sent_nothing(write):
    async with httpx.AsyncClient(trust_env=False) as client:
        request = client.build_request("GET", f"http://127.0.0.1:{await refused_port()}/")
        with pytest.raises(NotSent, match="no connection could be made"):
            await send(client, request, write=write)


async def test_every_failed_connection_is_told_alike():
    """Else an endpoint of a tenant's choosing would tell what listens where inside of the cluster."""

    async def told(url):
        async with httpx.AsyncClient(trust_env=False) as client:
            with pytest.raises(NotSent) as caught:
                await send(client, client.build_request("GET", url), write=False)
        return str(caught.value)

    no_tls = await asyncio.start_server(saying_once(b"SSH-2.0-server\r\n"), "127.0.0.1", 0)
    async with no_tls:
        spoken_to = await told(f"https://127.0.0.1:{no_tls.sockets[0].getsockname()[1]}/")
    assert spoken_to == await told(f"https://127.0.0.1:{await refused_port()}/")


async def test_a_redirect_is_misrouted_names_its_host_and_is_not_followed():
    raw = b"HTTP/1.1 302 Found\r\nlocation: http://other.example/login?token=abcdef\r\ncontent-length: 0\r\n\r\n"
    with pytest.raises(Misrouted, match=r"redirect to other\.example") as caught:
        await exchange(saying(raw))
    assert caught.value.status == 302
    assert "abcdef" not in str(caught.value)


async def test_a_redirect_to_nowhere_is_misrouted_all_the_same():
    with pytest.raises(Misrouted):
        await exchange(saying(b"HTTP/1.1 301 Moved\r\nlocation: http://[bad\r\ncontent-length: 0\r\n\r\n"))


async def test_a_server_is_asked_not_to_compress_and_a_larger_answer_than_the_limit_is_not_read():
    body = bomb(64)
    head = f"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    with pytest.raises(Malformed, match="more than 8 MiB"):
        await exchange(saying(head + body))
    with pytest.raises(OutcomeUnknown, match="more than 8 MiB"):
        await exchange(saying(head + body), write=True)


def bomb(mebibytes):
    stream = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(stream.compress(b" " * 2**20) for _ in range(mebibytes)) + stream.flush()


async def test_a_compressed_answer_is_read_all_the_same():
    body = gzip.compress(b'{"a": 1}')
    head = f"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    assert json_object(await exchange(saying(head + body))) == {"a": 1}


async def test_a_body_that_does_not_decompress_is_malformed():
    raw = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nnope"
    with pytest.raises(Malformed, match="decompress"):
        await exchange(saying(raw))


@pytest.mark.parametrize("status", [200, 404, 500, 503])
async def test_other_statuses_are_left_to_the_caller(status):
    raw = f"HTTP/1.1 {status} x\r\ncontent-length: 2\r\n\r\n{{}}".encode()
    response = await exchange(saying(raw))
    assert response.status_code == status


def test_a_json_object_is_returned_as_it_is():
    assert json_object(answer('{"a": "千帆"}'.encode())) == {"a": "千帆"}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"", "an empty body"),
        (b"<html>gateway</html>", "no JSON"),
        (b"[]", "a JSON list"),
        (b"null", "a JSON null"),
        (b'"fine"', "a JSON str"),
        (b"\xff\xfe\xfa", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[" + b"{}," * 250_001 + b"{}]", "more than can be read"),
    ],
)
def test_anything_else_is_malformed_and_the_body_is_described_but_not_quoted(body, found):
    with pytest.raises(Malformed, match=found) as caught:
        json_object(answer(body, status=502))
    assert caught.value.status == 502
    assert "provider.example/v1/jobs" in caught.value.message
    assert "gateway</html>" not in caught.value.message
    assert "signed=abc" not in caught.value.message


def test_json_that_is_announced_and_broken_is_told_as_broken():
    with pytest.raises(Malformed, match="broken JSON"):
        json_object(answer(b'{"a": ', content_type="application/json; charset=utf-8"))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("Sat, 31 Jan 2026 12:00:30 GMT", 30.0),
        ("Sat, 31 Jan 2026 11:00:00 GMT", 0.0),
        ("Sat, 31 Jan 2026 12:00:30", 30.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("9" * 400, None),
        ("", None),
    ],
)
def test_retry_after_is_read_in_seconds_or_as_a_date(value, seconds):
    assert retry_after(answer(retry_after=value), NOW) == seconds


def test_without_retry_after_there_is_no_time_to_wait():
    assert retry_after(answer(), NOW) is None


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126)))
def test_retry_after_never_fails_and_is_never_negative(value):
    seconds = retry_after(answer(retry_after=value), NOW)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize("value", ["", "0", "soon", "Sat, 99 Jan 2026 12:00:00 GMT", "x" * 1_000_000])
def test_what_is_no_date_is_none(value):
    assert http_date(value) is None


@given(st.text())
def test_any_text_is_a_date_or_none(value):
    moment = http_date(value)
    assert moment is None or moment.tzinfo is UTC
