"""`trainsweep status`: the whole story of a resource, or of an account, a namespace, the cluster."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from enum import StrEnum
from typing import Annotated

import typer
from rich.live import Live

from trainsweep.cli.cluster import Context, Kubeconfig, connected, finish, own_namespace
from trainsweep.cli.reading import utc_now
from trainsweep.cli.screen import say
from trainsweep.cli.selection import Everywhere, NamespaceOption, begun, key_named
from trainsweep.cli.status.as_json import as_json
from trainsweep.cli.status.scene import look
from trainsweep.cli.status.screen import console, screen
from trainsweep.cli.status.story import Stories, tell
from trainsweep.core.printable import json_line
from trainsweep.core.resource import Key
from trainsweep.kube.client import KubeClient

#: Seconds between two looks of --watch.
EVERY = 2.0


class Output(StrEnum):
    TEXT = "text"
    JSON = "json"


def status(
    target: Annotated[
        str,
        typer.Argument(
            metavar="[KIND/NAME]",
            help="A resource or an account, for example TrainingJob/mnist or ProviderConfig/huawei; without it, "
            "everything of the namespace.",
            show_default=False,
            autocompletion=begun,
        ),
    ] = "",
    namespace: NamespaceOption = "",
    everywhere: Everywhere = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Look again every two seconds, until Ctrl-C.")] = False,
    output: Annotated[Output, typer.Option("--output", "-o", help="text for people, json for scripts.")] = Output.TEXT,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Tell the whole story: what is wanted and why, what is there, its account, what happens next, what to do.

    It reads the API server alone, so that it works while the operator or the provider does not.

    For example:

    $ trainsweep status TrainingJob/mnist

    $ trainsweep status ProviderConfig/huawei --namespace team-a

    $ trainsweep status --all-namespaces --output json

    Exit codes: 0 told, 1 the object does not exist or the cluster is in the way, 2 wrong usage.
    """
    if target and everywhere:
        raise typer.BadParameter("Name an object, or take all with -A; not both.")
    home = "" if everywhere else namespace or own_namespace(kubeconfig, context)
    subject = key_named(target, home) if target else None
    if subject and not subject.namespace:
        home = ""  # an account of the whole cluster has resources everywhere

    async def work() -> None:
        async with connected(kubeconfig, context) as client:
            if watch and output is Output.TEXT:
                await _watch(client, subject, home)
                return
            while True:
                stories = tell(await look(client, subject, home), subject, utc_now())
                if output is Output.JSON:
                    say(json_line(as_json(stories), indent=None if watch else 2))
                else:
                    console().print(screen(stories, utc_now(), one=subject is not None))
                if not watch:
                    return
                await asyncio.sleep(EVERY)

    with suppress(KeyboardInterrupt):
        finish(work)


async def _watch(client: KubeClient, subject: Key | None, home: str) -> None:
    """A live screen in a terminal; elsewhere the story again whenever it has changed."""
    out = console()

    async def next_() -> Stories:
        return tell(await look(client, subject, home), subject, utc_now())

    if out.is_terminal:
        with Live(console=out, auto_refresh=False, screen=False) as live:
            while True:
                live.update(screen(await next_(), utc_now(), one=subject is not None), refresh=True)
                await asyncio.sleep(EVERY)
    told = None
    while True:
        stories = await next_()
        if (news := as_json(stories)) != told:
            out.print(screen(stories, utc_now(), one=subject is not None))
            told = news
        await asyncio.sleep(EVERY)
