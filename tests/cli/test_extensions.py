"""Commands of other distributions: found by entry points, loaded when they are called, and harmless when broken."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import requires, version
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from trainsweep.cli import app
from trainsweep.cli.extensions import DISTRIBUTIONS, GROUP

MODULE = """\
import typer

def greet(*, name: str = "you") -> None:
    "Greet somebody."
    print(f"hello {name}")

def run() -> None:
    "Do something else than the operator."
    print("replaced")

group = typer.Typer(help="Two ways of saying goodbye.")

@group.command()
def softly() -> None:
    "Without a noise."
    print("bye")

@group.command()
def loudly() -> None:
    "With a noise."
    print("BYE")
"""
ENTRIES = {
    "greet": "stranger:greet",
    "run": "stranger:run",
    "leave": "stranger:group",
    "broken": "stranger_of_nowhere:command",
}


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed distribution with commands of its own."""
    (tmp_path / "stranger.py").write_text(MODULE)
    info = tmp_path / "stranger-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    lines = [f"{name} = {target}" for name, target in ENTRIES.items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines, ""]))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "stranger", raising=False)


Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    return lambda *arguments: CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})


@pytest.mark.usefixtures("stranger")
def test_a_function_becomes_a_command_with_its_options(run: Run):
    assert run("greet", "--name", "all").output == "hello all\n"


@pytest.mark.usefixtures("stranger")
def test_an_app_becomes_a_group_of_commands(run: Run):
    assert run("leave", "softly").output == "bye\n"
    assert "Two ways of saying goodbye." in run("leave", "--help").output


@pytest.mark.usefixtures("stranger")
def test_the_help_lists_them_after_our_own(run: Run):
    shown = run("--help").output
    assert shown.index("drain") < shown.index("greet")
    assert "Greet somebody." in shown


@pytest.mark.usefixtures("stranger")
def test_a_command_of_our_own_is_not_replaced(run: Run):
    assert "Run the operator" in run("run", "--help").output


@pytest.mark.usefixtures("stranger")
def test_one_that_cannot_be_loaded_says_so_and_leaves_the_others_alone(run: Run):
    said = run("broken", "--some", "option")
    assert said.exit_code == 1
    assert "The command broken of the package stranger cannot be loaded" in said.output
    assert "No module named 'stranger_of_nowhere'" in said.output
    assert "Traceback" not in said.output
    assert "cannot be loaded" in run("--help").output
    assert run("greet").exit_code == 0


@pytest.mark.usefixtures("stranger")
def test_our_own_commands_import_nothing_of_it(run: Run):
    assert run("crds").exit_code == 0
    assert "stranger" not in sys.modules


def test_one_that_is_not_installed_says_how_to_get_it(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(DISTRIBUTIONS, "elsewhere", "a-package")
    said = run("elsewhere", "--keep", "now")
    assert said.exit_code == 2
    assert "The command elsewhere is in the package a-package, which is not installed here." in said.output
    assert "make demo" in said.output


def test_the_help_is_silent_about_what_is_not_installed(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(DISTRIBUTIONS, "elsewhere", "a-package")
    assert "elsewhere" not in run("--help").output


def test_a_word_that_nobody_knows_is_wrong_usage(run: Run):
    said = run("elsewhere")
    assert said.exit_code == 2
    assert "No such command 'elsewhere'" in said.output


def test_the_development_tools_fit_this_version_and_no_other():
    assert version("trainsweep-devtools") == version("trainsweep")
    assert f"trainsweep=={version('trainsweep')}" in (requires("trainsweep-devtools") or ())
