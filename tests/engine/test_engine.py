"""The engine as a whole, on virtual time: what a person sees, in the order in which it happens."""

import asyncio
from dataclasses import replace

import pytest

from trainsweep.api.names import FINALIZER
from trainsweep.core.errors import OnlyListed, Refused
from trainsweep.core.external import ExternalState, Thing
from trainsweep.core.resource import Key
from trainsweep.kube import paths

from .memory_api import MemoryClient
from .memory_provider import MemoryProvider
from .world import NAMESPACE, TASK

RUNNING, SUCCEEDED, STOPPED = ExternalState.RUNNING, ExternalState.SUCCEEDED, ExternalState.STOPPED
ABSENT = ExternalState.ABSENT
JOB = "FineTuningJob"
VERSION = "TrainingJobVersion"


class TestTheMainJob:
    def test_a_watched_thing_is_ready_and_nothing_is_called(self, world):
        world.remotes.add(Thing.TUNING_TASK, "task-a1")
        world.declare("run", taskID="task-a1")
        world.run(5)
        assert world.ready("run") == ("True", "Available")
        assert world.calls == []

    def test_absent_stops_then_deletes_and_says_so(self, world):
        world.remotes.add(Thing.TUNING_TASK, "task-a1")
        world.declare("run", taskID="task-a1", desiredState="Absent")
        world.run(60)
        assert world.calls == [("stop", "task-a1"), ("delete", "task-a1")]
        assert world.ready("run") == ("True", "Absent")

    def test_deleting_the_resource_cleans_up_and_frees_it(self, world):
        world.remotes.add(Thing.TUNING_TASK, "task-a1")
        world.declare("run", taskID="task-a1")
        world.run(5)
        world.api.delete(TASK, NAMESPACE, "run")
        world.run(60)
        assert world.calls == [("stop", "task-a1"), ("delete", "task-a1")]
        assert world.api.of_kind(TASK) == []

    def test_adopting_and_deleting_costs_at_most_four_writes_and_rest_costs_none(self, world):
        world.remotes.add(Thing.TUNING_TASK, "task-a1")
        world.declare("run", taskID="task-a1")
        world.run(5)
        adopted = list(world.api.writes)
        world.run(3600)
        assert world.api.writes == adopted
        world.api.delete(TASK, NAMESPACE, "run")
        world.run(60)
        assert len([path for _, path, _ in world.api.writes if "/finetuningtasks/" in path]) <= 4

    @pytest.mark.parametrize("watched", [True, False])
    def test_also_where_the_provider_takes_its_time(self, world, watched):
        world.remotes.effect = 45
        world.remotes.add(Thing.TUNING_TASK, "task-a1")
        world.declare("run", taskID="task-a1")
        world.run_until(lambda: world.api.get(TASK, NAMESPACE, "run")["metadata"].get("finalizers"), step=0.001)
        world.run(5 if watched else 0)
        world.api.delete(TASK, NAMESPACE, "run")
        world.run(1000)
        assert world.calls == [("stop", "task-a1"), ("delete", "task-a1")]
        assert world.api.of_kind(TASK) == []
        assert len([path for _, path, _ in world.api.writes if "/finetuningtasks/" in path]) <= 4

    def test_a_deletion_that_takes_long_says_so(self, world):
        world.remotes.effect = 100_000
        world.remotes.add(Thing.TUNING_TASK, "task-a1")
        world.declare("run", taskID="task-a1")
        world.run(5)
        world.api.delete(TASK, NAMESPACE, "run")
        world.run(30)
        assert world.ready("run") == ("False", "Stopping")
        assert world.status("run")["lastCall"]["operation"] == "StopFineTuningTask"

    def test_a_cascade_ends_the_tasks_first_and_the_job_last(self, world):
        world.remotes.add(Thing.TUNING_JOB, "job-a1", name="llama")
        for task, state in [("task-a1", RUNNING), ("task-a2", SUCCEEDED)]:
            world.remotes.add(Thing.TUNING_TASK, task, state, parent="job-a1")
        world.declare("llama", JOB, jobName="llama", cascade=True)
        world.run(5)
        world.api.delete(JOB, NAMESPACE, "llama")
        world.run(120)
        assert world.calls == [
            ("stop", "task-a1"),
            ("delete", "task-a1"),
            ("delete", "task-a2"),
            ("delete", "job-a1"),
        ]
        assert world.api.of_kind(JOB) == []

    def test_a_task_whose_state_is_unclear_right_before_its_delete_is_left_alone(self, world, monkeypatch):
        read = MemoryProvider.read

        async def read_unclear(self, target):
            world.remotes.items["task-a1"].unclear |= target.thing is Thing.TUNING_TASK
            return await read(self, target)

        monkeypatch.setattr(MemoryProvider, "read", read_unclear)
        world.remotes.add(Thing.TUNING_JOB, "job-a1")
        world.remotes.add(Thing.TUNING_TASK, "task-a1", SUCCEEDED, parent="job-a1")
        world.declare("llama", JOB, jobID="job-a1", cascade=True)
        world.run(5)
        world.api.delete(JOB, NAMESPACE, "llama")
        world.run(60)
        assert world.calls == []
        assert world.ready("llama", JOB) == ("False", "UnknownState")

    @pytest.mark.parametrize("restart", [False, True], ids=["going on", "after a restart"])
    def test_a_job_that_no_list_shows_is_not_freed_by_one_odd_refusal(self, world, restart):
        job = "9f2c7d3a-0000-4000-8000-000000000000"
        world.remotes.add(Thing.JOB, job)
        world.remotes.items[job].unlisted = True
        world.declare("it", "TrainingJob", jobID=job)
        world.run(5)
        if restart:
            world.kill()
            world.start()
        world.remotes.read_faults = "odd refusal"
        world.api.delete("TrainingJob", NAMESPACE, "it")
        world.run(60)
        assert world.api.of_kind("TrainingJob")
        world.remotes.read_faults = ""
        world.run(600)
        assert world.calls == [("stop", job), ("delete", job)]
        assert world.api.of_kind("TrainingJob") == []

    def test_a_natural_end_is_seen_by_the_poll(self, world):
        world.remotes.add(Thing.TUNING_TASK, "task-a1")
        world.declare("run", taskID="task-a1", ttlSecondsAfterFinished=100)
        world.run(5)
        world.remotes.end("task-a1")
        world.run(20)
        assert world.status("run")["externalState"] == "Succeeded"
        world.run(100)
        assert world.calls == [("delete", "task-a1")]

    def test_a_missing_secret_is_waited_for(self, world):
        world.kill()
        secret = world.api.objects.pop(paths.secret(NAMESPACE, "keys"))
        world.remotes.add(Thing.TUNING_TASK, "task-a1")
        world.declare("run", taskID="task-a1", desiredState="Absent")
        world.start()
        world.run(10)
        assert world.ready("run") == ("False", "SecretNotFound")
        assert world.remotes.journal == []
        world.api.put(paths.secret(NAMESPACE, "keys"), secret)
        world.run(150)
        assert world.ready("run") == ("True", "Absent")


