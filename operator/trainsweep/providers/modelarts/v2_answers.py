"""Answers of the V2 API (jobs) as `Remote`. Lenient: only a job without an id raises.

Source: the vendor's API reference, training management.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from trainsweep.core.errors import Malformed
from trainsweep.core.external import ExternalState, Remote
from trainsweep.providers.modelarts.fields import after, mapping, moment, name_of, text
from trainsweep.providers.text import is_name

PHASES: dict[str, ExternalState] = {
    "Creating": ExternalState.PENDING,
    "Pending": ExternalState.PENDING,
    "Running": ExternalState.RUNNING,
    "Terminating": ExternalState.STOPPING,
    "Completed": ExternalState.SUCCEEDED,
    "Failed": ExternalState.FAILED,
    "Terminated": ExternalState.STOPPED,
    "Abnormal": ExternalState.FAILED,
}

#: The documents call the secondary phase internal, so it is only shown; this word alone tells of a failed stop.
_STOP_FAILED = "TerminatedFailed"


def job(body: Mapping[str, Any]) -> Remote:
    """One job: the answer of a read, or an item of the search. Raises Malformed without an id."""
    metadata = mapping(body.get("metadata"))
    job_id = text(metadata.get("id"))
    if not job_id or not is_name(job_id):
        raise Malformed("ModelArts described a job without a usable metadata.id.")
    status = mapping(body.get("status"))
    phase = name_of(status.get("phase"))[:64]
    state = PHASES.get(phase, ExternalState.UNKNOWN)
    # The newest record is the run of now: the time of a run before a restart is not its own.
    started = max(_records(status, "start_at"), default=None) or moment(status.get("start_time"))
    finished = max(_records(status, "end_at"), default=None) or after(started, status.get("duration"))
    return Remote(
        id=job_id,
        name=name_of(metadata.get("name")),
        state=state,
        provider_state=phase,
        created_at=moment(metadata.get("create_time")),
        started_at=started,
        finished_at=finished if state.ended else None,
        message="" if state.ended else _remark(text(status.get("secondary_phase"))),
    )


def _records(status: Mapping[str, Any], edge: str) -> Iterator[datetime]:
    """The times at one edge of the running records; a job that was restarted has several."""
    records = status.get("running_records")
    for record in records if isinstance(records, list) else ():
        if found := moment(mapping(record).get(edge)):
            yield found


def _remark(secondary_phase: str) -> str:
    return "The last stop failed at the provider (TerminatedFailed)." if secondary_phase == _STOP_FAILED else ""
