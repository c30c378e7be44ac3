"""Runs as a program of its own, between this package and one process, so that the process cannot outlive its user.

    python supervisor.py DIRECTORY PROGRAM ARGUMENT...

Standard input is a pipe whose other end only the user's process holds. A byte in it is the number of a signal for the
program; its end, which the kernel brings about however the user's process dies, means: kill the program and remove
DIRECTORY (empty: none). This needs nothing that Linux and macOS do not share. The exit code is the program's.

SIGKILL, because nothing is lost by it, and kube-apiserver takes a minute to end by itself while someone watches.
It imports the standard library alone: it is started with `-I -S`, for speed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from threading import Event, Thread
from types import FrameType


def supervise(directory: str, command: list[str]) -> int:
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    over = Event()

    def obey() -> None:
        while order := os.read(0, 1):
            child.send_signal(order[0])
        over.set()
        child.kill()

    def end(_number: int, _frame: FrameType | None) -> None:
        child.kill()

    signal.signal(signal.SIGTERM, end)
    Thread(target=obey, daemon=True).start()
    code = child.wait()
    if over.is_set() and directory:
        shutil.rmtree(directory, ignore_errors=True)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(supervise(sys.argv[1], sys.argv[2:]))
