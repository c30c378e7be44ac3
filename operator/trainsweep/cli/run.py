"""`trainsweep run`: the operator, on a laptop and in the container alike. Its options are made from `Settings`."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import Annotated, Any, get_args, get_type_hints

import typer
from kubernetes.aio.config import ConfigException

from trainsweep.cli.screen import complain
from trainsweep.core.errors import TrainsweepError
from trainsweep.settings import Settings


def run(**options: Any) -> None:
    """Run the operator until it is told to end (SIGTERM, Ctrl-C).

    Every option is also an environment variable: --log-format is TRAINSWEEP_LOG_FORMAT.

    For example:

    $ trainsweep run --log-format pretty

    $ trainsweep run --namespace team-a --deletion-policy Orphan

    Exit codes: 0 it was told to end, 1 no cluster, or the Lease was lost, 2 wrong usage.
    """
    from trainsweep import app  # noqa: PLC0415 (the engine is heavy, and the other commands do without it)

    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in options.items()
    }
    try:
        settings = Settings(**given)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    try:
        app.run(settings)
    except ConfigException as error:
        complain(f"No cluster to work in: {error}")
        raise typer.Exit(1) from None
    except TrainsweepError as error:
        complain(str(error))
        raise typer.Exit(1) from None


def _parameter(name: str, annotated: Any, default: Any) -> inspect.Parameter:
    kind, text = get_args(annotated)
    option = typer.Option(help=text, envvar=f"TRAINSWEEP_{name.upper()}", show_default=default not in ((), None))
    many = default == ()
    annotation: Any = Annotated[list[str], option] if many else Annotated[kind, option]
    value = [] if many else default
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value, annotation=annotation)


_HINTS = get_type_hints(Settings, include_extras=True)
_PARAMETERS = [_parameter(entry.name, _HINTS[entry.name], entry.default) for entry in fields(Settings)]
run.__signature__ = inspect.Signature(_PARAMETERS)  # type: ignore[attr-defined]  # read by typer
run.__annotations__ = {parameter.name: parameter.annotation for parameter in _PARAMETERS}
