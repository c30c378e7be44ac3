"""The progress of getting a control plane: on a terminal a bar with an estimate of the rest, elsewhere lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from trainsweep_devtools.devcluster import PlainProgress, Progress


@contextmanager
def building(console: Console) -> Iterator[Progress]:
    if not console.is_terminal:
        yield PlainProgress()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TextColumn("left:"))
    with Bars(*columns, TimeRemainingColumn(), console=console, transient=True) as bars:
        yield BuildBar(bars)


class BuildBar:
    """Satisfies `devcluster.Progress`: a bar for the step under way."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task: TaskID | None = None

    def step(self, text: str) -> None:
        if self._task is not None:
            self._bars.remove_task(self._task)
        self._task = self._bars.add_task(text, total=None)

    def advance(self, done: int, total: int) -> None:
        if self._task is not None:
            self._bars.update(self._task, completed=done, total=total)

    def gave_way(self, reason: str) -> None:
        self._bars.console.print(reason, highlight=False, markup=False)
