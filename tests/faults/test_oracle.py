"""The oracle is worth something only if it complains: each kind of wrong, made up, and what it says of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from trainsweep.api.names import FINALIZER, IN_USE_FINALIZER

from .history import Life, View
from .oracle import PATIENCE, Scene, forbidden, unfinished
from .scenario import scenario
from .things import Deed, Thing

VERSION = Thing("version", "155500/1", "V0001", "155500")
JOB = Thing("job", "job-1", "answers")
TASK = Thing("task", "task-1", "answers", "job-1")


def life(thing: Thing = VERSION, name: str = "it", parts: tuple[Thing, ...] = (), **spec: Any) -> Life:
    view = View(10.0, {"providerConfigRef": {"name": "huawei"}, "desiredState": "Present"} | spec)
    return Life(f"uid-{name}", "TrainingJobVersion", name, thing, parts, name == "rival", views=[view])


def deed(operation: str, target: str = VERSION.id, *, time: float = 20.0, state: str = "Running") -> Deed:
    return Deed(time, operation, target, state, accepted=True)


def scene(*lives: Life, deeds: tuple[Deed, ...] = (), states: dict[str, str] | None = None, **fields: Any) -> Scene:
    defaults: dict[str, Any] = {"objects": {}, "audit": (), "starts": 1, "refused": False}
    return Scene(lives=list(lives), deeds=list(deeds), states=states or {}, **defaults | fields)


def body(one: Life, *, state: str, ready: str = "True", reason: str = "Stopped", **metadata: Any) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "metadata": {"name": one.name, "uid": one.uid, "generation": 1, "finalizers": [FINALIZER]} | metadata,
        "spec": dict(one.last.spec),
        "status": {
            "observedGeneration": 1,
            "externalState": state,
            "externalID": one.thing.id,
            "conditions": [{"type": "Ready", "status": ready, "reason": reason}],
        },
    }


class TestForbidden:
    def test_what_was_asked_for_is_fine(self):
        asked = life(desiredState="Absent")
        both = (deed("StopVersion"), deed("DeleteVersion", time=30, state="Stopped"))
        assert forbidden(scene(asked, deeds=both)) == []

    @pytest.mark.parametrize(
        ("spec", "done"),
        [
            ({}, deed("StopVersion")),
            ({"desiredState": "Stopped"}, deed("DeleteVersion", state="Stopped")),
            ({"desiredState": "Stopped"}, deed("StopVersion", "155500/2")),
            ({"desiredState": "Absent"}, deed("DeleteJob", "155500", state="Stopped")),
            ({"desiredState": "Absent"}, deed("CreateVersion")),
            ({"desiredState": "Absent", "expect": {"name": "another"}}, deed("StopVersion")),
            ({"desiredState": "Absent"}, deed("StopVersion", time=9)),
            ({"desiredState": "Absent"}, deed("DeleteVersion", state="Running")),
        ],
    )
    def test_a_deed_beyond_the_spec(self, spec: dict[str, Any], done: Deed):
        assert forbidden(scene(life(**spec), deeds=(done,)))

    def test_a_deed_while_paused(self):
        paused = life(desiredState="Stopped")
        paused.views[:] = [replace(paused.last, paused=True)]
        assert forbidden(scene(paused, deeds=(deed("StopVersion"),)))
        paused.change(15.0, paused=False)
        assert not forbidden(scene(paused, deeds=(deed("StopVersion"),)))

    @pytest.mark.parametrize(
        ("policy", "stop_is_wrong", "delete_is_wrong"),
        [("Delete", False, False), ("Stop", False, True), ("Orphan", True, True)],
    )
    def test_a_deed_beyond_the_deletion_policy(self, policy: str, stop_is_wrong: bool, delete_is_wrong: bool):
        deleted = life(deletionPolicy=policy)
        deleted.change(15.0, deleting=True)
        assert bool(forbidden(scene(deleted, deeds=(deed("StopVersion"),)))) == stop_is_wrong
        assert bool(forbidden(scene(deleted, deeds=(deed("DeleteVersion", state="Stopped"),)))) == delete_is_wrong

    def test_a_rival_that_does_not_wait_for_its_elder(self):
        elder, rival = life(), life(name="rival", desiredState="Stopped")
        assert forbidden(scene(elder, rival, deeds=(deed("StopVersion"),)))
        elder.change(15.0, deleting=True, spec={"deletionPolicy": "Orphan"})
        assert not forbidden(scene(elder, rival, deeds=(deed("StopVersion"),)))

    def test_tasks_touched_without_cascade(self):
        done = (deed("StopFineTuningTask", TASK.id),)
        assert forbidden(scene(life(JOB, parts=(TASK,), desiredState="Absent"), deeds=done))
        assert not forbidden(scene(life(JOB, parts=(TASK,), desiredState="Absent", cascade=True), deeds=done))

    def test_the_same_told_twice_to_one_operator(self):
        twice = (deed("StopVersion"), deed("StopVersion"))
        assert forbidden(scene(life(desiredState="Stopped"), deeds=twice))
        assert not forbidden(scene(life(desiredState="Stopped"), deeds=twice, starts=2))

    def test_hammering(self):
        refused = (replace(deed("StopVersion"), accepted=False),) * (PATIENCE + 1)
        assert forbidden(scene(life(desiredState="Stopped"), deeds=refused))

    def test_a_resource_let_go_without_need(self):
        gone = life()
        why = "it was never once observed, and the Secret does not exist"
        left, intent = {"event": "left", "uid": gone.uid, "why": why}, {"event": "intent", "uid": gone.uid}
        assert forbidden(scene(gone, audit=(left,)))
        assert not forbidden(scene(gone, audit=(left,), refused=True))
        assert not forbidden(scene(gone, audit=(left, intent), refused=True))
        assert forbidden(scene(gone, audit=(intent, left), refused=True))


class TestUnfinished:
    def test_all_is_well(self):
        there = life(desiredState="Stopped")
        objects = {there.uid: body(there, state="Stopped")}
        assert unfinished(scene(there, states={VERSION.id: "Stopped"}, objects=objects)) == []

    @pytest.mark.parametrize(
        ("desired", "true_state", "shown"),
        [
            ("Stopped", "Running", {"state": "Running", "ready": "False", "reason": "Stopping"}),
            ("Stopped", "Running", {"state": "Stopped"}),
            ("Stopped", "Stopped", {"state": "Running"}),
            ("Stopped", "Stopped", {"state": "Stopped", "generation": 2}),
            ("Stopped", "Stopped", {"state": "Stopped", "finalizers": []}),
            ("Absent", "Stopped", {"state": "Stopped"}),
            ("Present", "Running", {"state": "Running", "ready": "False", "reason": "ProviderUnavailable"}),
        ],
    )
    def test_a_status_that_is_not_true_or_a_state_not_reached(
        self, desired: str, true_state: str, shown: dict[str, Any]
    ):
        there = life(desiredState=desired)
        objects = {there.uid: body(there, **shown)}
        assert unfinished(scene(there, states={VERSION.id: true_state}, objects=objects))

    def test_a_resource_that_vanished(self):
        assert unfinished(scene(life()))

    def test_a_deleted_resource_that_stays(self):
        deleted = life()
        deleted.change(15.0, deleting=True)
        assert unfinished(scene(deleted, objects={deleted.uid: body(deleted, state="Stopped")}))

    @pytest.mark.parametrize(
        ("policy", "state", "wrong"),
        [
            ("Delete", "Stopped", True),
            ("Delete", None, False),
            ("Stop", "Running", True),
            ("Stop", "Stopped", False),
            ("Orphan", "Running", False),
        ],
    )
    def test_a_deleted_resource_that_went_too_early(self, policy: str, state: str | None, wrong: bool):
        deleted = life(deletionPolicy=policy)
        deleted.change(15.0, deleting=True)
        assert bool(unfinished(scene(deleted, states={VERSION.id: state} if state else {}))) == wrong

    @pytest.mark.parametrize("finalizers", [[], [IN_USE_FINALIZER]])
    def test_an_account_not_protected_as_it_should_be(self, finalizers: list[str]):
        there = life(desiredState="Stopped")
        account = {"kind": "Secret", "metadata": {"name": "huawei", "finalizers": finalizers}}
        objects = {there.uid: body(there, state="Stopped"), "secret": account}
        in_use = unfinished(scene(there, states={VERSION.id: "Stopped"}, objects=objects))
        alone = unfinished(scene(objects={"secret": account}))
        assert (bool(in_use), bool(alone)) == (not finalizers, bool(finalizers))


def test_a_seed_decides_everything():
    assert scenario(7) == scenario(7)
    assert str(scenario(7)) != str(scenario(8))
