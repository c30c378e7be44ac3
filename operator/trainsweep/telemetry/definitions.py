"""Every metric of the operator: name, type, labels and what it says. The documentation's table is made from this.

Labels are bounded: `account` and `queue` by the ProviderConfigs in use (see `account_labels`), all
others by fixed vocabularies. Ids and names of resources are never labels.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple


class Metric(NamedTuple):
    name: str
    type: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    help: str


BUILD: Final = Metric(
    "trainsweep_build_info", "gauge", ("version", "python", "kopf"), "Always 1; the versions at work."
)
LEADER: Final = Metric("trainsweep_leader", "gauge", (), "1 on the replica that works, 0 on one that stands by.")

RESOURCES: Final = Metric(
    "trainsweep_resources",
    "gauge",
    ("kind", "state", "reason"),
    "Resources by kind, last known remote state and reason of their condition Ready; on the leader alone.",
)
REMOVAL_AGE: Final = Metric(
    "trainsweep_removal_oldest_seconds",
    "gauge",
    ("account",),
    "Age of the oldest stop or deletion that was asked for and has not come to its end; 0 when there is none."
    " What the deletion guard holds is not counted.",
)
REMOVAL_TIME: Final = Metric(
    "trainsweep_removal_seconds",
    "histogram",
    ("kind",),
    "From the request to the proof that the remote thing is gone: from the deletion of the resource, or from the first"
    " accepted stop or delete under desiredState.",
)
RELEASES: Final = Metric(
    "trainsweep_releases_total",
    "counter",
    ("kind", "reason"),
    "Resources that were let go; ReleasedExternalResource leaves the remote thing as it is.",
)

ACCOUNT: Final = Metric(
    "trainsweep_account_status",
    "gauge",
    ("account", "provider", "reason"),
    "Always 1; the reason is that of the ProviderConfig's condition Ready: CredentialsValid when all is well.",
)
HELD: Final = Metric(
    "trainsweep_deletions_held",
    "gauge",
    ("account",),
    "Removals that the deletion guard holds until they are approved.",
)
CIRCUIT: Final = Metric("trainsweep_circuit_open", "gauge", ("account",), "1 while calls to the account are suspended.")

CALLS: Final = Metric(
    "trainsweep_remote_calls_total",
    "counter",
    ("account", "operation", "kind", "result"),
    "Calls to the provider: list, read, stop, delete, probe. The kind is empty for list and probe; the result is ok or"
    " the error's reason.",
)
CALL_TIME: Final = Metric(
    "trainsweep_remote_call_seconds",
    "histogram",
    ("account", "operation"),
    "How long calls took, all pages of a list together, without the wait for their turn.",
)
CALL_WAIT: Final = Metric(
    "trainsweep_remote_wait_seconds_total",
    "counter",
    ("account",),
    "How long calls waited for their turn: the rate limit of the ProviderConfig, or a slow-down after 429.",
)

QUEUE_DEPTH: Final = Metric(
    "trainsweep_queue_depth",
    "gauge",
    ("queue",),
    "Resources of an account that are due and wait for its provider; the queue ProviderConfigs is that of the accounts"
    " themselves, and Resources that of what the API server alone can settle.",
)
QUEUE_AGE: Final = Metric(
    "trainsweep_queue_oldest_seconds",
    "gauge",
    ("queue",),
    "How long the oldest has been due, those under way included.",
)

WATCH: Final = Metric(
    "trainsweep_watch_up",
    "gauge",
    (),
    "1 while the API server grants the watch what it asks for, 0 before that, after a failure and between restarts.",
)
WATCH_EVENT: Final = Metric(
    "trainsweep_watch_last_event_timestamp_seconds",
    "gauge",
    (),
    "When the watch last delivered anything. A quiet cluster has no events: age alone is no fault.",
)
SWEEP: Final = Metric(
    "trainsweep_sweep_last_success_timestamp_seconds",
    "gauge",
    (),
    "When all our objects were last listed completely: nothing older than this can have been missed.",
)
API_REQUESTS: Final = Metric(
    "trainsweep_api_requests_total",
    "counter",
    ("verb", "resource", "code"),
    "Requests to the API server beside the watch; every verb but get is a write. Code 0: no answer.",
)

METRICS: Final = (
    BUILD,
    LEADER,
    RESOURCES,
    REMOVAL_AGE,
    REMOVAL_TIME,
    RELEASES,
    ACCOUNT,
    HELD,
    CIRCUIT,
    CALLS,
    CALL_TIME,
    CALL_WAIT,
    QUEUE_DEPTH,
    QUEUE_AGE,
    WATCH,
    WATCH_EVENT,
    SWEEP,
    API_REQUESTS,
)


def document() -> str:
    """The table of all metrics in Markdown (`docs/metrics.md`)."""
    return _DOCUMENT.format(rows="\n".join(map(_row, METRICS)))


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{name}`" for name in metric.labels) or "-"
    return f"| `{metric.name}` | {metric.type} | {labels} | {metric.help} |"


_DOCUMENT = """\
# Metrics

`trainsweep run --metrics-address :8081` serves `/metrics` for Prometheus; without that setting it is served beside
`/livez` and `/readyz` (`--http-address`). This page is generated from `telemetry/definitions.py` (`make generate`).

With `--metrics-tls-cert` and `--metrics-tls-key` it is served over TLS; with `--metrics-authentication` it is for those
alone whose bearer token the API server knows and whose roles allow `get` on the path `/metrics` (in the chart
`metrics.tls` and `metrics.authentication`, with a ClusterRole to bind). A port takes 64 connections, 16 of one address,
each for 10 s; reading the metrics takes at most a twentieth of the operator's time, however often it is done.

Labels are bounded. `account` and `queue` are `namespace/*` for the ProviderConfigs of a namespace together, or the name
of a ClusterProviderConfig. With `--metrics-account-labels Account` they are `namespace/name`, an account each; with
`Off` they are empty. Of accounts that have one label, counts are added up, and of ages and circuits the worst is told;
the series of an account end when it does. By default accounts are not named, as metrics are often read by more people
than ProviderConfigs are. Ids and names of resources are never labels: a resource's own history is in its conditions,
its events, the log and the audit log.

A replica that stands by serves what describes itself (leader, watch, sweep, requests); the state of resources,
accounts and queues comes from the leader alone, so that sums over replicas are right.

| metric | type | labels | meaning |
|---|---|---|---|
{rows}

The usual `process_*` metrics (CPU, memory, file descriptors) are there as well.

## Alerts

They are in the chart (`charts/trainsweep/files/rules.yaml`, `metrics.prometheusRule.enabled`), each with a runbook:

- [TrainsweepDeletionStuck](runbooks/deletion-stuck.md)
- [TrainsweepCredentialsInvalid](runbooks/credentials-invalid.md)
- [TrainsweepGuardHolding](runbooks/guard-holding.md)
- [TrainsweepCircuitOpen](runbooks/circuit-open.md)
- [TrainsweepQueueLagging](runbooks/queue-lagging.md)
- [TrainsweepNoLeader](runbooks/no-leader.md)
- [TrainsweepBlind](runbooks/blind.md)

## Dashboard

For Grafana: `charts/trainsweep/files/dashboard.json` (`metrics.dashboard.enabled`). Here it shows two minutes of an
operator with 48 jobs, an outage, a batch that the guard held, and credentials that are refused:

![The dashboard](dashboard.svg)
"""


if __name__ == "__main__":
    print(document(), end="")  # noqa: T201 (the generator's output)
