"""`trainsweep demo`: every seed at work on a real API server, against simulated providers."""

from __future__ import annotations

import asyncio
import shlex
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from trainsweep.cli.cluster import finish
from trainsweep.core.resource import Key
from trainsweep_devtools.cli.build_bar import building
from trainsweep_devtools.cli.demo_screen import Screen, missing
from trainsweep_devtools.cli.demo_stage import NAMESPACE, DemoFailed, Place, Stage, stage
from trainsweep_devtools.cli.examples import SEEDS, example
from trainsweep_devtools.devcluster import ControlPlane, DevClusterError, find_binaries

INTERRUPTED = 130


def demo(
    *,
    keep: Annotated[
        bool, typer.Option("--keep", help="Stay when all is shown, to look around with kubectl; Ctrl-C ends it.")
    ] = False,
    context: Annotated[
        str | None, typer.Option(help="Use the cluster of this context in place of a control plane of our own.")
    ] = None,
    kubeconfig: Annotated[
        Path | None, typer.Option(help="The kubeconfig of that cluster, KUBECONFIG or ~/.kube/config without it.")
    ] = None,
) -> None:
    """Show the five SDK calls that Trainsweep replaces, each as a manifest, on a real API server.

    Starts etcd and kube-apiserver (built once, which takes minutes, and kept in the cache of the user), a simulated
    ModelArts and a simulated Qianfan, and the operator; applies one manifest of examples/ for each call; waits until
    all are done; deletes them; and shows which calls arrived at the providers. It ends by itself and leaves nothing
    behind; in a cluster given with --context or --kubeconfig, only the CustomResourceDefinitions stay.

    For example:

    $ trainsweep demo

    $ trainsweep demo --keep

    $ trainsweep demo --context kind-kind

    Exit codes: 0 every call arrived, 1 something did not work, 2 wrong usage, 130 interrupted.
    """
    # As with Ctrl-C: leave by an exception, so that everything is stopped on the way.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    directory = Path(tempfile.mkdtemp(prefix="trainsweep-demo-"))
    screen = Screen(Console())
    screen.heading(f"{len(SEEDS)} SDK calls, each as a manifest, on a real API server")
    try:
        with _place(kubeconfig, context, screen) as place, _handing_over():
            finish(lambda: _play(place, directory, screen, keep=keep))
    except DevClusterError as error:
        shutil.rmtree(directory, ignore_errors=True)
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        shutil.rmtree(directory, ignore_errors=True)
        typer.echo("Interrupted; everything was stopped.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except typer.Exit:
        typer.echo(f"The logs of the operator are in {directory}.", err=True)
        raise
    shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _place(kubeconfig: Path | None, context: str | None, screen: Screen) -> Iterator[Place]:
    if kubeconfig or context:
        yield Place(kubeconfig, context, own=False)
        return
    with building(screen.console) as progress:
        binaries = find_binaries(controllers=False, progress=progress)
    with ControlPlane.start(binaries) as plane:
        screen.say(f"kube-apiserver serves at {plane.server}")
        yield Place(plane.kubeconfig, None, own=True)


@contextmanager
def _handing_over() -> Iterator[None]:
    """Ctrl-C waits until the event loop can take it: in the middle of the loop's making it would tear it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


async def _play(place: Place, directory: Path, screen: Screen, *, keep: bool) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    async with stage(place, directory, screen.say) as ready:
        screen.heading("Apply")
        keys = await _apply(ready, screen)
        with screen.watching():
            await ready.until(keys, _is_ready, screen.watch)
        screen.heading("Delete the resources: what is left of the remote things goes with them")
        for key in keys:
            await ready.delete(key)
        with screen.watching():
            await ready.until(keys, _is_gone, screen.watch)
        screen.heading("What the providers received, from their own journals")
        calls = [(name, entry) for name, simulator in ready.simulators.items() for entry in simulator.journal.entries]
        screen.journal(calls)
        wanted = [write for seed in SEEDS for write in seed.writes]
        if lost := missing(wanted, calls):
            told = ", ".join(f"{write.operation} {write.target}" for write in lost)
            raise DemoFailed(f"These calls did not arrive: {told}.")
        told = f"{len(SEEDS)} of {len(SEEDS)} done, {len(wanted)} of {len(wanted)} calls arrived"
        screen.heading(f"{told}, in {screen.seconds:.1f} s.")
        if keep:
            await _stay(place, ready, screen)


async def _apply(ready: Stage, screen: Screen) -> list[Key]:
    keys = []
    for seed in SEEDS:
        for body in example(seed.file):
            if key := await ready.create(body):
                keys.append(key)
        screen.say(f"examples/{seed.file}  replaces  {seed.call}")
    return keys


def _is_ready(body: dict[str, Any] | None) -> bool:
    status = (body or {}).get("status") or {}
    conditions = {entry["type"]: entry["status"] for entry in status.get("conditions") or ()}
    return conditions.get("Ready") == "True"


def _is_gone(body: dict[str, Any] | None) -> bool:
    return body is None


async def _stay(place: Place, ready: Stage, screen: Screen) -> None:
    """Until Ctrl-C, which is the wanted end here."""
    if place.kubeconfig:
        typer.echo(f"export KUBECONFIG={shlex.quote(str(place.kubeconfig))}")
    for name, url in ready.urls.items():
        screen.say(f"{name} is simulated at {url}; what it holds: {url}/_sim/things")
    screen.say(f"try: kubectl --namespace {NAMESPACE} apply -f MANIFEST; kubectl get trainsweep --all-namespaces")
    screen.say("Ctrl-C ends it.")
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        return
