"""How a tool gets built: once for all checkouts, again when its pinned module changes, and never half."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from trainsweep_devtools.devcluster import DevClusterError, PlainProgress

from .builder import Tool, obtain

# Writes the program that it is asked for, and down that it was asked.
_GO = """\
import pathlib, sys
here = pathlib.Path(sys.argv[0]).parent
if sys.argv[1] == "env":
    print("go1.26.8")
elif (here / "broken").exists():
    sys.exit("example.com/tool: checksum mismatch")
else:
    with (here / "builds").open("a") as builds:
        builds.write("build\\n")
    pathlib.Path(sys.argv[sys.argv.index("-o") + 1]).write_text("built")
"""


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    module = tmp_path / "module"
    module.mkdir()
    for file in ("go.mod", "go.sum"):
        (module / file).write_text(file)
    return Tool("tool", module, "example.com/tool")


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine with a Go and an empty cache."""
    go = tmp_path / "bin" / "go"
    go.parent.mkdir()
    go.write_text(f"#!{sys.executable}\n{_GO}")
    go.chmod(0o755)
    return {"PATH": str(go.parent), "XDG_CACHE_HOME": str(tmp_path / "cache")}


def builds(machine: dict[str, str]) -> int:
    log = Path(machine["PATH"], "builds")
    return len(log.read_text().splitlines()) if log.exists() else 0


def test_a_tool_is_built_once(tool: Tool, machine: dict[str, str]):
    first = obtain(tool, PlainProgress(), machine)
    assert first.read_text() == "built"
    assert first.stat().st_mode & 0o111
    assert obtain(tool, PlainProgress(), machine) == first
    assert builds(machine) == 1


def test_another_checkout_uses_the_same_program(tool: Tool, machine: dict[str, str], tmp_path: Path):
    first = obtain(tool, PlainProgress(), machine)
    moved = replace(tool, module=tool.module.rename(tmp_path / "another"))
    assert obtain(moved, PlainProgress(), machine) == first
    assert builds(machine) == 1


@pytest.mark.parametrize("file", ["go.mod", "go.sum"])
def test_a_changed_module_is_built_again(file: str, tool: Tool, machine: dict[str, str]):
    first = obtain(tool, PlainProgress(), machine)
    (tool.module / file).write_text("changed")
    assert obtain(tool, PlainProgress(), machine) != first
    assert builds(machine) == 2


def test_a_failed_build_says_why_and_leaves_nothing(tool: Tool, machine: dict[str, str]):
    broken = Path(machine["PATH"], "broken")
    broken.touch()
    with pytest.raises(DevClusterError, match="checksum mismatch"):
        obtain(tool, PlainProgress(), machine)
    broken.unlink()
    assert obtain(tool, PlainProgress(), machine).read_text() == "built"
