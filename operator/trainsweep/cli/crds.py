"""`trainsweep crds`: the CustomResourceDefinitions of this version."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trainsweep.api.crd import documents, stale, write
from trainsweep.cli.screen import say


def crds(
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Directory for one file a kind. Default: everything to standard output."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if a file in the --output directory is not current.")
    ] = False,
) -> None:
    """Print the CustomResourceDefinitions, or write them into a directory.

    For example:

    $ trainsweep crds | kubectl apply --server-side -f -

    $ trainsweep crds --output crds --check

    Exit codes: 0 printed, written or current, 1 a file is not current, 2 wrong usage.
    """
    if check:
        if output is None:
            raise typer.BadParameter("--check needs --output: the directory to look at.")
        if names := stale(output):
            say(f"Not current in {output}: {', '.join(names)}. Run: trainsweep crds --output {output}", err=True)
            raise typer.Exit(code=1)
    elif output is None:
        say("---\n".join(documents().values()), end="")
    else:
        write(output)
