"""A simulator as an HTTP server.

In a test process: `async with serve(ModelArtsSimulator(scenario)) as url:`, with the simulator's journal, faults and
things at hand as Python objects. As a process of its own: `trainsweep simulate`.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate

from aiohttp import web

from trainsweep_devtools.simulators import admin
from trainsweep_devtools.simulators.faults import Fault
from trainsweep_devtools.simulators.simulator import Simulator
from trainsweep_devtools.simulators.wire import Call, Reply

#: Closing a socket that lingers for zero seconds sends RST in place of FIN.
_LINGER_ZERO = struct.pack("ii", 1, 0)


@asynccontextmanager
async def serve(simulator: Simulator, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve until the block ends. Yields the URL; port 0 takes a free one."""
    # A handler is cancelled when its client goes away, so that hanging answers end with their clients.
    server = web.Server(_Handler(simulator), handler_cancellation=True, access_log=None)
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound = runner.addresses[0]
        yield f"http://{bound[0]}:{bound[1]}"
    finally:
        await runner.cleanup()


class _Handler:
    """HTTP in, `Simulator.handle`, HTTP out, with the journal written and the faults applied on the way."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        simulator = self.simulator
        path, _, query = request.raw_path.partition("?")
        call = Call(request.method, path, query, request.headers, await request.read())
        if path.startswith(admin.PREFIX):
            return _response(admin.answer(simulator, call, request.remote), simulator.wall())
        action = simulator.route(call)
        fault = simulator.faults.take(action, call.method)
        reply = simulator.handle(call, action) if fault is None or fault.carried_out else Reply(status=0)
        effect = reply.effect
        if fault is not None:
            reply = _spoiled(fault, reply)
        simulator.journal.add(
            time=simulator.clock(),
            method=call.method,
            path=path,
            operation=action.operation,
            target=action.target,
            status=reply.status,
            effect=effect,
            access_key=simulator.claimed_key(call),
        )
        if delay := simulator.latency + (fault.latency if fault else 0.0):
            await asyncio.sleep(delay)
        if fault is not None and fault.hang:
            await asyncio.Event().wait()
        if fault is not None and fault.reset:
            _reset(request)
        return _response(reply, simulator.wall())


def _spoiled(fault: Fault, true: Reply) -> Reply:
    """What goes out in place of the true answer. Status 0 stands for no answer."""
    if fault.hang or fault.reset:
        return Reply(status=0)
    if fault.status is None:
        return true
    text = fault.body if isinstance(fault.body, str) else json.dumps(fault.body)
    kind = {} if isinstance(fault.body, str) else {"Content-Type": "application/json"}
    return Reply(status=fault.status, body=text.encode(), headers=kind | fault.headers)


def _response(reply: Reply, now: float) -> web.Response:
    headers = {"Date": formatdate(now, usegmt=True), **reply.headers}
    return web.Response(status=reply.status or 500, body=reply.body, headers=headers)


def _reset(request: web.BaseRequest) -> None:
    """Cut the connection so that the client sees a reset, not an end."""
    transport = request.transport
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
    transport.abort()
