"""Scenario files, and the command that serves them."""

import asyncio
import re
import sys

import httpx
import pytest
from typer.testing import CliRunner

from trainsweep.cli import app
from trainsweep_devtools.simulators.loading import ScenarioError, load_scenario
from trainsweep_devtools.simulators.modelarts import ModelArtsScenario, ModelArtsSimulator
from trainsweep_devtools.simulators.qianfan import QianfanScenario, QianfanSimulator

PROGRAM = "from trainsweep.cli import main; main()"


def write(tmp_path, text):
    path = tmp_path / "scenario.yaml"
    path.write_text(text)
    return path


def test_things_are_generated_in_bulk(tmp_path):
    path = write(
        tmp_path,
        """
        projects: [{id: p1, name: here}]
        generate:
          - {kind: v2-job, count: 300, state: Pending}
          - {kind: v1-job, count: 20, name: old, state: 10}
          - {kind: config, count: 5, name: conf}
        """,
    )
    things = ModelArtsSimulator(load_scenario(ModelArtsScenario, path)).things()

    kinds = [thing["kind"] for thing in things]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"v2-job": 300, "v1-job": 20, "version": 20, "config": 5}
    assert {thing["state"] for thing in things if thing["kind"] == "version"} == {"COMPLETED"}
    assert len({thing["id"] for thing in things}) == 345


def test_tuning_jobs_and_tasks_are_generated_in_bulk(tmp_path):
    path = write(
        tmp_path,
        """
        jobs: [{id: job-1, name: one}]
        generate:
          - {kind: job, count: 3, status: none, name: empty}
          - {kind: job, count: 4}
          - {kind: task, count: 50, job: job-1, name: run, status: Done}
        """,
    )
    things = QianfanSimulator(load_scenario(QianfanScenario, path)).things()

    assert sum(thing["kind"] == "job" for thing in things) == 8
    assert sum(thing["kind"] == "task" and thing["job"] == "job-1" for thing in things) == 50


@pytest.mark.parametrize(
    "text",
    [
        "projects: [",
        "projects: []",
        "projects: [{id: p, name: n}]\ncolour: red",
        "access_keys: [{secret_key: hush-hush}]",
    ],
)
def test_an_unfit_scenario_says_so_without_its_secrets(tmp_path, text):
    with pytest.raises(ScenarioError, match=r"scenario\.yaml is not fit") as refused:
        load_scenario(ModelArtsScenario, write(tmp_path, text))

    assert "hush-hush" not in str(refused.value)


def test_a_scenario_that_is_not_there_says_so(tmp_path):
    with pytest.raises(ScenarioError, match="No such file"):
        load_scenario(QianfanScenario, tmp_path / "nothing.yaml")


@pytest.mark.parametrize("provider", ["modelarts", "qianfan"])
def test_the_help_shows_examples(provider):
    answer = CliRunner().invoke(app, ["simulate", provider, "--help"])

    assert answer.exit_code == 0
    assert f"trainsweep simulate {provider}" in answer.output


@pytest.mark.parametrize("arguments", [["--access-key", "only"], ["--scenario", "/nowhere.yaml"]])
def test_wrong_arguments_are_refused(arguments):
    assert CliRunner().invoke(app, ["simulate", "modelarts", *arguments]).exit_code == 2


@pytest.mark.parametrize("provider", ["modelarts", "qianfan"])
async def test_the_command_serves_until_it_is_interrupted(provider):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, "simulate", provider, "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    try:
        line = (await process.stdout.readline()).decode()
        url = re.search(r"http://127\.0\.0\.1:\d+", line).group()
        async with httpx.AsyncClient(trust_env=False) as client:
            things = (await client.get(f"{url}/_sim/things")).json()
        process.send_signal(2)
        await asyncio.wait_for(process.wait(), 30)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

    assert len(things) >= 5
    assert process.returncode == 0
