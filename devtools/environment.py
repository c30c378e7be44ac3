"""Make a virtual environment and install into it with pip, and show how far that is.

`environment.py DIRECTORY ARGUMENT...` takes the arguments of `pip install`. The Makefile calls it before anything is
installed, so it needs nothing but Python. On a terminal one line is written anew with each package; elsewhere each step
is a line.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

#: pip's last lines, which are shown when it fails.
TAIL = 30
#: Compiled when first imported: most of what is installed never is, and compiling it takes longer than the rest.
OPTIONS = ("--disable-pip-version-check", "--no-compile", "--progress-bar", "off")


def main(directory: str, *arguments: str) -> int:
    """The exit code: that of pip, or 130 when interrupted."""
    show = Display(sys.stdout)
    try:
        show.step(f"Making the environment {directory} with Python {sys.version.split()[0]}")
        subprocess.run([sys.executable, "-m", "venv", directory], check=True)
        return install(Path(directory) / "bin" / "python", arguments, show)
    except subprocess.CalledProcessError as error:
        show.end()
        sys.stderr.write(f"Cannot make an environment in {directory}: python -m venv ended with {error.returncode}.\n")
        return 1
    except KeyboardInterrupt:
        show.end()
        sys.stderr.write("Interrupted; the next run goes on from here.\n")
        return 130


def install(python: Path, arguments: Sequence[str], show: Display) -> int:
    """The exit code of pip; what it said last is shown when that is not 0."""
    command = [str(python), "-m", "pip", "install", *OPTIONS, *arguments]
    recent: deque[str] = deque(maxlen=TAIL)
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as process:
        for text, lasting in steps(_kept(process.stdout or (), recent)):
            (show.step if lasting else show.update)(text)
    show.end()
    if process.returncode:
        sys.stderr.write("".join(recent))
        sys.stderr.write(f"pip could not install {' '.join(arguments)}; its last words are above.\n")
        return process.returncode
    return 0


def _kept(lines: Iterable[str], recent: deque[str]) -> Iterator[str]:
    for line in lines:
        recent.append(line)
        yield line


def steps(lines: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """What pip is doing, in words: (text, True) begins a step, (text, False) is how far that is."""
    fetched = 0
    for line in lines:
        word, _, rest = line.strip().partition(" ")
        name = rest.split(" ")[0]
        if word == "Obtaining":
            yield f"Reading what {name.removeprefix('file://')} needs", True
        elif word == "Collecting":
            if not fetched:
                yield "Getting packages", True
            fetched += 1
            yield f"Getting packages: {fetched}, {name}", False
        elif line.startswith("Installing collected packages: "):
            yield f"Installing {line.count(',') + 1} packages", True
        elif line.startswith("Successfully installed"):
            yield "All is installed", True


class Display:
    """Lines that begin with the seconds since the start."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._begun = time.monotonic()
        self._written = 0

    def step(self, text: str) -> None:
        self.end()
        self._write(text)
        if not self._stream.isatty():
            self.end()

    def update(self, text: str) -> None:
        """In place of the step's line, where that can be done."""
        if self._stream.isatty():
            self._stream.write("\r")
            self._write(text)

    def end(self) -> None:
        """Leave the line that is being written."""
        if self._written:
            self._stream.write("\n")
            self._stream.flush()
        self._written = 0

    def _write(self, text: str) -> None:
        line = f"{time.monotonic() - self._begun:5.1f} s  {text}"
        self._stream.write(line.ljust(self._written))  # nothing of a longer line before stays
        self._stream.flush()
        self._written = len(line)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
