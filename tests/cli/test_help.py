"""The help of every command holds examples that work, and says what the command ends with."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from trainsweep.api.kinds import KINDS
from trainsweep.cli import COMMANDS, app

from .conftest import KEYS, resource
from .test_status import RUNNING, standing

ROOT: Any = typer.main.get_command(app)
OURS = sorted(command.__name__ for commands in COMMANDS.values() for command in commands)
#: These work until they are told to end, or on what other tests share: their examples are only parsed.
PARSED = {"run", "drain", "release", "check"}
#: What an example may end with, beside success: 1 after a question or a search in vain, 3 and 4 as documented.
ENDS = {"plan": {0, 3}, "wait": {0, 4}, "refresh": {0, 4}}
AUDIT_LINE = '{"event": "intent", "time": "2026-01-31T12:00:00Z", "resource": "TrainingJob team-a/mnist", "uid": "u"}\n'


def paragraphs(name: str) -> list[str]:
    command = ROOT.get_command(typer.Context(ROOT), name)
    return [" ".join(part.split()) for part in command.help.split("\n\n")]


def examples(name: str) -> list[list[str]]:
    """The words behind `trainsweep` in each example, its pipeline left out."""
    lines = [part.removeprefix("$ ") for part in paragraphs(name) if part.startswith("$ ")]
    programs = [program.strip() for line in lines for program in line.split(" | ")]
    return [shlex.split(program)[1:] for program in programs if program.startswith("trainsweep ")]


@pytest.mark.parametrize("name", OURS)
def test_the_help_has_two_examples_and_the_exit_codes(name):
    assert len(examples(name)) >= 2
    (codes,) = [part for part in paragraphs(name) if part.startswith("Exit codes: ")]
    assert re.match(r"Exit codes: 0 .*, 1 .*, 2 wrong usage", codes)


@pytest.mark.parametrize("name", sorted(PARSED))
def test_its_examples_are_understood(name):
    for _, *arguments in examples(name):
        with ROOT.get_command(typer.Context(ROOT), name).make_context(name, arguments):
            pass


def test_the_commands_are_shown_in_groups():
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"}).stdout
    found = [shown.index(f" {panel} ─") for panel in COMMANDS]
    assert found == sorted(found)


@pytest.fixture
def team_a(cluster_, clouds, tmp_path, monkeypatch):
    """The namespace of the examples, with what they name, and the files that they read."""
    cluster_.namespace = "team-a"
    cluster_.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team-a"}})
    mnist = resource("TrainingJob", "mnist", jobID="155500")
    tune = resource("FineTuningTask", "tune", account="baidu", taskID="task-r1unn1ng0001")
    for body in (mnist, tune):
        body["metadata"]["labels"] = {"team": "vision"}
    shared = yaml.safe_load(
        """
        apiVersion: trainsweep.dev/v1alpha1
        kind: ClusterProviderConfig
        metadata: {name: shared}
        spec: {provider: Qianfan, qianfan: {}, credentials: {secretRef: {name: baidu, namespace: team-a}}}
        """
    )
    # The simulators of this test listen elsewhere than those of the one before, and an endpoint cannot change.
    cluster_.kubectl("delete", "providerconfigs.trainsweep.dev", "--all")
    accounts = clouds.accounts()
    for body in accounts:
        body["metadata"].pop("namespace", None)
    cluster_.apply(*accounts, shared, mnist, tune)
    seen = {word: text for word, text in RUNNING.items() if word not in ("account", "externalID")}
    for kind, name in (("trainingjob", "mnist"), ("finetuningtask", "tune")):
        cluster_.status(kind, name, standing("True", "Available", **seen))
    kubeconfig = yaml.safe_load(cluster_.plane.kubeconfig.read_text())
    for context in kubeconfig["contexts"]:
        context["context"]["namespace"] = "team-a"
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(kubeconfig))
    (tmp_path / "jobs").mkdir()
    texts = {"cleanup.yaml": [mnist], "accounts.yaml": accounts, "jobs/tune.yaml": [tune]}
    for file, bodies in texts.items():
        (tmp_path / file).write_text(yaml.safe_dump_all(bodies))
    (tmp_path / "audit.log").write_text(AUDIT_LINE)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    # The namespace is that of the documents, too.
    for kind in (*(kind.crd_name for kind in KINDS.values()), "secrets"):
        cluster_.kubectl("delete", kind, "--all")


@pytest.mark.apiserver
@pytest.mark.parametrize("name", [name for name in OURS if name not in PARSED])
def test_its_examples_run(name, team_a, clouds):
    stdin = {"audit": AUDIT_LINE, "plan": (team_a / "cleanup.yaml").read_text()}.get(name, "y\n")
    for words in examples(name):
        arguments = [word.replace("/var/log/trainsweep/", f"{team_a}/") for word in words]
        if name == "top":
            arguments += ["--every", "0.5", "--times", "2"]
        if name in ("wait", "refresh"):
            arguments += ["--timeout", "1s"]  # the last one counts
        if name == "crds":
            CliRunner().invoke(app, ["crds", "--output", "crds"])
        if "--provider" in arguments:
            arguments += clouds.flags("modelarts")[2:]
        environment = {
            **KEYS,
            "TRAINSWEEP_KUBECONFIG": str(team_a / "kubeconfig"),
            "TRAINSWEEP_ALLOW_HTTP_ENDPOINTS": "true",
        }
        found = CliRunner().invoke(app, arguments, env=environment, input=stdin)
        assert found.exit_code in ENDS.get(name, {0}), f"{shlex.join(arguments)}: {found.output}"
