"""`trainsweep check`: whether all that the operator needs is there, one line each."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import Annotated

import typer
from kubernetes.aio.config import ConfigException

from trainsweep.cli.checks import accounts, admission, definitions, login, operator, rights
from trainsweep.cli.checks.finding import Finding, Scribe, Verdict, one_line
from trainsweep.cli.checks.login import Who
from trainsweep.cli.cluster import Context, Kubeconfig, finish
from trainsweep.cli.reading import AllowedHosts, AllowHttp, allowed
from trainsweep.cli.screen import as_json, say
from trainsweep.cluster.decode import Config, Unreadable, decode
from trainsweep.kube import paths
from trainsweep.kube.client import KubeClient, KubeError
from trainsweep.kube.login import Login
from trainsweep.providers.endpoints import Endpoints

CLUSTER = "cluster"
_COLORS = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.FAILED: "red", Verdict.SKIPPED: "bright_black"}


class Output(StrEnum):
    TABLE = "table"
    JSON = "json"


def check(
    *,
    account: Annotated[
        str,
        typer.Option("--account", help="Look at the accounts of this name alone."),
    ] = "",
    namespace: Annotated[
        list[str] | None,
        typer.Option(
            "--namespace",
            "-n",
            envvar="TRAINSWEEP_NAMESPACE",
            help="What an operator for this namespace needs; may be given several times. Default: the cluster.",
            show_default=False,
        ),
    ] = None,
    lease_namespace: Annotated[
        str, typer.Option(envvar="TRAINSWEEP_LEASE_NAMESPACE", help="The namespace that the operator runs in.")
    ] = "trainsweep",
    lease_name: Annotated[
        str, typer.Option(envvar="TRAINSWEEP_LEASE_NAME", help="The operator's setting of the same name.")
    ] = "trainsweep",
    allow_http_endpoints: AllowHttp = False,
    allowed_endpoint_host: AllowedHosts = None,
    output: Annotated[
        Output, typer.Option("--output", "-o", help="table for people, json for scripts.")
    ] = Output.TABLE,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Look at all that the operator needs, and tell what stands in the way: login, kinds, rights, clocks, policies, the
    operator, and per account host, proxy, TLS, Secret, credentials, project and limits. Changes nothing.

    It tells about the machine and the login that it runs with. In the operator's pod both are the operator's own.

    For example:

    $ trainsweep check

    $ trainsweep check --account huawei --output json

    $ kubectl exec -n trainsweep deployment/trainsweep -- trainsweep check

    Exit codes: 0 nothing failed, 1 something did, 2 wrong usage.
    """
    places = tuple(namespace or ())
    lease = (lease_namespace, lease_name)
    endpoints = allowed(allow_http_endpoints, allowed_endpoint_host)
    whence = Login(str(kubeconfig) if kubeconfig else None, context)
    found = finish(lambda: _check(whence, places, account, lease, endpoints))
    if output is Output.JSON:
        say(as_json([finding.as_json() for finding in found], indent=2))
    else:
        _print(found)
    if any(finding.verdict is Verdict.FAILED for finding in found):
        raise typer.Exit(1)


async def _check(
    whence: Login, namespaces: tuple[str, ...], account: str, lease: tuple[str, str], endpoints: Endpoints
) -> list[Finding]:
    scribe = Scribe(CLUSTER)
    try:
        connection = await whence.configuration()
    except ConfigException as error:
        advice = "Name another login with --kubeconfig and --context, or set KUBECONFIG."
        return [scribe.failed(login.CHECK, f"no login: {one_line(error)}", advice)]
    client = KubeClient(connection)
    try:
        who, findings = await login.look(scribe, client, connection)
        if who is None:
            return findings
        return [*findings, *await _beyond_login(scribe, client, who, namespaces, account, lease, endpoints)]
    finally:
        await client.aclose()


async def _beyond_login(
    scribe: Scribe,
    client: KubeClient,
    who: Who,
    namespaces: tuple[str, ...],
    account: str,
    lease: tuple[str, str],
    endpoints: Endpoints,
) -> list[Finding]:
    findings = await scribe.attempt("kinds", lambda: definitions.look(scribe, client))
    installed = not any(finding.found.startswith("not installed") for finding in findings)
    configs, listed = await _configs(scribe, client, namespaces, account) if installed else ([], [])
    secrets = sorted({config.secret for config in configs})
    findings += await scribe.attempt(
        "rights", lambda: rights.look(scribe, client, who, namespaces=namespaces, secrets=secrets, lease=lease)
    )
    if installed:
        findings += await scribe.attempt(admission.CHECK, lambda: admission.look(scribe, client, namespaces))
    findings += await scribe.attempt(operator.CHECK, lambda: operator.look(scribe, client, lease))
    return [*findings, *listed, *await accounts.look(client, configs, who, endpoints)]


async def _configs(
    scribe: Scribe, client: KubeClient, namespaces: tuple[str, ...], name: str
) -> tuple[list[Config], list[Finding]]:
    """The accounts in the cluster, and what is to be said of those that cannot be read."""
    found: list[Config] = []
    findings: list[Finding] = []
    places = [("ProviderConfig", place) for place in namespaces or ("",)]
    places += [("ClusterProviderConfig", "")] if not namespaces else []
    for kind, place in places:
        try:
            bodies = [body async for page in client.list(paths.collection(kind, place)) for body in page]
        except KubeError as error:
            advice = "Name namespaces that it may with --namespace." if not namespaces else ""
            findings.append(scribe.skipped("accounts", f"this login may not list {kind}s: {one_line(error)}", advice))
            continue
        for body in bodies:
            match decode(kind, body):
                case Config() as config if name in ("", config.key.name):
                    found.append(config)
                case Unreadable() as odd if name in ("", odd.key.name):
                    findings.append(Scribe(str(odd.key)).failed("spec", odd.problem, "Correct it."))
    if not found and not findings:
        what = f"there is no account named {name}" if name else "there is no account yet"
        tell = scribe.failed if name else scribe.skipped
        findings.append(tell("accounts", what, "Create a ProviderConfig and its Secret; see docs/how-to/accounts.md."))
    return sorted(found, key=lambda config: str(config.key)), findings


def _print(found: list[Finding]) -> None:
    width = max(len(finding.check) for finding in found)
    about = ""
    for finding in found:
        if finding.about != about:
            about = finding.about
            say(about, bold=True)
        say(f"  {finding.verdict.value:<7}", colour=_COLORS[finding.verdict], end="")
        advice = f" → {finding.advice}" if finding.advice else ""
        say(f"  {finding.check:<{width}}  {finding.found}{advice}")
    counts = Counter(finding.verdict for finding in found)
    told = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict if counts[verdict])
    say(f"\n{len(found)} checks: {told}. Nothing was changed.")
