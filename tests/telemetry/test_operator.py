"""Probes and metrics of a whole operator on the real API server."""

from __future__ import annotations

import json
import socket

import pytest

from ..e2e.world import BAIDU, HUAWEI, World, calls, until
from .served import Served

pytestmark = pytest.mark.apiserver


async def test_an_operator_at_work_tells_what_it_does(quiet_world: World):
    world = quiet_world
    operator = await Served.start(world)
    await world.resource("TrainingJob", "watched", jobID="155500")
    await world.resource("TrainingJob", "swept", jobName="llama-lora", desiredState="Absent")
    await world.resource("TrainingJob", "deleted", jobID="155501")
    await world.reaches("TrainingJob", "watched", "Available")
    await world.reaches("TrainingJob", "swept", "Absent")
    await world.reaches("TrainingJob", "deleted", "Available")
    await world.delete("TrainingJob", "deleted")

    assert (await operator.ask("/livez")).text == "ok\n"
    assert (await operator.ask("/readyz")).text == "ok\n"
    assert await operator.total("trainsweep_leader") == 1
    assert await operator.total("trainsweep_resources") == 2
    assert await operator.total("trainsweep_resources", state="Running", reason="Available") == 1
    assert await operator.total("trainsweep_removal_seconds_count", kind="TrainingJob") == 2
    assert await operator.total("trainsweep_releases_total", reason="DeletedExternalResource") == 1
    account = f"{world.namespace}/{HUAWEI}"
    for operation in ("stop", "delete"):
        told = await operator.total("trainsweep_remote_calls_total", account=account, operation=operation, result="ok")
        assert told == sum(name.lower().startswith(operation) for name, _ in world.writes())
    assert await operator.total("trainsweep_account_status", account=account, reason="CredentialsValid") == 1


async def test_every_patch_that_the_api_server_saw_is_counted(quiet_world: World):
    world = quiet_world
    operator = await Served.start(world)
    await world.resource("TrainingJob", "deleted", jobID="155501")
    await world.reaches("TrainingJob", "deleted", "Available")
    await world.delete("TrainingJob", "deleted")

    async def all_counted() -> bool:
        counted = await operator.total("trainsweep_api_requests_total", verb="patch")
        return counted == sum(write.startswith("patch") for write in world.api_writes()) > 0

    await until(all_counted, "metrics and audit log of the API server agree", shown=world.api_writes())


async def test_refused_credentials_show_in_metrics_and_probe_and_the_replica_stays_ready(quiet_world: World):
    world = quiet_world
    await world.secret(BAIDU, accessKey="ALTAKnobody", secretKey="nothing")
    operator = await Served.start(world)
    account = f"{world.namespace}/{BAIDU}"
    await until(
        lambda: operator.total("trainsweep_account_status", account=account, reason="CredentialsInvalid"),
        "the account's reason is told",
    )
    assert await operator.total("trainsweep_circuit_open", account=account) == 1
    assert await operator.total("trainsweep_remote_calls_total", account=account, result="CredentialsInvalid") == 1
    probe = await operator.ask("/readyz")
    assert probe.status_code == 200
    assert json.loads(probe.text)["detail"] == f"1 of 2 account(s) in trouble: {account} (CredentialsInvalid)"


async def test_a_held_removal_is_told_and_is_not_late_until_it_may_go_on(quiet_world: World):
    world = quiet_world
    await world.account(HUAWEI, deletionGuard={"maxDeletions": 0})
    operator = await Served.start(world)
    account = f"{world.namespace}/{HUAWEI}"
    await world.resource("TrainingJob", "held", jobID="155501")
    await world.reaches("TrainingJob", "held", "Available")
    await world.api.delete("TrainingJob", "held")
    await until(lambda: operator.total("trainsweep_deletions_held", account=account), "the hold is told")
    assert await operator.total("trainsweep_removal_oldest_seconds", account=account) == 0
    world.modelarts.faults.add(match={"operation": "DeleteJob"}, times=None, status=503, body="try later")
    await world.api.annotate("ProviderConfig", HUAWEI, approve_deletions_until="2099-01-01T00:00:00Z")
    await until(lambda: operator.total("trainsweep_removal_oldest_seconds", account=account), "its age is told")


async def test_the_series_of_an_account_end_with_its_config(quiet_world: World):
    world = quiet_world
    operator = await Served.start(world)
    account = f"{world.namespace}/{BAIDU}"
    await until(lambda: operator.total("trainsweep_remote_calls_total", account=account), "the account was probed")
    await world.delete("ProviderConfig", BAIDU)

    async def silent() -> bool:
        return account not in (await operator.ask("/metrics")).text

    await until(silent, "no series has the account")


async def test_a_replica_that_stands_by_is_ready_and_tells_only_of_itself(quiet_world: World):
    world = quiet_world
    options = ("--leader-election", "--lease-namespace", world.namespace)
    first = await Served.start(world, *options)
    await until(lambda: first.total("trainsweep_leader"), "the first replica leads")
    second = await Served.start(world, *options)

    async def ready() -> bool:
        return (await second.ask("/readyz")).status_code == 200

    await until(ready, "the second replica is ready")
    assert await second.total("trainsweep_leader") == 0
    assert await second.total("trainsweep_account_status") == 0
    assert await first.total("trainsweep_account_status") == 2


async def test_a_port_in_use_ends_the_operator_with_a_sentence(quiet_world: World):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = await quiet_world.start_process("--http-address", f"127.0.0.1:{taken.getsockname()[1]}")
        assert await process.ended() == 1
    last = process.log.read_text().splitlines()[-1]
    assert last.startswith("--http-address: cannot listen on 127.0.0.1:")


async def test_a_call_under_way_is_finished_before_the_end(quiet_world: World):
    world = quiet_world
    operator = await Served.start(world, "--drain-seconds", "20")
    await world.resource("TrainingJob", "slow", jobID="155501")
    await world.reaches("TrainingJob", "slow", "Available")
    world.modelarts.faults.add(match={"operation": "DeleteJob"}, latency=2.0)
    await world.api.delete("TrainingJob", "slow")
    await until(lambda: calls(world.modelarts, "DeleteJob"), "the delete is under way")
    assert await operator.process.stop() == 0
    events = [json.loads(line) for line in operator.process.audit.read_text().splitlines()]
    assert [(event["event"], event.get("success")) for event in events] == [("intent", None), ("result", True)]
    assert len(calls(world.modelarts, "DeleteJob")) == 1


async def test_a_call_that_is_cut_off_at_the_end_has_no_result_as_nobody_knows_it(
    quiet_world: World,
):
    world = quiet_world
    operator = await Served.start(world, "--drain-seconds", "0.2")
    await world.resource("TrainingJob", "slow", jobID="155501")
    await world.reaches("TrainingJob", "slow", "Available")
    world.modelarts.faults.add(match={"operation": "DeleteJob"}, hang="after")
    await world.api.delete("TrainingJob", "slow")
    await until(lambda: calls(world.modelarts, "DeleteJob"), "the delete is under way")
    assert await operator.process.stop() == 0
    (line,) = operator.process.audit.read_text().splitlines()
    assert (json.loads(line)["event"], json.loads(line)["operation"]) == ("intent", "DeleteTrainingJob")
