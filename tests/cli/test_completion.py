"""What bash offers when a user presses Tab, by the script that `--install-completion` puts in place."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer import Context
from typer.main import get_group

from trainsweep.cli import app

#: Presses Tab after the words given: the completion function is found and called as bash does it.
TAB = """
source <(_TRAINSWEEP_COMPLETE=source_bash trainsweep)
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
function=$(complete -p trainsweep | sed 's/.* -F \\([^ ]*\\) .*/\\1/')
"$function" trainsweep
printf '%s\\n' "${COMPREPLY[@]}"
"""


def offered(*words: str) -> list[str]:
    """What is offered for the last of the words, "" for one that is not begun."""
    bash = shutil.which("bash") or pytest.skip("bash is not installed")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = [bash, "--norc", "-c", TAB, "bash", "trainsweep", *words]
    done = subprocess.run(
        command, env=os.environ | {"PATH": path}, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.split()


def test_the_commands_are_offered():
    commands = get_group(app)
    assert sorted(offered("")) == sorted(commands.list_commands(Context(commands)))
    assert offered("di") == ["discover"]


def test_the_values_of_an_option_are_offered():
    assert offered("drain", "--policy", "") == ["Retain", "Delete"]
    assert offered("discover", "--kind", "Fine") == ["FineTuningTask", "FineTuningJob"]
