"""Each account: its spec, Secret, way, login, what it may see, and what the operator says of it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from trainsweep.accounts.account import Account
from trainsweep.accounts.blocked import trouble
from trainsweep.accounts.ceilings import UNLIMITED
from trainsweep.accounts.secrets import existing, find_secret
from trainsweep.api.common import Mode
from trainsweep.calls.circuit_breaker import CircuitOpen
from trainsweep.cli.checks import way
from trainsweep.cli.checks.finding import Finding, Scribe, Verdict, one_line
from trainsweep.cli.checks.login import Who
from trainsweep.cli.reading import reading
from trainsweep.cluster.decode import Config
from trainsweep.core.errors import ConfigurationError, CredentialsInvalid, PermissionDenied, ProviderError
from trainsweep.core.reasons import Reason
from trainsweep.kube.client import KubeClient
from trainsweep.providers.credentials import AccessKey, Credentials
from trainsweep.providers.endpoints import Endpoints
from trainsweep.providers.registry import base_urls, doubt, plugin_of, scope_of

#: Accounts that are looked at together.
AT_ONCE = 8
#: Seconds for the calls to one provider.
PATIENCE = 90.0


async def look(client: KubeClient, configs: list[Config], who: Who, endpoints: Endpoints) -> list[Finding]:
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(config: Config) -> list[Finding]:
        async with slots:
            scribe = Scribe(str(config.key))
            return await scribe.attempt("account", lambda: _account(scribe, client, config, who, endpoints))

    return [finding for found in await asyncio.gather(*map(one, configs)) for finding in found]


async def _account(scribe: Scribe, client: KubeClient, config: Config, who: Who, endpoints: Endpoints) -> list[Finding]:
    if config.problem:
        return [scribe.failed("spec", config.problem, "Correct the ProviderConfig.")]
    told = _operator_says(scribe, config)
    findings, credentials = await _secret(scribe, client, config, who)
    free = credentials is not None
    for url in base_urls(config.spec, credentials):
        found = await way.look(scribe, url, endpoints, plugin_of(config.spec.provider).hosts, doubt(config.spec))
        findings += found
        free = free and not any(finding.verdict is Verdict.FAILED for finding in found)
    if credentials and free:
        findings += await _asked(scribe, config, credentials, endpoints)
    return [*findings, *_terms(scribe, config), *told]


async def _secret(
    scribe: Scribe, client: KubeClient, config: Config, who: Who
) -> tuple[list[Finding], Credentials | None]:
    place = "/".join(config.secret)
    try:
        secret = await find_secret(client, config.secret)
    except ConfigurationError as refused:
        if who.is_service_account:
            return [scribe.failed("Secret", one_line(refused))], None
        advice = "Run the check in the operator's pod: kubectl exec deployment/trainsweep -- trainsweep check"
        return [scribe.skipped("Secret", f"this login may not read the Secret {place}", advice)], None
    try:
        found = existing(secret, config.secret)
        credentials = found.credentials(plugin_of(config.spec.provider).credentials)
    except ConfigurationError as error:
        return [scribe.failed("Secret", one_line(error))], None
    kind = "an access key" if isinstance(credentials, AccessKey) else "a user with a password"
    if isinstance(credentials, AccessKey) and credentials.security_token:
        kind = "a temporary access key (with a securityToken)"
    if found.deleting:
        advice = "Name another Secret in credentials.secretRef; see docs/how-to/keys.md."
        return [scribe.failed("Secret", f"{place} holds {kind}, and is being deleted", advice)], credentials
    return [scribe.ok("Secret", f"{place} holds {kind}")], credentials


async def _asked(scribe: Scribe, config: Config, credentials: Credentials, endpoints: Endpoints) -> list[Finding]:
    async with reading(config.spec, credentials, endpoints) as account:
        try:
            async with asyncio.timeout(PATIENCE):
                return await _calls(scribe, config, account)
        except TimeoutError:
            found = f"the provider did not answer within {PATIENCE:.0f} s"
            return [scribe.failed("credentials", found, "Try again later; look at the provider's status page.")]


async def _calls(scribe: Scribe, config: Config, account: Account) -> list[Finding]:
    findings: list[Finding] = []
    where, named = account.identity, ""
    if where.open:
        try:
            where, named = await account.locate(), ", looked up by its name"
        except (ProviderError, ConfigurationError, CircuitOpen) as error:
            return [_refused(scribe, "project", error)]
    if where.project:
        findings.append(scribe.ok("project", f"{where.project}{named}"))
    try:
        await account.probe()
    except (ProviderError, ConfigurationError, CircuitOpen) as error:
        return [*findings, _refused(scribe, "credentials", error)]
    findings.append(scribe.ok("credentials", "accepted: jobs can be listed"))
    if scope := scope_of(config.spec):
        findings.append(scribe.ok("workspace", scope))
    return findings


def _refused(scribe: Scribe, check: str, error: ProviderError | ConfigurationError | CircuitOpen) -> Finding:
    match error.cause if isinstance(error, CircuitOpen) else error:
        case CredentialsInvalid() as cause:
            return scribe.failed(check, f"refused: {one_line(cause)}", "Mend the Secret; see docs/how-to/keys.md.")
        case PermissionDenied() as cause:
            return scribe.failed(
                check, f"not allowed: {one_line(cause)}", "Give the user the rights; see docs/how-to/accounts.md."
            )
        case cause:
            return scribe.failed(check, f"{trouble(error).reason}: {one_line(cause)}")


def _terms(scribe: Scribe, config: Config) -> list[Finding]:
    pace, limit, guard = plugin_of(config.spec.provider).limits, config.spec.rate_limit, config.spec.deletion_guard
    reads, writes = limit.reads_per_second or pace.reads, limit.writes_per_second or pace.writes
    paces = f"{reads:g} reads and {writes:g} writes a second, {UNLIMITED.in_flight(config.spec)} calls at once"
    does = "stops and deletes as resources ask" if config.mode is Mode.ENFORCE else "nothing is stopped or deleted"
    window = f"more than {guard.max_deletions} removals in {guard.window_seconds} s are held"
    return [scribe.ok("limits", paces), scribe.ok("mode", f"{config.mode}: {does}; {window}")]


def _operator_says(scribe: Scribe, config: Config) -> list[Finding]:
    """What the operator, on another machine with another network, has found."""
    status: dict[str, Any] = json.loads(config.status or "{}")
    ready = next((entry for entry in status.get("conditions") or () if entry["type"] == "Ready"), None)
    if ready is None:
        return [scribe.warning("operator", "no operator has looked at it yet", "See the operator above.")]
    if config.deleting:
        return [scribe.warning("operator", "this account is being deleted", "It goes when its resources are gone.")]
    said = f"{ready.get('reason')}: {one_line(ready.get('message'))}"
    if ready.get("observedGeneration") != config.generation:
        said = f"{said} (about an earlier spec)"
    if ready.get("status") == "True" or ready.get("reason") == Reason.DELETION_HELD:
        return [scribe.ok("operator", said)]
    return [scribe.failed("operator", said, "If all else is well, it is the operator's network, or a matter of time.")]
