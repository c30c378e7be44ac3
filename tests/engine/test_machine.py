"""Any history: people edit, runs end, calls fail, the operator dies. When all is quiet again, all is as asked."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from trainsweep.core.external import ExternalState, Thing

from .memory_provider import FAULTS
from .oracle import Oracle, deleting, named
from .world import NAMESPACE, World

V2_JOBS = [f"9f2c7d3a-0000-4000-8000-00000000000{number}" for number in range(2)]
VERSIONS = ["1001/1", "1001/2"]
TASKS = ["task-a1", "task-a2", "task-b1", "task-none"]
SPECS = [
    *(("FineTuningTask", {"taskID": task}) for task in TASKS),
    ("FineTuningJob", {"jobID": "job-a", "cascade": True}),
    ("FineTuningJob", {"jobID": "job-a"}),
    ("FineTuningJob", {"jobName": "nightly", "cascade": True}),
    *(("TrainingJob", {"jobID": job}) for job in V2_JOBS),
    ("TrainingJob", {"jobName": "weekly"}),
    ("TrainingJob", {"jobID": "1001"}),
    ("TrainingJobVersion", {"jobID": "1001", "versionID": "1"}),
    ("TrainingJobVersion", {"jobName": "daily", "versionName": "V0002"}),
    ("TrainingJobVersion", {"jobRef": {"name": "ann"}, "versionID": "2"}),
    ("TrainingJobConfig", {"configName": "conf"}),
]
#: What has a start and an end of its own, which the clocks go by.
RUN_BY_ID = [
    *({"taskID": task} for task in TASKS),
    *({"jobID": job} for job in V2_JOBS),
    {"jobID": "1001", "versionID": "1"},
]
RUNS = [*TASKS, *V2_JOBS, *VERSIONS]
names = st.sampled_from(["ann", "bob", "eve", "zoe"])
desired = st.sampled_from(["Present", "Stopped", "Absent"])
policies = st.sampled_from([None, "Delete", "Stop", "Orphan"])
wishes = st.fixed_dictionaries(
    {},
    optional={
        "deletionPolicy": st.sampled_from(["Delete", "Stop", "Orphan"]),
        # A name that no thing has: whoever expects it touches nothing.
        "expect": st.sampled_from([None, None, {"name": "another"}]),
        "activeDeadlineSeconds": st.just(150),
        "ttlSecondsAfterFinished": st.just(100),
    },
)
ended = st.sampled_from([ExternalState.SUCCEEDED, ExternalState.FAILED, ExternalState.STOPPED])
#: Longer than every pause that the operator makes by itself.
QUIET = 2400.0


class Histories(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.world = World()
        self.oracle = Oracle(self.world)
        remotes = self.world.remotes
        remotes.add(Thing.TUNING_JOB, "job-a")
        remotes.add(Thing.TUNING_JOB, "job-b", name="nightly")
        for task, parent in [("task-a1", "job-a"), ("task-a2", "job-a"), ("task-b1", "job-b")]:
            remotes.add(Thing.TUNING_TASK, task, parent=parent)
        for job in V2_JOBS:
            remotes.add(Thing.JOB, job, name="weekly" if job is V2_JOBS[0] else job)
        remotes.add(Thing.JOB, "1001", ExternalState.STOPPED, name="daily")
        for version in VERSIONS:
            remotes.add(Thing.VERSION, version, name=f"V000{version[-1]}", parent="1001")
        remotes.add(Thing.CONFIG, "conf", ExternalState.STOPPED)
        self.world.run(1)

    def known(self, name):
        return next((body for body in self.oracle.resources() if body["metadata"]["name"] == name), None)

    @rule(name=names, spec=st.sampled_from(SPECS), desired=desired, wishes=wishes)
    def declare(self, name, spec, desired, wishes):
        kind, identity = spec
        if self.known(name):
            return
        if kind == "TrainingJobConfig":
            desired, wishes = desired.replace("Stopped", "Absent"), {}
        if identity not in RUN_BY_ID:
            wishes = {field: wish for field, wish in wishes.items() if not field.endswith(("Seconds", "Finished"))}
        self.oracle.note()
        self.world.declare(name, kind, **identity, desiredState=desired, **wishes)

    @rule(name=names, desired=desired, policy=policies)
    def edit(self, name, desired, policy):
        body = self.known(name)
        if body and body["kind"] != "TrainingJobConfig":
            self.oracle.note()
            self.world.api.edit(body["kind"], NAMESPACE, name, {"desiredState": desired, "deletionPolicy": policy})

    @rule(name=names, pause=st.booleans())
    def pause_or_go_on(self, name, pause):
        if body := self.known(name):
            self.oracle.note()
            self.world.api.edit(body["kind"], NAMESPACE, name, paused="true" if pause else None)

    @rule(name=names)
    def delete(self, name):
        if body := self.known(name):
            self.oracle.note()
            self.world.api.delete(body["kind"], NAMESPACE, name)

    @rule(name=names, right=st.booleans())
    def force(self, name, right):
        body = self.known(name)
        if body and deleting(body):
            self.world.api.edit(body["kind"], NAMESPACE, name, force_orphan=named(body) if right else "another")

    @rule(remote=st.sampled_from(RUNS), state=ended)
    def a_run_ends(self, remote, state):
        if remote in self.world.remotes.items:
            self.world.remotes.end(remote, state)

    @rule(remote=st.sampled_from([*RUNS, "1001", "conf"]))
    def a_thing_is_deleted_by_somebody_else(self, remote):
        self.world.remotes.items.pop(remote, None)

    @rule(remote=st.sampled_from(RUNS))
    def a_state_becomes_unknown(self, remote):
        if remote in self.world.remotes.items:
            self.world.remotes.items[remote].unclear = True

    @rule(number=st.integers(0, 1))
    def a_namesake_appears(self, number):
        remote_id = f"job-n{number}"
        if remote_id not in self.world.remotes.items:
            self.world.remotes.add(Thing.TUNING_JOB, remote_id, name="nightly")
        if "conf" not in self.world.remotes.items:
            self.world.remotes.add(Thing.CONFIG, "conf", ExternalState.STOPPED)

    @rule(faults=st.lists(st.sampled_from(FAULTS), min_size=1, max_size=6))
    def calls_fail(self, faults):
        self.world.remotes.faults.extend(faults)

    @rule(faults=st.lists(st.sampled_from(["", "refused", "lost"]), min_size=1, max_size=6))
    def the_api_server_fails(self, faults):
        self.world.api.faults.extend(faults)

    @rule(down=st.sampled_from([0.0, 1.0, 90.0]))
    def the_operator_is_killed(self, down):
        self.world.kill()
        self.world.run(down)
        self.world.start()

    @rule(seconds=st.sampled_from([0.004, 0.011, 0.03, 0.07, 0.5]))
    def a_moment_passes(self, seconds):
        self.world.run(seconds)

    @rule(seconds=st.sampled_from([2.0, 20.0, 130.0]))
    def time_passes(self, seconds):
        self.world.run(seconds)

    @rule()
    def everything_comes_to_rest(self):
        remotes = self.world.remotes
        remotes.faults.clear()
        self.world.api.faults.clear()
        for item in remotes.items.values():
            item.unclear = False
        self.world.run(QUIET)
        self.oracle.check()
        writes = len(self.world.api.writes)
        self.world.run(700)
        assert len(self.world.api.writes) == writes, self.world.api.writes[writes:]

    def teardown(self):
        if hasattr(self, "world"):
            self.everything_comes_to_rest()
            self.world.kill()


TestHistories = pytest.mark.timeout(600)(Histories.TestCase)
TestHistories.settings = settings(max_examples=40, stateful_step_count=25)
