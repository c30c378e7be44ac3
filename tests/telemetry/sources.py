"""Operators in a given state, for tests of what is said about them."""

from __future__ import annotations

from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

from trainsweep.telemetry.metrics import Metrics
from trainsweep.telemetry.state import Resources, State


@dataclass
class Given:
    """A source whose state a test sets."""

    now: State = field(default_factory=State)
    of_resources: Resources = field(default_factory=Resources)

    def state(self) -> State:
        return self.now

    def resources(self) -> Resources:
        return self.of_resources


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample of a text of metrics by name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """One sample, None when there is none."""
    return samples(metrics.text().decode()).get((name, tuple(sorted(labels.items()))))


def names(metrics: Metrics) -> set[str]:
    return {name for name, _ in samples(metrics.text().decode())}