class TestAClockThatIsNotTheProviders:
    @pytest.mark.parametrize("ahead", [-600, -3, 3, 600])
    def test_what_was_accepted_is_not_asked_for_again_while_the_provider_is_at_it(self, world, ahead):
        world.ahead = ahead
        world.remotes.effect = 40
        world.remotes.add(Thing.TUNING_TASK, "task-a1")
        world.declare("run", taskID="task-a1", desiredState="Stopped")
        world.run(120)
        assert world.calls == [("stop", "task-a1")]
        assert world.ready("run") == ("True", "Stopped")

    def test_nor_when_ours_is_set_back_meanwhile(self, world):
        world.remotes.effect = 40
        world.remotes.add(Thing.TUNING_TASK, "task-a1")
        world.declare("run", taskID="task-a1", desiredState="Stopped")
        world.run_until(lambda: world.calls)
        world.ahead = -600
        world.run(120)
        assert world.calls == [("stop", "task-a1")]


class TestOneRemoteThingHasOneOwner:
    def test_also_right_after_a_restart_when_the_other_claimant_is_looked_at_first(self, world):
        world.remotes.add(Thing.TUNING_TASK, "task-a1", SUCCEEDED)
        world.declare("z-owner", taskID="task-a1")
        for number in range(8):
            world.declare(f"m-{number}", taskID=f"task-{number}")
        world.run(5)
        world.declare("a-rival", taskID="task-a1", desiredState="Absent")
        world.run(5)
        assert world.condition(TASK, "a-rival", "Stalled")["reason"] == "ManagementConflict"
        world.kill()
        world.start()
        world.run(60)
        assert world.calls == []
        assert world.ready("z-owner") == ("True", "Available")

    def test_the_younger_learns_of_it_when_the_name_of_the_elder_is_resolved_a_moment_later(self, world):
        world.remotes.add(Thing.TUNING_JOB, "job-a1", name="llama")
        world.declare("elder", JOB, jobName="llama")
        world.declare("younger", JOB, jobID="job-a1")
        world.run(30)
        assert world.ready("elder", JOB) == ("True", "Available")
        assert world.ready("younger", JOB) == ("False", "ManagementConflict")

    @pytest.mark.parametrize("policy", ["Delete", "Orphan"])
    @pytest.mark.parametrize("together", [True, False], ids=["seen at the same time", "one after the other"])
    def test_an_elder_that_never_reached_the_thing_keeps_it_from_nobody(self, world, policy, together):
        world.remotes.add(Thing.TUNING_TASK, "task-a1", SUCCEEDED)
        config = {"provider": "Qianfan", "qianfan": {}, "credentials": {"secretRef": {"name": "missing"}}}
        world.api.create("ProviderConfig", NAMESPACE, "keyless", config)
        if together:
            world.kill()
        world.declare("elder", taskID="task-a1", providerConfigRef={"name": "keyless"}, deletionPolicy=policy)
        if not together:
            world.run(5)
        world.declare("younger", taskID="task-a1")
        if together:
            world.api.edit(TASK, NAMESPACE, "younger", {"desiredState": "Absent"})
            world.start()
        else:
            world.run(5)
            world.api.delete(TASK, NAMESPACE, "younger")
        world.run(60)
        assert world.calls == [("delete", "task-a1")]
        assert together or world.api.get(TASK, NAMESPACE, "younger") is None
        assert world.ready("elder") == ("False", "SecretNotFound")

    @pytest.mark.parametrize(("project", "conflict"), [("main", True), ("other", False)])
    def test_also_where_a_project_is_told_by_its_name(self, world, project, conflict):
        named = {"provider": "ModelArts", "modelArts": {"region": "cn-north-4", "projectName": project}}
        world.api.create(
            "ProviderConfig", NAMESPACE, "named", {**named, "credentials": {"secretRef": {"name": "keys"}}}
        )
        for remotes in (world.remotes, world.elsewhere):
            remotes.add(Thing.CONFIG, "nightly", STOPPED)
        world.declare("elder", "TrainingJobConfig", configName="nightly")
        world.run(5)
        reference = {"name": "named"}
        world.declare("younger", "TrainingJobConfig", configName="nightly", providerConfigRef=reference)
        for restart in (False, True):
            if restart:
                world.kill()
                world.start()
            world.run(60)
            assert world.ready("elder", "TrainingJobConfig") == ("True", "Available")
            told = ("False", "ManagementConflict") if conflict else ("True", "Available")
            assert world.ready("younger", "TrainingJobConfig") == told
        world.api.delete("TrainingJobConfig", NAMESPACE, "younger")
        world.run(60)
        assert len(world.api.of_kind("TrainingJobConfig")) == 1
        assert ("nightly" in world.elsewhere.items) is conflict
        assert "nightly" in world.remotes.items

    def test_a_paused_elder_that_has_not_seen_the_thing_holds_up_no_other(self, world):
        world.remotes.add(Thing.TUNING_TASK, "task-a1", SUCCEEDED)
        world.declare("elder", taskID="task-a1", annotations={"trainsweep.dev/paused": "true"})
        world.declare("younger", taskID="task-a1", desiredState="Absent")
        world.run(60)
        assert world.ready("younger") == ("True", "Absent")
        assert world.calls == [("delete", "task-a1")]

    @pytest.mark.parametrize("apart", [0.0, 0.02, 0.05])
    @pytest.mark.parametrize("wishes", [("Present", "Absent"), ("Absent", "Present"), ("Present", "Stopped")])
    def test_of_two_that_go_by_one_name_and_are_applied_together_the_elder_alone_acts(self, world, wishes, apart):
        world.remotes.add(Thing.TUNING_JOB, "job-a1", name="nightly")
        world.remotes.add(Thing.TUNING_TASK, "task-a1", SUCCEEDED, parent="job-a1")
        world.run(5)
        for name, desired in zip(("elder", "younger"), wishes, strict=True):
            world.declare(name, "FineTuningJob", jobName="nightly", desiredState=desired, cascade=True)
            world.run(apart)
        world.run(120)
        asked = {verb for verb, _ in world.calls}
        assert asked == ({"delete"} if wishes[0] == "Absent" else set())
        if wishes[0] == "Present":
            assert world.ready("elder", "FineTuningJob") == ("True", "Available")
            assert world.ready("younger", "FineTuningJob") == ("False", "ManagementConflict")

    def test_an_owner_that_is_deleted_hands_its_thing_over_to_one_that_wants_it_to_stay(self, world):
        world.remotes.add(Thing.TUNING_TASK, "task-a1", SUCCEEDED)
        world.declare("elder", taskID="task-a1")
        world.run(5)
        world.declare("younger", taskID="task-a1")
        world.run(5)
        world.api.delete(TASK, NAMESPACE, "elder")
        world.run(60)
        assert world.api.get(TASK, NAMESPACE, "elder") is None
        assert world.calls == []
        assert world.ready("younger") == ("True", "Available")

    @pytest.mark.parametrize("policy", ["Delete", "Orphan"])
    def test_a_rival_takes_over_when_the_owner_goes(self, world, policy):
        world.remotes.add(Thing.TUNING_TASK, "task-a1", SUCCEEDED)
        world.declare("elder", taskID="task-a1", deletionPolicy=policy)
        world.run(5)
        world.declare("younger", taskID="task-a1", desiredState="Absent")
        world.run(5)
        assert world.ready("younger") == ("False", "ManagementConflict")
        world.api.delete(TASK, NAMESPACE, "elder")
        world.run(60)
        assert world.ready("younger") == ("True", "Absent")

    def test_a_rival_that_is_deleted_is_just_let_go(self, world):
        world.remotes.add(Thing.TUNING_TASK, "task-a1", SUCCEEDED)
        world.declare("elder", taskID="task-a1")
        world.run(5)
        world.declare("younger", taskID="task-a1")
        world.run(5)
        world.api.delete(TASK, NAMESPACE, "younger")
        world.run(30)
        assert world.calls == []
        assert [body["metadata"]["name"] for body in world.api.of_kind(TASK)] == ["elder"]

    def test_one_that_is_paused_keeps_its_thing_though_it_is_deleted_and_another_key_shows_it(self, world):
        world.remotes.add(Thing.TUNING_TASK, "task-a1")
        world.declare("old", taskID="task-a1")
        world.set_secret("second", "others")
        config = {"provider": "Qianfan", "qianfan": {}, "credentials": {"secretRef": {"name": "others"}}}
        world.api.create("ProviderConfig", NAMESPACE, "other", config)
        world.run(10)
        world.api.edit(TASK, NAMESPACE, "old", paused="true")
        world.api.delete(TASK, NAMESPACE, "old")
        world.declare("new", taskID="task-a1", providerConfigRef={"name": "other"}, desiredState="Stopped")
        world.run(60)
        assert world.calls == []
        assert world.ready("new") == ("False", "ManagementConflict")
        assert "externalID" not in world.status("new")

    @pytest.mark.parametrize("since", [0.05, 30], ids=["at once", "after it had its say"])
    @pytest.mark.parametrize("key", ["stranger", "second"])
    def test_one_with_another_key_takes_over_if_that_key_shows_it_the_thing(self, world, monkeypatch, key, since):
        opened = world.open_with

        def open_with(spec, credentials, pace, killed):
            stranger = credentials.access_key == "stranger"
            return (
                MemoryProvider(world.elsewhere, pace, killed) if stranger else opened(spec, credentials, pace, killed)
            )

        monkeypatch.setattr(world, "open_with", open_with)
        world.remotes.add(Thing.TUNING_TASK, "task-a1")
        world.declare("old", taskID="task-a1")
        world.set_secret(key, "others")
        config = {"provider": "Qianfan", "qianfan": {}, "credentials": {"secretRef": {"name": "others"}}}
        world.api.create("ProviderConfig", NAMESPACE, "other", config)
        world.run(10)
        world.declare("new", taskID="task-a1", providerConfigRef={"name": "other"})
        world.run(since)
        world.api.delete(TASK, NAMESPACE, "old")
        world.run(120)
        assert world.api.get(TASK, NAMESPACE, "old") is None
        if key == "stranger":
            assert world.calls == [("stop", "task-a1"), ("delete", "task-a1")]
            assert world.ready("new") == ("False", "NotFound")
        else:
            assert world.calls == []
            assert world.ready("new") == ("True", "Available")


