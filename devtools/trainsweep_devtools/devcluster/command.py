"""Run a command and follow what it writes, line by line."""

from __future__ import annotations

import os
import selectors
import subprocess
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from trainsweep_devtools.devcluster.errors import DevClusterError


def follow(
    command: Sequence[str], *, directory: Path, environ: Mapping[str, str], silence: float | None = None
) -> Iterator[str]:
    """The lines of both outputs, as they come. The command is over when the iterator is, however that ends.

    Raises DevClusterError with the last lines when the command fails, or writes nothing for `silence` seconds.
    """
    name = f"{Path(command[0]).name} {command[1]}"
    recent: deque[str] = deque(maxlen=6)
    process = subprocess.Popen(
        command,
        cwd=directory,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
    )
    with process:
        try:
            for line in _lines(process, name, silence):
                recent.append(line)
                yield line
        except BaseException:  # also when the reader goes away, or at Ctrl-C
            process.kill()
            raise
    if process.returncode:
        last = "\n".join(recent) or "(it wrote nothing)"
        raise DevClusterError(f"{name} failed:\n{last}")


def _lines(process: subprocess.Popen[bytes], name: str, silence: float | None) -> Iterator[str]:
    if process.stdout is None:
        raise ValueError("the output of the process is not piped")
    pending = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while selector.select(silence):
            chunk = os.read(process.stdout.fileno(), 1 << 16)
            *lines, pending = (pending + chunk).split(b"\n")
            yield from (line.decode(errors="replace") for line in lines)
            if not chunk:
                if pending:
                    yield pending.decode(errors="replace")
                return
    raise DevClusterError(f"{name} was silent for {silence:.0f} s.")
