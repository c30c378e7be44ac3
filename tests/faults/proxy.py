"""The fault proxy: what an operator takes for the API server. Plain HTTP on loopback, one for each run."""

from __future__ import annotations

import asyncio
import json
import random
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import aiohttp
from aiohttp import web

from .clock import FACTOR
from .upstream import Upstream

#: down      every connection is cut, old and new
#: status    a share of the requests is answered with `status` and has no effect
#: lost      a share of the requests takes effect, and the connection is cut in place of an answer
#: slow      a share of the requests waits `status` tenths of a second, in the world's time
#: stale     objects and lists are shown as they were when the fault began, or when first read after that
#: cut       all watches are cut, once
#: gone      all watches end with 410, once
#: sick      all watches end with 500, once
#: held      watches show nothing new until the fault ends
#: missed    what happens is never shown by the watches; when the fault ends, they end with 410
#: dropped   the same, and the watches go on as if nothing was amiss
Trouble = Literal["down", "status", "lost", "slow", "stale", "cut", "gone", "sick", "held", "missed", "dropped"]

_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_PASSED_ON = frozenset({"accept", "content-type", "user-agent"})


@dataclass(frozen=True)
class ApiFault:
    """One way in which the API server, or the way to it, fails. `retry_after` is in seconds, -1 for none."""

    trouble: Trouble
    share: float = 1.0
    status: int = 0
    retry_after: int = -1


class Stream:
    """One open watch: lines on their way to the operator, "" for the end of the stream."""

    def __init__(self, transport: asyncio.BaseTransport | None) -> None:
        self.transport = transport
        self.lines: asyncio.Queue[bytes] = asyncio.Queue()

    def abort(self) -> None:
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    def end_with(self, code: int, reason: str) -> None:
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason}
        self.lines.put_nowait(json.dumps({"type": "ERROR", "object": status}).encode() + b"\n")
        self.lines.put_nowait(b"")


