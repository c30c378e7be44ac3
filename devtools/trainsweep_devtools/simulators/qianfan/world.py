"""The world behind the Qianfan v2 actions: jobs that hold tasks. Pure: the time comes in with each call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from trainsweep_devtools.simulators.qianfan.scenario import JobSpec, Switches, TaskSpec, Timing
from trainsweep_devtools.simulators.timeline import Departure, Stage, Timeline, course
from trainsweep_devtools.simulators.world import Missing, Shelf, WrongState

ENDED = frozenset({"Done", "Failed", "Stopped"})


class NotEmpty(Exception):
    """A job that still holds tasks is not deleted."""


@dataclass(slots=True)
class Task:
    id: str
    job: str
    user: str
    created: float
    timeline: Timeline
    fields: dict[str, Any] = field(default_factory=dict)
    departure: Departure | None = None


@dataclass(slots=True)
class Job:
    id: str
    name: str
    description: str
    model: str
    train_mode: str
    user: str
    created: float
    departure: Departure | None = None


class World:
    def __init__(self, timing: Timing, switches: Switches) -> None:
        self.timing = timing
        self.switches = switches
        self.jobs: Shelf[Job] = Shelf("job", self._job_departs)
        self.tasks: Shelf[Task] = Shelf("task", self._task_departs)
        #: The tasks of each job by id, so that a job's list does not look at all tasks.
        self._held: dict[str, dict[str, Task]] = {}

    def add_job(self, spec: JobSpec, now: float) -> Job:
        job = Job(spec.id, spec.name, spec.description, spec.model, spec.train_mode, spec.user, now - spec.age)
        self.jobs.add(spec.id, job)
        self._held[spec.id] = {}
        for task in spec.tasks:
            self.add_task(spec.id, task, now)
        return job

    def add_task(self, job: str, spec: TaskSpec, now: float, fields: dict[str, Any] | None = None) -> Task:
        self.jobs.get(job, now)
        lasts = self.timing.running if spec.ends_after is None else spec.ends_after
        stages = (
            Stage("", self.timing.settling),
            Stage("Waiting", self.timing.waiting),
            Stage("Running", lasts),
            Stage("Done", None),
        )
        timeline = course(
            stages,
            spec.status,
            now,
            began=now - spec.age,
            over=ENDED,
            ended_ago=spec.ended_ago,
            ends_as=spec.ends_as,
        )
        task = Task(spec.id, job, spec.user, now - spec.age, timeline, fields or {})
        self.tasks.add(spec.id, task)
        self._held[job][spec.id] = task
        return task

    def tasks_of(self, job: str, now: float) -> list[Task]:
        self.tasks.settle(now)
        self.jobs.get(job, now)
        return list(self._held[job].values())

    def task(self, id: str, now: float) -> Task:
        """The task, unless it or its job has gone."""
        self.jobs.settle(now)
        return self.tasks.get(id, now)

    def stop(self, id: str, now: float) -> bool:
        """False when there was nothing to stop, and that is fine."""
        task = self.task(id, now)
        status = task.timeline.state(now)
        if status not in self.switches.stop_statuses or task.departure is not None:
            raise WrongState("task", id, status or "just created", "stopped")
        if status in ENDED:
            return False
        task.timeline = task.timeline.turn(now, (0.0, self.switches.stopping_status), (self.timing.stopping, "Stopped"))
        return True

    def delete_task(self, id: str, now: float) -> bool:
        """False when it was already leaving, and that is fine."""
        task = self.task(id, now)
        status = task.timeline.state(now)
        if self._already_leaving(task.departure, "task", id):
            return False
        if status not in self.switches.delete_statuses:
            raise WrongState("task", id, status or "just created", "deleted")
        self.tasks.leave(id, self._departure(now))
        return True

    def delete_job(self, id: str, now: float) -> bool:
        """False when it was already leaving, and that is fine."""
        job = self.jobs.get(id, now)
        if self._already_leaving(job.departure, "job", id):
            return False
        if self.tasks_of(id, now) and self.switches.delete_job_with_tasks == "refuse":
            raise NotEmpty(id)
        self.jobs.leave(id, self._departure(now))
        return True

    def vanish(self, id: str) -> None:
        """Remove a task or a job with its tasks behind everyone's back."""
        if id in self.tasks:
            task = next(task for task in self.tasks if task.id == id)
            self._forget(task)
            self.tasks.remove(id)
        elif id in self.jobs:
            self._drop_tasks(id)
            self.jobs.remove(id)
        else:
            raise Missing("task or job", id)

    def set_state(self, id: str, state: str, now: float) -> None:
        self.tasks.get(id, now).timeline = Timeline(((now, state),))

    def _already_leaving(self, departure: Departure | None, kind: str, id: str) -> bool:
        if departure is None:
            return False
        if self.switches.second_delete == "refuse":
            raise WrongState(kind, id, "being deleted", "deleted")
        return True

    def _departure(self, now: float) -> Departure:
        return Departure(now + self.timing.deleting, self.timing.deleting_reads)

    def _task_departs(self, task: Task, now: float) -> bool:
        self._forget(task)
        return True

    def _job_departs(self, job: Job, now: float) -> bool:
        self._drop_tasks(job.id)
        return True

    def _forget(self, task: Task) -> None:
        self._held.get(task.job, {}).pop(task.id, None)

    def _drop_tasks(self, job: str) -> None:
        for id in self._held.pop(job, {}):
            self.tasks.remove(id)
