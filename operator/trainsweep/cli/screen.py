"""What a command shows goes through here: the texts of others reach the terminal as text.

Neither control characters nor rich's markup in a name do anything. The linter keeps the other ways closed.
"""

from __future__ import annotations

from typing import Any

import typer
from rich.table import Table
from rich.text import Text

from trainsweep.core.printable import json_line, printable


def say(text: str, *, err: bool = False, end: str = "\n", bold: bool = False, colour: str | None = None) -> None:
    """Lines of text, on standard output or with `err` on standard error."""
    typer.secho(printable(text, lines=True) + end, nl=False, err=err, fg=colour, bold=bold or None)


def complain(text: str) -> None:
    """What went wrong, in red on standard error."""
    say(text, err=True, colour="red")


def fill(table: Table, *cells: object) -> None:
    """Add a row whose cells are what they say; None is an empty one."""
    table.add_row(*(Text("" if cell is None else printable(str(cell))) for cell in cells))


def as_json(value: Any, *, indent: int | None = None) -> str:
    """JSON for scripts that may be looked at, too."""
    return json_line(value, indent=indent)
