"""The audit log read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from trainsweep.cli import app

CALL = {
    "resource": "TrainingJob team-a/mnist",
    "uid": "u-1",
    "manager": "argocd-controller",
    "account": "ProviderConfig team-a/huawei",
    "operation": "DeleteTrainingJob",
    "target": "155500",
    "policy": "Delete",
    "state": "Succeeded",
    "providerState": "JOBSTAT_COMPLETED",
}
OTHER = CALL | {"resource": "FineTuningTask team-b/task", "uid": "u-2", "account": "ProviderConfig team-b/baidu"}


def line(event: str, time: str = "2026-11-20T10:00:00.000+00:00", call: dict[str, Any] = CALL, **fields: Any) -> str:
    return json.dumps({"time": time, "event": event, **call, **fields})


@pytest.fixture
def log(tmp_path: Path):
    def write(*lines: str) -> str:
        path = tmp_path / "audit.log"
        path.write_text("\n".join(lines) + "\n")
        return str(path)

    return write


def read(*arguments: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(app, ["audit", *arguments, "--output", "json"])
    return [json.loads(text) for text in result.output.splitlines()]


def test_intent_and_result_are_one_call(log):
    calls = read(log(line("intent"), line("result", success=True, requestID="r-1")))
    assert [(call["event"], call["requestID"]) for call in calls] == [("result", "r-1")]


def test_an_intent_without_a_result_stays_and_says_that_it_was_cut_off(log):
    path = log(line("intent"), line("intent", call=OTHER), line("result", call=OTHER, success=True))
    assert [call["event"] for call in read(path)] == ["intent", "result"]
    table = CliRunner(env={"COLUMNS": "300"}).invoke(app, ["audit", path]).output
    assert "cut off: not known" in table
    assert "argocd-controller" in table


def test_what_was_left_behind_is_told(log):
    path = log(line("left", why="the deletion policy is Orphan"))
    assert (
        "left behind: the deletion policy is Orphan"
        in CliRunner(env={"COLUMNS": "400"}).invoke(app, ["audit", path]).output
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"because": "deletion", "policySource": "namespace"}, "deletion, Delete by the namespace"),
        ({"because": "activeDeadlineSeconds", "policySource": "operator"}, "activeDeadlineSeconds"),
    ],
)
def test_what_asked_for_it_is_told(log, fields: dict[str, str], said: str):
    table = CliRunner(env={"COLUMNS": "400"}).invoke(app, ["audit", log(line("result", success=True, **fields))]).output
    assert f"\u2502 {said} \u2502" in table


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--resource", "team-b/"),
        ("--account", "baidu"),
        ("--since", "2026-11-20T11:00:00"),
    ],
)
def test_calls_are_selected(log, option: str, value: str):
    early = line("result", success=True)
    late = line("result", "2026-11-20T12:00:00.000+00:00", OTHER, success=True)
    assert [call["uid"] for call in read(log(early, late), option, value)] == ["u-2"]


def test_the_time_before_a_bound_is_selected(log):
    early = line("result", success=True)
    late = line("result", "2026-11-20T12:00:00.000+00:00", OTHER, success=True)
    assert [call["uid"] for call in read(log(early, late), "--until", "2026-11-20T11:00:00")] == ["u-1"]


def test_other_lines_of_a_pod_are_passed_over(log):
    path = log("not json", '{"level": "info", "message": "started"}', line("result", success=True), "[1, 2]")
    assert len(read(path)) == 1


def test_nothing_that_fits_is_exit_code_1(log):
    assert CliRunner().invoke(app, ["audit", log(line("intent")), "--resource", "nobody"]).exit_code == 1
