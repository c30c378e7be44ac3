"""The commands that steer the operator: each changes one annotation, tells it in a sentence, and nothing else."""

import json
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from .conftest import resource
from .test_status import RUNNING, account, standing

pytestmark = pytest.mark.apiserver

PAUSED = "trainsweep.dev/paused"
APPROVED = "trainsweep.dev/approve-deletions-until"
FORCE_ORPHAN = "trainsweep.dev/force-orphan"
REQUESTED = "trainsweep.dev/reconcile-requested-at"


@pytest.fixture
def do(trainsweep, cluster_):
    def do(*arguments, exit_code=0):
        where = () if "-A" in arguments else ("-n", cluster_.namespace)
        found = trainsweep(*arguments, *where, *cluster_.flags)
        assert found.exit_code == exit_code, found.output
        return found

    return do


@pytest.fixture
def annotations(cluster_):
    def annotations(kind, name):
        body = json.loads(cluster_.kubectl("get", f"{kind}.trainsweep.dev", name, "-o", "json"))
        return {word: text for word, text in body["metadata"].get("annotations", {}).items() if "trainsweep" in word}

    return annotations


@pytest.fixture
def jobs(cluster_):
    """Two jobs of an account; the first has been seen."""
    first, second = (resource("TrainingJob", name, jobID=id_) for name, id_ in (("one", "155500"), ("two", "2")))
    first["metadata"]["labels"] = {"team": "vision"}
    cluster_.apply(account(), first, second)
    cluster_.status("trainingjob", "one", standing("True", "Available", **RUNNING))


@pytest.fixture
def going(cluster_, jobs):
    """The first of them is held by its finalizer and is being deleted."""
    patch = {"metadata": {"finalizers": ["trainsweep.dev/cleanup"]}}
    cluster_.kubectl("patch", "trainingjob.trainsweep.dev", "one", "--type=merge", "-p", json.dumps(patch))
    cluster_.kubectl("delete", "trainingjob.trainsweep.dev", "one", "--wait=false")
    yield
    cluster_.kubectl(
        "patch", "trainingjob.trainsweep.dev", "one", "--type=merge", "-p", '{"metadata": {"finalizers": null}}'
    )


def test_pause_and_resume_set_and_remove_the_annotation(do, jobs, annotations):
    assert "one is paused" in do("pause", "TrainingJob/one", "tj/two").stdout
    assert annotations("trainingjob", "one") == annotations("trainingjob", "two") == {PAUSED: "true"}
    assert "is resumed" in do("resume", "tj/one").stdout
    assert annotations("trainingjob", "one") == {}


def test_what_is_so_already_is_told_and_not_written(do, jobs, cluster_):
    assert "is not paused" in do("resume", "tj/one").stdout
    assert not cluster_.writes()


def test_a_selector_chooses_by_labels(do, jobs, annotations):
    do("pause", "-l", "team=vision")
    assert (annotations("trainingjob", "one"), annotations("trainingjob", "two")) == ({PAUSED: "true"}, {})


def test_all_of_a_kind_in_a_namespace_can_be_chosen(do, jobs, annotations, cluster_):
    cluster_.apply(resource("TrainingJobConfig", "config", configName="c"))
    do("pause", "TrainingJob", "--all")
    assert annotations("trainingjob", "two") == {PAUSED: "true"}
    assert annotations("trainingjobconfig", "config") == {}


def test_a_dry_run_is_checked_by_the_api_server_and_changes_nothing(do, jobs, annotations):
    assert "dry run" in do("pause", "--all", "--dry-run").stdout
    assert annotations("trainingjob", "one") == {}


def test_one_that_is_missing_ends_the_command_with_what_to_do(do, jobs):
    found = do("pause", "tj/three", exit_code=1)
    assert '"three" not found' in found.stderr
    assert "--namespace" in found.stderr


def test_nothing_that_fits_is_a_failure(do, cluster_):
    assert "No resource fits" in do("pause", "-l", "team=none", exit_code=1).stderr


@pytest.mark.parametrize("arguments", [(), ("tj/one", "--all"), ("job/one",), ("ProviderConfig/huawei",)])
def test_a_selection_that_is_not_clear_is_wrong_usage(arguments, do):
    do("pause", *arguments, exit_code=2)


def test_resuming_what_is_being_deleted_says_that_it_goes_now(do, going):
    do("pause", "tj/one")
    assert "is cleaned up now" in do("resume", "tj/one", "--dry-run").stdout


def test_approve_shows_what_is_held_and_approves_for_an_hour(do, jobs, annotations, cluster_):
    cluster_.status("trainingjob", "one", standing("False", "DeletionHeld", **RUNNING))
    found = do("approve", "huawei", "--yes").stdout
    assert "155500 mnist-resnet50" in found
    until = datetime.fromisoformat(annotations("providerconfig", "huawei")[APPROVED])
    assert abs(until - datetime.now(UTC) - timedelta(hours=1)) < timedelta(minutes=1)