class Proxy:
    """`effect(moment)` is called before and after each write is carried out; False from "before" prevents it."""

    def __init__(self, upstream: Upstream, rng: random.Random, effect: Callable[[str], bool]) -> None:
        self.upstream = upstream
        self._random = rng
        self._effect = effect
        self._faults: list[ApiFault] = []
        self.streams: set[Stream] = set()
        self._open: set[asyncio.BaseTransport] = set()
        self._old: dict[str, tuple[int, bytes]] = {}
        self._unheld = asyncio.Event()
        self._unheld.set()
        self.url = ""
        #: The last requests with their answers (0 for none), for the report of a failure.
        self.journal: deque[str] = deque(maxlen=60)
        #: Writes that were passed on.
        self.writes = 0

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        server = web.Server(self._answer, handler_cancellation=True, access_log=None)  # type: ignore[arg-type]
        runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url = "http://{}:{}".format(*runner.addresses[0])
            yield
        finally:
            await runner.cleanup()

    def kubeconfig(self, path: Path) -> Path:
        """A login for the proxy, which asks for none."""
        login = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "faulty", "cluster": {"server": self.url}}],
            "users": [{"name": "operator", "user": {"token": "unused"}}],
            "contexts": [{"name": "faulty", "context": {"cluster": "faulty", "user": "operator"}}],
            "current-context": "faulty",
        }
        path.write_text(json.dumps(login))
        return path

    def begin(self, fault: ApiFault) -> None:
        match fault.trouble:
            case "cut":
                self._cut_streams()
            case "gone":
                self._end_streams(410, "Expired")
            case "sick":
                self._end_streams(500, "InternalError")
            case trouble:
                self._faults.append(fault)
                if trouble == "down":
                    for transport in self._open:
                        if isinstance(transport, asyncio.WriteTransport):
                            transport.abort()
                if trouble == "held":
                    self._unheld.clear()

    def end(self, fault: ApiFault) -> None:
        if fault not in self._faults:
            return
        self._faults.remove(fault)
        if fault.trouble == "missed":
            self._end_streams(410, "Expired")
        if not self._active("held"):
            self._unheld.set()
        if not self._active("stale"):
            self._old.clear()

    def _active(self, trouble: Trouble) -> ApiFault | None:
        return next((fault for fault in self._faults if fault.trouble == trouble), None)

    def _struck(self, trouble: Trouble) -> ApiFault | None:
        """The fault of this kind, if one is in force and hits the request at hand."""
        fault = self._active(trouble)
        return fault if fault and self._random.random() < fault.share else None

    def _cut_streams(self) -> None:
        for stream in self.streams:
            stream.abort()

    def _end_streams(self, code: int, reason: str) -> None:
        for stream in self.streams:
            stream.end_with(code, reason)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        transport = request.transport
        if transport is None or self._active("down"):
            return _no_answer(request)
        self._open.add(transport)
        try:
            if slow := self._struck("slow"):
                await asyncio.sleep(slow.status / 10 / FACTOR)
            if fault := self._struck("status"):
                self._note(request, fault.status)
                return _refusal(fault)
            if request.query.get("watch") == "true":
                return await self._watch(request)
            body = await request.read()
            # A request that has arrived is carried out, whether its sender lives to see the answer or not.
            return await asyncio.shield(self._carry_out(request, body))
        finally:
            self._open.discard(transport)

    async def _carry_out(self, request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        # A Lease is renewed all the time, and says nothing about a resource.
        write = request.method in _WRITES and "/leases" not in request.path
        if write and not self._effect("before"):
            return _no_answer(request)
        status, payload = await self._through(request, body)
        self._note(request, status)
        self.writes += write
        if write:
            self._effect("after")
        if self._active("down") or self._struck("lost"):
            return _no_answer(request)
        return web.Response(status=status, body=payload, content_type="application/json")

    async def _through(self, request: web.BaseRequest, body: bytes) -> tuple[int, bytes]:
        stale = request.method == "GET" and self._active("stale")
        if stale and request.raw_path in self._old:
            return self._old[request.raw_path]
        async with self.upstream.pass_on(
            request.method, request.raw_path, body=body or None, headers=_headers(request.headers)
        ) as answer:
            found = answer.status, await answer.read()
        if stale:
            self._old[request.raw_path] = found
        return found

    async def _watch(self, request: web.BaseRequest) -> web.StreamResponse:
        async with self.upstream.pass_on("GET", request.raw_path, headers=_headers(request.headers)) as answer:
            response = web.StreamResponse(status=answer.status, headers={"Content-Type": "application/json"})
            stream = Stream(request.transport)
            reading = asyncio.create_task(self._read(answer, stream))
            self.streams.add(stream)
            try:
                await response.prepare(request)
                while line := await stream.lines.get():
                    await self._unheld.wait()
                    await response.write(line)
            except ConnectionError:  # whoever watched is gone
                pass
            finally:
                self.streams.discard(stream)
                reading.cancel()
            return response

    async def _read(self, answer: aiohttp.ClientResponse, stream: Stream) -> None:
        """From the API server into the stream, except what is to be missed."""
        try:
            async for line in answer.content:
                if not (self._active("missed") or self._active("dropped")):
                    stream.lines.put_nowait(line)
        except aiohttp.ClientError:
            pass
        finally:
            stream.lines.put_nowait(b"")

    def _note(self, request: web.BaseRequest, status: int) -> None:
        self.journal.append(f"{request.method} {request.path} {status}")


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() in _PASSED_ON}


def _refusal(fault: ApiFault) -> web.Response:
    headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after >= 0 else {}
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": fault.status, "message": "a fault"}
    return web.json_response(status, status=fault.status, headers=headers)


def _no_answer(request: web.BaseRequest) -> web.Response:
    """Cut the connection; the response goes nowhere."""
    if isinstance(request.transport, asyncio.WriteTransport):
        request.transport.abort()
    return web.Response(status=500)
