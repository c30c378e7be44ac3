"""Who reads the metrics learns of accounts what the platform chose."""

from __future__ import annotations

import pytest

from trainsweep.telemetry.account_labels import AccountLabels, label_of
from trainsweep.telemetry.metrics import Metrics
from trainsweep.telemetry.state import AccountState, QueueState, Resources, State

from .sources import Given, samples, value

STATE = State(
    leading=True,
    accounts={
        "team/a": AccountState("ModelArts", "CredentialsValid", held=3),
        "team/b": AccountState("ModelArts", "CredentialsValid", held=2, circuit_open=True),
        "shared": AccountState("Qianfan", "CredentialsInvalid"),
    },
    queues={"team/a": QueueState(4, 2.5), "team/b": QueueState(1, 9.0), "Resources": QueueState(7, 1.0)},
)


def metrics_of(choice: AccountLabels) -> Metrics:
    metrics = Metrics(label_of(choice), clock=lambda: 0.0)
    metrics.read_from(Given(STATE, Resources(oldest_removal={"team/a": 60.0, "team/b": 5.0})))
    for place in ("team/a", "team/b"):
        metrics.remote_call(place, "read", "TrainingJob", "ok", took=0.1, waited=1.0)
    return metrics


def test_by_namespace_counts_are_added_up_and_the_worst_is_told():
    metrics = metrics_of(AccountLabels.NAMESPACE)
    assert value(metrics, "trainsweep_deletions_held", account="team/*") == 5
    assert value(metrics, "trainsweep_circuit_open", account="team/*") == 1
    assert value(metrics, "trainsweep_removal_oldest_seconds", account="team/*") == 60
    assert value(metrics, "trainsweep_remote_wait_seconds_total", account="team/*") == 2
    assert value(metrics, "trainsweep_queue_depth", queue="team/*") == 5
    assert value(metrics, "trainsweep_queue_oldest_seconds", queue="team/*") == 9
    assert value(metrics, "trainsweep_queue_depth", queue="Resources") == 7
    assert value(metrics, "trainsweep_deletions_held", account="shared") == 0


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (AccountLabels.ACCOUNT, {"team/a", "team/b", "shared", "Resources"}),
        (AccountLabels.NAMESPACE, {"team/*", "shared", "Resources"}),
        (AccountLabels.OFF, {"", "Resources"}),
    ],
)
def test_no_label_says_more_than_was_chosen(choice, told):
    found = samples(metrics_of(choice).text().decode())
    assert {value for _, labels in found for name, value in labels if name in ("account", "queue")} == told


def test_series_stay_while_another_account_has_their_label():
    metrics = metrics_of(AccountLabels.NAMESPACE)
    metrics.forget_account("team/a")
    assert value(metrics, "trainsweep_remote_wait_seconds_total", account="team/*") == 2
    metrics.forget_account("team/b")
    assert value(metrics, "trainsweep_remote_wait_seconds_total", account="team/*") is None


def test_reading_takes_a_twentieth_of_the_time_however_often_it_is_done():
    class Slow(Given):
        reads = 0

        def state(self) -> State:
            Slow.reads += 1
            clock.now += 0.1
            return STATE

    class Clock:
        now = 100.0

        def __call__(self) -> float:
            return self.now

    clock = Clock()
    metrics = Metrics(clock=clock)
    metrics.read_from(Slow())
    for _ in range(1000):
        metrics.text()
        clock.now += 0.01
    assert Slow.reads <= 6
