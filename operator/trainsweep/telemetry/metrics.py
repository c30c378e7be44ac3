"""The metrics: events are counted as they happen, state is asked for at scrape time. One `Metrics` for one operator.

Nothing here is global, so that several operators can run in one process, and nobody needs to read what is counted.
"""

from __future__ import annotations

import platform
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from trainsweep import __version__
from trainsweep.telemetry import definitions
from trainsweep.telemetry.account_labels import Label, by_account, sums, worst
from trainsweep.telemetry.definitions import Metric
from trainsweep.telemetry.state import Resources, Source, State

OK = "ok"

#: Seconds. A call is given up after 30; a list of many pages may take longer.
CALL_BUCKETS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
#: Seconds, from a provider that is done at once to one that takes a day, or a batch that waited for its approval.
REMOVAL_BUCKETS = (1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0)


#: The share of time that reading the metrics may take: for as long as that allows, the same text is given again.
SHARE = 0.05


class Metrics:
    """`label` is how accounts are named. Accounts of one label are told as one: sums, and the worst of them."""

    def __init__(self, label: Label = by_account, clock: Callable[[], float] = time.perf_counter) -> None:
        self._label = label
        self._clock = clock
        self._text = b""
        self._good_until = float("-inf")
        #: The accounts that have series, by label.
        self._counted: defaultdict[str, set[str]] = defaultdict(set)
        disable_created_metrics()  # type: ignore[no-untyped-call]  # times of creation would double the series
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._calls = self._counter(definitions.CALLS)
        self._call_time = self._histogram(definitions.CALL_TIME, CALL_BUCKETS)
        self._call_wait = self._counter(definitions.CALL_WAIT)
        self._removal_time = self._histogram(definitions.REMOVAL_TIME, REMOVAL_BUCKETS)
        self._releases = self._counter(definitions.RELEASES)
        self._api_requests = self._counter(definitions.API_REQUESTS)

    def read_from(self, source: Source) -> None:
        """Ask `source` how things stand, each time the metrics are read."""
        self._registry.register(_StateCollector(source, self._label))

    def text(self) -> bytes:
        """Everything in the text format of Prometheus. However often it is asked for, it takes `SHARE` of the time."""
        begun = self._clock()
        if begun >= self._good_until:
            self._text = generate_latest(self._registry)
            ended = self._clock()
            self._good_until = ended + (ended - begun) / SHARE
        return self._text

    def remote_call(self, account: str, operation: str, kind: str, result: str, *, took: float, waited: float) -> None:
        """One call to a provider; `took` and `waited` are seconds."""
        label = self._label(account)
        self._counted[label].add(account)
        self._calls.labels(label, operation, kind, result).inc()
        self._call_time.labels(label, operation).observe(took)
        self._call_wait.labels(label).inc(waited)

    def forget_account(self, account: str) -> None:
        """End the series of an account that is gone, once no other one has its label."""
        label = self._label(account)
        self._counted[label].discard(account)
        if self._counted[label]:
            return
        del self._counted[label]
        for metric in (self._calls, self._call_time, self._call_wait):
            metric.remove_by_labels({"account": label})

    def removed(self, kind: str, seconds: float) -> None:
        """A remote thing is proven gone, so long after that was asked for."""
        self._removal_time.labels(kind).observe(seconds)

    def released(self, kind: str, reason: str) -> None:
        """A resource was let go."""
        self._releases.labels(kind, reason).inc()

    def api_request(self, verb: str, resource: str, code: int) -> None:
        """One request to the API server; code 0 when there was no answer."""
        self._api_requests.labels(verb.lower(), resource, str(code)).inc()

    def _counter(self, metric: Metric) -> Counter:
        return Counter(metric.name, metric.help, metric.labels, registry=self._registry)

    def _histogram(self, metric: Metric, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(metric.name, metric.help, metric.labels, buckets=buckets, registry=self._registry)


class _StateCollector(Collector):
    def __init__(self, source: Source, label: Label) -> None:
        self._source = source
        self._label = label

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """The names alone: registering asks nobody for a state."""
        return [_family(metric) for metric in definitions.METRICS if metric.type == "gauge"]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        state = self._source.state()
        yield _family(definitions.BUILD, ((__version__, platform.python_version(), version("kopf")), 1))
        yield _family(definitions.LEADER, ((), state.leading))
        yield _family(definitions.WATCH, ((), state.watch is not None and state.watch.up))
        if state.watch and state.watch.last_event:
            yield _family(definitions.WATCH_EVENT, ((), state.watch.last_event))
        if state.last_sweep:
            yield _family(definitions.SWEEP, ((), state.last_sweep))
        if state.leading:
            yield from _work(state, self._source.resources(), self._label)


def _work(state: State, resources: Resources, label: Label) -> Iterator[GaugeMetricFamily]:
    """What only the leader tells, so that a sum over replicas counts nothing twice."""
    accounts, queues = state.accounts.items(), state.queues.items()
    removals = worst(label, ((name, resources.oldest_removal.get(name, 0)) for name, _ in accounts))
    told = {(label(name), account.provider, account.reason): 1.0 for name, account in accounts}
    held = sums(label, ((name, account.held) for name, account in accounts))
    suspended = worst(label, ((name, account.circuit_open) for name, account in accounts))

    def of_queue(name: str) -> str:
        """The operator's own queues are named as no object of Kubernetes can be."""
        return name if name[:1].isupper() else label(name)

    depths = sums(of_queue, ((name, queue.depth) for name, queue in queues))
    ages = worst(of_queue, ((name, queue.oldest) for name, queue in queues))
    yield _family(definitions.RESOURCES, *resources.counts.items())
    yield _family(definitions.ACCOUNT, *told.items())
    for metric, values in (
        (definitions.REMOVAL_AGE, removals),
        (definitions.HELD, held),
        (definitions.CIRCUIT, suspended),
        (definitions.QUEUE_DEPTH, depths),
        (definitions.QUEUE_AGE, ages),
    ):
        yield _family(metric, *(((name,), value) for name, value in values.items()))


def _family(metric: Metric, *samples: tuple[tuple[str, ...], float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
    for labels, value in samples:
        family.add_metric(labels, value)
    return family
