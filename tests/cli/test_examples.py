"""The manifests of examples/: accepted by a real API server, about things that exist, and part of the package."""

from pathlib import Path

import pytest
import yaml

from trainsweep.api.kinds import REMOTE_KINDS
from trainsweep_devtools.cli.examples import ACCOUNTS, SEEDS, accounts, example

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = sorted(EXAMPLES.rglob("*.yaml"))


@pytest.mark.apiserver
@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(EXAMPLES)))
def test_the_api_server_accepts_every_example_as_it_stands(file, cluster_):
    cluster_.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", str(file))


@pytest.mark.apiserver
def test_the_directory_can_be_applied_whole(cluster_):
    applied = cluster_.kubectl("apply", "--dry-run=server", "-f", str(EXAMPLES)).splitlines()
    assert len(applied) == len(SEEDS) + 4


def test_each_seed_has_its_example_and_each_example_is_shown():
    assert [seed.file for seed in SEEDS] == sorted(file.name for file in EXAMPLES.glob("[0-9]*.yaml"))


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.file)
def test_an_example_names_the_call_that_it_replaces(seed):
    text = (EXAMPLES / seed.file).read_text(encoding="utf-8")
    words = seed.call.removesuffix("()").removeprefix("Estimator.").replace('call_action("', "").removesuffix('")')
    assert words in text.partition("apiVersion")[0]


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.file)
def test_the_package_carries_the_same_examples(seed):
    assert example(seed.file) == list(yaml.safe_load_all((EXAMPLES / seed.file).read_text(encoding="utf-8")))


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.file)
def test_an_example_is_about_a_thing_that_the_simulators_hold(seed, trainsweep, write, clouds):
    (body,) = example(seed.file)
    assert body["kind"] in REMOTE_KINDS
    planned = trainsweep("plan", "-f", write(*clouds.accounts(), body), "--allow-http-endpoints")
    assert planned.exit_code == 3, planned.output


def test_the_simulated_accounts_listen_where_they_are_told(clouds):
    endpoints = [
        next(iter(body["spec"][block]["endpoint"] for block in ("modelArts", "qianfan") if block in body["spec"]))
        for body in accounts(clouds.urls)
        if body["kind"] == "ProviderConfig"
    ]
    assert endpoints == list(clouds.urls.values())
    assert "127.0.0.1:8441" in (EXAMPLES / ACCOUNTS).read_text(encoding="utf-8")
