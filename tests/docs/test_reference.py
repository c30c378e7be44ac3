"""What is generated is current, and what is told in prose is what the code does."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import yaml
from tests.engine.mutations import MUTATIONS

from trainsweep.api.provider import installed
from trainsweep.api.provider_config import RateLimit
from trainsweep.core.advice import ADVICE
from trainsweep.core.reasons import Reason

from .pages import DOCS, ROOT, links


@pytest.mark.parametrize("script", ["generate.py", "map.py"])
def test_the_generated_pages_are_current(script: str):
    command = [sys.executable, str(DOCS / script), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr


def test_the_pictures_are_current_and_fetch_nothing():
    command = [sys.executable, str(DOCS / "pictures.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    for picture in (DOCS / "pictures").glob("*.svg"):
        assert not re.search(r"url\(.?http|href=.?http", picture.read_text())


@pytest.mark.parametrize(
    ("field", "pace"),
    [("reads_per_second", "reads"), ("writes_per_second", "writes"), ("max_in_flight", "in_flight")],
)
def test_the_paces_that_are_told_are_those_of_the_code(field: str, pace: str):
    told = RateLimit.model_fields[field].description or ""
    for provider, plugin in installed().items():
        assert f"{getattr(plugin.limits, pace):g} for {provider}" in told


def test_every_file_of_the_product_says_what_it_is_for():
    rows = re.findall(r"^\| `(\w+\.py)` \| (.*) \|$", (DOCS / "map.md").read_text(), flags=re.MULTILINE)
    assert [name for name, sentence in rows if not sentence] == []


def test_the_defects_that_are_told_are_those_that_are_put_back():
    text = (DOCS / "guarantees.md").read_text()
    told = re.findall(r"^\| ([^`|]+) \| `(tests/\S+\.py)` \|$", text, flags=re.MULTILINE)
    assert {(mutation.name, mutation.tests) for mutation in MUTATIONS} <= set(told)


def entries() -> dict[str, str]:
    """The text of each reason on the troubleshooting page."""
    parts = re.split(r"^### `(\w+)`\n", (DOCS / "troubleshooting.md").read_text(), flags=re.MULTILINE)[1:]
    return {reason: text.partition("\n## ")[0].strip() for reason, text in zip(parts[::2], parts[1::2], strict=True)}


def test_every_reason_has_its_entry_and_every_entry_a_reason():
    assert sorted(entries()) == sorted(Reason)


@pytest.mark.parametrize("reason", Reason)
def test_an_entry_says_what_the_reason_means_and_what_to_do(reason: Reason):
    meaning, _, advice = entries()[reason].partition("\n\n")
    assert meaning == reason.meaning
    assert " ".join(advice.split()) == ADVICE[reason]


def test_every_promise_names_the_tests_that_show_it():
    rows = [line for line in (DOCS / "guarantees.md").read_text().splitlines() if line.startswith("| ")]
    promises = [row for row in rows if not row.endswith("| shown by |")]
    assert len(promises) > 20
    for promise in promises:
        named = re.findall(r"`(tests/[^`]+)`", promise.split(" | ")[-1])
        assert named, promise
        assert [path for path in named if not (ROOT / path).is_file()] == []


def test_every_alert_has_its_runbook_and_every_runbook_is_listed():
    rules = yaml.safe_load((ROOT / "charts" / "trainsweep" / "files" / "rules.yaml").read_text())
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"] if "alert" in rule}
    index = (DOCS / "runbooks" / "index.md").read_text()
    titles = {(DOCS / "runbooks" / page).read_text().splitlines()[0] for page in links(index)}
    assert titles == {f"# {alert}" for alert in alerts}
    assert set(re.findall(r"^\| \[(\w+)\]", index, re.MULTILINE)) == alerts
