"""`trainsweep simulate`: providers as HTTP servers on this machine, for demos and tests.

Each installed provider whose plugin names a simulator has a command here.
"""

from __future__ import annotations

from pkgutil import resolve_name

import typer

from trainsweep.api.provider import either, installed
from trainsweep.providers.registry import plugin_of

_SIMULATED = tuple(name for name in installed() if plugin_of(name).simulator)

app = typer.Typer(no_args_is_help=True, help=f"Run {either(_SIMULATED)} as a local HTTP server.")
for _name in _SIMULATED:
    app.command(_name.lower())(resolve_name(plugin_of(_name).simulator))
