"""What is counted, what is asked at scrape time, and that the documentation knows all of it."""

from __future__ import annotations

from pathlib import Path

from trainsweep.telemetry.definitions import METRICS, document
from trainsweep.telemetry.metrics import Metrics
from trainsweep.telemetry.state import AccountState, QueueState, Resources, State, WatchState

from .sources import Given, names, samples, value

DOCS = Path(__file__).parents[2] / "docs"
LEADER = State(
    leading=True,
    watch=WatchState(alive=True, up=True, last_event=900.0),
    last_sweep=800.0,
    accounts={
        "team/a": AccountState("ModelArts", "CredentialsValid", held=3),
        "shared": AccountState("Qianfan", "CredentialsInvalid", well=False, circuit_open=True),
    },
    queues={"team/a": QueueState(4, 2.5)},
)
RESOURCES = Resources(counts={("TrainingJob", "Running", "Available"): 5}, oldest_removal={"team/a": 60.0})


def metrics_of(state: State, resources: Resources = RESOURCES) -> Metrics:
    metrics = Metrics()
    metrics.read_from(Given(state, resources))
    return metrics


def test_the_leader_tells_how_resources_accounts_and_queues_stand():
    metrics = metrics_of(LEADER)
    assert value(metrics, "trainsweep_resources", kind="TrainingJob", state="Running", reason="Available") == 5
    assert value(metrics, "trainsweep_deletions_held", account="team/a") == 3
    assert value(metrics, "trainsweep_circuit_open", account="team/a") == 0
    assert value(metrics, "trainsweep_circuit_open", account="shared") == 1
    assert value(metrics, "trainsweep_removal_oldest_seconds", account="team/a") == 60
    assert value(metrics, "trainsweep_removal_oldest_seconds", account="shared") == 0
    refused = {"account": "shared", "provider": "Qianfan", "reason": "CredentialsInvalid"}
    assert value(metrics, "trainsweep_account_status", **refused) == 1
    assert value(metrics, "trainsweep_queue_depth", queue="team/a") == 4
    assert value(metrics, "trainsweep_queue_oldest_seconds", queue="team/a") == 2.5
    assert value(metrics, "trainsweep_leader") == 1
    assert value(metrics, "trainsweep_sweep_last_success_timestamp_seconds") == 800


def test_a_replica_that_stands_by_tells_of_itself_alone():
    told = {name for name in names(metrics_of(State())) if name.startswith("trainsweep_")}
    assert told == {"trainsweep_build_info", "trainsweep_leader", "trainsweep_watch_up"}


def test_a_call_is_counted_with_its_result_and_its_time_without_the_wait():
    metrics = Metrics()
    metrics.remote_call("team/a", "delete", "TrainingJob", "ok", took=0.2, waited=3.0)
    metrics.remote_call("team/a", "delete", "TrainingJob", "WrongState", took=0.4, waited=0.0)
    call = {"account": "team/a", "operation": "delete", "kind": "TrainingJob"}
    assert value(metrics, "trainsweep_remote_calls_total", **call, result="ok") == 1
    assert value(metrics, "trainsweep_remote_calls_total", **call, result="WrongState") == 1
    time = {"account": "team/a", "operation": "delete"}
    assert value(metrics, "trainsweep_remote_call_seconds_bucket", **time, le="0.25") == 1
    assert value(metrics, "trainsweep_remote_call_seconds_count", **time) == 2
    assert value(metrics, "trainsweep_remote_wait_seconds_total", account="team/a") == 3.0


def test_the_series_of_an_account_end_with_it():
    metrics = Metrics()
    for account in ("team/a", "team/b"):
        metrics.remote_call(account, "read", "TrainingJob", "ok", took=0.1, waited=0.0)
    metrics.forget_account("team/a")
    accounts = {dict(labels).get("account") for _, labels in samples(metrics.text().decode())}
    assert accounts == {None, "team/b"}


def test_two_operators_in_one_process_count_apart():
    one, other = Metrics(), Metrics()
    one.api_request("PATCH", "trainingjobs/status", 200)
    counted = {"verb": "patch", "resource": "trainingjobs/status", "code": "200"}
    assert value(one, "trainsweep_api_requests_total", **counted) == 1
    assert value(other, "trainsweep_api_requests_total", **counted) is None


def test_every_metric_that_is_served_is_defined_and_the_other_way_round():
    metrics = metrics_of(LEADER)
    metrics.remote_call("team/a", "read", "TrainingJob", "ok", took=0.1, waited=0.0)
    metrics.removed("TrainingJob", 4.0)
    metrics.released("TrainingJob", "DeletedExternalResource")
    metrics.api_request("GET", "trainingjobs", 200)
    served = {(name, frozenset(dict(labels)) - {"le"}) for name, labels in samples(metrics.text().decode())}
    ours = {
        (name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count"), labels)
        for name, labels in served
        if not name.startswith("process_")
    }
    assert ours == {(metric.name, frozenset(metric.labels)) for metric in METRICS}


def test_the_documentation_is_current():
    assert (DOCS / "metrics.md").read_text() == document(), "run: make generate"
