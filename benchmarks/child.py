"""A process of its own, so that its memory and its CPU time are its alone. Read from /proc: Linux only."""

from __future__ import annotations

import os
import signal
import subprocess
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_TICKS = os.sysconf("SC_CLK_TCK")
#: Seconds for an orderly end before SIGKILL.
_PATIENCE = 30.0


class Child:
    """Runs until the end of its `with` block. What it says goes to `log`."""

    def __init__(self, command: Sequence[str], log: Path, environ: Mapping[str, str] | None = None) -> None:
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env={**os.environ, **(environ or {})}
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def said(self) -> str:
        """Everything that it has said so far."""
        return self._log.read_text(errors="replace")

    def peak_memory(self) -> int:
        """The highest resident set so far, in bytes."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(peak.split()[1]) * 1024

    def cpu_seconds(self) -> float:
        """User and system time so far, of all its threads."""
        # The name in the second field may hold blanks and parentheses; utime and stime are fields 14 and 15.
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS


def program(name: str) -> str:
    """The path of a command that this environment installed."""
    return str(Path(sysconfig.get_path("scripts")) / name)
