"""`trainsweep top`: accounts, what moves, what is held, live."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.live import Live

from trainsweep.cli.cluster import Context, Kubeconfig, connected, finish, own_namespace
from trainsweep.cli.reading import utc_now
from trainsweep.cli.screen import say
from trainsweep.cli.selection import Everywhere, NamespaceOption
from trainsweep.cli.status.scene import look
from trainsweep.cli.status.screen import console
from trainsweep.cli.status.story import tell
from trainsweep.cli.top.screen import log_lines, screen
from trainsweep.kube.client import KubeClient


def top(
    namespace: NamespaceOption = "",
    everywhere: Everywhere = False,
    every: Annotated[float, typer.Option(min=0.5, max=3600, help="Seconds between two looks.")] = 2.0,
    times: Annotated[int, typer.Option(min=0, help="End after so many looks; 0 is never.")] = 0,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Watch accounts at work: what moves, what is held, stops and deletes a second, and what has waited longest.

    In a terminal it is a live screen, elsewhere a line an account and look. It reads the API server alone.

    For example:

    $ trainsweep top --all-namespaces

    $ trainsweep top --namespace team-a --every 5 --times 12

    Exit codes: 0 told to end, 1 the cluster is in the way, 2 wrong usage.
    """
    home = "" if everywhere else namespace or own_namespace(kubeconfig, context)

    async def work() -> None:
        async with connected(kubeconfig, context) as client:
            await _show(client, home, every, times)

    finish(work)


async def _show(client: KubeClient, home: str, every: float, times: int) -> None:
    out, looks = console(), 0
    with Live(console=out, auto_refresh=False, screen=out.is_terminal and not times) as live:
        while True:
            stories, now = tell(await look(client, None, home), None, utc_now()), utc_now()
            if out.is_terminal:
                live.update(screen(stories, now), refresh=True)
            else:
                for line in log_lines(stories, now):
                    say(line)
            looks += 1
            if times and looks >= times:
                return
            await asyncio.sleep(every)
