"""The documentation site: built strictly, complete, and without anything from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .pages import DOCS, PAGES, ROOT, links, name


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Strict: a page outside the navigation, a dead link or a dead anchor ends the build."""
    directory = tmp_path_factory.mktemp("site")
    result = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(directory)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return directory


def test_every_page_becomes_a_page_of_the_site(site: Path):
    wanted = {
        page.relative_to(DOCS).with_suffix("") if page.stem != "index" else page.relative_to(DOCS).parent
        for page in DOCS.rglob("*.md")
    }
    assert {path.parent.relative_to(site) for path in site.rglob("index.html")} == wanted


def test_the_site_loads_nothing_from_elsewhere(site: Path):
    loaded = re.compile(r'<(?:script|img)[^>]+src="(\S+?)"|<link[^>]+stylesheet[^>]+href="(\S+?)"')
    for page in site.rglob("*.html"):
        sources = [one or other for one, other in loaded.findall(page.read_text())]
        assert sources
        assert not [source for source in sources if source.startswith(("http:", "https:", "//"))], page


def test_the_generator_is_no_part_of_the_site(site: Path):
    assert not list(site.rglob("*.py"))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path):
    assert [target for target in links(page.read_text()) if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_path_that_is_named_exists(page: Path):
    named = re.findall(r"`((?:operator|tests|charts|examples|docs|benchmarks)/[\w./-]+)`", page.read_text())
    assert [path for path in named if not (ROOT / path).exists()] == []