def test_approve_asks_and_an_answer_that_is_missing_is_no(do, jobs, annotations):
    do("approve", "ProviderConfig/huawei", exit_code=1)
    assert annotations("providerconfig", "huawei") == {}


def test_an_approval_is_withdrawn(do, jobs, annotations):
    do("approve", "huawei", "--for", "2h", "--yes")
    assert "holds again" in do("approve", "huawei", "--withdraw").stdout
    assert annotations("providerconfig", "huawei") == {}


@pytest.mark.parametrize("text", ["", "1", "soon", "0s", "1h 5"])
def test_what_is_no_duration_is_wrong_usage(text, do):
    assert "--for" in do("approve", "huawei", "--for", text, exit_code=2).stderr


def test_approve_of_an_account_that_is_not_there_names_it(do, cluster_):
    assert f"ProviderConfig {cluster_.namespace}/nobody does not exist" in do("approve", "nobody", exit_code=1).stderr


def test_orphan_shows_the_thing_and_fills_in_its_id(do, going, annotations):
    found = do("orphan", "tj/one", "--yes").stdout
    assert "155500 mnist-resnet50" in found
    assert "155500 stays as it is" in found
    assert annotations("trainingjob", "one") == {FORCE_ORPHAN: "155500"}


def test_orphan_asks_first(do, going, annotations):
    do("orphan", "tj/one", exit_code=1)
    assert annotations("trainingjob", "one") == {}


def test_orphan_of_what_has_no_id_is_refused_and_the_others_are_done(do, jobs, annotations, cluster_):
    cluster_.apply(resource("TrainingJob", "by-name", jobName="somewhere"))
    found = do("orphan", "tj/by-name", "tj/two", "--yes", exit_code=1)
    assert "has no id yet" in found.stderr
    assert annotations("trainingjob", "two") == {FORCE_ORPHAN: "2"}


def test_refresh_asks_for_a_look_and_tells_when_nobody_looks(do, jobs, annotations):
    found = do("refresh", "tj/one", "--wait", "--timeout", "1s", exit_code=4)
    assert "The operator may not run" in found.stderr
    assert REQUESTED in annotations("trainingjob", "one")


def test_refresh_waits_until_the_operator_has_looked(do, jobs, annotations, cluster_):
    def operator():
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if asked := annotations("trainingjob", "one").get(REQUESTED):
                cluster_.status("trainingjob", "one", {"lastHandledReconcileAt": asked})
                return

    thread = threading.Thread(target=operator)
    thread.start()
    assert "has looked at 1 resource" in do("refresh", "tj/one", "--wait", "--timeout", "40s").stdout
    thread.join()


def test_refresh_of_an_account(do, jobs, annotations):
    do("refresh", "pc/huawei")
    assert REQUESTED in annotations("providerconfig", "huawei")


def test_wait_ends_when_all_are_ready(do, jobs, cluster_):
    cluster_.status("trainingjob", "two", standing("True", "Available", "It is there."))
    found = do("wait", "TrainingJob", "--all", "--timeout", "30s").stdout
    assert "two: Ready: It is there." in found


def test_wait_tells_what_it_waited_for_and_what_to_do(do, jobs, cluster_):
    cluster_.status("trainingjob", "two", standing("False", "NotFound", "No such thing.", stalled="True"))
    found = do("wait", "tj/two", "--timeout", "1s", exit_code=4)
    assert "waiting (NotFound). No such thing." in found.stdout
    assert "Compare id, region and project" in found.stderr


def test_a_status_of_an_older_spec_does_not_count(do, jobs, cluster_):
    cluster_.kubectl(
        "patch", "trainingjob.trainsweep.dev", "one", "--type=merge", "-p", '{"spec": {"desiredState": "Absent"}}'
    )
    assert "until the operator has looked" in do("wait", "tj/one", "--timeout", "1s", exit_code=4).stdout


def test_wait_for_freed_ends_when_the_resource_is_gone(do, going, cluster_):
    assert "waiting until it is freed" in do("wait", "tj/one", "--timeout", "1s", exit_code=4).stdout
    assert "gone" in do("wait", "tj/was-never", "--for", "freed", "--timeout", "5s").stdout


async def test_a_change_is_not_made_to_another_object_of_the_same_name(jobs, annotations, cluster_, capsys):
    from trainsweep.cli.cluster import connected
    from trainsweep.cli.verbs.edit import Edit, carry_out
    from trainsweep.core.resource import Key

    edit = Edit(Key("TrainingJob", cluster_.namespace, "one"), FORCE_ORPHAN, "155500", "is let go.", uid="of-another")
    async with connected(cluster_.plane.kubeconfig, None) as client:
        assert not await carry_out(client, [edit], dry_run=False)
    assert "metadata.uid" in capsys.readouterr().err
    assert annotations("trainingjob", "one") == {}
