"""How an environment is made: in steps that are shown, with pip's own words when it fails."""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

PROGRAM = Path(__file__).parents[2] / "devtools" / "environment.py"
SAID = """\
Obtaining file:///home/me/trainsweep/devtools
  Installing build dependencies: started
  Installing build dependencies: finished with status 'done'
Collecting aiohttp>=3.9 (from trainsweep==0.1.0)
  Downloading aiohttp-3.14.5-cp311-cp311-manylinux2014_x86_64.whl (1.9 MB)
Requirement already satisfied: idna in ./.venv/lib (from aiohttp)
Collecting yarl (from aiohttp>=3.9)
  Using cached yarl-1.25.1-cp311-cp311-manylinux2014_x86_64.whl (117 kB)
Building wheels for collected packages: trainsweep
Installing collected packages: yarl, aiohttp, trainsweep
Successfully installed aiohttp-3.14.5 trainsweep-0.1.0 yarl-1.25.1
"""


@pytest.fixture(scope="module")
def environment() -> ModuleType:
    spec = importlib.util.spec_from_file_location("environment", PROGRAM)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_pip_does_is_told_in_steps(environment: ModuleType):
    assert list(environment.steps(SAID.splitlines(keepends=True))) == [
        ("Reading what /home/me/trainsweep/devtools needs", True),
        ("Getting packages", True),
        ("Getting packages: 1, aiohttp>=3.9", False),
        ("Getting packages: 2, yarl", False),
        ("Installing 3 packages", True),
        ("All is installed", True),
    ]


def shown(environment: ModuleType, stream: io.StringIO) -> str:
    display = environment.Display(stream)
    display.step("Getting packages")
    display.update("Getting packages: 1, a-long-name")
    display.update("Getting packages: 2, short")
    display.step("Installing 2 packages")
    display.end()
    return stream.getvalue()


def test_without_a_terminal_each_step_is_a_line(environment: ModuleType):
    lines = shown(environment, io.StringIO()).splitlines()
    assert [line.split(" s  ")[1] for line in lines] == ["Getting packages", "Installing 2 packages"]


def test_on_a_terminal_a_line_is_written_anew_with_each_package(environment: ModuleType):
    first, second = shown(environment, Terminal()).splitlines(keepends=False)[-2:]
    assert first.rstrip().endswith("Getting packages: 2, short")
    assert second.endswith("Installing 2 packages")


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A package that needs no other."""
    path = tmp_path / "greeting-1.0-py3-none-any.whl"
    info = "greeting-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("greeting.py", "WORD = 'hello'\n")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PROGRAM), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_an_environment_holds_what_was_asked_for(wheel: Path, tmp_path: Path):
    directory = tmp_path / "environment"
    done = run(str(directory), "--no-index", str(wheel))
    assert done.returncode == 0, done.stderr
    assert "Making the environment" in done.stdout
    assert "All is installed" in done.stdout
    command = [str(directory / "bin" / "python"), "-c", "import greeting; print(greeting.WORD)"]
    assert subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout == "hello\n"


def test_what_cannot_be_installed_is_told_in_pips_words(tmp_path: Path):
    done = run(str(tmp_path / "environment"), "--no-index", "no-such-package")
    assert done.returncode == 1
    assert "No matching distribution found for no-such-package" in done.stderr
    assert "pip could not install --no-index no-such-package" in done.stderr
    assert "Traceback" not in done.stderr
