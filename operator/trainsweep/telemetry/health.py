"""The probes over HTTP: `/livez` and `/readyz`, and `/metrics` where these have no port of their own.

A probe answers 200 or 503. The body is one line of JSON for each check that is not ok, and "ok" when all are;
`?verbose` shows every check. Anybody in the cluster may ask, so details, which name namespaces and accounts, are
for this machine alone: `kubectl port-forward` and `kubectl exec` come from there.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

from aiohttp import web

from trainsweep.telemetry import metrics_server
from trainsweep.telemetry.checks import Check, Verdict, liveness, readiness
from trainsweep.telemetry.listener import listening
from trainsweep.telemetry.metrics import Metrics
from trainsweep.telemetry.state import Source

log = logging.getLogger(__name__)

#: Said in place of a detail to who asks from elsewhere.
WITHHELD = "told on this machine alone: kubectl port-forward, or the log"


@asynccontextmanager
async def serve(address: str, source: Source, metrics: Metrics | None = None) -> AsyncIterator[str]:
    """Serve while the context lasts, the metrics too where they are given; the value is the base URL. With the address
    "" nothing is served. Raises `AddressUnusable`.
    """
    if not address:
        yield ""
        return
    app = web.Application()
    app.router.add_get("/livez", _probe(lambda: liveness(source.state())))
    app.router.add_get("/readyz", _probe(lambda: readiness(source.state(), time.time())))
    if metrics:
        app.router.add_get(metrics_server.PATH, metrics_server.answering(metrics))
    async with metrics_server.running(app) as handler, listening("--http-address", address, handler) as url:
        log.info("health is served", extra={"url": url})
        yield url


def told(checks: Iterable[Check], *, verbose: bool, near: bool) -> str:
    """The body of an answer; `near` is whether who asks is on this machine."""
    shown = [check for check in checks if verbose or check.verdict is not Verdict.OK]
    lines = [str(check if near else replace(check, detail=WITHHELD)) for check in shown]
    return "\n".join(lines or ["ok"]) + "\n"


def _probe(ask: Callable[[], tuple[Check, ...]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        checks = ask()
        failed = any(check.verdict is Verdict.FAILED for check in checks)
        text = told(checks, verbose="verbose" in request.query, near=is_loopback(request.remote or ""))
        response = web.Response(status=503 if failed else 200, text=text)
        response.force_close()
        return response

    return answer


def is_loopback(address: str) -> bool:
    """A mesh's proxy hands on the requests of others from 127.0.0.6: that is not this machine."""
    return address.removeprefix("::ffff:") in ("127.0.0.1", "::1")
