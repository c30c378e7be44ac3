"""What a resource needs to clean up is kept for as long as it may need it, and not a moment longer."""

import json

import pytest

from trainsweep.core.external import ExternalState, Thing
from trainsweep.core.resource import Key
from trainsweep.kube import paths

from .world import NAMESPACE, TASK

IN_USE, CLEANUP = "trainsweep.dev/in-use", "trainsweep.dev/cleanup"


def secret(name="keys"):
    return paths.secret(NAMESPACE, name)


def kept(world):
    """The names of the accounts and Secrets that carry our finalizer."""
    marked = [body for body in world.api.objects.values() if IN_USE in (body["metadata"].get("finalizers") or ())]
    return {body["metadata"]["name"] for body in marked}


def marks(world, since=0):
    """The writes of finalizers, in their order: the last part of the path, and whether one of ours is in them."""
    written = [(path, patch["metadata"]["finalizers"]) for _, path, patch in world.api.writes if not_status(path)]
    return [(path.rpartition("/")[2], bool(finalizers)) for path, finalizers in written][since:]


def not_status(path):
    return not path.endswith("/status")


def delete_namespace(world):
    """All at once, as the namespace controller does it, more or less."""
    world.api.delete_path(secret())
    for name in ("qianfan", "modelarts"):
        world.api.delete("ProviderConfig", NAMESPACE, name)
    world.api.delete(TASK, NAMESPACE, "run")


def left(world):
    return [body["metadata"]["name"] for body in world.api.of_kind(TASK, "ProviderConfig")] + (
        ["keys"] if secret() in world.api.objects else []
    )


@pytest.fixture
def task(world):
    world.remotes.add(Thing.TUNING_TASK, "task-a1")
    world.run(5)
    return world


def test_an_account_is_protected_before_its_first_resource_is_held(task):
    task.declare("run", taskID="task-a1")
    task.run(5)
    assert marks(task) == [("qianfan", True), ("keys", True), ("run", True)]


@pytest.mark.parametrize("moment", range(60))
def test_its_secret_never_is_before_it_at_whatever_moment_of_its_first_look_the_resource_arrives(world, moment):
    world.run(moment / 1000)
    world.declare("run", taskID="task-a1")
    world.run(30)
    written = marks(world)
    assert sorted(written) == [("keys", True), ("qianfan", True), ("run", True)]
    assert written.index(("qianfan", True)) < written.index(("keys", True))


def test_it_is_protected_once_for_many_resources(task):
    for number in range(5):
        task.declare(f"run-{number}", taskID=f"task-{number}")
    task.run(5)
    assert sorted(marks(task)[:2]) == [("keys", True), ("qianfan", True)]
    assert len(marks(task)) == 7


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("moment", range(0, 160, 5))
def test_a_namespace_deleted_at_any_moment_after_a_creation_takes_everything_along(task, moment, killed):
    task.declare("run", taskID="task-a1")
    task.run(moment / 1000)
    if killed:
        task.kill()
    delete_namespace(task)
    if killed:
        task.start()
    task.run(300)
    assert left(task) == []


def test_what_was_observed_is_cleaned_up_when_its_namespace_goes_at_once(task):
    task.declare("run", taskID="task-a1")
    task.run_until(lambda: task.ready("run") == ("True", "Available"))
    task.kill()
    delete_namespace(task)
    task.start()
    task.run(300)
    assert left(task) == []
    assert task.remotes.state("task-a1") is ExternalState.ABSENT


def test_the_secret_is_freed_before_its_provider_config(task):
    task.declare("run", taskID="task-a1")
    task.run(5)
    task.api.delete(TASK, NAMESPACE, "run")
    task.run(60)
    assert marks(task, since=3) == [("run", False), ("keys", False), ("qianfan", False)]


@pytest.mark.parametrize("data", [{}, {"accessKey": "AAAA"}, {"accessKey": "/w==", "secretKey": "/w=="}])
def test_a_secret_that_became_unfit_is_freed_with_the_rest(task, data):
    task.declare("run", taskID="task-a1")
    task.run(5)
    task.api.put(secret(), task.api.objects[secret()] | {"data": data})
    task.run(70)
    assert kept(task) == {"qianfan", "keys"}
    task.api.delete(TASK, NAMESPACE, "run")
    task.run(60)
    assert kept(task) == set()


def test_a_provider_config_stays_while_its_secret_cannot_be_freed(task):
    task.declare("run", taskID="task-a1")
    task.run(5)
    task.api.forbidden.add(secret())
    task.api.delete(TASK, NAMESPACE, "run")
    task.api.delete("ProviderConfig", NAMESPACE, "qianfan")
    task.run(60)
    assert kept(task) == {"qianfan", "keys"}
    task.api.forbidden.clear()
    task.run(60)
    assert kept(task) == set()


def test_a_secret_that_was_never_readable_holds_up_nobody(task):
    task.api.forbidden.add(secret("locked"))
    task.set_secret("locked", "locked")
    task.api.edit("ProviderConfig", NAMESPACE, "qianfan", {"credentials": {"secretRef": {"name": "locked"}}})
    task.run(5)
    task.kill()
    task.start()
    task.declare("run", taskID="task-a1")
    task.run(30)
    assert task.ready("run") == ("False", "SecretNotFound")
    task.api.delete(TASK, NAMESPACE, "run")
    task.api.delete("ProviderConfig", NAMESPACE, "qianfan")
    task.run(60)
    assert left(task) == ["modelarts", "keys"]


