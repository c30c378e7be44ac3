"""Answers of the fine-tuning actions as `Remote`s and pages. Pure and lenient: an odd field is None or "", no error.

Only an answer that does not tell what it is about is `Malformed`: with it, a list could seem not to hold a thing.
Sources: https://cloud.baidu.com/doc/qianfan-api/s/lmo1afnju (a task), and beside it Dmo1adln5 (the tasks of a job) and
2mo1ah0rw (the jobs).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from trainsweep.core.errors import Malformed
from trainsweep.core.external import ExternalState, Remote, state_of_parts
from trainsweep.providers.text import LONGEST_NAME, is_name, name

#: `runStatus` of a task. Others, and the empty one that a task shows for a moment, are UNKNOWN.
STATES: dict[str, ExternalState] = {
    "Waiting": ExternalState.PENDING,
    "Running": ExternalState.RUNNING,
    "Done": ExternalState.SUCCEEDED,
    "Failed": ExternalState.FAILED,
    "Stopped": ExternalState.STOPPED,
}

#: The service did not exist before; zero dates ("0000-00-00T00:00:00Z", year 1) stand for "not yet".
_EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. `next_marker` is None on the last page, "" when more is said to follow but not where."""

    things: tuple[Remote, ...]
    next_marker: str | None


def parse_task(item: Any, *, parent: str = "") -> Remote:
    """A task of DescribeFineTuningTask or of a `taskList`. `parent` is the job when the answer does not name it.

    The name is that of the job, as a task has none. The documents know no time of the start: `started_at` is None, for
    the time of creation is when the task began to wait.
    """
    told = _object(item, "a task")
    word = _text(told.get("runStatus"))
    state = STATES.get(word, ExternalState.UNKNOWN)
    created_at = parse_time(told.get("createDate"))
    job_id = _text(told.get("jobId"))
    return Remote(
        id=_id(told, "taskId"),
        name=name(_text(told.get("jobName"))),
        state=state,
        provider_state=name(word),
        created_at=created_at,
        finished_at=parse_time(told.get("finishDate")) if state.ended else None,
        parent=job_id if is_name(job_id) and job_id else parent,
    )


def parse_job(item: Any) -> Remote:
    """A job of a `jobList`. It has no state of its own, and the list does not show its tasks: `parts` is None."""
    told = _object(item, "a job")
    return Remote(
        id=_id(told, "jobId"),
        name=name(_text(told.get("name"))),
        state=ExternalState.UNKNOWN,
        provider_state="",
        created_at=parse_time(told.get("createDate")),
        parts=None,
    )


def job_of_tasks(job: Remote, tasks: tuple[Remote, ...]) -> Remote:
    """The job with what its tasks say: it starts with the first task that still runs and ends with the last one.

    In its parts the time of creation stands for the start of a task that left the queue: nothing else tells one task's
    start from another's, so the deadline of a job counts how long its tasks waited.
    """
    tasks = tuple(
        task if task.state is ExternalState.PENDING else replace(task, started_at=task.created_at) for task in tasks
    )
    active = tuple(task for task in tasks if task.state.active)
    starts = [task.started_at for task in active or tasks if task.started_at]
    ends = [task.finished_at for task in tasks if task.finished_at]
    all_ended = all(task.state.ended for task in tasks)
    return Remote(
        id=job.id,
        name=job.name,
        state=state_of_parts(tasks),
        provider_state="",
        created_at=job.created_at,
        started_at=min(starts, default=None),
        finished_at=max(ends) if all_ended and len(ends) == len(tasks) > 0 else None,
        parts=tasks,
    )


def parse_page(result: Any, field: str, parse: Callable[[Any], Remote]) -> Page:
    """One page of the list in `field`. A list that is null is empty; one that is missing is `Malformed`."""
    told = _object(result, "a list")
    items = told.get(field, "missing")
    if items is not None and not isinstance(items, list):
        raise Malformed(f"Qianfan answered without the documented {field}.", status=200)
    info = told.get("pageInfo")
    return Page(tuple(parse(item) for item in items or ()), _next_marker(info if isinstance(info, dict) else {}))


def parse_time(value: Any) -> datetime | None:
    """A time like "2024-01-30T09:41:54Z" in UTC; None for impossible ones and those without a zone."""
    if not isinstance(value, str) or len(value) > LONGEST_NAME:
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        if moment.tzinfo is None:
            return None
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment >= _EARLIEST else None


def _next_marker(info: dict[str, Any]) -> str | None:
    marker = _text(info.get("nextMarker"))
    if not is_name(marker):
        raise Malformed("Qianfan answered with a nextMarker that cannot be one.", status=200)
    more = info.get("isTruncated", bool(marker))
    return marker if more in (True, "true") else None


def _object(value: Any, what: str) -> dict[str, Any]:
    if isinstance(value, dict) and value:
        return value
    raise Malformed(f"Qianfan answered with nothing where {what} is documented.", status=200)


def _id(item: dict[str, Any], field: str) -> str:
    if (found := _text(item.get(field))) and is_name(found):
        return found
    raise Malformed(f"Qianfan answered with an entry that has no usable {field}.", status=200)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
