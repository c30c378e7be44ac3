"""`trainsweep orphan`: let resources that are being deleted go, and leave their remote things as they are."""

from __future__ import annotations

from collections.abc import Sequence

import typer
from rich.table import Table
from rich.text import Text

from trainsweep.api.names import FORCE_ORPHAN
from trainsweep.cli.cluster import Context, Kubeconfig, connected, finish, own_namespace
from trainsweep.cli.screen import complain
from trainsweep.cli.selection import Everything, Everywhere, NamespaceOption, Selector, Targets, find_resources, select
from trainsweep.cli.status.screen import console
from trainsweep.cli.verbs.edit import DryRun, Edit, Yes, carry_out, nothing_fits
from trainsweep.core.resource import Resource
from trainsweep.providers.text import clean


def orphan(
    targets: Targets = None,
    selector: Selector = "",
    everything: Everything = False,
    everywhere: Everywhere = False,
    namespace: NamespaceOption = "",
    yes: Yes = False,
    dry_run: DryRun = False,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Show what would be left behind, ask, and have the operator free the resources without touching anything remote.

    It fills in the id that `force-orphan` wants. A resource that is not being deleted is freed once it is deleted. When
    the operator is gone, use `trainsweep release`.

    For example:

    $ trainsweep orphan TrainingJob/mnist

    $ trainsweep orphan --selector team=vision --yes

    Exit codes: 0 all are let go or will be, 1 some are not, 2 wrong usage.
    """
    home = namespace or own_namespace(kubeconfig, context)
    chosen = select(targets, namespace=home, selector=selector, everywhere=everywhere, everything=everything)

    async def work() -> bool:
        async with connected(kubeconfig, context) as client:
            records = await find_resources(client, chosen)
            if not records:
                nothing_fits()
            console().print(_table(records))
            known = [record for record in records if record.known_id]
            for record in records:
                if not record.known_id:
                    message = (
                        f"{record.key} has no id yet, so nothing can be named; delete it, or use trainsweep release."
                    )
                    complain(message)
            if known and not (yes or dry_run):
                typer.confirm(f"Leave {len(known)} remote thing(s) as they are?", abort=True)
            done = await carry_out(client, [_edit(record) for record in known], dry_run=dry_run)
            return done and len(known) == len(records)

    if not finish(work):
        raise typer.Exit(1)


def _table(records: Sequence[Resource]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("RESOURCE", "STAYS AT THE PROVIDER", "STATE", "BEING DELETED"):
        table.add_column(column, overflow="fold")
    for record in records:
        past = record.past
        thing = f"{record.known_id} {past.external_name}".strip() or "not known"
        cells = (f"{record.key.kind} {record.key.place}", thing, past.external_state or "never seen")
        table.add_row(*(Text(clean(cell, ())) for cell in cells), "yes" if record.deleting else "no")
    return table


def _edit(record: Resource) -> Edit:
    """Bound to the object that was shown."""
    told = f"is let go; {record.known_id} stays as it is."
    if not record.deleting:
        told = f"is let go when it is deleted, and {record.known_id} stays as it is."
    return Edit(record.key, FORCE_ORPHAN, record.known_id, told, uid=record.uid)
