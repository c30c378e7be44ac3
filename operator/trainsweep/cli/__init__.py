"""The command `trainsweep`: one file a command; `extensions` finds those of other distributions."""

from __future__ import annotations

import typer

from trainsweep import __version__
from trainsweep.api.provider import installed
from trainsweep.cli.audit import audit
from trainsweep.cli.crds import crds
from trainsweep.cli.discover import discover
from trainsweep.cli.drain import drain
from trainsweep.cli.extensions import Commands
from trainsweep.cli.plan import plan
from trainsweep.cli.release import release
from trainsweep.cli.run import run

app = typer.Typer(
    name="trainsweep",
    cls=Commands,
    help=f"End remote training work, safely and provably. A Kubernetes operator for {' and '.join(installed())}.",
    no_args_is_help=True,
    rich_markup_mode="markdown",  # paragraphs of the docstrings fit any width
    pretty_exceptions_enable=False,
)
app.command()(run)
app.command()(crds)
app.command()(audit)
app.command()(discover)
app.command()(plan)
app.command()(release)
app.command()(drain)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Exit codes: 0 success, 1 failure, 2 wrong usage."""


def main() -> None:
    app()
