"""The composition root: from settings to a running operator."""

from __future__ import annotations

import asyncio
import secrets
import signal
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from trainsweep.accounts.ceilings import Ceilings
from trainsweep.controller.manager import Manager, ManagerSettings
from trainsweep.kube.client import KubeClient
from trainsweep.kube.leader_election import Lease, Terms
from trainsweep.kube.login import Login
from trainsweep.kube.token_review import TokenReviewer
from trainsweep.providers.registry import Endpoints
from trainsweep.settings import LogFormat, Settings
from trainsweep.telemetry import audit, health, logs
from trainsweep.telemetry.account_labels import label_of
from trainsweep.telemetry.certificate import Certificate
from trainsweep.telemetry.metrics import Metrics
from trainsweep.telemetry.metrics_server import PATH, Admit, admit_all, serve_metrics

try:
    import uvloop
except ImportError:  # Windows
    uvloop = None  # type: ignore[assignment]

#: uvloop where it exists: the many small requests cost less CPU with it.
LOOP = uvloop.new_event_loop if uvloop else None

#: Connections to the API server beside those of the watch.
CONNECTIONS = 20
#: The Lease has its own, so that no crowd of requests at a slow API server costs the lead.
LEASE_CONNECTIONS = 1
#: So have the questions who may read the metrics.
REVIEW_CONNECTIONS = 2


async def operate(
    settings: Settings,
    started: Callable[[Manager], None] = lambda _: None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Run the operator until the engine that `started` was given is stopped.

    Raises `LeaseLost`, `AddressUnusable` and `CertificateUnusable`.
    """
    login = Login(str(settings.kubeconfig) if settings.kubeconfig else None, settings.context)
    metrics = Metrics(label_of(settings.metrics_account_labels))
    async with AsyncExitStack() as stack:

        async def connect(connections: int) -> KubeClient:
            client = KubeClient(
                await login.configuration(),
                log_in=login.configuration,
                connections=connections,
                observe=metrics.api_request,
            )
            stack.push_async_callback(client.aclose)
            return client

        engine = Manager(
            await connect(CONNECTIONS),
            login,
            ManagerSettings(
                namespaces=settings.namespace,
                deletion_policy=settings.deletion_policy,
                endpoints=Endpoints(http=settings.allow_http_endpoints, hosts=settings.allowed_endpoint_host),
                drain_seconds=settings.drain_seconds,
                ceilings=Ceilings(settings.max_calls_per_second, settings.max_calls_in_flight),
            ),
            now=now,
            lease=_lease(await connect(LEASE_CONNECTIONS), settings) if settings.leader_election else None,
            metrics=metrics,
        )
        metrics.read_from(engine)
        started(engine)
        if settings.metrics_address:
            admit: Admit = admit_all
            if settings.metrics_authentication:
                admit = TokenReviewer(await connect(REVIEW_CONNECTIONS), PATH).review
            served = serve_metrics(settings.metrics_address, metrics, certificate=_certificate(settings), admit=admit)
            await stack.enter_async_context(served)
        beside = None if settings.metrics_address else metrics
        async with health.serve(settings.http_address, engine, beside):
            await engine.run()


def _certificate(settings: Settings) -> Certificate | None:
    """Raises `CertificateUnusable`."""
    certificate, key = settings.metrics_tls_cert, settings.metrics_tls_key
    return Certificate(certificate, key) if certificate and key else None


def _lease(client: KubeClient, settings: Settings) -> Lease:
    seconds = settings.lease_seconds
    terms = Terms(duration=seconds, renew_deadline=seconds * 2 / 3, retry=seconds / 7)
    identity = f"{socket.gethostname()}-{secrets.token_hex(4)}"
    return Lease(client, settings.lease_namespace, settings.lease_name, identity, terms=terms)


def run(settings: Settings) -> None:
    """The process: logs, audit, signals, loop.

    Raises `LeaseLost`, `AddressUnusable`, `CertificateUnusable`, and `ConfigException` without a cluster.
    """
    logs.configure(pretty=settings.log_format is LogFormat.PRETTY, level=settings.log_level)
    audit.configure(settings.audit_log)
    with asyncio.Runner(loop_factory=LOOP) as runner:
        runner.run(_until_signalled(settings))


async def _until_signalled(settings: Settings) -> None:
    loop = asyncio.get_running_loop()

    def stop_on_signals(engine: Manager) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, engine.stop)

    await operate(settings, stop_on_signals)
