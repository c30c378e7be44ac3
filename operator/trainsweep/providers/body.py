"""The body of an answer, read under a limit: what an endpoint may send is bounded on the wire and decoded."""

from __future__ import annotations

import zlib
from typing import Protocol

import httpx

#: Bytes of a decoded answer. The longest documented page of a list has a tenth of it.
LARGEST_ANSWER = 8 * 1024 * 1024

#: Window bits by content coding (RFC 9110 section 8.4.1); `deflate` is a zlib stream, by some servers a bare one.
_WINDOWS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}

#: What follows the end would be kept by the decoder, and copied with every chunk.
_BEYOND = "a compressed body that goes on after its end"


class UnreadableBody(Exception):
    """The body is larger than the limit, broken or in a coding that nobody asked for; the text says which."""


class _Decoder(Protocol):
    def feed(self, chunk: bytes, room: int) -> bytes:
        """Decode a chunk into at most `room` + 1 bytes."""
        ...

    def end(self) -> None:
        """Raise `UnreadableBody` when the body stopped in its middle."""
        ...


async def read_body(response: httpx.Response, limit: int = LARGEST_ANSWER) -> bytes:
    """The decoded body of a streamed answer. Raises `UnreadableBody` and what the transport raises."""
    decoder = _decoder(response.headers.get("content-encoding", ""))
    body, received = bytearray(), 0
    if not isinstance(response.stream, httpx.AsyncByteStream):
        raise TypeError("only an answer of an asynchronous client can be read here")
    async for chunk in response.stream:
        received += len(chunk)
        body += decoder.feed(chunk, limit - len(body))
        # Both, as a compressed body can go on for ever and decode to nothing.
        if max(len(body), received) > limit:
            raise UnreadableBody(f"more than {limit // (1024 * 1024)} MiB")
    decoder.end()
    return bytes(body)


class _Plain:
    def feed(self, chunk: bytes, room: int) -> bytes:
        return chunk[: room + 1]

    def end(self) -> None: ...


class _Inflating:
    def __init__(self, window: int) -> None:
        self._window = window
        self._stream = zlib.decompressobj(window)
        self._begun = False

    def feed(self, chunk: bytes, room: int) -> bytes:
        if chunk and self._stream.eof:
            raise UnreadableBody(_BEYOND)
        try:
            found = self._stream.decompress(chunk, room + 1)
        except zlib.error:
            if self._begun or self._window != zlib.MAX_WBITS:
                raise UnreadableBody("a body that does not decompress") from None
            self._window = -zlib.MAX_WBITS
            self._stream = zlib.decompressobj(self._window)
            return self.feed(chunk, room)
        if self._stream.unused_data:
            raise UnreadableBody(_BEYOND)
        self._begun = True
        return found

    def end(self) -> None:
        if self._begun and not self._stream.eof:
            raise UnreadableBody("a compressed body that stops in the middle")


def _decoder(coding: str) -> _Decoder:
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        return _Plain()
    if coding in _WINDOWS:
        return _Inflating(_WINDOWS[coding])
    raise UnreadableBody("a body in a content coding that was not asked for")
