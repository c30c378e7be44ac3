"""What others wrote (files, logs, names, words of a provider) reaches a terminal as text, whatever is in it."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table
from typer.testing import CliRunner, Result

from trainsweep.cli import app
from trainsweep.cli.release import Held, table_of
from trainsweep.cli.screen import as_json, fill, say

from .conftest import resource

#: Sequences for a terminal in C0 and C1, turns of direction, a delete, and what rich takes for markup.
HOSTILE = "a\x1b[2Jb\x9b31mc\u202ed\x7fe\u2066f bad [/x] [bold]g[/bold]"
OBEYED = ("\x1b", "\x9b", "\u202e", "\x7f", "\u2066")


#: A Secret whose one value is ten to the tenth words, by aliases.
LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)
LAUGHS += "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {password: *a9}\n"


def unharmed(text: str) -> bool:
    """Nothing in it is obeyed by a terminal."""
    return not any(char in text for char in OBEYED)


def wide(*arguments: str) -> Result:
    result = CliRunner(env={"COLUMNS": "2000"}).invoke(app, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def hostile_log(tmp_path: Path) -> str:
    fields = (
        "resource",
        "manager",
        "operation",
        "target",
        "state",
        "providerState",
        "why",
        "errorMessage",
        "requestID",
    )
    line = dict.fromkeys((*fields, "uid", "account", "because", "policy", "policySource"), HOSTILE)
    line["time"] = "2026-11-20T10:00:00Z"
    events = [{"event": "left"}, {"event": "intent"}, {"event": "result"}, {"event": "result", "success": True}]
    path = tmp_path / "audit.log"
    path.write_text("\n".join(json.dumps(line | event) for event in events))
    return str(path)


def test_the_table_of_the_audit_log_shows_markup_and_obeys_nothing(hostile_log):
    result = wide("audit", hostile_log)
    assert unharmed(result.output)
    assert result.output.count("bad [/x] [bold]g[/bold]") > 20


def test_json_of_the_audit_log_holds_the_same_text_in_escapes(hostile_log):
    result = wide("audit", hostile_log, "--output", "json")
    assert unharmed(result.output)
    assert json.loads(result.output.splitlines()[0])["target"] == HOSTILE


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "intent", "resource": 7, "time": "2026-11-20T10:00:00Z"}',
        '{"event": ["intent"], "resource": "a", "time": "2026-11-20T10:00:00Z"}',
        '{"event": "intent", "resource": "a", "time": 7}',
        '{"event": "intent", "resource": "a", "time": "2026-11-20T10:00:00Z", "uid": ["b"]}',
        '{"event": "intent", "resource": "a", "time": "2026-11-20T10:00:00Z", "target": {"b": 1}, "account": null}',
        "[" * 200_000,
    ],
)
def test_a_line_that_is_no_audit_line_breaks_nothing(line, tmp_path):
    path = tmp_path / "audit.log"
    path.write_text(line)
    for output in ("table", "json"):
        wide("audit", str(path), "--output", output, "--account", "x")
        wide("audit", str(path), "--output", output)


def test_bytes_that_are_no_text_break_nothing(tmp_path):
    path = tmp_path / "audit.log"
    path.write_bytes(b'\xff\xfe\n{"event": "left", "resource": "a\x9b", "time": "2026-11-20T10:00:00Z"}\n')
    assert unharmed(wide("audit", str(path)).output)


def test_names_and_fields_of_a_file_are_planned_as_text(trainsweep, clouds, write):
    named = resource("TrainingJob", HOSTILE, jobID="155500")
    odd = resource("TrainingJob", "odd", jobID="155500", **{HOSTILE: "x"})
    elsewhere = resource("TrainingJob", "elsewhere", account=HOSTILE, jobID="155500")
    valued = resource("TrainingJob", "valued", jobID=HOSTILE)
    for output in ("text", "json"):
        path = write(*clouds.accounts(), named, odd, elsewhere, valued)
        result = trainsweep("plan", "-f", path, "--allow-http-endpoints", "-o", output)
        assert unharmed(result.output)


def test_what_only_the_api_server_writes_is_not_taken_from_a_file(trainsweep, clouds, write):
    body = resource("TrainingJob", "a", jobID="155500", desiredState="Absent")
    body["metadata"] |= {"managedFields": 7, "finalizers": 7, "deletionTimestamp": "2026-01-01T00:00:00Z", "uid": [1]}
    result = trainsweep("plan", "-f", write(*clouds.accounts(), body), "--allow-http-endpoints")
    assert result.exit_code == 3
    assert "because desiredState is Absent" in result.stdout


def test_a_file_that_is_refused_is_told_as_text(trainsweep, write):
    for body in (resource(HOSTILE, "a"), resource("TrainingJob", "", jobID="1") | {"kind": HOSTILE}):
        result = trainsweep("plan", "-f", write(body))
        assert result.exit_code == 1
        assert unharmed(result.output)


@pytest.mark.parametrize(
    "text",
    [
        "a: 2001-99-99",
        "[" * 5000,
        "{apiVersion: v1, kind: [Secret], metadata: {name: a}}",
        "{apiVersion: v1, kind: Secret, metadata: {name: [a]}}",
        "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: [b]}}",
        "{apiVersion: v1, kind: Secret, metadata: {name: a}, data: [b]}",
        "{apiVersion: v1, kind: Namespace, metadata: {name: a, labels: [b]}}",
        "{apiVersion: v1, kind: Namespace, metadata: {name: a, annotations: {trainsweep.dev/deletion-policy: [b]}}}",
        LAUGHS,
        "{apiVersion: trainsweep.dev/v1alpha1, kind: TrainingJob, metadata: {name: a, annotations: 7}, spec: {}}",
        "{apiVersion: trainsweep.dev/v1alpha1, kind: TrainingJob, metadata: {name: a}, spec: [b]}",
    ],
)
def test_a_file_of_odd_shapes_is_told_by_name(text, trainsweep, tmp_path):
    path = tmp_path / "odd.yaml"
    path.write_text(text)
    result = trainsweep("plan", "-f", str(path))
    assert result.exit_code == 1
    assert "odd.yaml" in result.stderr


def test_names_of_a_provider_are_listed_as_text(trainsweep, clouds):
    clouds.modelarts.add("v2-job", name=HOSTILE)
    for output in ("table", "json", "manifests"):
        named = ("--provider-config", "huawei") if output == "manifests" else ()
        result = trainsweep("discover", *clouds.flags("modelarts"), *named, "--output", output)
        assert result.exit_code == 0
        assert unharmed(result.output)


def test_what_is_held_is_listed_as_text():

    entry = Held("/path", f"TrainingJob a/{HOSTILE}", "1", (), left=HOSTILE, state=HOSTILE)
    assert_shown_as_text(table_of([entry], []))


def assert_shown_as_text(shown):

    console = Console(file=StringIO(), width=2000)
    console.print(shown)
    text = console.file.getvalue()
    assert unharmed(text)
    assert "bad [/x]" in text


def test_lines_stay_lines_and_nothing_else_is_obeyed(capsys):
    say(f"one\ntwo {HOSTILE}")
    said = capsys.readouterr().out
    assert said.startswith("one\ntwo a\ufffd[2Jb")
    assert unharmed(said)


def test_json_keeps_chinese_and_escapes_what_is_obeyed():
    assert as_json({"名": HOSTILE + "\ud800"}).startswith('{"名": "a\\u001b[2Jb\\u009b31mc\\u202ed\\u007fe')
    assert json.loads(as_json(HOSTILE)) == HOSTILE


def test_a_cell_is_never_markup():

    table = Table()
    fill(table, HOSTILE, "", "x")
    assert_shown_as_text(table)
