"""An answer within bounds: read whole, decoded under a limit, and within one deadline. Whatever an endpoint sends.

A small compressed body can become gigabytes; so it is decoded piece by piece, and never beyond the limit.
"""

from __future__ import annotations

import zlib

import httpx

#: No answer of a control call is larger (bytes, decoded).
MOST = 8 * 1024 * 1024
#: Seconds for a whole exchange, from its first byte to the last byte of its answer.
EXCHANGE = 60.0

#: Window bits of zlib: gzip, or zlib's own format.
_WINDOWS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
#: What says how the body was sent; it is sent no more once it is read.
_OF_THE_BODY = frozenset({"content-encoding", "content-length", "transfer-encoding"})


async def whole(response: httpx.Response) -> httpx.Response:
    """The same answer with its body in memory. Raises `httpx.DecodingError` for one that is too large or cannot be
    decoded, and what reading raises.
    """
    try:
        content = response.content  # it is in memory already
    except httpx.ResponseNotRead:
        content = await _read(response)
    if len(content) > MOST:
        raise httpx.DecodingError(f"the body is larger than {MOST // 1024 // 1024} MiB")
    headers = [(name, value) for name, value in response.headers.raw if name.lower().decode() not in _OF_THE_BODY]
    return httpx.Response(response.status_code, headers=headers, content=content, extensions=response.extensions)


async def _read(response: httpx.Response) -> bytes:
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity") and encoding not in _WINDOWS:
        raise httpx.DecodingError(f"the body is encoded as {encoding[:40]!r}, which was not asked for")
    decoder = zlib.decompressobj(_WINDOWS[encoding]) if encoding in _WINDOWS else None
    content = bytearray()
    async for chunk in response.aiter_raw():
        try:
            content += decoder.decompress(chunk, MOST - len(content) + 1) if decoder else chunk
        except zlib.error as error:
            raise httpx.DecodingError(str(error)) from None
        if len(content) > MOST:
            break
    return bytes(content)
