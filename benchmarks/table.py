"""The figures as a table for people."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.table import Table

from benchmarks.adopt_and_delete import Result

_COLUMNS = (
    "resources",
    "operator",
    "ready s",
    "after last s",
    "gone s",
    "writes each",
    "calls each",
    "at rest: writes",
    "calls",
    "peak MB",
    "CPU s",
)


def table(results: Iterable[Result]) -> Table:
    """One row a measurement. A dash stands for a limit that was reached."""
    drawn = Table(box=box.MARKDOWN)
    for column in _COLUMNS:
        drawn.add_column(column, justify="left" if column == "operator" else "right")
    for result in results:
        drawn.add_row(
            f"{result.resources:,}",
            result.operator,
            _seconds(result.ready_seconds),
            _seconds(result.ready_after_last),
            _seconds(result.gone_seconds),
            f"{result.writes_per_resource:.2f}",
            f"{result.calls_per_resource:.2f}",
            str(result.writes_at_rest),
            str(result.calls_at_rest),
            f"{result.peak_memory / 1e6:.0f}",
            f"{result.cpu_seconds:.1f}",
        )
    return drawn


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
