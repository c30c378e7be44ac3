"""One small HTTP server for probes and Prometheus: `/livez`, `/readyz`, `/metrics`. It only reads, and no secrets.

The probes answer 200 or 503. The body is one line of JSON for each check that is not ok, and "ok" when all are;
`?verbose` shows every check.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from trainsweep.core.errors import TrainsweepError
from trainsweep.telemetry.checks import Check, Verdict, liveness, readiness
from trainsweep.telemetry.metrics import Metrics
from trainsweep.telemetry.state import Source

log = logging.getLogger(__name__)

#: Seconds given to answers under way at the end.
CLOSING = 1.0


class AddressUnusable(TrainsweepError):
    """The address is not one, or cannot be listened on. The text says what to do."""


@asynccontextmanager
async def serve(address: str, source: Source, metrics: Metrics) -> AsyncIterator[str]:
    """Serve on `HOST:PORT` while the context lasts; the value is the base URL. `:8080` means every interface, port 0 a
    free one, "" no server at all. Raises `AddressUnusable`.
    """
    if not address:
        yield ""
        return
    host, port = parse_address(address)
    app = web.Application()
    app.router.add_get("/livez", _probe(lambda: liveness(source.state())))
    app.router.add_get("/readyz", _probe(lambda: readiness(source.state(), time.time())))
    app.router.add_get("/metrics", _metrics(metrics))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=CLOSING)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            why = error.strerror or str(error)
            raise AddressUnusable(f"--http-address: cannot listen on {address} ({why}); give another port.") from None
        url = f"http://{_bracketed(host or '127.0.0.1')}:{runner.addresses[0][1]}"
        log.info("health and metrics are served", extra={"url": url})
        yield url
    finally:
        await runner.cleanup()


def parse_address(address: str) -> tuple[str | None, int]:
    """Host and port of `HOST:PORT`, `[IPv6]:PORT` or `:PORT` (host None: every interface). Raises `AddressUnusable`."""
    host, colon, port = address.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not colon or not (port.isascii() and port.isdecimal()) or int(port) > 65535 or (":" in bare and bare == host):
        raise AddressUnusable(f"--http-address: {address!r} is not HOST:PORT, for example 127.0.0.1:8080 or :8080.")
    return bare or None, int(port)


def _probe(ask: Callable[[], tuple[Check, ...]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        checks = ask()
        shown = [check for check in checks if "verbose" in request.query or check.verdict is not Verdict.OK]
        failed = any(check.verdict is Verdict.FAILED for check in checks)
        text = "\n".join(map(str, shown)) if shown else "ok"
        return web.Response(status=503 if failed else 200, text=text + "\n")

    return answer


def _metrics(metrics: Metrics) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return answer


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
