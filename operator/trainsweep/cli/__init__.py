"""The command `trainsweep`: one file a command; `extensions` finds those of other distributions."""

from __future__ import annotations

from collections.abc import Callable

import typer

from trainsweep import __version__
from trainsweep.api.provider import installed
from trainsweep.cli.audit import audit
from trainsweep.cli.check import check
from trainsweep.cli.crds import crds
from trainsweep.cli.discover import discover
from trainsweep.cli.drain import drain
from trainsweep.cli.extensions import Commands
from trainsweep.cli.kubectl_plugin import program_name
from trainsweep.cli.plan import plan
from trainsweep.cli.release import release
from trainsweep.cli.run import run
from trainsweep.cli.screen import say
from trainsweep.cli.status import status
from trainsweep.cli.top import top
from trainsweep.cli.verbs.approve import approve
from trainsweep.cli.verbs.orphan import orphan
from trainsweep.cli.verbs.pause import pause, resume
from trainsweep.cli.verbs.refresh import refresh
from trainsweep.cli.verbs.wait import wait

app = typer.Typer(
    name="trainsweep",
    cls=Commands,
    help=f"End remote training work, safely and provably. A Kubernetes operator for {' and '.join(installed())}.",
    no_args_is_help=True,
    rich_markup_mode="markdown",  # paragraphs of the docstrings fit any width
    pretty_exceptions_enable=False,
)
#: The commands by the group under which `--help` shows them.
COMMANDS: dict[str, tuple[Callable[..., None], ...]] = {
    "Look": (check, status, top, plan, discover, audit),
    "Act": (approve, pause, resume, refresh, orphan, wait, release),
    "Run": (run, drain),
    "Tools": (crds,),
}
for panel, commands in COMMANDS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)


def _version(wanted: bool) -> None:
    if wanted:
        say(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Exit codes: 0 success, 1 failure, 2 wrong usage."""


def main() -> None:
    app(prog_name=program_name())
