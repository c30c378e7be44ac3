"""`trainsweep wait`: until resources are Ready, or freed; it tells what it waits for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer

from trainsweep.cli.cluster import Context, Kubeconfig, connected, finish, own_namespace
from trainsweep.cli.durations import duration
from trainsweep.cli.exit_codes import NOT_IN_TIME
from trainsweep.cli.screen import complain, say
from trainsweep.cli.selection import Everything, Everywhere, NamespaceOption, Selector, Targets, find, select
from trainsweep.cli.verbs.edit import nothing_fits
from trainsweep.cluster.decode import decode
from trainsweep.core.advice import advice
from trainsweep.core.resource import Key, Resource
from trainsweep.kube import paths
from trainsweep.kube.client import KubeClient, KubeError

#: Seconds between two looks.
LOOK_EVERY = 1.0


class Until(StrEnum):
    READY = "ready"
    FREED = "freed"


@dataclass(frozen=True, slots=True)
class Look:
    """How one resource stands: `done`, or what is waited for, with the reason's word."""

    done: bool
    told: str
    reason: str = ""


def wait(
    targets: Targets = None,
    until: Annotated[
        Until | None,
        typer.Option("--for", help="ready or freed. By default freed if it is being deleted, else ready."),
    ] = None,
    timeout: Annotated[str, typer.Option(help="For so long at most.", metavar="DURATION")] = "10m",
    selector: Selector = "",
    everything: Everything = False,
    everywhere: Everywhere = False,
    namespace: NamespaceOption = "",
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Wait until the desired state is reached (ready), or the resources are gone (freed), and tell what is missing.

    For example:

    $ trainsweep wait TrainingJob/mnist --timeout 5m

    $ trainsweep wait --selector team=vision --for freed

    Exit codes: 0 reached, 1 the cluster is in the way, 2 wrong usage, 4 not reached in time.
    """
    seconds = duration(timeout, "--timeout").total_seconds()
    home = namespace or own_namespace(kubeconfig, context)
    chosen = select(targets, namespace=home, selector=selector, everywhere=everywhere, everything=everything)

    async def work() -> dict[Key, Look]:
        async with connected(kubeconfig, context) as client:
            if chosen.keys and until is Until.FREED:
                keys = list(chosen.keys)  # they may be gone already
            else:
                keys = [key for key, _ in await find(client, chosen)]
            if not keys and until is not Until.FREED:
                nothing_fits()
            return await _wait(client, keys, until, seconds)

    if missing := finish(work):
        for key, look in missing.items():
            complain(f"{key}: not in time: {look.told} {advice(look.reason)}".rstrip())
        raise typer.Exit(NOT_IN_TIME)


async def _wait(client: KubeClient, keys: list[Key], until: Until | None, seconds: float) -> dict[Key, Look]:
    """What is not reached when the time is over; each new word about a resource is told once."""
    left: dict[Key, Look] = {}
    said: dict[Key, str] = {}
    goals = dict.fromkeys(keys, until)
    try:
        async with asyncio.timeout(seconds):
            while goals:
                for key, goal in list(goals.items()):
                    left[key] = look = await _look(client, key, goal)
                    if said.get(key) != look.told:
                        said[key] = look.told
                        say(f"{key}: {look.told}")
                    if look.done:
                        del goals[key], left[key]
                if goals:
                    await asyncio.sleep(LOOK_EVERY)
    except TimeoutError:
        return {key: look for key, look in left.items() if not look.done}
    return {}


async def _look(client: KubeClient, key: Key, until: Until | None) -> Look:
    try:
        found = decode(key.kind, await client.get(paths.resource(key)))
    except KubeError as error:
        if error.status == 404:
            return Look(done=until is not Until.READY, told="gone." if until is not Until.READY else "does not exist.")
        raise
    if not isinstance(found, Resource):
        return Look(done=False, told="its spec cannot be read.", reason="InvalidSpec")
    ready = found.past.condition("Ready")
    told, reason = str(ready.get("message", "")), str(ready.get("reason", ""))
    if until is Until.FREED or (until is None and found.deleting):
        waits = (
            "waiting until it is freed" if found.deleting else "waiting for its deletion, which nobody asked for yet"
        )
        return Look(done=False, told=f"{waits}. {told}".strip(), reason=reason)
    if found.past.generation < found.generation:
        return Look(done=False, told="waiting until the operator has looked at it.", reason="Observing")
    if ready.get("status") == "True" and not found.deleting:
        return Look(done=True, told=f"Ready: {told}")
    return Look(done=False, told=f"waiting ({reason}). {told}", reason=reason)
