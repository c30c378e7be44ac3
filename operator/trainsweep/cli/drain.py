"""`trainsweep drain`: what has to happen before an operator is uninstalled. The chart runs it as a Job."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from trainsweep.api.kinds import KINDS, REMOTE_KINDS
from trainsweep.api.names import IN_USE_FINALIZER
from trainsweep.cli.cluster import Context, Kubeconfig, connected, finish
from trainsweep.cli.release import find_held, let_go, list_kind
from trainsweep.cli.screen import say
from trainsweep.cluster.decode import key_of
from trainsweep.kube import paths
from trainsweep.kube.client import KubeClient, KubeError

#: Seconds between two looks at what is left.
LOOK_EVERY = 1.0


class DrainPolicy(StrEnum):
    RETAIN = "Retain"
    DELETE = "Delete"


def drain(
    policy: Annotated[
        DrainPolicy,
        typer.Option(
            help="Retain lets all resources go and touches nothing remote. Delete deletes them, each under its own "
            "deletion policy, while the operator runs."
        ),
    ],
    deployment: Annotated[
        str, typer.Option(metavar="NAMESPACE/NAME", help="Retain: the operator's Deployment, which is stopped first.")
    ] = "",
    namespace: Annotated[
        list[str] | None, typer.Option(help="Only this namespace; may be given several times. Default: all.")
    ] = None,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Prepare the end of an operator. It works until all is done, does not ask, and may be run again.

    For example:

    $ trainsweep drain --policy Retain --deployment trainsweep/trainsweep

    $ trainsweep drain --policy Delete --namespace team-a

    Exit codes: 0 nothing is left to do, 1 failure, 2 wrong usage.
    """
    if (policy is DrainPolicy.RETAIN) != bool(deployment):
        raise typer.BadParameter("Retain needs --deployment: a running operator would undo it. Delete needs none.")
    home, _, name = deployment.partition("/")
    if deployment and not (home and name):
        raise typer.BadParameter(f"{deployment!r} is not NAMESPACE/NAME.", param_hint="--deployment")

    async def work() -> None:
        async with connected(kubeconfig, context) as client:
            if policy is DrainPolicy.RETAIN:
                await _stop_operator(client, home, name)
                await _release_all(client, namespace or [""])
            else:
                await _delete_all(client, namespace or [""])

    finish(work)


async def _stop_operator(client: KubeClient, namespace: str, name: str) -> None:
    """Scale its Deployment to zero and wait until the last pod is gone. One that does not exist is stopped."""
    try:
        scale = await client.merge(
            f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale", {"spec": {"replicas": 0}}
        )
    except KubeError as error:
        if error.status == 404:
            return
        raise
    say(f"Deployment {namespace}/{name} is scaled to zero.")
    query = {"labelSelector": scale["status"]["selector"]}
    told = ""
    while pods := (await client.get(f"/api/v1/namespaces/{namespace}/pods", query))["items"]:
        names = ", ".join(pod["metadata"]["name"] for pod in pods)
        told = _tell(f"Waiting for the end of {names}.", told)
        await asyncio.sleep(LOOK_EVERY)


async def _release_all(client: KubeClient, namespaces: Sequence[str]) -> None:
    while held := [entry for namespace in namespaces for entry in await find_held(client, namespace)]:
        for entry in held:
            try:
                await let_go(client, entry)
            except KubeError as error:
                if error.status != 409:
                    raise
                continue  # somebody changed it just now: the next look has it again
            left = f"; {entry.left} stays as it is ({entry.state or 'never seen'})" if entry.left else ""
            say(f"{entry.label} is let go{left}.")
    say("Nothing is held any more.")


async def _delete_all(client: KubeClient, namespaces: Sequence[str]) -> None:
    """Delete the resources; then the operator frees the ProviderConfigs, which the uninstall must wait for as well."""
    told = ""
    while left := await _undeleted(client, namespaces):
        told = _tell(f"Waiting for {', '.join(f'{count} {what}' for what, count in sorted(left.items()))}.", told)
        await asyncio.sleep(LOOK_EVERY)
    say("All resources are deleted.")


async def _undeleted(client: KubeClient, namespaces: Sequence[str]) -> Counter[str]:
    """Ask for the deletion of what is not going yet; count what is left, by kind and by the reason of Ready."""
    left: Counter[str] = Counter()
    for kind in KINDS.values():
        if kind.scope == "Cluster" and namespaces != [""]:
            continue
        for body in [body for namespace in namespaces for body in await list_kind(client, kind.name, namespace)]:
            if kind.name in REMOTE_KINDS:
                await _delete(client, kind.name, body)
                left[f"{kind.name} ({_reason(body)})"] += 1
            elif IN_USE_FINALIZER in body["metadata"].get("finalizers", ()):
                left[f"{kind.name} in use"] += 1
    return left


async def _delete(client: KubeClient, kind: str, body: dict[str, Any]) -> None:
    if "deletionTimestamp" in body["metadata"]:
        return
    try:
        await client.delete(paths.resource(key_of(kind, body)))
    except KubeError as error:
        if error.status != 404:
            raise


def _reason(body: dict[str, Any]) -> str:
    conditions = (body.get("status") or {}).get("conditions") or ()
    return next((str(entry["reason"]) for entry in conditions if entry["type"] == "Ready"), "new")


def _tell(message: str, told: str) -> str:
    """Say what was not said just before."""
    if message != told:
        say(message)
    return message
