"""The server of probes and metrics, asked over HTTP."""

from __future__ import annotations

import json
import socket

import httpx
import pytest

from trainsweep.telemetry.checks import Check, Verdict
from trainsweep.telemetry.health import WITHHELD, is_loopback, serve, told
from trainsweep.telemetry.listener import AddressUnusable, parse_address
from trainsweep.telemetry.metrics import Metrics
from trainsweep.telemetry.state import AccountState, State, WatchState

from .sources import Given

ANYWHERE = "127.0.0.1:0"


async def ask(url: str, path: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        return await client.get(path)


async def test_probes_follow_the_operator_from_its_start_to_the_death_of_its_watch():
    source = Given()
    async with serve(ANYWHERE, source, Metrics()) as url:
        assert (await ask(url, "/livez")).status_code == 200
        starting = await ask(url, "/readyz")
        assert starting.status_code == 503
        assert {json.loads(line)["check"] for line in starting.text.splitlines()} == {"store", "watch"}

        source.now = State(leading=True, watch=WatchState(alive=True, up=True), last_sweep=4e9)
        ready = await ask(url, "/readyz")
        assert (ready.status_code, ready.text) == (200, "ok\n")

        source.now = State(leading=True, watch=WatchState(alive=False, up=False), last_sweep=4e9)
        assert (await ask(url, "/livez")).status_code == 503


async def test_a_warning_is_shown_and_the_probe_still_succeeds():
    troubled = {"team/a": AccountState("ModelArts", "CredentialsInvalid", well=False)}
    state = State(leading=True, watch=WatchState(alive=True, up=True), last_sweep=4e9, accounts=troubled)
    async with serve(ANYWHERE, Given(state), Metrics()) as url:
        answer = await ask(url, "/readyz")
    assert answer.status_code == 200
    assert json.loads(answer.text)["check"] == "credentials"


async def test_verbose_shows_every_check():
    async with serve(ANYWHERE, Given(), Metrics()) as url:
        lines = (await ask(url, "/readyz?verbose")).text.splitlines()
    assert [json.loads(line)["check"] for line in lines] == ["store", "watch", "lease", "queues", "credentials"]


async def test_metrics_come_in_the_text_format_of_prometheus():
    metrics = Metrics()
    metrics.read_from(Given())
    async with serve(ANYWHERE, Given(), metrics) as url:
        answer = await ask(url, "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "trainsweep_leader 0.0" in answer.text.splitlines()


async def test_nothing_is_served_without_an_address():
    async with serve("", Given(), Metrics()) as url:
        assert url == ""


async def test_a_port_in_use_is_told_in_a_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(AddressUnusable, match=rf"cannot listen on 127\.0\.0\.1:{port} \(.+\); give another port"):
            async with serve(f"127.0.0.1:{port}", Given(), Metrics()):
                pass


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        (":8080", (None, 8080)),
        ("[::1]:0", ("::1", 0)),
        ("localhost:65535", ("localhost", 65535)),
    ],
)
def test_an_address_is_host_and_port(address, expected):
    assert parse_address("--http-address", address) == expected


@pytest.mark.parametrize(
    "address", ["8080", "localhost", "localhost:", "localhost:http", "::1:8080", "host:65536", "h:-1"]
)
def test_anything_else_is_refused_with_an_example(address):
    with pytest.raises(AddressUnusable, match="not HOST:PORT, for example"):
        parse_address("--http-address", address)


def test_names_are_told_on_this_machine_alone():
    checks = (Check("lease", Verdict.OK, "leading"), Check("credentials", Verdict.WARNING, "1 of 2: team-a/huawei"))
    assert "team-a/huawei" in told(checks, verbose=False, near=True)
    elsewhere = told(checks, verbose=True, near=False)
    assert "team-a" not in elsewhere
    assert [json.loads(line)["detail"] for line in elsewhere.splitlines()] == [WITHHELD] * 2


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("127.0.0.6", False),
        ("::ffff:10.0.0.1", False),
        ("", False),
    ],
)
def test_this_machine_is_known_by_its_address(address, near):
    assert is_loopback(address) is near
