"""The V2 operations: body in, documented answers out. The state behind them is `v2.V2World`."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from trainsweep_devtools.simulators.modelarts import v2
from trainsweep_devtools.simulators.modelarts.answers import v2_failure
from trainsweep_devtools.simulators.modelarts.scenario import V2JobSpec
from trainsweep_devtools.simulators.modelarts.v1_api import NAME
from trainsweep_devtools.simulators.wire import Call, Reply, json_reply
from trainsweep_devtools.simulators.world import Missing

Ids = Mapping[str, str]

_RUN = frozenset({"Running"})
_OVER = frozenset({"Completed", "Failed", "Terminated", "Abnormal"})


def show_job(world: v2.V2World, call: Call, ids: Ids, now: float) -> Reply:
    return json_reply(_job(world.jobs.get(ids["job"], now), now))


def search_jobs(world: v2.V2World, call: Call, ids: Ids, now: float) -> Reply:
    """`offset` counts pages from 0, `limit` is 1..50."""
    body = call.json()
    offset, limit = body.get("offset") or 0, body.get("limit") or 10
    if not isinstance(offset, int) or not isinstance(limit, int) or offset < 0 or not 1 <= limit <= 50:
        raise ValueError(f"offset {offset} must be 0 or more and limit {limit} from 1 to 50")
    order = body.get("order") or "desc"
    if order not in ("asc", "desc") or (body.get("sort_by") or "create_time") != "create_time":
        raise ValueError("only sort_by create_time with order asc or desc is supported")
    world.jobs.settle(now)
    jobs = world.jobs.ordered("create_time", lambda job: (job.created, job.id), reverse=order == "desc")
    workspace = str(body.get("workspace_id") or "0")
    jobs = [job for job in jobs if job.workspace == workspace]
    for rule in body.get("filters") or ():
        jobs = [job for job in jobs if _passes(job, rule, now)]
    items = [_job(job, now) for job in jobs[offset * limit : (offset + 1) * limit]]
    return json_reply(
        {
            "total": len(jobs),
            "count": len(items),
            "limit": limit,
            "offset": offset,
            "sort_by": "create_time",
            "order": order,
            "group_by": body.get("group_by") or "",
            "workspace_id": workspace,
            "ai_project": "default-ai-project",
            "items": items,
        }
    )


def create_job(world: v2.V2World, call: Call, ids: Ids, now: float) -> Reply:
    body = call.json()
    metadata = body.get("metadata") or {}
    name = metadata.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError("metadata.name must be 1 to 64 letters, digits, hyphens and underscores")
    spec = V2JobSpec(
        id=str(uuid.uuid4()),
        name=name,
        description=metadata.get("description") or "",
        workspace=metadata.get("workspace_id") or "0",
        state="Creating",
        kind=body.get("kind") or "job",
        age=0,
    )
    fields = {field: body[field] for field in ("algorithm", "spec", "endpoints") if body.get(field)}
    return json_reply(_job(world.add_job(spec, now, fields), now), status=201, effect=True)


def act_on_job(world: v2.V2World, call: Call, ids: Ids, now: float) -> Reply:
    action = call.json().get("action_type")
    if action != "terminate":
        world.jobs.get(ids["job"], now)
        return v2_failure(400, "2812", f"Action {action!r} is unknown; use terminate.")
    return json_reply(_job(world.terminate(ids["job"], now), now), status=202, effect=True)


def delete_job(world: v2.V2World, call: Call, ids: Ids, now: float) -> Reply:
    return _accepted(world, effect=world.delete(ids["job"], now))


def delete_jobs(world: v2.V2World, call: Call, ids: Ids, now: float) -> Reply:
    """Up to 100 at once; one missing id is an error, and then nothing is deleted."""
    wanted = [str((job.get("metadata") or {}).get("id", "")) for job in call.json().get("jobs") or ()]
    if not 1 <= len(wanted) <= 100:
        raise ValueError("jobs must hold 1 to 100 entries")
    for id in wanted:
        if id not in world.jobs:
            raise Missing("job", id)
    effects = [world.delete(id, now) for id in wanted]
    return _accepted(world, effect=any(effects))


def _accepted(world: v2.V2World, *, effect: bool) -> Reply:
    body = world.switches.accepted_body.encode()
    return Reply(status=202, body=body, headers={"Content-Type": "application/json"}, effect=effect)


def _job(job: v2.Job, now: float) -> dict[str, Any]:
    if job.departure is not None:
        job.departure.seen()
    started, ended = job.timeline.entered(_RUN, now), job.timeline.entered(_OVER, now)
    records = [] if started is None else [{"start_at": int(started), "end_at": int(ended) if ended else 0}]
    return {
        "kind": job.kind,
        "metadata": {
            "id": job.id,
            "name": job.name,
            "description": job.description,
            "workspace_id": job.workspace,
            "create_time": int(job.created * 1000),
            "user_name": "demo",
            "annotations": {"job_template": "Template DL"},
        },
        "status": {
            "phase": job.phase(now),
            "secondary_phase": job.secondary_phase(now),
            "duration": 0 if started is None else int(((ended or now) - started) * 1000),
            "start_time": 0 if started is None else int(started * 1000),
            "node_count_metrics": None,
            "tasks": ["worker-0"],
            "running_records": records,
        },
        **job.fields,
    }


def _passes(job: v2.Job, rule: Mapping[str, Any], now: float) -> bool:
    known: dict[str, Any] = {
        "id": job.id,
        "name": job.name,
        "kind": job.kind,
        "phase": job.phase(now),
        "user_name": "demo",
        "create_time": job.created,
    }
    key, operator, values = rule.get("key"), rule.get("operator"), rule.get("value") or []
    if key not in known or len(values) > 10:
        raise ValueError(f"filter {key} is not supported, or has more than 10 values")
    value = known[key]
    if operator == "between" and len(values) == 2:
        first, last = (datetime.fromisoformat(text).timestamp() for text in values)
        return first <= float(value) <= last
    if operator == "like":
        return any(text in str(value) for text in values)
    if operator in ("in", "not"):
        return (value in values) is (operator == "in")
    raise ValueError(f"filter operator {operator} is not one of between, like, in, not")
