"""`trainsweep status`: the whole story of a resource, from a real API server and nothing else."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from .conftest import API_VERSION, resource

pytestmark = pytest.mark.apiserver

NOW = datetime.now(UTC)


def at(**ago):
    return (NOW - timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def account(name="huawei", **spec):
    body = {
        "provider": "ModelArts",
        "modelArts": {"region": "cn-north-4", "projectID": "0123456789abcdef0123456789abcdef"},
        "credentials": {"secretRef": {"name": name}},
        **spec,
    }
    return {"apiVersion": API_VERSION, "kind": "ProviderConfig", "metadata": {"name": name}, "spec": body}


def condition(kind, status, reason, message="Told.", generation=1):
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": at(minutes=5),
        "observedGeneration": generation,
    }


def standing(ready, reason, message="Told.", *, stalled="False", synced="True", **more):
    return {
        "observedGeneration": 1,
        "conditions": [
            condition("Ready", ready, reason, message),
            condition("Synced", synced, "ReconcileSuccess" if synced == "True" else reason, message),
            condition("Stalled", stalled, reason, message),
        ],
        **more,
    }


RUNNING = {
    "externalID": "155500",
    "account": {
        "provider": "ModelArts",
        "host": "modelarts.cn-north-4.myhuaweicloud.com",
        "project": "0123456789abcdef0123456789abcdef",
    },
    "externalName": "mnist-resnet50",
    "externalState": "Running",
    "providerState": "JOBSTAT_RUNNING",
    "startedAt": at(hours=2),
    "effectiveDeletionPolicy": "Delete",
}


@pytest.fixture
def status(trainsweep, cluster_):
    def status(*arguments, exit_code=0):
        where = () if "-A" in arguments else ("-n", cluster_.namespace)
        found = trainsweep("status", *arguments, *where, *cluster_.flags)
        assert found.exit_code == exit_code, found.output
        assert not cluster_.writes()
        return found

    return status


@pytest.fixture
def told(status):
    """The one resource of the JSON answer."""

    def told(target):
        (found,) = json.loads(status(target, "-o", "json").stdout)["resources"]
        return found

    return told


@pytest.fixture
def mnist(cluster_):
    """A job with its account, in the state that the status given says."""

    def mnist(status=None, config=None, **spec):
        cluster_.apply(account(), resource("TrainingJob", "mnist", jobID="155500", **spec))
        cluster_.status("providerconfig", "huawei", config or standing("True", "CredentialsValid"))
        if status:
            cluster_.status("trainingjob", "mnist", status)

    return mnist


def test_one_screen_tells_what_is_wanted_what_is_there_and_what_happens_next(status, mnist):
    call = {"operation": "StopVersion", "time": at(seconds=20), "success": True, "requestID": "req-42"}
    config = standing(
        "True",
        "CredentialsValid",
        circuit={"state": "Closed"},
        removals={"count": 3, "underWay": 1, "latest": at(minutes=10)},
    )
    mnist(
        standing("False", "Stopping", "Stopping the run.", lastCall=call, **RUNNING),
        config,
        desiredState="Absent",
    )
    text = " ".join(status("TrainingJob/mnist").stdout.split())
    for piece in (
        "Absent (spec.desiredState, set by kubectl",
        "Delete (the operator's setting)",
        "155500 mnist-resnet50 Running (JOBSTAT_RUNNING); started",
        "this resource",
        "circuit closed; 50 reads/s, 20 writes/s",
        "3 of 100 removals in this hour, 1 under way",
        "accepted (request req-42)",
        "1. Stop TrainingJob 155500",
        "2. Delete TrainingJob 155500",
        "because desiredState is Absent",
    ):
        assert piece in text


def test_the_screen_fits_eighty_columns(status, mnist):
    mnist(standing("False", "Stopping", "x" * 300, **RUNNING), desiredState="Absent")
    assert max(map(len, status("tj/mnist").stdout.splitlines())) <= 80


def test_a_deadline_is_told_with_its_time(told, mnist):
    mnist(standing("True", "Available", **RUNNING), activeDeadlineSeconds=3 * 3600)
    found = told("tj/mnist")
    (clock,) = found["clocks"]
    assert abs(datetime.fromisoformat(clock["at"]) - NOW - timedelta(hours=1)) < timedelta(seconds=2)
    assert (found["next"]["steps"], found["next"]["at"]) == (["Stop TrainingJob 155500"], clock["at"])


def test_removals_of_before_the_window_do_not_count(status, mnist, cluster_):
    mnist(config=standing("True", "CredentialsValid", removals={"count": 3, "latest": at(hours=2)}))
    assert "0 of 100 removals in this hour" in status("pc/huawei").stdout


def test_what_is_held_tells_who_can_let_it_go(told, mnist, status):
    held = standing("True", "DeletionHeld", held={"count": 7, "since": at(minutes=3)})
    mnist(standing("False", "DeletionHeld", **RUNNING), held, desiredState="Absent")
    found = told("tj/mnist")
    assert found["next"]["needsPerson"]
    assert "trainsweep approve" in found["whatToDo"]
    assert "7 held since" in status("tj/mnist").stdout


def test_where_it_stalls_the_advice_is_that_of_the_troubleshooting_page(told, mnist):
    from trainsweep.core.advice import ADVICE
    from trainsweep.core.reasons import Reason

    mnist(standing("False", "AmbiguousName", "2 things are named so.", stalled="True"))
    found = told("tj/mnist")
    assert found["whatToDo"] == ADVICE[Reason.AMBIGUOUS_NAME]
    assert found["next"]["needsPerson"]


def test_an_open_circuit_is_told_in_place_of_steps(told, mnist):
    config = standing(
        "False",
        "ProviderUnavailable",
        "No answer.",
        circuit={"state": "Open", "since": at(minutes=4), "reason": "ProviderUnavailable"},
    )
    mnist(standing("False", "Stopping", **RUNNING), config, desiredState="Stopped")
    found = told("tj/mnist")["next"]
    assert "suspended" in found["text"]
    assert not found["steps"]


def test_the_owner_of_the_same_thing_is_named(told, mnist, cluster_):
    mnist(standing("True", "Available", **RUNNING))
    cluster_.apply(resource("TrainingJob", "second", jobID="155500"))
    cluster_.status("trainingjob", "second", standing("False", "ManagementConflict", stalled="True"))
    assert told("tj/second")["owner"] == f"TrainingJob {cluster_.namespace}/mnist"
    assert told("tj/mnist")["owner"] is None


def test_the_policy_of_the_namespace_is_told_with_its_source(told, mnist, cluster_):
    mnist(standing("True", "Available", **RUNNING))
    cluster_.kubectl("annotate", "namespace", cluster_.namespace, "trainsweep.dev/deletion-policy=Stop")
    found = told("tj/mnist")
    assert (found["deletionPolicy"], found["policySource"]) == ("Stop", "the namespace's annotation")


def test_events_of_the_resource_are_told(status, mnist, cluster_):
    mnist(standing("True", "Available", **RUNNING))
    uid = cluster_.kubectl("get", "trainingjob", "mnist", "-o", "jsonpath={.metadata.uid}")
    cluster_.apply(
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": "mnist.1", "namespace": cluster_.namespace},
            "involvedObject": {
                "apiVersion": API_VERSION,
                "kind": "TrainingJob",
                "namespace": cluster_.namespace,
                "name": "mnist",
                "uid": uid,
            },
            "type": "Warning",
            "reason": "CannotStopExternalResource",
            "message": "Refused by the provider.",
            "count": 3,
            "lastTimestamp": at(minutes=1),
        }
    )
    text = " ".join(status("tj/mnist").stdout.split())
    assert "CannotStopExternalResource: Refused by the provider. (3 times)" in text


def test_a_new_resource_that_nobody_looks_at_is_told(told, mnist):
    mnist()
    assert "has not done so yet" in told("tj/mnist")["next"]["text"]


def test_a_namespace_is_a_table_with_those_that_need_a_person_first(status, mnist, cluster_):
    mnist(standing("True", "Available", **RUNNING))
    cluster_.apply(resource("TrainingJob", "zz-lost", jobID="1"))
    cluster_.status("trainingjob", "zz-lost", standing("False", "NotFound", stalled="True"))
    found = status().stdout
    assert found.index("zz-lost") < found.index("mnist")
    assert "2 resource(s): 1 ready, 1 wait for a person." in found
    assert max(map(len, found.splitlines())) <= 80


def test_an_account_tells_its_resources(status, mnist, cluster_):
    mnist(standing("True", "Available", **RUNNING))
    cluster_.apply(account("other"), resource("TrainingJob", "elsewhere", account="other", jobID="2"))
    found = json.loads(status("ProviderConfig/huawei", "-o", "json").stdout)
    assert [entry["name"] for entry in found["accounts"]] == ["huawei"]
    assert [entry["name"] for entry in found["resources"]] == ["mnist"]


def test_everything_is_told_with_all_namespaces(status, mnist, cluster_):
    mnist(standing("True", "Available", **RUNNING))
    found = json.loads(status("-A", "-o", "json").stdout)
    assert cluster_.namespace in {entry["namespace"] for entry in found["resources"]}


def test_an_object_that_is_not_there_is_told_by_its_name(status, cluster_):
    found = status("tj/nowhere", exit_code=1)
    assert "nowhere" in found.stderr


def test_a_word_that_is_no_kind_is_wrong_usage(status):
    assert "is not KIND/NAME" in status("job/mnist", exit_code=2).stderr
