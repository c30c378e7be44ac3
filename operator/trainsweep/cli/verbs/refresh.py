"""`trainsweep refresh`: have the operator look again at once."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from trainsweep.api.kinds import KINDS, REMOTE_KINDS
from trainsweep.api.names import RECONCILE_REQUESTED_AT
from trainsweep.cli.cluster import Context, Kubeconfig, connected, finish, own_namespace
from trainsweep.cli.durations import duration
from trainsweep.cli.exit_codes import NOT_IN_TIME
from trainsweep.cli.reading import utc_now
from trainsweep.cli.screen import complain, say
from trainsweep.cli.selection import Everything, Everywhere, NamespaceOption, Selector, Targets, find, select
from trainsweep.cli.verbs.edit import DryRun, Edit, carry_out, nothing_fits
from trainsweep.core.resource import Key
from trainsweep.kube import paths
from trainsweep.kube.client import KubeClient, KubeError

#: Seconds between two looks whether the request was handled.
LOOK_EVERY = 0.5


def refresh(
    targets: Targets = None,
    selector: Selector = "",
    everything: Everything = False,
    everywhere: Everywhere = False,
    namespace: NamespaceOption = "",
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the operator has looked at the resources.")] = False,
    timeout: Annotated[str, typer.Option(help="With --wait: for so long at most.", metavar="DURATION")] = "1m",
    dry_run: DryRun = False,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Have the operator look at resources at once, also while it pauses after an error.

    Of a ProviderConfig the Secret is read again and the provider is tried again.

    For example:

    $ trainsweep refresh TrainingJob/mnist --wait

    $ trainsweep refresh ProviderConfig/huawei --namespace team-a

    Exit codes: 0 asked for, and with --wait handled, 1 some could not be asked, 2 wrong usage, 4 not handled in time.
    """
    seconds = duration(timeout, "--timeout").total_seconds()
    home = namespace or own_namespace(kubeconfig, context)
    chosen = select(
        targets,
        namespace=home,
        selector=selector,
        everywhere=everywhere,
        everything=everything,
        kinds=tuple(KINDS) if targets else tuple(REMOTE_KINDS),
    )
    mark = utc_now().isoformat(timespec="milliseconds").replace("+00:00", "Z")

    async def work() -> bool:
        async with connected(kubeconfig, context) as client:
            keys = [key for key, _ in await find(client, chosen)]
            if not keys:
                nothing_fits()
            edits = [Edit(key, RECONCILE_REQUESTED_AT, mark, "is to be looked at now.") for key in keys]
            done = await carry_out(client, edits, dry_run=dry_run)
            if wait and not dry_run:
                await _handled(client, [key for key in keys if key.kind in REMOTE_KINDS], mark, seconds)
            return done

    if not finish(work):
        raise typer.Exit(1)


async def _handled(client: KubeClient, keys: list[Key], mark: str, seconds: float) -> None:
    """Wait until each status repeats the request; a resource that is gone by then was looked at, too."""
    left = list(keys)
    try:
        async with asyncio.timeout(seconds):
            while left:
                left = [key for key in left if not await _has_handled(client, key, mark)]
                if left:
                    await asyncio.sleep(LOOK_EVERY)
    except TimeoutError:
        names = ", ".join(map(str, left))
        message = f"Not looked at within {seconds:g} s: {names}. The operator may not run; see its log."
        complain(message)
        raise typer.Exit(NOT_IN_TIME) from None
    say(f"The operator has looked at {len(keys)} resource(s).")


async def _has_handled(client: KubeClient, key: Key, mark: str) -> bool:
    try:
        body = await client.get(paths.resource(key))
    except KubeError as error:
        if error.status == 404:
            return True
        raise
    return (body.get("status") or {}).get("lastHandledReconcileAt") == mark
