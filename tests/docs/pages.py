"""The pages, and what is in them: code blocks, commands, headings, links."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
#: Pages whose commands and manifests are run by tests of their own, beside what they are about.
RUN_ELSEWHERE = DOCS / "gitops"
PAGES = sorted(
    [*ROOT.glob("*.md"), ROOT / "devtools/README.md", *(ROOT / "charts").glob("*/README.md"), *DOCS.rglob("*.md")]
)

_FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^\n]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@dataclass(frozen=True)
class Block:
    """A fenced block. `title` is the file that the reader saves it as, "" for none."""

    language: str
    title: str
    text: str

    @property
    def manifests(self) -> list[dict[str, Any]]:
        return [body for body in yaml.safe_load_all(self.text) if isinstance(body, dict) and "apiVersion" in body]

    @property
    def commands(self) -> list[str]:
        """The lines that a reader types, without comments; other lines of a console are what it answers."""
        if self.language == "console":
            return [line.removeprefix("$ ") for line in self.text.splitlines() if line.startswith("$ ")]
        return self.text.splitlines() if self.language == "sh" else []


def blocks(text: str) -> Iterator[Block]:
    for fence in _FENCE.finditer(text):
        language, _, title = fence["info"].partition(" ")
        lines = [line.removeprefix(fence["indent"]) for line in fence["text"].splitlines(keepends=True)]
        yield Block(language, title.removeprefix('title="').removesuffix('"'), "".join(lines))


def prose(text: str) -> str:
    """The page without its blocks."""
    return _FENCE.sub("", text)


def links(text: str) -> list[str]:
    """The targets of the links to other pages and files, without anchors."""
    targets = [target.partition("#")[0] for target in _LINK.findall(prose(text))]
    return [target for target in targets if target and "://" not in target]


def programs(command: str) -> list[list[str]]:
    """The words of each program of a pipeline."""
    words = shlex.shlex(command, posix=True, punctuation_chars="|")
    words.whitespace_split = True
    found: list[list[str]] = [[]]
    for word in words:
        if word == "|":
            found.append([])
        else:
            found[-1].append(word)
    return found


def pages_with(language: str) -> list[Path]:
    """Pages that hold such a block and are not run elsewhere."""
    wanted = (page for page in PAGES if RUN_ELSEWHERE not in page.parents)
    return [page for page in wanted if any(block.language == language for block in blocks(page.read_text()))]
