"""By what `activeDeadlineSeconds` and `ttlSecondsAfterFinished` count, and what is told of what they ended."""

from dataclasses import replace

import pytest

from trainsweep.core.external import ExternalState, Thing

from .memory_provider import MemoryProvider
from .world import World

JOB = "TrainingJob"
V2_JOB = "9f2c7d3a-0000-4000-8000-000000000000"


@pytest.fixture
def v1_lists(monkeypatch):
    """The list of V1 jobs shows the only version of a job, and no times of it."""
    whole = MemoryProvider.list

    async def as_modelarts(self, collection):
        jobs = await whole(self, collection)
        if collection != JOB:
            return jobs
        timeless = {"started_at": None, "finished_at": None}
        parts = {job.id: tuple(replace(part, **timeless) for part in job.parts) for job in jobs}
        return tuple(replace(job, parts=parts[job.id], **timeless) for job in jobs)

    monkeypatch.setattr(MemoryProvider, "list", as_modelarts)


@pytest.fixture
def v1_job(world: World, v1_lists) -> World:
    world.remotes.add(Thing.JOB, "1001", started_at=None)
    world.remotes.add(Thing.VERSION, "1001/1", parent="1001")
    world.declare("it", JOB, jobID="1001", activeDeadlineSeconds=600)
    return world


def test_a_v1_job_whose_only_version_is_listed_without_times_is_stopped_in_time(v1_job: World):
    v1_job.run(590)
    assert v1_job.calls == []
    v1_job.run(20)
    assert v1_job.calls == [("stop", "1001/1")]


def test_its_status_tells_the_start_all_the_while_and_reads_by_id_stay_few(v1_job: World):
    started = set()
    for _ in range(20):
        v1_job.run(25)
        started.add(v1_job.status("it", JOB).get("startedAt"))
    assert started == {"2026-05-01T00:16:40Z"}
    assert len([entry for entry in v1_job.remotes.journal if entry.verb == "read"]) <= 2


def test_a_version_that_took_the_place_of_another_one_has_its_own_deadline(v1_job: World):
    v1_job.run(300)
    v1_job.kill()
    del v1_job.remotes.items["1001/1"]
    v1_job.remotes.add(Thing.VERSION, "1001/2", parent="1001")
    v1_job.start()
    v1_job.run(590)
    assert v1_job.calls == []
    v1_job.run(20)
    assert v1_job.calls == [("stop", "1001/2")]


def test_a_job_that_is_begun_anew_and_waits_is_not_stopped_by_the_start_of_its_former_run(world: World):
    world.remotes.add(Thing.JOB, V2_JOB)
    world.declare("it", JOB, jobID=V2_JOB, activeDeadlineSeconds=600)
    world.run(500)
    former = world.remotes.items[V2_JOB]
    former.remote = replace(former.remote, state=ExternalState.PENDING, provider_state="Pending")
    world.run(500)
    assert world.calls == []
    assert "startedAt" not in world.status("it", JOB)
    world.remotes.begin(V2_JOB)
    world.run(590)
    assert world.calls == []
    world.run(60)
    assert world.calls == [("stop", V2_JOB)]


def test_what_was_deleted_for_its_age_is_not_missed_after_a_restart_in_the_midst(world: World):
    world.remotes.add(Thing.TUNING_TASK, "task-a1")
    world.declare("run", taskID="task-a1", ttlSecondsAfterFinished=60)
    world.run(10)
    world.kill()
    world.remotes.end("task-a1")
    world.run(100)
    world.start()
    world.run_until(lambda: world.calls, step=0.001)
    world.kill()
    world.run(30)
    world.start()
    world.run(30)
    assert world.ready("run") == ("True", "Absent")


def test_a_new_version_of_a_v1_job_is_noticed_however_many_jobs_are_at_rest(world: World, monkeypatch):
    whole = MemoryProvider.list

    async def as_modelarts(self, collection):
        jobs = await whole(self, collection)
        return tuple(replace(job, parts=None) if job.parts and len(job.parts) > 1 else job for job in jobs)

    monkeypatch.setattr(MemoryProvider, "list", as_modelarts)
    for number in range(12):
        world.remotes.add(Thing.JOB, f"100{number}")
        for version in (1, 2):
            part, job = f"100{number}/{version}", f"100{number}"
            world.remotes.add(Thing.VERSION, part, ExternalState.SUCCEEDED, parent=job)
        world.declare(f"job-{number}", JOB, jobID=f"100{number}", desiredState="Stopped")
    world.run(30)
    world.remotes.add(Thing.VERSION, "1005/3", parent="1005")
    world.run(340)
    assert world.calls == [("stop", "1005/3")]