class TestHandingOver:
    @pytest.mark.parametrize("policy", [None, "Orphan"])
    def test_the_heir_cannot_vanish_unnoticed_once_the_owner_is_freed(self, world, policy):
        world.remotes.add(Thing.TUNING_TASK, "task-a1")
        world.declare("old", taskID="task-a1")
        world.run(5)
        world.declare("new", taskID="task-a1", deletionPolicy=policy)
        world.run(5)
        assert world.ready("new") == ("False", "ManagementConflict")
        world.api.delete(TASK, NAMESPACE, "old")
        world.run_until(lambda: world.api.get(TASK, NAMESPACE, "old") is None)
        world.api.delete(TASK, NAMESPACE, "new")
        world.run(60)
        assert world.api.of_kind(TASK) == []
        assert world.calls == ([] if policy == "Orphan" else [("stop", "task-a1"), ("delete", "task-a1")])


class TestIdentity:
    def test_a_name_is_pinned_before_the_first_call_so_that_its_next_bearer_is_safe(self, world):
        world.remotes.add(Thing.TUNING_JOB, "job-a1", SUCCEEDED, name="nightly")
        world.declare("run", JOB, jobName="nightly", desiredState="Absent")
        world.run_until(lambda: world.calls)
        world.kill()
        world.run(10)
        world.remotes.add(Thing.TUNING_JOB, "job-b2", SUCCEEDED, name="nightly")
        world.start()
        world.run(120)
        assert {remote_id for _, remote_id in world.calls} == {"job-a1"}
        assert world.ready("run", JOB) == ("True", "Absent")

    def test_a_name_is_pinned_even_when_the_resource_is_deleted_before_it_was_ever_reported(self, world):
        world.kill()
        world.remotes.add(Thing.TUNING_JOB, "job-a1", SUCCEEDED, name="nightly")
        spec = {"providerConfigRef": {"name": "qianfan"}, "jobName": "nightly"}
        world.api.create(JOB, NAMESPACE, "run", spec, finalizers=[FINALIZER])
        world.api.delete(JOB, NAMESPACE, "run")
        world.start()
        world.run_until(lambda: world.calls)
        world.kill()
        world.run(10)
        world.remotes.add(Thing.TUNING_JOB, "job-b2", SUCCEEDED, name="nightly")
        world.start()
        world.run(120)
        assert {remote_id for _, remote_id in world.calls} == {"job-a1"}
        assert world.api.of_kind(JOB) == []

    @pytest.mark.parametrize("desired", ["Present", "Absent"])
    def test_a_config_made_again_under_its_name_is_never_deleted(self, world, desired):
        world.remotes.add(Thing.CONFIG, "nightly", STOPPED)
        world.declare("conf", "TrainingJobConfig", configName="nightly", desiredState=desired)
        world.run(30)
        before = list(world.calls)
        world.remotes.items.pop("nightly", None)
        world.run(1000)
        world.remotes.add(Thing.CONFIG, "nightly", STOPPED)
        world.run(1000)
        told = {"Present": ("False", "IdentityChanged"), "Absent": ("True", "Absent")}
        assert world.ready("conf", "TrainingJobConfig") == told[desired]
        world.api.delete("TrainingJobConfig", NAMESPACE, "conf")
        world.run(1000)
        assert world.calls == before
        assert world.api.of_kind("TrainingJobConfig") == []
        assert "nightly" in world.remotes.items

    def test_a_version_follows_the_job_that_its_reference_resolves_to_at_once(self, world):
        world.remotes.add(Thing.JOB, "155500", name="llama")
        world.remotes.add(Thing.VERSION, "155500/3", parent="155500")
        world.declare("version", VERSION, jobRef={"name": "job"}, versionID="3")
        world.run(5)
        assert world.ready("version", VERSION) == ("False", "ReferenceNotFound")
        world.declare("job", "TrainingJob", jobName="llama")
        world.run(5)
        assert world.ready("version", VERSION) == ("True", "Available")

    def test_a_version_whose_job_is_there_and_has_no_id_yet_says_just_that(self, world):
        world.declare("version", VERSION, jobRef={"name": "job"}, versionName="V0001")
        world.run(30)
        world.declare("job", "TrainingJob", jobName="misspelt")
        world.run(600)
        assert world.condition(VERSION, "version")["message"] == "TrainingJob job, named by jobRef, has no id yet."
        assert world.ready("version", VERSION) == ("False", "Observing")

    @pytest.mark.parametrize("paused", [False, True])
    @pytest.mark.parametrize("deleted", [False, True])
    def test_a_version_of_a_job_that_nobody_looks_for_any_more_holds_up_no_other(self, world, paused, deleted):
        world.remotes.add(Thing.JOB, "1001", name="llama")
        world.remotes.add(Thing.VERSION, "1001/1", name="V0001", parent="1001")
        if deleted:
            world.declare("mine", VERSION, jobID="1001", versionName="V0001")
            world.run(30)
        annotations = {"trainsweep.dev/paused": "true"} if paused else {}
        world.declare("job", "TrainingJob", jobName="misspelt", annotations=annotations)
        world.declare("other", VERSION, jobRef={"name": "job"}, versionName="V0001")
        world.run(30)
        if deleted:
            world.api.delete(VERSION, NAMESPACE, "mine")
            world.run(60)
            assert world.calls == [("stop", "1001/1"), ("delete", "1001/1")]
        else:
            world.declare("mine", VERSION, jobID="1001", versionName="V0001")
            world.run(30)
            assert world.ready("mine", VERSION) == ("True", "Available")

    def test_a_version_that_is_renamed_together_with_its_job_is_handed_over(self, world):
        world.remotes.add(Thing.JOB, "1001", name="llama")
        world.remotes.add(Thing.VERSION, "1001/1", name="V0001", parent="1001")
        world.declare("old", "TrainingJob", jobName="llama")
        world.declare("old-1", VERSION, jobRef={"name": "old"}, versionName="V0001")
        world.run(30)
        world.declare("new", "TrainingJob", jobName="llama")
        world.declare("new-1", VERSION, jobRef={"name": "new"}, versionName="V0001")
        world.api.delete("TrainingJob", NAMESPACE, "old")
        world.api.delete(VERSION, NAMESPACE, "old-1")
        world.run(120)
        assert world.calls == []
        assert world.ready("new-1", VERSION) == ("True", "Available")

    def test_a_resource_made_again_under_its_name_starts_from_nothing(self, world):
        world.remotes.add(Thing.TUNING_JOB, "job-a1", SUCCEEDED, name="first")
        world.remotes.add(Thing.TUNING_JOB, "job-b2", SUCCEEDED, name="second")
        world.declare("run", JOB, jobName="first", deletionPolicy="Orphan")
        world.run(5)
        world.api.delete(JOB, NAMESPACE, "run")
        world.declare("run", JOB, jobName="second", desiredState="Absent")
        world.run(60)
        assert world.calls == [("delete", "job-b2")]
        assert world.status("run", JOB)["externalID"] == "job-b2"


