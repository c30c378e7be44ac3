"""Durations on the command line, as Go and kubectl write them: 90s, 10m, 1h30m, 2d."""

from __future__ import annotations

import re
from datetime import timedelta

import typer

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_FORM = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?")


def duration(text: str, option: str) -> timedelta:
    """Raises `typer.BadParameter` for what is none, and for nothing at all."""
    found = _FORM.fullmatch(text.strip())
    parts = [int(part or 0) for part in found.groups()] if found else []
    if not any(parts):
        raise typer.BadParameter(f"{text!r} is no duration such as 90s, 10m, 1h30m or 2d.", param_hint=option)
    return timedelta(seconds=sum(part * size for part, size in zip(parts, _UNITS.values(), strict=True)))
