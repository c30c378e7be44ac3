"""Whether the API server is reached, as whom, until when, and whether its clock and ours agree."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from trainsweep.cli.checks.finding import Finding, Scribe, clock_finding, one_line
from trainsweep.kube.client import KubeClient, KubeError
from trainsweep.kube.login import Connection

_REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
_SERVICE_ACCOUNT = "system:serviceaccount:"
#: A login that ends sooner is worth a warning.
_SOON = timedelta(minutes=10)

CHECK = "API server"


class Who:
    """The user that the API server takes this login for; "" when it cannot be told."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def is_service_account(self) -> bool:
        return self.name.startswith(_SERVICE_ACCOUNT)

    def __str__(self) -> str:
        return self.name or "a user that the API server does not tell"


async def look(scribe: Scribe, client: KubeClient, connection: Connection) -> tuple[Who | None, list[Finding]]:
    """Who it is, None when nothing else can be asked."""
    server = f"{connection.host} by {connection.source}"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    try:
        review = await client.post(_REVIEW, body)
        who = Who(((review.get("status") or {}).get("userInfo") or {}).get("username") or "")
    except KubeError as error:
        if error.status not in (403, 404):
            found, advice = _cause(error, connection)
            return None, [scribe.failed(CHECK, f"{server}: {found}", advice)]
        who = Who("system:anonymous" if "system:anonymous" in str(error) else "")
    if who.name == "system:anonymous":
        advice = "Give the user of the context a token, a certificate or a login program."
        return None, [scribe.failed(CHECK, f"{server}: it takes this login for nobody (system:anonymous)", advice)]
    findings = [_reached(scribe, server, who, connection)]
    findings.append(clock_finding(scribe, "clock", "the API server", _ahead(client.server_date)))
    return who, findings


def _reached(scribe: Scribe, server: str, who: Who, connection: Connection) -> Finding:
    ways = [f"through the proxy {_host(connection.proxy)}"] if connection.proxy else []
    ways += [f"as the server {connection.tls_server_name}"] if connection.tls_server_name else []
    found = ", ".join([f"{server} as {who}", *ways])
    if not connection.verify_ssl:
        return scribe.warning(
            CHECK, f"{found}, whose certificate is not verified", "Replace insecure-skip-tls-verify by the authority."
        )
    if connection.until is None:
        return scribe.ok(CHECK, f"{found}, by a login that does not tell its end")
    found = f"{found}, until {connection.until:%Y-%m-%d %H:%M} UTC"
    renewed = who.is_service_account and connection.source.startswith("the pod")
    if connection.until - datetime.now(UTC) < _SOON and not renewed:
        return scribe.warning(CHECK, found, "Log in again soon, unless a program does it.")
    return scribe.ok(CHECK, found)


def _cause(error: KubeError, connection: Connection) -> tuple[str, str]:
    """What is wrong, and what to do."""
    if error.status == 401:
        ended = f"; it ended at {connection.until:%Y-%m-%d %H:%M} UTC" if connection.until else ""
        return f"it does not accept the login (401){ended}", "Log in again, or renew token or certificate."
    if error.status:
        return one_line(error), "Look at the API server, and at what is in front of it."
    return _no_answer(error.__cause__, connection) or (one_line(error), "Look at the way to the API server.")


def _no_answer(cause: Any, connection: Connection) -> tuple[str, str] | None:
    match cause:
        case aiohttp.ClientConnectorCertificateError():
            inner = cause.certificate_error
            why = inner.verify_message if isinstance(inner, ssl.SSLCertVerificationError) else str(inner)
            advice = "Compare certificate-authority and tls-server-name of the cluster in the kubeconfig."
            return f"its certificate is not trusted ({why})", advice
        case aiohttp.ClientConnectorDNSError():
            return "its name was not found", "Check server in the kubeconfig, the name server, and the VPN."
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return (
                f"the proxy {_host(connection.proxy)} does not pass the call on",
                "Check proxy-url.",
            )
        case aiohttp.ClientConnectorSSLError():
            return "TLS fails", "Check that server in the kubeconfig is the API server's, and its port."
        case aiohttp.ClientConnectorError():
            return "no connection could be made", "Check server in the kubeconfig, the VPN and firewalls."
        case TimeoutError():
            return "no answer came in time", "Look at the way to the API server: VPN, proxy, firewalls."
    return None


def _host(url: str | None) -> str:
    """Without user and password."""
    return (url or "").rpartition("@")[2].rpartition("//")[2]


def _ahead(date: str) -> timedelta | None:
    try:
        return parsedate_to_datetime(date).astimezone(UTC) - datetime.now(UTC)
    except (ValueError, TypeError):
        return None
