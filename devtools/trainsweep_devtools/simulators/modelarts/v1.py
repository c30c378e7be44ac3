"""The world behind the V1 API: jobs with versions, and configs. Pure: the time comes in with each call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from trainsweep_devtools.simulators.modelarts.scenario import ConfigSpec, Switches, Timing, V1JobSpec, VersionSpec
from trainsweep_devtools.simulators.modelarts.states import v1_number
from trainsweep_devtools.simulators.timeline import Departure, Stage, Timeline, course
from trainsweep_devtools.simulators.world import Shelf, Taken, WrongState

#: Ids of jobs that the scenario or a create call leaves open begin here.
FIRST_ID = 200001
#: Ids of versions count over all jobs, and begin far from the numbers in their names.
FIRST_VERSION_ID = 300001

_RUN = frozenset({"RUNNING"})
_OVER = frozenset({"COMPLETED", "FAILED", "KILLED", "CANCELED", "LOST"})


@dataclass(slots=True)
class Version:
    """`number` is that of its name: it counts in the version's own job and is never used twice."""

    id: int
    number: int
    created: float
    timeline: Timeline
    pre_version: int | None = None
    config: dict[str, Any] = field(default_factory=dict)
    departure: Departure | None = None

    @property
    def name(self) -> str:
        return f"V{self.number:04d}"

    def status(self, now: float) -> int:
        return v1_number(self.timeline.state(now))

    def started(self, now: float) -> float | None:
        return self.timeline.entered(_RUN, now)

    def duration(self, now: float) -> float:
        started = self.started(now)
        if started is None:
            return 0.0
        return (self.timeline.entered(_OVER, now) or now) - started


@dataclass(slots=True)
class Job:
    id: int
    name: str
    description: str
    workspace: str
    created: float
    versions: Shelf[Version]
    last_number: int = 0
    departure: Departure | None = None

    def latest(self) -> Version | None:
        return max(self.versions, key=lambda version: version.number, default=None)


@dataclass(slots=True)
class Config:
    name: str
    description: str
    created: float
    fields: dict[str, Any] = field(default_factory=dict)
    departure: Departure | None = None


