"""The audit log: one JSON line before and one after every remote write, and one for whatever is left behind.

The line before carries the intent, so that a crash between the two leaves a trace. Nothing secret goes in: ids, states
and the provider's words, masked by the provider's client.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trainsweep.core.resource import Resource

LOGGER = "trainsweep.audit"
log = logging.getLogger(LOGGER)


def write(event: str, record: Resource, **fields: Any) -> None:
    """`event` is "intent", "result" or "left"; the fields are those of the call."""
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
    log.info(json.dumps(line, ensure_ascii=False))


def configure(path: Path | None) -> None:
    """Send the lines to a file, or to standard output. They go nowhere else."""
    handler: logging.Handler
    handler = logging.FileHandler(path, encoding="utf-8") if path else logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.handlers[:] = [handler]
    log.propagate = False
    log.setLevel(logging.INFO)
