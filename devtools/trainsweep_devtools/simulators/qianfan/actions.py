"""The v2 fine-tuning actions: body in, documented answers out. The state behind them is `world.World`."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from trainsweep_devtools.simulators.qianfan.answers import success
from trainsweep_devtools.simulators.qianfan.scenario import JobSpec, Switches, TaskSpec
from trainsweep_devtools.simulators.qianfan.world import ENDED, Job, Task, World
from trainsweep_devtools.simulators.wire import Reply
from trainsweep_devtools.simulators.world import Missing

Body = Mapping[str, Any]
T = TypeVar("T", Job, Task)

#: What the service writes where a time is not known yet.
NO_TIME = "0000-00-00T00:00:00Z"
PAGE, LARGEST_PAGE = 10, 100


class InvalidMarker(ValueError):
    """The marker names nothing of this list."""


def create_job(world: World, body: Body, user: str, now: float) -> Reply:
    name = _text(body, "name")
    if not 2 <= len(name) <= 20:
        raise ValueError("param[name] invalid: it needs 2 to 20 characters")
    spec = JobSpec(
        id=_new_id("job"),
        name=name,
        description=body.get("description") or "",
        model=_text(body, "model"),
        train_mode=_text(body, "trainMode"),
        age=0,
        user=user,
    )
    return success({"jobId": world.add_job(spec, now).id}, effect=True)


def create_task(world: World, body: Body, user: str, now: float) -> Reply:
    job = _text(body, "jobId")
    for name in ("hyperParameterConfig", "datasetConfig"):
        if not isinstance(body.get(name), dict):
            raise ValueError(f"param[{name}] invalid")
    _own(world.jobs.get(job, now), world.switches, user, "job")
    fields = {name: body[name] for name in ("parameterScale", "hyperParameterConfig", "datasetConfig") if name in body}
    task = world.add_task(job, TaskSpec(id=_new_id("task"), status="", age=0, user=user), now, fields)
    return success({"jobId": job, "taskId": task.id}, effect=True)


def list_jobs(world: World, body: Body, user: str, now: float) -> Reply:
    world.jobs.settle(now)
    newest_first = _newest_first(body, world.switches)
    jobs = world.jobs.ordered("created", lambda job: (job.created, job.id), reverse=newest_first)
    for name, of in (("trainMode", "train_mode"), ("model", "model")):
        if body.get(name):
            jobs = [job for job in jobs if getattr(job, of) == body[name]]
    shown, page = _page(_visible(jobs, world.switches, user), body, world.switches)
    return success({"jobList": [_job(job, world.switches) for job in shown], "pageInfo": page})


def list_tasks(world: World, body: Body, user: str, now: float) -> Reply:
    id = _text(body, "jobId")
    held = world.tasks_of(id, now)
    job = world.jobs.get(id, now)
    _own(job, world.switches, user, "job")
    newest_first = _newest_first(body, world.switches)
    tasks = sorted(held, key=lambda task: (task.created, task.id), reverse=newest_first)
    shown, page = _page(_visible(tasks, world.switches, user), body, world.switches)
    return success({"taskList": [_task(task, job, world.switches, now) for task in shown], "pageInfo": page})


def describe_task(world: World, body: Body, user: str, now: float) -> Reply:
    task = _own(world.task(_text(body, "taskId"), now), world.switches, user, "task")
    detail = _task(task, world.jobs.get(task.job, now), world.switches, now)
    return success(detail | task.fields | {"checkpointList": []})


def stop_task(world: World, body: Body, user: str, now: float) -> Reply:
    task = _own(world.task(_text(body, "taskId"), now), world.switches, user, "task")
    return success(True, effect=world.stop(task.id, now))


def delete_task(world: World, body: Body, user: str, now: float) -> Reply:
    task = _own(world.task(_text(body, "taskId"), now), world.switches, user, "task")
    return success(True, effect=world.delete_task(task.id, now))


def delete_job(world: World, body: Body, user: str, now: float) -> Reply:
    job = _own(world.jobs.get(_text(body, "jobId"), now), world.switches, user, "job")
    return success(True, effect=world.delete_job(job.id, now))


def supported_models(world: World, body: Body, user: str, now: float) -> Reply:
    scale = {"parameterScale": "LoRA", "supportHyperParameterConfig": []}
    mode = {"trainMode": "SFT", "supportParameterScale": [scale]}
    return success([{"model": "ERNIE-Speed-8K", "modelType": "Text2Text", "supportTrainMode": [mode]}])


#: The documented names, with the field that holds the id of the thing that an action is about.
ACTIONS: Mapping[str, tuple[Callable[[World, Body, str, float], Reply], str]] = {
    "CreateFineTuningJob": (create_job, ""),
    "CreateFineTuningTask": (create_task, "jobId"),
    "DescribeFineTuningJobs": (list_jobs, ""),
    "DescribeFineTuningTasks": (list_tasks, "jobId"),
    "DescribeFineTuningTask": (describe_task, "taskId"),
    "StopFineTuningTask": (stop_task, "taskId"),
    "DeleteFineTuningTask": (delete_task, "taskId"),
    "DeleteFineTuningJob": (delete_job, "jobId"),
    "DescribeFineTuningSupportModels": (supported_models, ""),
}


def _page(things: Sequence[T], body: Body, switches: Switches) -> tuple[Sequence[T], dict[str, Any]]:
    """One page and its `pageInfo`; `nextMarker` only when there is more."""
    size = body.get("maxKeys", PAGE)
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise ValueError("param[maxKeys] invalid")
    size = min(size, LARGEST_PAGE)
    marker = body.get("marker") or ""
    first = 0
    if marker:
        first = next((index for index, thing in enumerate(things) if thing.id == marker), -1)
        if first < 0:
            raise InvalidMarker(f"The marker {marker} is not usable.")
        first += 0 if switches.marker_inclusive else 1
    shown = things[first : first + size]
    page = {"marker": marker, "maxKeys": size, "isTruncated": first + size < len(things)}
    if page["isTruncated"]:
        page["nextMarker"] = things[first + size].id if switches.marker_inclusive else shown[-1].id
    return shown, page


def _newest_first(body: Body, switches: Switches) -> bool:
    return bool(body.get("pageReverse", False)) is switches.oldest_first


def _visible(things: list[T], switches: Switches, user: str) -> list[T]:
    return [thing for thing in things if thing.user == user] if switches.own_only else things


def _own(thing: T, switches: Switches, user: str, kind: str) -> T:
    if switches.own_only and thing.user != user:
        raise Missing(kind, thing.id)
    return thing


def _job(job: Job, switches: Switches) -> dict[str, Any]:
    if job.departure is not None:
        job.departure.seen()
    return {
        "jobId": job.id,
        "name": job.name,
        "description": job.description,
        "model": job.model,
        "trainMode": job.train_mode,
        "createDate": _date(job.created, switches),
    }


def _task(task: Task, job: Job, switches: Switches, now: float) -> dict[str, Any]:
    if task.departure is not None:
        task.departure.seen()
    status = task.timeline.state(now)
    ended = task.timeline.entered(ENDED, now)
    shown = {
        "taskId": task.id,
        "jobId": job.id,
        "jobName": job.name,
        "jobDescription": job.description,
        "model": job.model,
        "trainMode": job.train_mode,
        "parameterScale": task.fields.get("parameterScale", "LoRA"),
        "runStatus": status,
        "vdlLink": f"https://console.bce.baidu.com/qianfan/visualdl/index?displayToken=simulated-{task.id}",
        "createDate": _date(task.created, switches),
        "finishDate": NO_TIME if ended is None else _date(ended, switches),
    }
    if status == "Running":
        shown["runProgress"] = "51%"
    if status == "Done":
        shown["metrics"] = {"BLEU-4": "21.33%", "ROUGE-1": "30.12%", "ROUGE-2": "11.40%", "ROUGE-L": "25.87%"}
    return shown


def _date(seconds: float, switches: Switches) -> str:
    shifted = datetime.fromtimestamp(seconds, UTC) + timedelta(hours=switches.date_zone_hours)
    return shifted.strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(body: Body, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"param[{name}] invalid")
    return value


def _new_id(kind: str) -> str:
    return f"{kind}-{secrets.token_hex(6)}"