def test_another_secret_is_protected_and_the_one_before_is_freed(task):
    task.declare("run", taskID="task-a1")
    task.run(5)
    task.set_secret("second", "other")
    task.api.edit("ProviderConfig", NAMESPACE, "qianfan", {"credentials": {"secretRef": {"name": "other"}}})
    task.run(10)
    assert kept(task) == {"qianfan", "other"}
    task.api.delete(TASK, NAMESPACE, "run")
    task.run(60)
    assert kept(task) == set()


def test_a_secret_that_is_deleted_in_use_is_told_with_the_way_out(task):
    task.declare("run", taskID="task-a1")
    task.run(5)
    assert task.ready("qianfan", "ProviderConfig")[0] == "True"
    task.api.delete_path(secret())
    task.run(70)
    assert task.ready("qianfan", "ProviderConfig") == ("False", "SecretNotFound")
    path = paths.resource(Key("ProviderConfig", NAMESPACE, "qianfan"))
    told = next(entry for entry in task.api.objects[path]["status"]["conditions"] if entry["type"] == "Ready")
    assert "keys is being deleted" in told["message"]
    assert "Name another Secret in credentials.secretRef" in told["message"]
    assert task.ready("run")[0] == "True", "it goes on with what is there"
    task.set_secret("second", "other")
    task.api.edit("ProviderConfig", NAMESPACE, "qianfan", {"credentials": {"secretRef": {"name": "other"}}})
    task.run(10)
    assert task.ready("qianfan", "ProviderConfig")[0] == "True"
    assert secret() not in task.api.objects


def test_a_secret_is_kept_while_one_of_its_accounts_needs_it(task):
    task.remotes.add(Thing.JOB, "9f2c7d3a-0000-4000-8000-00000000000a")
    task.declare("run", taskID="task-a1")
    task.declare("job", "TrainingJob", jobID="9f2c7d3a-0000-4000-8000-00000000000a")
    task.run(5)
    assert kept(task) == {"qianfan", "modelarts", "keys"}
    task.api.delete(TASK, NAMESPACE, "run")
    task.run(60)
    assert kept(task) == {"modelarts", "keys"}
    task.set_secret("second", "other")
    task.api.edit("ProviderConfig", NAMESPACE, "modelarts", {"credentials": {"secretRef": {"name": "other"}}})
    task.run(10)
    assert kept(task) == {"modelarts", "other"}


def test_a_secret_is_freed_when_its_provider_config_was_removed_by_force(task):
    task.declare("run", taskID="task-a1")
    task.run(5)
    path = paths.resource(Key("ProviderConfig", NAMESPACE, "qianfan"))
    task.api.put(path, {**task.api.objects[path], "metadata": {**task.api.objects[path]["metadata"], "finalizers": []}})
    task.api.delete("ProviderConfig", NAMESPACE, "qianfan")
    task.run(10)
    assert kept(task) == set()


def test_an_account_whose_secret_comes_later_is_protected_before_it_is_used(task):
    task.api.delete_path(secret())
    task.kill()
    task.start()
    task.declare("run", taskID="task-a1")
    task.run(5)
    assert task.ready("run") == ("False", "SecretNotFound")
    task.set_secret("later")
    task.run_until(lambda: task.remotes.journal and task.remotes.journal[-1].verb == "read")
    assert kept(task) == {"qianfan", "keys"}


def test_a_role_that_may_read_secrets_but_not_mark_them_is_enough_to_work(task, monkeypatch):
    patch = task.api.patch

    def narrow(path, body):
        task.api.forbidden.update({secret()} if path == secret() else ())
        try:
            return patch(path, body)
        finally:
            task.api.forbidden.clear()

    monkeypatch.setattr(task.api, "patch", narrow)
    task.declare("run", taskID="task-a1", desiredState="Absent")
    task.run(60)
    assert task.remotes.state("task-a1") is ExternalState.ABSENT
    task.api.delete(TASK, NAMESPACE, "run")
    task.run(60)
    assert kept(task) == set()


def test_a_finalizer_that_is_taken_off_by_hand_leaves_a_record(task, caplog):
    task.declare("run", taskID="task-a1")
    task.run(5)
    task.api.edit(TASK, NAMESPACE, "run", paused="true")
    task.api.delete(TASK, NAMESPACE, "run")
    task.run(5)
    task.api._merge(paths.resource(Key(TASK, NAMESPACE, "run")), {"metadata": {"finalizers": None}})
    task.run(5)
    line, warning = [record for record in caplog.records if "taken off by somebody else" in record.getMessage()]
    left = json.loads(line.getMessage())
    assert (left["event"], left["target"], left["state"]) == ("left", "task-a1", "Running")
    assert (warning.levelname, warning.target) == ("WARNING", "task-a1")
    assert task.remotes.journal[-1].verb not in ("stop", "delete")
