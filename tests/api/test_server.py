"""What the API server makes of the CustomResourceDefinitions: defaults, status, and what kubectl shows."""

from __future__ import annotations

import secrets

import pytest

from trainsweep.api.kinds import KINDS

pytestmark = pytest.mark.apiserver

#: What the server has no default for, and the model reads as "nothing".
EMPTY = ({}, [], {"names": []})
WHEN = "2026-01-31T12:00:00Z"


def condition(kind, status, reason, message):
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": WHEN,
        "observedGeneration": 1,
    }


@pytest.fixture
def create(api, valid):
    """Create an object that is deleted at the end; returns its name."""
    created = []

    def create(kind, **fields):
        name = f"shown-{secrets.token_hex(4)}"
        api.create(kind, valid[kind] | fields, name=name).raise_for_status()
        created.append((kind, name))
        return name

    yield create
    for kind, name in created:
        api.delete(kind, name)


@pytest.mark.parametrize("kind", KINDS)
def test_the_server_fills_in_the_defaults_that_the_model_has(kind, api, create):
    stored = api.read(kind, create(kind))["spec"]
    filled = KINDS[kind].spec.model_validate(stored).manifest()
    assert stored == {name: value for name, value in filled.items() if value not in EMPTY}


@pytest.mark.parametrize("kind", ["ProviderConfig", "ClusterProviderConfig"])
def test_an_account_shows_its_limits_without_being_asked(kind, api, create):
    stored = api.read(kind, create(kind))["spec"]
    assert stored["mode"] == "Enforce"
    assert stored["polling"] == {"activeSeconds": 15, "idleSeconds": 300}
    assert stored["deletionGuard"] == {"maxDeletions": 100, "windowSeconds": 3600}


def test_a_half_filled_block_gets_the_other_half_by_default(api, create):
    stored = api.read("ProviderConfig", create("ProviderConfig", polling={"activeSeconds": 1}))["spec"]
    assert stored["polling"] == {"activeSeconds": 1, "idleSeconds": 300}


def test_the_public_endpoint_of_qianfan_is_written_down(api, create):
    stored = api.read("ClusterProviderConfig", create("ClusterProviderConfig"))["spec"]
    assert stored["qianfan"] == {"endpoint": "https://qianfan.baidubce.com"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_resource_is_not_taken_for_done(kind, api, create):
    assert api.read(kind, create(kind))["status"] == {"observedGeneration": -1}


@pytest.mark.parametrize("kind", KINDS)
def test_a_status_cannot_be_given_with_the_spec(kind, api, create):
    name = create(kind)
    api.patch(kind, name, {"status": {"observedGeneration": 7}}).raise_for_status()
    assert api.read(kind, name)["status"]["observedGeneration"] == -1


def test_kubectl_shows_a_remote_resource_at_a_glance(api, create):
    name = create("TrainingJob", desiredState="Stopped")
    status = {
        "observedGeneration": 1,
        "externalID": "155500",
        "externalState": "Running",
        "providerState": "JOBSTAT_RUNNING",
        "effectiveDeletionPolicy": "Delete",
        "conditions": [
            condition("Ready", "False", "Stopping", "Waiting for the job to stop."),
            condition("Synced", "True", "ReconcileSuccess", "Read."),
        ],
    }
    api.patch("TrainingJob", name, {"status": status}, part="/status").raise_for_status()

    header, row = table(api, "get", "tj", name)
    assert header == "NAME READY STATE DESIRED EXTERNAL-ID REASON AGE"
    assert row.startswith(f"{name} False Running Stopped 155500 Stopping ")

    header, row = table(api, "get", "tj", name, "-o", "wide")
    assert header.endswith("AGE POLICY PROVIDER-STATE SYNCED MESSAGE")
    assert row.endswith("Delete JOBSTAT_RUNNING True Waiting for the job to stop.")


@pytest.mark.parametrize(("kind", "short"), [("ProviderConfig", "pcfg"), ("ClusterProviderConfig", "cpc")])
def test_kubectl_shows_an_account_at_a_glance(kind, short, api, create):
    name = create(kind, mode="Plan")
    status = {
        "observedGeneration": 1,
        "resources": 12,
        "held": {"count": 3, "since": WHEN},
        "circuit": {"state": "Open", "since": WHEN, "reason": "The signature was refused."},
        "conditions": [condition("Ready", "False", "CredentialsInvalid", "The key was refused.")],
    }
    api.patch(kind, name, {"status": status}, part="/status").raise_for_status()
    provider = api.read(kind, name)["spec"]["provider"]

    header, row = table(api, "get", short, name)
    assert header == "NAME READY PROVIDER MODE RESOURCES HELD CIRCUIT REASON AGE"
    assert row.startswith(f"{name} False {provider} Plan 12 3 Open CredentialsInvalid ")

    header, row = table(api, "get", short, name, "-o", "wide")
    assert row.endswith("The key was refused.")


def test_one_word_lists_the_resources_of_all_kinds(api, create):
    names = {f"{KINDS[kind].singular}.trainsweep.dev/{create(kind)}" for kind in KINDS}
    listed = api.kubectl("get", "trainsweep", "--all-namespaces", "--output", "name").split()
    assert names <= set(listed)


@pytest.mark.parametrize("kind", KINDS)
def test_kubectl_explains_every_field(kind, api):
    explained = api.kubectl("explain", f"{KINDS[kind].plural}.spec", "--recursive")
    assert [field.alias for field in KINDS[kind].spec.model_fields.values() if field.alias not in explained] == []
    assert "<no description>" not in api.kubectl("explain", f"{KINDS[kind].plural}.spec")


def table(api, *arguments):
    """The header and the only row of what kubectl prints, with single spaces."""
    header, row = api.kubectl("--namespace", api.namespace, *arguments).splitlines()
    return " ".join(header.split()), " ".join(row.split())
