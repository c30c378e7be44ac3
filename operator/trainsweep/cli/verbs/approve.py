"""`trainsweep approve`: let what the deletion guard of an account holds go on, for a while."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from trainsweep.api.kinds import REMOTE_KINDS
from trainsweep.api.names import APPROVE_DELETIONS_UNTIL
from trainsweep.cli.cluster import Context, Kubeconfig, connected, finish, own_namespace
from trainsweep.cli.durations import duration
from trainsweep.cli.known import config_of
from trainsweep.cli.reading import utc_now
from trainsweep.cli.selection import NamespaceOption, Selection, find_resources, key_named
from trainsweep.cli.status.account import account_story
from trainsweep.cli.status.screen import console
from trainsweep.cli.verbs.edit import DryRun, Edit, Yes, carry_out
from trainsweep.cluster.decode import Config
from trainsweep.core.errors import ConfigurationError
from trainsweep.core.last_status import format_time
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Key, Resource
from trainsweep.kube.client import KubeClient
from trainsweep.providers.text import clean

#: So many of the held resources are shown; of more, the count.
SHOWN = 40


def approve(
    accounts: Annotated[
        list[str],
        typer.Argument(metavar="ACCOUNT...", help="A ProviderConfig by its name, or as KIND/NAME.", show_default=False),
    ],
    for_: Annotated[str, typer.Option("--for", help="So long is everything let through.", metavar="DURATION")] = "1h",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="End an approval before its time.")] = False,
    namespace: NamespaceOption = "",
    yes: Yes = False,
    dry_run: DryRun = False,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Show which removals the deletion guard of an account holds, ask, and let all of them go on for a while.

    What asks for a removal until the approval ends is let through as well. Stopping and deleting cannot be undone.

    For example:

    $ trainsweep approve huawei --for 30m

    $ trainsweep approve ClusterProviderConfig/shared --withdraw

    Exit codes: 0 approved, 1 some were not, 2 wrong usage.
    """
    length = duration(for_, "--for")
    home = namespace or own_namespace(kubeconfig, context)
    keys = [_account(word, home) for word in dict.fromkeys(accounts)]
    until = format_time(utc_now() + length)

    async def work() -> bool:
        async with connected(kubeconfig, context) as client:
            configs = [await _config(client, key) for key in keys]
            if withdraw:
                told = "holds again what its deletionGuard holds; what is under way goes on."
                edits = [Edit(config.key, APPROVE_DELETIONS_UNTIL, None, told) for config in configs]
                return await carry_out(client, edits, dry_run=dry_run)
            for config in configs:
                await _show(client, config)
            if not (yes or dry_run):
                typer.confirm(f"Let all removals of {_names(keys)} through until {until}?", abort=True)
            edits = [_approval(config, until) for config in configs]
            return await carry_out(client, edits, dry_run=dry_run)

    if not finish(work):
        raise typer.Exit(1)


def _account(word: str, namespace: str) -> Key:
    key = key_named(word if "/" in word else f"ProviderConfig/{word}", namespace)
    if key.kind in REMOTE_KINDS:
        raise typer.BadParameter(f"{word!r} is no account; name a ProviderConfig or ClusterProviderConfig.")
    return key


async def _config(client: KubeClient, key: Key) -> Config:
    config = await config_of(client, key)
    if config is None:
        raise ConfigurationError(Reason.CONFIG_NOT_FOUND, f"{key} does not exist. Look at its name and at --namespace.")
    return config


async def _show(client: KubeClient, config: Config) -> None:
    """What is held, from the statuses of the account's resources."""
    out, guard = console(), account_story(config, utc_now())
    out.print(Text.assemble((str(config.key), "bold"), f": {guard.guard}."))
    users = await find_resources(client, Selection(kinds=tuple(REMOTE_KINDS), namespace=config.key.namespace))
    held = [record for record in users if _is_held(record, config.key)]
    if not held:
        out.print("No resource says that it is held.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("HELD", "REMOTE THING", "STATE", "ASKS FOR"):
        table.add_column(column, overflow="fold")
    for record in held[:SHOWN]:
        past = record.past
        thing = f"{past.external_id} {past.external_name}".strip()
        cells = (f"{record.key.kind} {record.key.place}", thing, past.external_state, _asks(record))
        table.add_row(*(Text(clean(cell, ())) for cell in cells))
    out.print(table)
    if len(held) > SHOWN:
        out.print(f"and {len(held) - SHOWN} more.")


def _is_held(record: Resource, account: Key) -> bool:
    return record.config == account and record.past.condition("Ready").get("reason") == Reason.DELETION_HELD


def _asks(record: Resource) -> str:
    return "its deletion" if record.deleting else f"desiredState {record.spec.desired_state}"


def _approval(config: Config, until: str) -> Edit:
    told = f"lets all removals through until {until}."
    return Edit(config.key, APPROVE_DELETIONS_UNTIL, until, told)


def _names(keys: Sequence[Key]) -> str:
    return ", ".join(map(str, keys))
