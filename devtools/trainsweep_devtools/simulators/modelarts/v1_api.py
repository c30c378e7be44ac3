"""The V1 operations: query and body in, documented answers out. The state behind them is `v1.V1World`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from trainsweep_devtools.simulators.modelarts import v1
from trainsweep_devtools.simulators.modelarts.answers import page_of, v1_success, whole_number
from trainsweep_devtools.simulators.modelarts.scenario import ConfigSpec, V1JobSpec, VersionSpec
from trainsweep_devtools.simulators.wire import Call, Reply

Ids = Mapping[str, str]

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")

#: The quota that job lists tell.
QUOTA = 10_000


def list_jobs(world: v1.V1World, call: Call, ids: Ids, now: float) -> Reply:
    page, per_page = page_of(call)
    query = call.query()
    world.settle(now)
    jobs = _sorted_jobs(world, query, now)
    workspace, search, status = query.get("workspace_id") or "0", query.get("search_content", ""), query.get("status")
    jobs = [job for job in jobs if job.workspace == workspace and search in job.name]
    if status:
        jobs = [job for job in jobs if (latest := job.latest()) and str(latest.status(now)) == status]
    shown = jobs[(page - 1) * per_page : page * per_page]
    return v1_success(
        {
            "job_total_count": len(jobs),
            "job_count_limit": max(0, QUOTA - len(world.jobs)),
            "quotas": QUOTA,
            "jobs": [_job_entry(job, now) for job in shown],
        }
    )


def create_job(world: v1.V1World, call: Call, ids: Ids, now: float) -> Reply:
    body = call.json()
    name, config = _name(body, "job_name"), _config(body)
    spec = V1JobSpec(name=name, description=body.get("job_desc", ""), workspace=body.get("workspace_id", "0"), age=0)
    job = world.add_job(spec, now)
    answer: dict[str, object] = {"job_id": job.id, "job_name": name, "create_time": _ms(now)}
    if config.get("create_version", True):
        version = world.add_version(job, VersionSpec(state="INIT", age=0), now, config)
        answer |= _created(version, now) | {"resource_id": f"job{job.id:08x}"}
    return _as_created(world, answer)


def delete_job(world: v1.V1World, call: Call, ids: Ids, now: float) -> Reply:
    return v1_success(effect=world.delete_job(ids["job"], now))


def list_versions(world: v1.V1World, call: Call, ids: Ids, now: float) -> Reply:
    query = call.query()
    page, per_page = whole_number(query, "page", 0, 0, 65535), whole_number(query, "per_page", 10, 1, 1000)
    job = world.job(ids["job"], now)
    versions = job.versions.ordered("number", lambda version: version.number, reverse=True)
    shown = versions[(page - 1) * per_page : page * per_page] if page else versions
    answer = _job_head(job) | {
        "version_count": len(versions),
        "versions": [_version_entry(version, now) | {"system_metric_list": "{}"} for version in shown],
    }
    return v1_success(answer)


def show_version(world: v1.V1World, call: Call, ids: Ids, now: float) -> Reply:
    job = world.job(ids["job"], now)
    version = job.versions.get(ids["version"], now)
    answer = _job_head(job) | _version_entry(version, now)
    return v1_success(answer | {"spec_code": "modelarts.vm.gpu.v100", "system_metric_list": {}})


def create_version(world: v1.V1World, call: Call, ids: Ids, now: float) -> Reply:
    body = call.json()
    config = _config(body)
    job = world.job(ids["job"], now)
    before = config.get("pre_version_id")
    if not isinstance(before, int):
        raise ValueError("config.pre_version_id is required")
    job.versions.get(str(before), now)
    version = world.add_version(job, VersionSpec(state="INIT", age=0), now, config, before)
    answer = {"job_id": job.id, "job_name": job.name, "create_time": _ms(now)} | _created(version, now)
    return _as_created(world, answer)


def delete_version(world: v1.V1World, call: Call, ids: Ids, now: float) -> Reply:
    return v1_success(effect=world.delete_version(ids["job"], ids["version"], now))


def stop_version(world: v1.V1World, call: Call, ids: Ids, now: float) -> Reply:
    world.stop(ids["job"], ids["version"], now)
    return v1_success(effect=True)


def list_configs(world: v1.V1World, call: Call, ids: Ids, now: float) -> Reply:
    page, per_page = page_of(call)
    query = call.query()
    keys: dict[str, Callable[[v1.Config], Any]] = {
        "config_name": lambda config: config.name,
        "config_desc": lambda config: config.description,
        "create_time": lambda config: config.created,
    }
    by, reverse = _order(query, keys, "config_name", "desc")
    search = query.get("search_content", "")
    found = [config for config in world.configs.ordered(by, keys[by], reverse=reverse) if search in config.name]
    if query.get("config_type", "custom") != "custom":
        found = []
    shown = found[(page - 1) * per_page : page * per_page]
    return v1_success({"config_total_count": len(found), "configs": [_config_entry(config) for config in shown]})


def show_config(world: v1.V1World, call: Call, ids: Ids, now: float) -> Reply:
    config = world.configs.get(ids["config"], now)
    return v1_success({**config.fields, **_config_entry(config)})


def create_config(world: v1.V1World, call: Call, ids: Ids, now: float) -> Reply:
    body = call.json()
    spec = ConfigSpec(name=_name(body, "config_name"), description=body.get("config_desc", ""), age=0)
    world.add_config(spec, now, body)
    return v1_success(effect=True)


def update_config(world: v1.V1World, call: Call, ids: Ids, now: float) -> Reply:
    config, body = world.configs.get(ids["config"], now), call.json()
    config.description = body.get("config_desc", config.description)
    config.fields = body
    return v1_success(effect=True)


def delete_config(world: v1.V1World, call: Call, ids: Ids, now: float) -> Reply:
    world.delete_config(ids["config"])
    return v1_success(effect=True)


def _sorted_jobs(world: v1.V1World, query: dict[str, str], now: float) -> list[v1.Job]:
    fixed: dict[str, Callable[[v1.Job], Any]] = {
        "job_name": lambda job: job.name,
        "job_desc": lambda job: job.description,
        "create_time": lambda job: (job.created, job.id),
        "engine_type": lambda job: job.id,
    }
    moving: dict[str, Callable[[v1.Job], Any]] = {
        "status": lambda job: latest.status(now) if (latest := job.latest()) else 0,
        "duration": lambda job: latest.duration(now) if (latest := job.latest()) else 0.0,
        "version_count": lambda job: len(job.versions),
    }
    by, reverse = _order(query, fixed | moving, "job_name", "asc")
    if by in moving:
        return sorted(world.jobs, key=moving[by], reverse=reverse)
    return world.jobs.ordered(by, fixed[by], reverse=reverse)


def _order(query: dict[str, str], keys: Mapping[str, object], by: str, order: str) -> tuple[str, bool]:
    by, order = query.get("sortBy") or by, query.get("order") or order
    if by not in keys or order not in ("asc", "desc"):
        raise ValueError(f"sortBy={by} or order={order} is not one of the documented values")
    return by, order == "desc"


def _job_head(job: v1.Job) -> dict[str, object]:
    _show(job)
    return {"job_id": job.id, "job_name": job.name, "job_desc": job.description}


def _job_entry(job: v1.Job, now: float) -> dict[str, object]:
    """A list entry: version and status are those of the newest version, null for a job without one."""
    latest = job.latest()
    return _job_head(job) | {
        "version_id": latest.id if latest else None,
        "status": latest.status(now) if latest else None,
        "create_time": _ms(job.created),
        "duration": _ms(latest.duration(now)) if latest else 0,
        "version_count": len(job.versions),
        "user": {"name": "demo"},
    }


def _version_entry(version: v1.Version, now: float) -> dict[str, object]:
    _show(version)
    started = version.started(now)
    return version.config | {
        "version_id": version.id,
        "version_name": version.name,
        "pre_version_id": version.pre_version,
        "status": version.status(now),
        "create_time": _ms(version.created),
        "start_time": _ms(started) if started else 0,
        "duration": _ms(version.duration(now)),
    }


def _config_entry(config: v1.Config) -> dict[str, object]:
    return {
        "config_name": config.name,
        "config_desc": config.description,
        "create_time": _ms(config.created),
        "engine_type": 1,
        "engine_name": "TensorFlow",
        "engine_id": 3,
        "engine_version": "TF-1.13.1-python3.6",
    }


def _created(version: v1.Version, now: float) -> dict[str, object]:
    return {"status": version.status(now), "version_id": version.id, "version_name": version.name}


def _as_created(world: v1.V1World, answer: Mapping[str, object]) -> Reply:
    if world.switches.create_answers == "text":
        answer = {name: str(value) for name, value in answer.items()}
    return v1_success(dict(answer), effect=True)


def _show(thing: v1.Job | v1.Version) -> None:
    if thing.departure is not None:
        thing.departure.seen()


def _name(body: Mapping[str, Any], field: str) -> str:
    name = body.get(field)
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(f"{field} must be 1 to 64 letters, digits, hyphens and underscores")
    return name


def _config(body: Mapping[str, Any]) -> dict[str, Any]:
    config = body.get("config")
    if not isinstance(config, dict) or "worker_server_num" not in config:
        raise ValueError("config with worker_server_num is required")
    return dict(config)


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
