"""The same program as `kubectl trainsweep`, and what kubectl offers when a user presses Tab behind it.

kubectl finds plugins by the names of programs: `kubectl-trainsweep` is run with the words that follow, and
`kubectl_complete-trainsweep` is asked for completions. It answers a line each, a tab before its description, and at the
end a colon with a number that tells the shell what to do besides; 4 is "offer no files".
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

PLUGIN = "kubectl-trainsweep"
NO_FILES = ":4"


def program_name() -> str:
    """How the user has called the program, for its help and its errors."""
    called = Path(sys.argv[0]).name
    return "kubectl trainsweep" if called.removesuffix(".exe").replace("_", "-") == PLUGIN else "trainsweep"


def complete() -> None:
    """The program `kubectl_complete-trainsweep`: typer's own answer to the shell fish has kubectl's form."""
    from trainsweep.cli import app  # noqa: PLC0415 (the commands import this file)

    *words, begun = ["trainsweep", *sys.argv[1:]] if len(sys.argv) > 1 else ["trainsweep", ""]
    os.environ["_TRAINSWEEP_COMPLETE"] = "complete_fish"
    os.environ["_TYPER_COMPLETE_FISH_ACTION"] = "get-args"
    os.environ["_TYPER_COMPLETE_ARGS"] = f"{shlex.join(words)} {shlex.quote(begun) if begun else ''}"
    sys.argv = ["trainsweep"]
    try:
        app(prog_name="trainsweep")
    except SystemExit:
        sys.stdout.write(f"{NO_FILES}\n")
