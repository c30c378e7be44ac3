"""Who may read the metrics is asked of the API server, and of it no more than it can bear."""

from __future__ import annotations

import secrets
import subprocess
from typing import Any

import pytest

from trainsweep.kube.client import KubeClient, KubeError
from trainsweep.kube.login import Login
from trainsweep.kube.token_review import BURST, BUSY, FORBIDDEN, GRANTED, TOKENS, UNKNOWN, TokenReviewer

NOBODY_ANSWERS = KubeError(0, "Unreachable", "no answer")


class Server:
    """The API server, as far as it judges tokens: `prometheus` may read, `guest` may not."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.specs: list[dict[str, Any]] = []
        self.away = False

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if self.away:
            raise NOBODY_ANSWERS
        spec = body["spec"]
        if path.endswith("tokenreviews"):
            self.asked.append(spec["token"])
            known = spec["token"] in ("prometheus", "guest")
            user = {"username": spec["token"], "groups": ["system:authenticated"], "extra": {"pod": ["a"]}}
            return {"status": {"authenticated": known, "user": user}}
        self.specs.append(spec)
        return {"status": {"allowed": spec["user"] == "prometheus"}}


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def reviewer(server: Server) -> TokenReviewer:
    return TokenReviewer(server, "/metrics")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("token", "status"),
    [("prometheus", GRANTED), ("guest", FORBIDDEN), ("stranger", UNKNOWN), ("", UNKNOWN), ("x" * 10_000, UNKNOWN)],
)
async def test_a_token_is_worth_what_the_api_server_says(reviewer, token, status):
    assert await reviewer.review(token) == status


async def test_who_asks_is_described_whole(reviewer, server):
    await reviewer.review("prometheus")
    (spec,) = server.specs
    assert spec["nonResourceAttributes"] == {"path": "/metrics", "verb": "get"}
    assert (spec["groups"], spec["extra"]) == (["system:authenticated"], {"pod": ["a"]})


async def test_an_answer_is_remembered(reviewer, server):
    for _ in range(50):
        assert await reviewer.review("prometheus") == GRANTED
        assert await reviewer.review("guest") == FORBIDDEN
    assert sorted(server.asked) == ["guest", "prometheus"]


async def test_strangers_do_not_reach_the_api_server_at_will_nor_keep_prometheus_out(reviewer, server):
    assert await reviewer.review("prometheus") == GRANTED
    statuses = [await reviewer.review(f"stranger-{number}") for number in range(2 * TOKENS)]
    assert statuses.count(BUSY) > 400
    assert len(server.asked) <= BURST + 5
    assert await reviewer.review("prometheus") == GRANTED


async def test_while_the_api_server_is_away_nobody_is_let_in(reviewer, server):
    server.away = True
    assert await reviewer.review("prometheus") == BUSY
    server.away = False
    assert await reviewer.review("prometheus") == GRANTED


@pytest.mark.apiserver
async def test_a_service_account_that_is_bound_to_the_role_may_read(control_plane):
    def kubectl(*arguments: str) -> str:
        command = ["kubectl", "--kubeconfig", str(control_plane.kubeconfig), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()

    name = f"reader-{secrets.token_hex(4)}"
    kubectl("create", "clusterrole", name, "--verb=get", "--non-resource-url=/metrics")
    for account in (name, f"{name}-not"):
        kubectl("create", "serviceaccount", account, "-n", "default")
    kubectl("create", "clusterrolebinding", name, f"--clusterrole={name}", f"--serviceaccount=default:{name}")
    client = KubeClient(await Login(str(control_plane.kubeconfig)).configuration())
    try:
        reviewer = TokenReviewer(client, "/metrics")
        assert await reviewer.review(kubectl("create", "token", name, "-n", "default")) == GRANTED
        assert await reviewer.review(kubectl("create", "token", f"{name}-not", "-n", "default")) == FORBIDDEN
        assert await reviewer.review("no token at all") == UNKNOWN
    finally:
        await client.aclose()
