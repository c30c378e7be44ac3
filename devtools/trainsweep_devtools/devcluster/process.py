"""A process that ends when we do: at `stop()`, at the end of the interpreter, and also when that is killed."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_SUPERVISOR = Path(__file__).with_name("supervisor.py")


class Process:
    """A running program under its supervisor. Its output is appended to `log`.

    With `remove`, that directory goes once the program has been stopped, or has lost its user.
    """

    def __init__(self, command: Sequence[str], *, directory: Path, log: Path, remove: Path | None = None) -> None:
        self.log = log
        with log.open("ab") as output:
            # A session of its own: Ctrl-C in a terminal reaches us, and we decide in which order things end.
            self._supervisor = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_SUPERVISOR), str(remove or ""), *command],
                cwd=directory,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                bufsize=0,
            )

    @property
    def running(self) -> bool:
        return self._supervisor.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Hand a signal to the program. One that has ended gets none."""
        if self._supervisor.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._supervisor.stdin.write(bytes([number]))

    def kill(self) -> None:
        """End the program and wait until it has ended; its directory stays."""
        self.send(signal.SIGKILL)
        self._supervisor.wait()
        self.stop()

    def stop(self) -> None:
        """Have the program ended; `wait` for it. Doing so twice is doing so once."""
        if self._supervisor.stdin:
            self._supervisor.stdin.close()

    def wait(self) -> None:
        """Return when the program and its supervisor have ended. Call `stop` first."""
        self._supervisor.wait()

    def last_words(self) -> str:
        """The end of the program's log, for an error."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-8:])