class TestNothingIsLost:
    def test_an_edit_that_arrives_inside_an_answer(self, world):
        world.remotes.add(Thing.TUNING_TASK, "task-a1", SUCCEEDED)
        world.run(5)  # the account is open: nothing but the edit itself brings the resource back
        world.declare("run", taskID="task-a1")
        world.run_until(lambda: world.remotes.journal and world.remotes.journal[-1].verb == "read")
        world.api.watch_delay = 5
        world.api.edit(TASK, NAMESPACE, "run", {"desiredState": "Absent"})
        world.run(30)
        assert world.ready("run") == ("True", "Absent")

    def test_a_policy_that_changes_while_the_finalizer_is_stored(self, world):
        world.remotes.add(Thing.TUNING_TASK, "task-a1", SUCCEEDED)
        world.run(5)
        world.api.watch_delay = 0.0005  # the edit is known before the answer to the finalizer's write
        world.declare("run", taskID="task-a1")
        world.run_until(lambda: world.api.get(TASK, NAMESPACE, "run")["metadata"].get("finalizers"), step=0.0002)
        world.api.edit(TASK, NAMESPACE, "run", {"deletionPolicy": "Orphan"})
        world.api.delete(TASK, NAMESPACE, "run")
        world.run(60)
        assert world.calls == []
        assert world.api.of_kind(TASK) == []

    def test_a_withdrawal_that_arrives_while_the_provider_is_read(self, world):
        world.remotes.add(Thing.TUNING_TASK, "task-a1", SUCCEEDED)
        world.declare("run", taskID="task-a1", desiredState="Absent")
        world.run_until(lambda: [one for one in world.remotes.journal if one.verb == "read"])
        world.api.edit(TASK, NAMESPACE, "run", {"desiredState": "Present"})
        world.run(60)
        assert world.calls == []
        assert world.ready("run") == ("True", "Available")

    def test_a_look_that_grew_old_while_the_status_was_written_is_not_acted_on(self, world, monkeypatch):
        merge = MemoryClient.merge

        async def slow(self, path, body):
            await asyncio.sleep(25 if path.endswith("finetuningtasks/run/status") else 0)
            return await merge(self, path, body)

        monkeypatch.setattr(MemoryClient, "merge", slow)
        world.remotes.add(Thing.TUNING_TASK, "task-a1", SUCCEEDED)
        world.declare("run", taskID="task-a1", desiredState="Absent")
        world.run_until(lambda: world.calls)
        *before, last = world.remotes.journal
        assert last.time - max(entry.time for entry in before if entry.verb == "read") < 10

    def test_a_run_that_began_anew_after_the_list_was_read_is_stopped_before_its_resource_goes(self, world):
        job = "9f2c7d3a-0000-4000-8000-000000000000"
        world.remotes.add(Thing.JOB, job, SUCCEEDED)
        world.declare("it", "TrainingJob", jobID=job, deletionPolicy="Stop")
        world.run(5)
        ended = world.remotes.items[job]
        ended.remote = replace(ended.remote, state=RUNNING)
        world.api.delete("TrainingJob", NAMESPACE, "it")
        world.run(60)
        assert world.calls == [("stop", job)]
        assert world.api.of_kind("TrainingJob") == []

    @pytest.mark.parametrize("fault", ["refused", "lost"])
    def test_a_pass_that_the_api_server_fails_at_any_request(self, world, fault):
        for nth in range(12):
            task = f"task-{nth}"
            world.remotes.add(Thing.TUNING_TASK, task, SUCCEEDED)
            world.api.faults.extend([""] * nth + [fault] * 2)
            world.declare(f"run-{nth}", taskID=task, desiredState="Absent")
            world.run(400)
            assert world.ready(f"run-{nth}") == ("True", "Absent")
            world.api.faults.clear()

    def test_a_conflict_whose_refresh_fails_too(self, world):
        world.remotes.add(Thing.TUNING_TASK, "task-a1", SUCCEEDED)
        world.api.watch_delay = 60
        world.declare("run", taskID="task-a1")
        world.run(59.9)
        world.api.watch_delay = 0.003
        world.api.edit(TASK, NAMESPACE, "run", {"desiredState": "Absent"})
        world.run(0.11)
        world.api.faults.extend(["refused"] * 3)
        world.run(60)
        assert world.ready("run") == ("True", "Absent")

    def test_the_poll_survives_what_nobody_thought_of(self, world):
        world.remotes.add(Thing.TUNING_JOB, "job-a1", name="llama")
        world.remotes.add(Thing.TUNING_TASK, "task-a1", parent="job-a1")
        world.declare("run", taskID="task-a1")
        world.run(5)
        world.remotes.faults.append("defect")
        world.run(30)
        assert "TypeError" in world.defects.pop()
        world.defects.clear()
        world.remotes.end("task-a1")
        world.run(30)
        assert world.status("run")["externalState"] == "Succeeded"