class V1World:
    def __init__(self, timing: Timing, switches: Switches) -> None:
        self.timing = timing
        self.switches = switches
        self.jobs: Shelf[Job] = Shelf("job", self._job_departs)
        self.configs: Shelf[Config] = Shelf("config")
        self._names: dict[str, int] = {}
        self._next_id = FIRST_ID
        self._next_version_id = FIRST_VERSION_ID
        #: Jobs of which a version is leaving: only these need a look before a list.
        self._unsettled: dict[int, Job] = {}

    def settle(self, now: float) -> None:
        """Bring membership up to date before a list."""
        self.jobs.settle(now)
        for job in list(self._unsettled.values()):
            self._settle_versions(job, now)

    def job(self, id: str, now: float) -> Job:
        job = self.jobs.get(id, now)
        if job.id in self._unsettled:
            self._settle_versions(job, now)
        return self.jobs.get(id, now)

    def version(self, job_id: str, version_id: str, now: float) -> Version:
        return self.job(job_id, now).versions.get(version_id, now)

    def add_job(self, spec: V1JobSpec, now: float) -> Job:
        if str(self._names.get(spec.name, "")) in self.jobs:
            raise Taken(f"Training job name {spec.name} is taken.")
        if spec.id is None:
            while str(self._next_id) in self.jobs:
                self._next_id += 1
        id = self._next_id if spec.id is None else spec.id
        versions: Shelf[Version] = Shelf("version", self._version_departs)
        job = Job(id, spec.name, spec.description, spec.workspace, now - spec.age, versions)
        self.jobs.add(str(id), job)
        self._names[spec.name] = id
        for version in spec.versions:
            self.add_version(job, version, now)
        return job

    def add_version(
        self,
        job: Job,
        spec: VersionSpec,
        now: float,
        config: dict[str, Any] | None = None,
        pre_version: int | None = None,
    ) -> Version:
        id = self._next_version_id if spec.id is None else spec.id
        lasts = self.timing.running if spec.ends_after is None else spec.ends_after
        stages = (
            Stage("INIT", self.timing.starting),
            Stage("WAITING", self.timing.queued),
            Stage("RUNNING", lasts),
            Stage("COMPLETED", None),
        )
        timeline = course(
            stages,
            spec.state,
            now,
            began=now - spec.age,
            over=_OVER,
            ended_ago=spec.ended_ago,
            ends_as=spec.ends_as,
        )
        version = Version(id, job.last_number + 1, now - spec.age, timeline, pre_version, config or {})
        job.versions.add(str(id), version)
        job.last_number = version.number
        self._next_version_id = max(self._next_version_id, id + 1)
        return version

    def add_config(self, spec: ConfigSpec, now: float, fields: dict[str, Any] | None = None) -> Config:
        config = Config(spec.name, spec.description, now - spec.age, fields or {})
        self.configs.add(spec.name, config)
        return config

    def stop(self, job_id: str, version_id: str, now: float) -> None:
        version = self.version(job_id, version_id, now)
        self._require(version, self.switches.stop_states, now, "stopped")
        if version.departure is not None:
            raise WrongState("version", version_id, "being deleted", "stopped")
        version.timeline = version.timeline.turn(now, (0.0, "KILLING"), (self.timing.stopping, "KILLED"))

    def delete_version(self, job_id: str, version_id: str, now: float) -> bool:
        """False when it was already leaving, and that is fine."""
        job = self.job(job_id, now)
        version = job.versions.get(version_id, now)
        if self._already_leaving(version.departure, "version", version_id):
            return False
        self._require(version, self.switches.delete_states, now, "deleted")
        job.versions.leave(version_id, self._departure(now))
        self._unsettled[job.id] = job
        return True

    def delete_job(self, job_id: str, now: float) -> bool:
        """False when it was already leaving, and that is fine. The versions go with it."""
        job = self.job(job_id, now)
        if self._already_leaving(job.departure, "job", job_id):
            return False
        for version in job.versions:
            self._require(version, self.switches.delete_states, now, "deleted")
        self.jobs.leave(job_id, self._departure(now))
        return True

    def delete_config(self, name: str) -> None:
        self.configs.remove(name)

    def vanish(self, id: str, now: float) -> None:
        """Remove a job (ID), a version (JOB/VERSION) or a config (name) behind everyone's back."""
        job, _, version = id.partition("/")
        if version and job in self.jobs:
            self.jobs.get(job, now).versions.remove(version)
        elif id in self.jobs:
            self.jobs.remove(id)
        else:
            self.configs.remove(id)

    def set_state(self, job_id: str, version_id: str, state: str, now: float) -> None:
        self.version(job_id, version_id, now).timeline = Timeline(((now, state),))

    def _require(self, version: Version, allowed: frozenset[int], now: float, verb: str) -> None:
        if version.status(now) not in allowed:
            raise WrongState("version", str(version.id), f"in status {version.status(now)}", verb)

    def _already_leaving(self, departure: Departure | None, kind: str, id: str) -> bool:
        if departure is None:
            return False
        if self.switches.second_delete == "refuse":
            raise WrongState(kind, id, "being deleted", "deleted")
        return True

    def _departure(self, now: float) -> Departure:
        return Departure(now + self.timing.deleting, self.timing.deleting_reads)

    def _job_departs(self, job: Job, now: float) -> bool:
        if self.switches.delete_fails:
            for version in job.versions:
                self._version_departs(version, now)
        return not self.switches.delete_fails

    def _version_departs(self, version: Version, now: float) -> bool:
        if self.switches.delete_fails:
            version.timeline = version.timeline.turn(now, (0.0, "DELETE_FAILED"))
        return not self.switches.delete_fails

    def _settle_versions(self, job: Job, now: float) -> None:
        if not job.versions.settle(now):
            self._unsettled.pop(job.id, None)
        if not job.versions and self.switches.last_version_deleted == "job_goes" and str(job.id) in self.jobs:
            self.jobs.remove(str(job.id))
