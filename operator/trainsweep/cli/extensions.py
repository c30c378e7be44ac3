"""Commands of other distributions, found by the entry point group `trainsweep.commands`.

An entry point is named as its command and leads to a function, or to a `typer.Typer` for a group of commands:

    [project.entry-points."trainsweep.commands"]
    demo = "trainsweep_devtools.cli.demo:demo"

It is imported when it is called or its help is shown, so that it costs the other commands nothing and cannot break
them. A command of our own is never replaced.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from trainsweep.cli.screen import complain

GROUP = "trainsweep.commands"
#: The group of `--help` under which they are shown.
PANEL = "Tools"
#: Commands that we know of and that another distribution brings.
DISTRIBUTIONS = {"demo": "trainsweep-devtools", "simulate": "trainsweep-devtools"}


class Commands(TyperGroup):
    """The commands of this package, then those of the others by name."""

    def list_commands(self, ctx: Any) -> list[str]:
        own = super().list_commands(ctx)
        return own + sorted({entry.name for entry in entry_points(group=GROUP)}.difference(own))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if command := super().get_command(ctx, cmd_name):
            return command
        for entry in entry_points(group=GROUP, name=cmd_name):
            return _load(entry)
        if distribution := DISTRIBUTIONS.get(cmd_name):
            return _stub(cmd_name, _how_to_get(cmd_name, distribution), exit_code=2)
        return None


def _load(entry: EntryPoint) -> Any:
    try:
        loaded = entry.load()
    except Exception as error:  # whatever the code of others raises, the help must still be shown
        whose = f"the package {entry.dist.name}" if entry.dist else entry.value
        text = f"The command {entry.name} of {whose} cannot be loaded: {error}. Install that package again."
        return _stub(entry.name, text, exit_code=1)
    parent = typer.Typer(rich_markup_mode="markdown", add_completion=False)
    if isinstance(loaded, typer.Typer):
        parent.add_typer(loaded, name=entry.name, rich_help_panel=PANEL)
    else:
        parent.command(entry.name, rich_help_panel=PANEL)(loaded)
    return get_group(parent).commands[entry.name]


def _how_to_get(command: str, distribution: str) -> str:
    return (
        f"The command {command} is in the package {distribution}, which is not installed here. "
        f"In a checkout of Trainsweep, `make demo` installs it and runs the demo; `pip install ./devtools` installs it."
    )


def _stub(name: str, text: str, *, exit_code: int) -> Any:
    """A command that says why it cannot do its work, whatever its arguments are."""
    parent = typer.Typer(rich_markup_mode="markdown", add_completion=False)

    @parent.command(
        name,
        rich_help_panel=PANEL,
        help=text,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    def say() -> None:
        complain(text)
        raise typer.Exit(exit_code)

    return get_group(parent).commands[name]