class TestNeverOnceObserved:
    """What was seen, and all the more what was asked for, is never taken for a thing that nobody ever saw."""

    @pytest.fixture
    def world(self, world):
        """An operator starts and finds a resource that is held, deleted and without a status."""
        world.kill()
        world.remotes.add(Thing.TUNING_TASK, "task-a1")
        spec = {"providerConfigRef": {"name": "qianfan"}, "taskID": "task-a1"}
        world.api.create(TASK, NAMESPACE, "run", spec, finalizers=[FINALIZER])
        world.api.delete(TASK, NAMESPACE, "run")
        world.start()
        return world

    def refuse_the_key_for_a_while(self, world):
        world.remotes.read_faults = "bad signature"
        world.run(1000)
        assert world.api.get(TASK, NAMESPACE, "run")
        world.remotes.read_faults = ""
        world.run(1000)

    def test_a_thing_that_was_asked_to_stop_is_not_left_when_the_key_is_refused_after_a_restart(self, world):
        world.run_until(lambda: world.calls, step=0.001)
        world.kill()
        world.start()
        self.refuse_the_key_for_a_while(world)
        assert world.remotes.state("task-a1") is ABSENT
        assert world.api.of_kind(TASK) == []

    def test_a_thing_that_was_read_is_not_left_when_the_key_is_refused_at_the_next_read(self, world):
        world.run_until(lambda: [one for one in world.remotes.journal if one.verb == "read"], step=0.001)
        self.refuse_the_key_for_a_while(world)
        assert world.remotes.state("task-a1") is ABSENT

    def test_a_version_that_was_never_there_does_not_outlive_the_job_that_it_refers_to(self, world):
        world.remotes.add(Thing.JOB, "1001")
        world.declare("job", "TrainingJob", jobID="1001", deletionPolicy="Orphan")
        world.declare("misspelt", VERSION, jobRef={"name": "job"}, versionName="V0009")
        world.run(30)
        assert world.ready("misspelt", VERSION) == ("False", "NotFound")
        world.api.delete("TrainingJob", NAMESPACE, "job")
        world.run(30)
        world.api.delete(VERSION, NAMESPACE, "misspelt")
        world.run(30)
        assert world.api.of_kind(VERSION) == []


