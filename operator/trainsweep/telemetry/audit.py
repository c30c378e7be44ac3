"""The audit log: one JSON line before and one after every remote write, and one for whatever is left behind.

The line before carries the intent, so that a crash between the two leaves a trace. Nothing secret goes in: ids, states
and the provider's words, masked by the provider's client.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trainsweep.core.printable import json_line
from trainsweep.core.resource import Resource

LOGGER = "trainsweep.audit"
log = logging.getLogger(LOGGER)


class Unwritable(Exception):
    """The audit log takes no line: its device is full, or it is gone."""


class _Strict(logging.StreamHandler):  # type: ignore[type-arg]  # its stream is text, and the class is not generic at run time
    """Raises what keeps a line from being written; the handlers of `logging` only say so on standard error."""

    def handleError(self, record: logging.LogRecord) -> None:
        _raise_current()


class _StrictFile(logging.FileHandler):
    """The same for a file."""

    def handleError(self, record: logging.LogRecord) -> None:
        _raise_current()


def _raise_current() -> None:
    if error := sys.exc_info()[1]:
        raise error


def note(event: str, record: Resource, **fields: Any) -> None:
    """A line about what has happened already. That it cannot be written is told in the log."""
    try:
        write(event, record, **fields)
    except Unwritable as error:
        logging.getLogger(__name__).error(
            "an audit line is lost", extra={"resource": str(record.key), "why": str(error)}
        )


def write(event: str, record: Resource, **fields: Any) -> None:
    """`event` is "intent", "result", "left" or "handedOver"; the fields are those of the call.

    Raises `Unwritable` when the line is not written.
    """
    line = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "event": event,
        "resource": str(record.key),
        "uid": record.uid,
        "generation": record.generation,
        "manager": record.manager,
        "deleting": record.deleting,
        "account": str(record.config),
        **{name: value for name, value in fields.items() if value not in ("", None)},
    }
    try:
        log.info(json_line(line))
    except (OSError, ValueError) as error:
        raise Unwritable(f"The audit log cannot be written ({error}); make room for it.") from error


def configure(path: Path | None) -> None:
    """Send the lines to a file, or to standard output. They go nowhere else."""
    handler: logging.Handler
    handler = _StrictFile(path, encoding="utf-8") if path else _Strict(sys.stdout)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.handlers[:] = [handler]
    log.propagate = False
    log.setLevel(logging.INFO)
