"""The Chinese pages say the same as the English ones: headings, blocks, tables and links in the same order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from .pages import DOCS, ROOT, Block, blocks, links, prose

PAIRS = [
    (ROOT / "README.md", ROOT / "README.zh-CN.md"),
    (DOCS / "quick-start.md", DOCS / "zh" / "quick-start.md"),
    (DOCS / "how-to" / "day-two.md", DOCS / "zh" / "day-two.md"),
]
both = pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=lambda page: page.name)


@both
def test_the_headings_are_the_same(english: Path, chinese: Path):
    assert outline(english) == outline(chinese)


@both
def test_the_blocks_are_the_same_but_for_their_comments(english: Path, chinese: Path):
    found = [[meaning(block) for block in blocks(page.read_text())] for page in (english, chinese)]
    assert found[0] == found[1]
    assert found[0]


@both
def test_the_links_are_the_same(english: Path, chinese: Path):
    in_english = {theirs.resolve(): ours.resolve() for ours, theirs in PAIRS}
    found = [
        [
            in_english.get(target, target)
            for link in links(page.read_text())
            if (target := (page.parent / link).resolve())
        ]
        for page in (english, chinese)
    ]
    assert found[0] == found[1]
    assert found[0]


@both
def test_the_chinese_page_is_in_chinese(english: Path, chinese: Path):
    headings = re.findall(r"^##+ (.*)$", prose(chinese.read_text()), re.MULTILINE)
    assert [heading for heading in headings if not re.search(r"[\u4e00-\u9fff]", heading)] == []


def outline(page: Path) -> list[tuple[str, int]]:
    """Levels of headings, widths of table rows, items of lists, in their order."""
    found = []
    for line in prose(page.read_text()).splitlines():
        if heading := re.match(r"#+ ", line):
            found.append(("heading", len(heading[0])))
        elif line.startswith("|"):
            found.append(("row", line.count("|")))
        elif line.startswith("- "):
            found.append(("item", 1))
    return found


def meaning(block: Block) -> Any:
    match block.language:
        case "yaml":
            return block.title, list(yaml.safe_load_all(block.text))
        case "console":
            return [re.sub(r"\s+# .*", "", command) for command in block.commands]
    return block
