"""Logs: constant messages with fields, as JSON lines or for people, on standard error. One line per change of state."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

from trainsweep.core.printable import json_line, printable

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, then the fields."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json_line(line)


class PrettyFormatter(logging.Formatter):
    """Time, level, message, then the fields as name=value."""

    def format(self, record: logging.LogRecord) -> str:
        stamp = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        fields = " ".join(f"{name}={printable(str(value))}" for name, value in _fields(record).items())
        text = f"{stamp} {record.levelname[:4].lower()}  {record.getMessage()}  {fields}".rstrip()
        text += f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return printable(text, lines=True)


def configure(*, pretty: bool, level: str) -> None:
    """Replace the root handlers. Third-party loggers stay at WARNING: theirs may quote headers at DEBUG."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PrettyFormatter() if pretty else JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("trainsweep").setLevel(level.upper())
    # It warns at each start that signals do not reach it; they reach the engine.
    logging.getLogger("kopf._core.reactor.running").setLevel(logging.ERROR)
    # It warns at each login of a pod that there is no kubeconfig; where one is needed, the error tells.
    logging.getLogger("kubernetes.aio.config.kube_config").setLevel(logging.ERROR)


def _fields(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}
