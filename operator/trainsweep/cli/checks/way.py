"""The way to a provider: host, proxy, TLS and clock. No credentials are sent."""

from __future__ import annotations

import asyncio
import re
import ssl

import httpx

from trainsweep.cli.checks.finding import Finding, Scribe, clock_finding, one_line
from trainsweep.core.errors import ConfigurationError
from trainsweep.providers import connections as network
from trainsweep.providers.endpoints import Endpoints
from trainsweep.providers.http import HEADERS, TIMEOUT, Held
from trainsweep.providers.proxy import RoutedTransport, proxy_for
from trainsweep.providers.resolver import HostNotFound
from trainsweep.providers.server_clock import ServerClock
from trainsweep.providers.trust_store import TRUST_STORES

#: Seconds for the look-up of a name: as long as a connection may take.
LOOKUP = 5.0


async def look(scribe: Scribe, url: str, endpoints: Endpoints, hosts: re.Pattern[str], doubt: str) -> list[Finding]:
    """`hosts` are the vendor's own; `doubt` is about the settings that the address is made from. The last finding says
    whether the way is free.
    """
    host = httpx.URL(url).host
    try:
        endpoints.check(url, hosts)
    except ConfigurationError as refused:
        return [scribe.failed("endpoint", one_line(refused))]
    findings = [scribe.ok("endpoint", f"{url} is allowed")]
    if doubt:
        findings = [scribe.warning("endpoint", f"{url}: {doubt}", "Compare the region with the console.")]
    proxy = proxy_for(httpx.URL(url))
    if proxy:
        name = proxy.rpartition("@")[2].rpartition("//")[2]
        findings.append(scribe.ok("way", f"{host} through the proxy {name} of HTTPS_PROXY; NO_PROXY does not name it"))
    else:
        findings.append(await _resolved(scribe, host))
        if findings[-1].verdict != "ok":
            return findings
    return [*findings, *await _asked(scribe, url, endpoints, proxied=bool(proxy))]


async def _resolved(scribe: Scribe, host: str) -> Finding:
    try:
        async with asyncio.timeout(LOOKUP):
            found = await network.RESOLVER.addresses(host)
    except HostNotFound:
        return scribe.failed("way", f"the host {host} was not found", "Check region or endpoint, and the name server.")
    except TimeoutError:
        advice = "Check the machine's or the cluster's DNS; it holds up this account alone."
        return scribe.failed("way", f"the name server did not answer for {host} within {LOOKUP:.0f} s", advice)
    except OSError as error:
        return scribe.failed("way", f"{host} cannot be looked up: {one_line(error)}", "Check the name server.")
    return scribe.ok("way", f"{host} straight, at {', '.join(map(str, found[:3]))}")


async def _asked(scribe: Scribe, url: str, endpoints: Endpoints, *, proxied: bool) -> list[Finding]:
    """One request without a login, whatever is answered."""
    clock = ServerClock()
    if url.startswith("https"):
        try:
            TRUST_STORES.context()
        except Held as held:
            return [scribe.failed("TLS", one_line(held))]
    transport = RoutedTransport(lambda proxy: network.connections(proxy, 1, endpoints))
    try:
        async with httpx.AsyncClient(transport=transport, headers=HEADERS, timeout=TIMEOUT, trust_env=False) as client:
            response = await client.send(client.build_request("GET", url), stream=True, follow_redirects=False)
            clock.hear(response.headers.get("date", ""))
            await response.aclose()
    except Held as held:
        return [scribe.failed("connection", one_line(held))]
    except httpx.HTTPError as error:
        return [_no_answer(scribe, httpx.URL(url).host, error, proxied=proxied)]
    secured = f"trusted by the certificates of {TRUST_STORES.source}" if url.startswith("https") else "not used: http"
    return [scribe.ok("TLS", secured), clock_finding(scribe, "clock", httpx.URL(url).host, clock.ahead)]


def _no_answer(scribe: Scribe, host: str, error: httpx.HTTPError, *, proxied: bool) -> Finding:
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, ssl.SSLCertVerificationError):
            advice = "Name the right certificates by SSL_CERT_FILE (a proxy that opens TLS has its own)."
            found = f"the certificate of {host} is not trusted by {TRUST_STORES.source}: {inner.verify_message}"
            return scribe.failed("TLS", found, advice)
        inner = inner.__cause__ or inner.__context__
    through = " through the proxy" if proxied else ""
    if isinstance(error, httpx.ProxyError):
        found = f"the proxy does not pass on calls to {host}: {one_line(error)}"
        return scribe.failed("connection", found, "Ask the proxy's owner, or name the host in NO_PROXY.")
    what = "no answer came in time" if isinstance(error, httpx.TimeoutException) else "no connection could be made"
    advice = "Check HTTPS_PROXY and the proxy." if proxied else "Check firewalls, NetworkPolicy, and HTTPS_PROXY."
    return scribe.failed("connection", f"{host}: {what}{through}", advice)
