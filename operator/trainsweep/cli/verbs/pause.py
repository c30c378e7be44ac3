"""`trainsweep pause` and `trainsweep resume`: hold the operator back from resources, and let it go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import typer

from trainsweep.api.names import PAUSED
from trainsweep.cli.cluster import Context, Kubeconfig, connected, finish, own_namespace
from trainsweep.cli.selection import (
    Everything,
    Everywhere,
    NamespaceOption,
    Selection,
    Selector,
    Targets,
    find_resources,
    select,
)
from trainsweep.cli.verbs.edit import DryRun, Edit, carry_out, nothing_fits
from trainsweep.core.resource import Resource


def pause(
    targets: Targets = None,
    selector: Selector = "",
    everything: Everything = False,
    everywhere: Everywhere = False,
    namespace: NamespaceOption = "",
    dry_run: DryRun = False,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Hold the operator back: of paused resources nothing is read, stopped or deleted, not even for a deletion.

    A stop or delete that the provider has accepted already cannot be called back.

    For example:

    $ trainsweep pause TrainingJob/mnist FineTuningTask/tune

    $ trainsweep pause --selector team=vision --namespace team-a

    Exit codes: 0 all are paused, 1 some are not, 2 wrong usage.
    """
    home = namespace or own_namespace(kubeconfig, context)
    chosen = select(targets, namespace=home, selector=selector, everywhere=everywhere, everything=everything)
    _edit(chosen, _pausing, dry_run, kubeconfig, context)


def resume(
    targets: Targets = None,
    selector: Selector = "",
    everything: Everything = False,
    everywhere: Everywhere = False,
    namespace: NamespaceOption = "",
    dry_run: DryRun = False,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Let the operator go on with paused resources, and with what was asked for meanwhile.

    For example:

    $ trainsweep resume TrainingJob/mnist

    $ trainsweep resume --all --namespace team-a --dry-run

    Exit codes: 0 none is paused any more, 1 some are, 2 wrong usage.
    """
    home = namespace or own_namespace(kubeconfig, context)
    chosen = select(targets, namespace=home, selector=selector, everywhere=everywhere, everything=everything)
    _edit(chosen, _resuming, dry_run, kubeconfig, context)


def _edit(
    chosen: Selection,
    make: Callable[[Resource], Edit],
    dry_run: bool,
    kubeconfig: Path | None,
    context: str | None,
) -> None:
    async def work() -> bool:
        async with connected(kubeconfig, context) as client:
            edits = [make(record) for record in await find_resources(client, chosen)]
            if not edits:
                nothing_fits()
            return await carry_out(client, edits, dry_run=dry_run)

    if not finish(work):
        raise typer.Exit(1)


def _pausing(record: Resource) -> Edit:
    if record.paused:
        return Edit(record.key, PAUSED, "true", "is paused already.", needed=False)
    stays = " It is being deleted, and stays until it is resumed." if record.deleting else ""
    return Edit(record.key, PAUSED, "true", f"is paused: nothing of it is read or changed.{stays}")


def _resuming(record: Resource) -> Edit:
    if not record.paused:
        return Edit(record.key, PAUSED, None, "is not paused.", needed=False)
    goes = " It is being deleted, and is cleaned up now." if record.deleting else ""
    return Edit(record.key, PAUSED, None, f"is resumed.{goes}")
