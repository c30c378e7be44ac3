"""The body of an answer is read under a limit, on the wire and decoded."""

import gzip
import zlib
from contextlib import suppress

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainsweep.providers.body import UnreadableBody, read_body


class Chunks(httpx.AsyncByteStream):
    def __init__(self, content, size):
        self._chunks = [content[start : start + size] for start in range(0, len(content), size)]
        self.taken = 0

    async def __aiter__(self):
        for chunk in self._chunks:
            self.taken += 1
            yield chunk


async def read(content, coding="", size=7, limit=1000):
    headers = {"content-encoding": coding} if coding else {}
    return await read_body(httpx.Response(200, headers=headers, stream=Chunks(content, size)), limit)


def bare(content):
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(content) + stream.flush()


PACK = {"identity": bytes, "gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress, "Deflate": bare}
codings = pytest.mark.parametrize("coding", PACK)


@codings
@pytest.mark.parametrize("length", [0, 1, 999, 1000])
async def test_a_body_up_to_the_limit_is_read(coding, length):
    assert await read(PACK[coding](b"a" * length), coding) == b"a" * length


@codings
@pytest.mark.parametrize("length", [1001, 100_000])
async def test_a_larger_one_is_not(coding, length):
    with pytest.raises(UnreadableBody, match="more than"):
        await read(PACK[coding](b"a" * length), coding)


async def test_nothing_is_read_beyond_the_limit():
    stream = Chunks(b"a" * 100_000, 10)
    with pytest.raises(UnreadableBody):
        await read_body(httpx.Response(200, stream=stream), 1000)
    assert stream.taken == 101


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "gzip,deflate", "nonsense"])
async def test_a_coding_that_was_not_asked_for_is_not_read(coding):
    with pytest.raises(UnreadableBody, match="not asked for"):
        await read(b"whatever", coding)


async def test_a_body_that_stops_in_the_middle_is_none():
    with pytest.raises(UnreadableBody, match="stops in the middle"):
        await read(gzip.compress(b"a" * 900)[:-9], "gzip")


async def test_a_compressed_body_that_decodes_to_nothing_is_given_up_at_the_limit():
    empty_blocks = b"\x78\x9c" + b"\x00\x00\x00\xff\xff" * 10_000
    stream = Chunks(empty_blocks, 10)
    with pytest.raises(UnreadableBody, match="more than"):
        await read_body(httpx.Response(200, headers={"content-encoding": "deflate"}, stream=stream), 1000)
    assert stream.taken == 101


@pytest.mark.parametrize("coding", sorted(PACK.keys() - {"identity"}))
@pytest.mark.parametrize("size", [3, 7, 10_000])
async def test_nothing_may_follow_a_compressed_body(coding, size):
    with pytest.raises(UnreadableBody, match="goes on after its end"):
        await read(PACK[coding](b"a" * 900) + b"more", coding, size)


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate"]), st.integers(1, 40))
async def test_any_bytes_are_a_body_within_the_limit_or_none(content, coding, size):
    with suppress(UnreadableBody):
        assert len(await read(content, coding, size, limit=100)) <= 100
