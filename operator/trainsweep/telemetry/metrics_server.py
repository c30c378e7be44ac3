"""Serves `/metrics` on a port of its own, or as a route beside the probes. It only reads, and no secrets."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from trainsweep.telemetry.certificate import Certificate
from trainsweep.telemetry.listener import listening
from trainsweep.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

PATH = "/metrics"


#: Says of a bearer token, "" for none, whether who holds it may read the metrics: 200, or the status of a refusal.
Admit = Callable[[str], Awaitable[int]]


async def admit_all(_: str) -> int:
    return 200


@asynccontextmanager
async def serve_metrics(
    address: str, metrics: Metrics, *, certificate: Certificate | None = None, admit: Admit = admit_all
) -> AsyncIterator[str]:
    """Serve while the context lasts; the value is the base URL. Raises `AddressUnusable`."""
    app = web.Application()
    app.router.add_get(PATH, answering(metrics, admit))
    async with (
        running(app) as handler,
        listening("--metrics-address", address, handler, certificate.context if certificate else None) as url,
    ):
        log.info("metrics are served", extra={"url": url})
        yield url


def answering(metrics: Metrics, admit: Admit = admit_all) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        status = await admit(token.strip() if scheme.lower() == "bearer" else "")
        if status == 200:
            response = web.Response(body=metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})
        else:
            response = web.Response(status=status)
        response.force_close()
        return response

    return answer


@asynccontextmanager
async def running(app: web.Application) -> AsyncIterator[Callable[[], web.RequestHandler]]:
    """What makes a protocol for each connection."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.0, lingering_time=0.0)
    await runner.setup()
    try:
        server = runner.server
        assert server is not None  # noqa: S101 (set up above)
        yield server
    finally:
        await runner.cleanup()
