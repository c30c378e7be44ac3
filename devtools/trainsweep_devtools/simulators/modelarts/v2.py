"""The world behind the V2 API: jobs by UUID. Pure: the time comes in with each call."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from trainsweep_devtools.simulators.modelarts.scenario import Switches, Timing, V2JobSpec
from trainsweep_devtools.simulators.modelarts.states import SECONDARY, TERMINATE_FAILED, V2_ACTIVE, V2_ENDED
from trainsweep_devtools.simulators.timeline import Departure, Stage, Timeline, course
from trainsweep_devtools.simulators.world import Shelf, Taken, WrongState

_NAMESPACE = uuid.NAMESPACE_URL


@dataclass(slots=True)
class Job:
    """Its timeline holds phases, and TerminatedFailed, the secondary phase that tells a failed terminate apart."""

    id: str
    name: str
    description: str
    workspace: str
    kind: str
    created: float
    timeline: Timeline
    fields: dict[str, Any] = field(default_factory=dict)
    departure: Departure | None = None

    def phase(self, now: float) -> str:
        state = self.timeline.state(now)
        return "Terminating" if state == TERMINATE_FAILED else state

    def secondary_phase(self, now: float) -> str:
        state = self.timeline.state(now)
        return SECONDARY.get(state, state)


class V2World:
    def __init__(self, timing: Timing, switches: Switches) -> None:
        self.timing = timing
        self.switches = switches
        self.jobs: Shelf[Job] = Shelf("job")
        self._names: dict[str, str] = {}

    def add_job(self, spec: V2JobSpec, now: float, fields: dict[str, Any] | None = None) -> Job:
        if self._names.get(spec.name, "") in self.jobs:
            raise Taken(f"Training job name {spec.name} is taken.")
        lasts = self.timing.running if spec.ends_after is None else spec.ends_after
        stages = (
            Stage("Creating", self.timing.starting),
            Stage("Pending", self.timing.queued),
            Stage("Running", lasts),
            Stage("Completed", None),
        )
        timeline = course(
            stages,
            spec.state,
            now,
            began=now - spec.age,
            over=frozenset(V2_ENDED),
            ended_ago=spec.ended_ago,
            ends_as=spec.ends_as,
        )
        id = spec.id or str(uuid.uuid5(_NAMESPACE, spec.name))
        job = Job(id, spec.name, spec.description, spec.workspace, spec.kind, now - spec.age, timeline, fields or {})
        self.jobs.add(id, job)
        self._names[spec.name] = id
        return job

    def terminate(self, id: str, now: float) -> Job:
        job = self.jobs.get(id, now)
        if job.phase(now) not in V2_ACTIVE or job.departure is not None:
            raise WrongState("job", id, job.phase(now), "terminated")
        end = TERMINATE_FAILED if self.switches.terminate_fails else "Terminated"
        job.timeline = job.timeline.turn(now, (0.0, "Terminating"), (self.timing.stopping, end))
        return job

    def delete(self, id: str, now: float) -> bool:
        """False when it was already leaving, and that is fine."""
        job = self.jobs.get(id, now)
        if job.departure is not None:
            if self.switches.second_delete == "refuse":
                raise WrongState("job", id, "being deleted", "deleted")
            return False
        if job.phase(now) not in self.switches.v2_delete_phases:
            raise WrongState("job", id, job.phase(now), "deleted")
        self.jobs.leave(id, Departure(now + self.timing.deleting, self.timing.deleting_reads))
        return True

    def set_state(self, id: str, state: str, now: float) -> None:
        self.jobs.get(id, now).timeline = Timeline(((now, state),))