class TestTheLeaseInDoubt:
    @pytest.mark.parametrize("deleted", [False, True])
    def test_a_call_that_did_not_go_out_goes_out_when_the_lease_holds_again(self, world, deleted):
        world.remotes.add(Thing.TUNING_TASK, "task-a1", SUCCEEDED)
        world.declare("run", taskID="task-a1")
        world.run(5)
        world.lease_holds = False
        if deleted:
            world.api.delete(TASK, NAMESPACE, "run")
        else:
            world.api.edit(TASK, NAMESPACE, "run", {"desiredState": "Absent"})
        world.run(5)
        assert world.calls == []
        world.lease_holds = True
        world.run(30)
        assert world.calls == [("delete", "task-a1")]


class TestPersistentTrouble:
    def test_a_run_that_cannot_be_stopped_does_not_keep_the_others_running(self, world):
        world.remotes.add(Thing.JOB, "155500")
        for version in ("1", "2", "3"):
            world.remotes.add(Thing.VERSION, f"155500/{version}", parent="155500")

        def refuse(verb, target):
            if target.id == "155500/1":
                raise Refused("no", status=400)

        world.remotes.before_write = refuse
        world.declare("job", "TrainingJob", jobID="155500", desiredState="Stopped")
        world.run(60)
        assert [world.remotes.state(f"155500/{version}") for version in "123"] == [RUNNING, STOPPED, STOPPED]
        assert world.ready("job", "TrainingJob") == ("False", "NotStoppable")
        assert world.status("job", "TrainingJob")["lastCall"]["success"] is False

    def test_an_account_that_proves_unfit_at_a_call_is_told(self, world):
        world.remotes.add(Thing.TUNING_TASK, "task-a1", SUCCEEDED)
        world.remotes.write_faults = "unfit account"
        world.declare("run", taskID="task-a1", desiredState="Absent")
        world.run(60)
        assert world.ready("run") == ("False", "InvalidSpec")
        assert world.defects == []
        world.remotes.write_faults = ""
        world.run(600)
        assert world.ready("run") == ("True", "Absent")

    def test_a_status_that_somebody_else_wrote_is_put_right(self, world):
        world.declare("run", taskID="task-a1", desiredState="Stopped")
        world.run(5)
        status = world.api.get(TASK, NAMESPACE, "run")["status"]
        wrong = [{**condition, "reason": "ProviderUnavailable"} for condition in status["conditions"]]
        world.api.patch(f"{paths.resource(Key(TASK, NAMESPACE, 'run'))}/status", {"status": {"conditions": wrong}})
        assert world.ready("run") == ("True", "ProviderUnavailable")
        world.run(60)
        assert world.ready("run") == ("True", "Absent")

    @pytest.mark.parametrize(
        ("fault", "state", "reason"),
        [
            ("wrong state", RUNNING, "NotStoppable"),
            ("refused", RUNNING, "NotStoppable"),
            ("refused", SUCCEEDED, "DeleteFailed"),
            ("outage", SUCCEEDED, "Deleting"),
        ],
    )
    def test_a_call_that_never_works_is_told_and_tried_with_growing_pauses(self, world, fault, state, reason):
        world.remotes.add(Thing.TUNING_TASK, "task-a1", state)
        world.declare("run", taskID="task-a1")
        world.run(5)
        world.remotes.write_faults = fault
        world.api.edit(TASK, NAMESPACE, "run", {"desiredState": "Absent"})
        world.run(1800)
        assert 2 <= len(world.calls) <= 20
        assert world.ready("run") == ("False", reason)
        assert world.status("run")["lastCall"]["success"] is False
        world.remotes.write_faults = ""
        world.run(900)
        assert world.ready("run") == ("True", "Absent")

    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            ("not found, though it is there", "Refused"),
            ("wrong place", "Misrouted"),
            ("page of HTML", "MalformedAnswer"),
            ("forbidden", "PermissionDenied"),
        ],
    )
    def test_an_answer_that_only_looks_like_absence_frees_nothing_and_is_told(self, world, fault, reason):
        world.remotes.add(Thing.TUNING_TASK, "task-a1")
        world.declare("run", taskID="task-a1")
        world.run(5)
        world.remotes.read_faults = fault
        world.api.delete(TASK, NAMESPACE, "run")
        world.run(1800)
        assert world.calls == []
        assert world.condition(TASK, "run", "Synced")["reason"] == reason
        world.remotes.read_faults = ""
        world.run(900)
        assert world.remotes.state("task-a1") is ABSENT
        assert world.api.of_kind(TASK) == []

    def test_an_unknown_state_is_shown_and_waited_out(self, world):
        world.remotes.add(Thing.TUNING_TASK, "task-a1")
        world.remotes.items["task-a1"].unclear = True
        world.declare("run", taskID="task-a1", desiredState="Absent")
        world.run(600)
        assert world.calls == []
        assert world.status("run")["providerState"] == "Defrosting"
        assert world.ready("run") == ("False", "UnknownState")


