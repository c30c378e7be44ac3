"""Every command of the pages is one that its program understands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.chart.helm import Helm

from trainsweep.api import names
from trainsweep.api.kinds import KINDS
from trainsweep.cli import app

from .pages import ROOT, blocks, name, pages_with, programs

COMMANDS = [
    (page, words)
    for page in sorted({*pages_with("console"), *pages_with("sh")})
    for block in blocks(page.read_text())
    for command in block.commands
    for words in programs(command)
]
OUR_WORDS = {names.CATEGORY, *(word for kind in KINDS.values() for word in (kind.singular, kind.plural, *kind.short))}
OUR_MARKS = {value for word, value in vars(names).items() if word.isupper() and str(value).startswith(names.GROUP)}
#: Programs that need no help from us.
ORDINARY = {"curl", "grep", "kustomize"}


def test_there_are_commands_to_check():
    assert {words[0] for _, words in COMMANDS} >= {"trainsweep", "kubectl", "helm", "make"}


def label(value: object) -> str:
    return name(value) if isinstance(value, Path) else shlex.join(value) if isinstance(value, list) else str(value)


@pytest.mark.parametrize(("page", "words"), [entry for entry in COMMANDS if entry[1][0] != "helm"], ids=label)
def test_a_command_is_understood(page: Path, words: list[str]):
    program, *arguments = words
    understood: dict[str, Callable[[list[str]], None]] = {
        "trainsweep": trainsweep,
        "kubectl": kubectl,
        "make": make,
        "source": source,
        ".venv/bin/pytest": files_exist,
        "pip": pip,
    }
    if program not in ORDINARY:
        understood[program](arguments)


@pytest.mark.parametrize(("page", "words"), [entry for entry in COMMANDS if entry[1][0] == "helm"], ids=label)
def test_a_helm_command_is_understood(page: Path, words: list[str], helm: Helm):
    _, command, *arguments = words
    files_exist([word for word in words if word.startswith("charts/")])
    if command in ("install", "upgrade"):
        # Rendered, so that the schema has seen each value that is set.
        rendered = [word for word in arguments if word not in ("--reuse-values", "--take-ownership")]
        line = [str(helm.program), "template", *rendered]
        done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
    else:
        helps([str(helm.program), command, *arguments])


def trainsweep(arguments: list[str]) -> None:
    """Parsed as typed, values checked; files that are not here count as empty ones."""
    command: Any = typer.main.get_command(app)
    context = typer.Context(command)
    while arguments and hasattr(command, "list_commands") and arguments[0] in command.list_commands(context):
        command, arguments = command.get_command(context, arguments[0]), arguments[1:]
    assert not hasattr(command, "list_commands"), f"{arguments[:1]} is no command"
    if arguments != ["--help"]:
        given = [os.devnull if word.startswith("/var/log/") else word for word in arguments]
        with command.make_context("trainsweep", given):
            pass


def kubectl(arguments: list[str]) -> None:
    if "--" in arguments:  # what runs in the pod
        inside = arguments.index("--")
        assert arguments[inside + 1] == "trainsweep"
        trainsweep(arguments[inside + 2 :])
        arguments = arguments[:inside]
    helps(["kubectl", *arguments])
    for word in arguments:
        if mark := re.match(rf"{names.GROUP}/[\w-]+", word):
            assert mark[0].removesuffix("-") in OUR_MARKS, f"{mark[0]} is no annotation of ours"
        elif re.match(r"(cluster)?provider|training(?!:)|finetuning|trainsweep$", word):
            kinds = word.partition("/")[0].replace(f".{names.GROUP}", "").split(",")
            assert set(kinds) <= OUR_WORDS, f"{word} is no kind of ours"


def helps(command: list[str]) -> None:
    """Asked for help at its end, a command says first what it does not understand in front of it."""
    result = subprocess.run([*command, "--help"], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    assert f"{Path(command[0]).name} {command[1]}" in result.stdout, f"{command[1]} is no command"


def make(arguments: list[str]) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(arguments) <= set(targets)


def source(arguments: list[str]) -> None:
    assert arguments == [".venv/bin/activate"]


def pip(arguments: list[str]) -> None:
    assert arguments[0] == "install"
    files_exist(arguments[1:])


def files_exist(arguments: list[str]) -> None:
    assert [path for path in arguments if not (ROOT / path).exists()] == []
