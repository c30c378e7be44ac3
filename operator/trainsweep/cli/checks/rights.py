"""Whether this login may do what the operator does, by the API server's own word."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from trainsweep.cli.checks.finding import Finding, Scribe
from trainsweep.cli.checks.login import Who
from trainsweep.kube import paths, rights
from trainsweep.kube.client import KubeClient
from trainsweep.kube.rights import Right

#: A namespace, "" for all, and a right in it.
Wanted = tuple[str, Right]

#: Missing ones that are told at once.
_TOLD = 4


async def look(
    scribe: Scribe,
    client: KubeClient,
    who: Who,
    *,
    namespaces: tuple[str, ...],
    secrets: Iterable[tuple[str, str]],
    lease: tuple[str, str],
) -> list[Finding]:
    """`secrets` (namespace, name) are those in use, `lease` is the operator's. No namespaces: the whole cluster."""
    places = namespaces or ("",)
    wanted: list[Wanted] = [(place, right) for place in places for right in rights.namespaced()]
    wanted += [("", right) for right in rights.of_cluster() if not namespaces]
    wanted += [(lease[0], right) for right in rights.on_lease(lease[1])]
    of_secrets = [(place, right) for place, name in secrets for right in rights.on_secret(name)]
    missing = await _missing(client, [*wanted, *of_secrets])
    optional = [entry for entry in missing if entry in of_secrets and entry[1].verb == "patch"]
    needed = [entry for entry in missing if entry not in optional]
    if needed:
        found = f"{who} may not {_list(needed)}"
        if who.is_service_account:
            return [scribe.failed("rights", found, "Give it the roles of the chart (rbac.create), in every namespace.")]
        advice = "This is your own login; it matters only if the operator runs with it. Ask in its pod, too."
        return [scribe.warning("rights", found, advice)]
    whose = "the operator's ServiceAccount" if who.is_service_account else "your login, not the operator's own"
    found = f"{who} ({whose}) has all {len(wanted)} that the operator needs"
    if optional:
        return [scribe.ok("rights", f"{found}; Secrets are not protected, as it may not {_list(optional)}")]
    return [scribe.ok("rights", found)]


async def _missing(client: KubeClient, wanted: list[Wanted]) -> list[Wanted]:
    async def allowed(entry: Wanted) -> bool:
        namespace, right = entry
        answer = await client.post(paths.ACCESS_REVIEWS, right.question(namespace))
        return bool((answer.get("status") or {}).get("allowed"))

    answers = await asyncio.gather(*(allowed(entry) for entry in wanted))
    return [entry for entry, yes in zip(wanted, answers, strict=True) if not yes]


def _list(missing: list[Wanted]) -> str:
    told = [f"{right}{f' in {place}' if place else ''}" for place, right in missing[:_TOLD]]
    more = len(missing) - len(told)
    return ", ".join(told) + (f" and {more} more" if more else "")