class TestAFineTuningJobWithoutTasks:
    def test_exists_when_the_list_holds_it_and_is_deleted_like_any_other(self, world):
        world.remotes.add(Thing.TUNING_JOB, "job-a1", name="llama")
        world.declare("llama", JOB, jobID="job-a1")
        world.run(30)
        assert world.ready("llama", JOB) == ("True", "Available")
        world.api.delete(JOB, NAMESPACE, "llama")
        world.run(60)
        assert world.calls == [("delete", "job-a1")]
        assert world.api.of_kind(JOB) == []

    @pytest.mark.parametrize("more", [{}, {"cascade": True}, {"deletionPolicy": "Stop"}])
    def test_is_not_taken_for_one_by_a_list_of_tasks_that_lags(self, world, monkeypatch, more):
        world.remotes.add(Thing.TUNING_JOB, "job-a1")
        world.remotes.add(Thing.TUNING_TASK, "task-a1", parent="job-a1")
        world.declare("llama", JOB, jobID="job-a1", **more)
        world.run(30)
        read, until = MemoryProvider.read, world.clock.seconds + 10

        async def lagging(self, target):
            found = await read(self, target)
            if target.thing is Thing.TUNING_JOB and world.clock.seconds < until:
                raise OnlyListed("no tasks")
            return found

        monkeypatch.setattr(MemoryProvider, "read", lagging)
        world.api.delete(JOB, NAMESPACE, "llama")
        world.run(90)
        whole = [("stop", "task-a1"), ("delete", "task-a1"), ("delete", "job-a1")]
        assert world.calls == {"cascade": whole, "deletionPolicy": whole[:1]}.get("".join(more), [])

    def test_goes_within_the_idle_interval_after_its_last_task_however_many_others_are_at_rest(self, world):
        for number in range(12):
            world.remotes.add(Thing.TUNING_JOB, f"job-{number}")
            world.remotes.add(Thing.TUNING_TASK, f"task-{number}", SUCCEEDED, parent=f"job-{number}")
            world.declare(f"job-{number}", JOB, jobID=f"job-{number}")
        world.run(30)
        world.api.delete(JOB, NAMESPACE, "job-0")
        world.run(30)
        assert world.ready("job-0", JOB) == ("False", "NotEmpty")
        del world.remotes.items["task-0"]
        world.run(330)
        assert world.calls == [("delete", "job-0")]

    def test_is_not_there_when_the_list_does_not_hold_it(self, world):
        world.declare("llama", JOB, jobID="job-a1")
        world.run(60)
        assert world.ready("llama", JOB) == ("False", "NotFound")

    def test_many_of_them_share_one_list(self, world):
        for number in range(50):
            world.remotes.add(Thing.TUNING_JOB, f"job-{number}")
            world.declare(f"job-{number}", JOB, jobID=f"job-{number}")
        world.run(30)
        assert {world.ready(f"job-{number}", JOB) for number in range(50)} == {("True", "Available")}
        lists = [one for one in world.remotes.journal if one.verb == "list" and one.target == JOB]
        assert len(lists) <= 4
