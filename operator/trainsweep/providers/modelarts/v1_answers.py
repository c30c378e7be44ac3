"""Answers of the V1 API (jobs, versions, configs) as `Remote`. Lenient: only an answer about nothing known raises.

Source: the vendor's historical API reference, training management (old version), and its table of job statuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainsweep.core.errors import Malformed
from trainsweep.core.external import ExternalState, Remote, state_of_parts
from trainsweep.providers.modelarts.fields import after, decimal_id, moment, name_of, number, text
from trainsweep.providers.text import is_name

_PENDING, _RUNNING = ExternalState.PENDING, ExternalState.RUNNING
_FAILED, _STOPPED = ExternalState.FAILED, ExternalState.STOPPED
_SUCCEEDED = ExternalState.SUCCEEDED

STATES: dict[int, tuple[str, ExternalState]] = {
    0: ("JOBSTAT_UNKNOWN", ExternalState.UNKNOWN),
    1: ("JOBSTAT_INIT", _PENDING),
    2: ("JOBSTAT_IMAGE_CREATING", _PENDING),
    3: ("JOBSTAT_IMAGE_FAILED", _FAILED),
    4: ("JOBSTAT_SUBMIT_TRYING", _PENDING),
    5: ("JOBSTAT_SUBMIT_FAILED", _FAILED),
    6: ("JOBSTAT_DELETE_FAILED", _FAILED),
    7: ("JOBSTAT_WAITING", _PENDING),
    8: ("JOBSTAT_RUNNING", _RUNNING),
    9: ("JOBSTAT_KILLING", ExternalState.STOPPING),
    10: ("JOBSTAT_COMPLETED", _SUCCEEDED),
    11: ("JOBSTAT_FAILED", _FAILED),
    12: ("JOBSTAT_KILLED", _STOPPED),
    13: ("JOBSTAT_CANCELED", _STOPPED),
    14: ("JOBSTAT_LOST", _FAILED),
    15: ("JOBSTAT_SCALING", _RUNNING),
    16: ("JOBSTAT_SUBMIT_MODEL_FAILED", _FAILED),
    17: ("JOBSTAT_DEPLOY_SERVICE_FAILED", _FAILED),
    18: ("JOBSTAT_CHECK_INIT", _PENDING),
    19: ("JOBSTAT_CHECK_RUNNING", _RUNNING),
    20: ("JOBSTAT_CHECK_RUNNING_COMPLETED", _SUCCEEDED),
    21: ("JOBSTAT_CHECK_FAILED", _FAILED),
    22: ("MOUNT_FAILED", _FAILED),
}
#: V1 has no state for "being deleted"; this one is the only trace that a delete leaves when it fails.
_DELETE_FAILED = 6


def state(value: Any) -> tuple[str, ExternalState, str]:
    """Name, state and remark of a status number. A number that is not in the table is shown and stays Unknown."""
    status = number(value)
    name, known = STATES.get(-1 if status is None else status, (name_of(value)[:64], ExternalState.UNKNOWN))
    return name, known, "The last delete failed at the provider." if status == _DELETE_FAILED else ""


def version(row: Mapping[str, Any], job_id: str) -> Remote:
    """A row of the versions list, or a version's detail. Raises Malformed without a version id."""
    version_id = decimal_id(row.get("version_id"))
    if not version_id:
        raise Malformed(f"ModelArts described a version of job {job_id} without a usable version_id.")
    word, now, remark = state(row.get("status"))
    started = moment(row.get("start_time"))
    return Remote(
        id=f"{job_id}/{version_id}",
        name=name_of(row.get("version_name")),
        state=now,
        provider_state=word,
        created_at=moment(row.get("create_time")),
        started_at=started,
        finished_at=after(started, row.get("duration")) if now.ended else None,
        parent=job_id,
        message=remark,
    )


def version_number(part: Remote) -> int:
    """Versions in the order in which they were made."""
    return int(part.id.partition("/")[2])


def job(job_id: str, name: str, parts: tuple[Remote, ...]) -> Remote:
    """A job as the sum of its versions. The API does not tell here when it was made: older versions may be gone."""
    now = state_of_parts(parts)
    shown = [part for part in parts if part.state is now]
    ended = [part.finished_at for part in parts if part.finished_at]
    return Remote(
        id=job_id,
        name=name,
        state=now,
        provider_state=max(shown, key=version_number).provider_state if shown else "",
        started_at=min((part.started_at for part in parts if part.started_at), default=None),
        finished_at=max(ended) if ended and all(part.state.ended for part in parts) else None,
        parts=parts,
        message=next((f"{part.name or part.id}: {part.message}" for part in parts if part.message), ""),
    )


def job_row(row: Mapping[str, Any]) -> Remote:
    """A row of the job list. It tells the whole job only when that holds no version or one (`parts`)."""
    job_id = decimal_id(row.get("job_id"))
    if not job_id:
        raise Malformed("ModelArts listed a job without a usable job_id, so the list proves nothing.")
    word, now, remark = state(row.get("status"))
    count = number(row.get("version_count"))
    parts: tuple[Remote, ...] | None = None
    if count == 0:
        parts, word, now, remark = (), "", state_of_parts(()), ""
    elif count == 1 and decimal_id(row.get("version_id")):
        parts = (version({"version_id": row["version_id"], "status": row.get("status")}, job_id),)
    return Remote(
        id=job_id,
        name=name_of(row.get("job_name")),
        state=now,
        provider_state=word,
        created_at=moment(row.get("create_time")),
        parts=parts,
        message=remark,
    )


def config(row: Mapping[str, Any]) -> Remote:
    """A saved job config. It runs nothing, so it counts as stopped for as long as it exists."""
    name = text(row.get("config_name"))
    if not name or not is_name(name):
        raise Malformed("ModelArts described a job config without a usable config_name.")
    return Remote(name, name, _STOPPED, "", created_at=moment(row.get("create_time")))
