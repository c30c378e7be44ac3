"""The alerts, unit-tested by promtool, and what they, the dashboard and the runbooks refer to."""

from __future__ import annotations

import json
import re
import subprocess
from html import escape
from pathlib import Path

import yaml

from trainsweep.core.reasons import Reason
from trainsweep.telemetry.definitions import METRICS

ROOT = Path(__file__).parents[2]
RULES = ROOT / "charts/trainsweep/files/rules.yaml"
DASHBOARD = ROOT / "charts/trainsweep/files/dashboard.json"
RUNBOOKS = ROOT / "docs/runbooks"
METRICS_PAGE = ROOT / "docs/metrics.md"
PICTURE = ROOT / "docs/dashboard.svg"
UNIT_TESTS = Path(__file__).with_name("alerts.yaml")


def rules() -> list[dict]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def promtool_says(promtool: str, *arguments: str) -> None:
    done = subprocess.run([promtool, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_are_well_formed(promtool):
    promtool_says(promtool, "check", "rules", str(RULES))


def test_alerts_fire_when_they_should_and_not_else(promtool):
    promtool_says(promtool, "test", "rules", str(UNIT_TESTS))


def test_every_alert_has_a_unit_test_in_which_it_fires():
    tested = {
        case["alertname"]
        for test in yaml.safe_load(UNIT_TESTS.read_text())["tests"]
        for case in test["alert_rule_test"]
        if case["exp_alerts"]
    }
    assert tested == {rule["alert"] for rule in rules()}


def test_every_alert_leads_to_a_runbook_of_its_own():
    headings = {path.stem: path.read_text().splitlines()[0] for path in RUNBOOKS.glob("*.md") if path.stem != "index"}
    links = {
        rule["annotations"]["runbook_url"].rstrip("/").rpartition("/")[2]: f"# {rule['alert']}" for rule in rules()
    }
    assert headings == links
    listed = set(re.findall(r"^- \[(\w+)\]\(runbooks/([a-z-]+)\.md\)$", METRICS_PAGE.read_text(), re.MULTILINE))
    assert listed == {(heading.removeprefix("# "), name) for name, heading in headings.items()}


def test_alerts_and_dashboard_use_only_metrics_that_are_served():
    suffixes = ("", "_bucket", "_sum", "_count")
    served = {metric.name + suffix for metric in METRICS for suffix in suffixes}
    for file in (RULES, DASHBOARD):
        assert set(re.findall(r"\btrainsweep_[a-z_]+", file.read_text())) <= served, file.name


def test_alerts_and_dashboard_use_only_reasons_that_are_written():
    for file in (RULES, DASHBOARD):
        matched = re.findall(r'reason(?:!?~|!?=)\\?"([A-Za-z|]+)\\?"', file.read_text())
        assert matched, file.name
        assert {reason for text in matched for reason in text.split("|")} <= set(Reason), file.name


def test_the_picture_in_the_documentation_shows_every_panel_of_the_dashboard():
    titles = {escape(panel["title"]) for panel in json.loads(DASHBOARD.read_text())["panels"]}
    drawn = set(re.findall(r'font-weight="bold">([^<]+)<', PICTURE.read_text()))
    assert drawn == titles, "draw it again: python -m tests.telemetry.picture docs/dashboard.svg"
