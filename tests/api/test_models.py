"""The models: what they read, what they refuse, and what they write back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from trainsweep.api.common import Condition, DesiredState, Expect
from trainsweep.api.fine_tuning import FineTuningJobSpec
from trainsweep.api.kinds import KINDS, REMOTE_KINDS
from trainsweep.api.provider_config import AllowedNamespaces, ClusterProviderConfigSpec, ErrorClass, ProviderConfigSpec
from trainsweep.api.status import ProviderConfigStatus, RemoteStatus
from trainsweep.api.training import TrainingJobConfigSpec, TrainingJobSpec, TrainingJobVersionSpec

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_the_fields_of_a_manifest_are_read_by_the_names_of_the_contract():
    spec = TrainingJobSpec.model_validate(
        {
            "jobID": "155500",
            "providerConfigRef": {"kind": "ClusterProviderConfig", "name": "account"},
            "desiredState": "Stopped",
            "deletionPolicy": "Orphan",
            "activeDeadlineSeconds": 3600,
            "ttlSecondsAfterFinished": 0,
            "expect": {"name": "resnet", "createdBefore": "2026-01-31T12:00:00Z"},
        }
    )
    assert spec.job_id == "155500"
    assert spec.provider_config_ref.kind == "ClusterProviderConfig"
    assert spec.desired_state is DesiredState.STOPPED
    assert spec.deletion_policy == "Orphan"
    assert (spec.active_deadline_seconds, spec.ttl_seconds_after_finished) == (3600, 0)
    assert spec.expect == Expect(name="resnet", created_before=NOON)


def test_a_new_resource_is_only_watched():
    spec = TrainingJobSpec.model_validate({"jobID": "155500", "providerConfigRef": {"name": "account"}})
    assert spec.desired_state is DesiredState.PRESENT
    assert spec.deletion_policy is None
    assert spec.provider_config_ref.kind == "ProviderConfig"


@pytest.mark.parametrize("kind", KINDS)
def test_a_valid_spec_survives_being_read_and_written(kind, valid):
    model = KINDS[kind].spec
    once = model.model_validate(valid[kind])
    assert model.model_validate(once.manifest()) == once


@pytest.mark.parametrize("kind", KINDS)
def test_a_newer_manifest_with_unknown_fields_is_still_read(kind, valid):
    assert KINDS[kind].spec.model_validate(valid[kind] | {"fromTheFuture": 1})


@pytest.mark.parametrize("kind", REMOTE_KINDS)
@pytest.mark.parametrize("field", ["desiredState", "deletionPolicy"])
def test_an_unknown_word_is_never_taken_for_another(kind, field, valid):
    with pytest.raises(ValidationError):
        KINDS[kind].spec.model_validate(valid[kind] | {field: "Gone"})


@pytest.mark.parametrize(("field", "word"), [("desiredState", "Stopped"), ("deletionPolicy", "Stop")])
def test_a_config_cannot_be_stopped(field, word, valid):
    with pytest.raises(ValidationError):
        TrainingJobConfigSpec.model_validate(valid["TrainingJobConfig"] | {field: word})


def test_a_v2_job_has_no_versions():
    with pytest.raises(ValidationError):
        TrainingJobVersionSpec.model_validate(
            {
                "jobID": "7a2c7b0e-44c7-4a3a-9a3b-0a3f8f6b5f0d",
                "versionID": "1",
                "providerConfigRef": {"name": "account"},
            }
        )


def test_a_model_cannot_be_changed(valid):
    spec = FineTuningJobSpec.model_validate(valid["FineTuningJob"])
    with pytest.raises(ValidationError, match="frozen"):
        spec.cascade = True


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValidationError):
        Expect.model_validate({"createdBefore": "2026-01-31T12:00:00"})


def test_an_account_has_its_documented_defaults(valid):
    spec = ProviderConfigSpec.model_validate(valid["ProviderConfig"])
    assert spec.mode == "Enforce"
    assert (spec.polling.active_seconds, spec.polling.idle_seconds) == (15, 300)
    assert (spec.deletion_guard.max_deletions, spec.deletion_guard.window_seconds) == (100, 3600)
    assert spec.rate_limit.manifest() == {}
    assert spec.error_classes == ()


def test_a_cluster_account_says_in_which_namespace_its_secret_is(valid):
    assert ClusterProviderConfigSpec.model_validate(valid["ClusterProviderConfig"]).credentials.secret_ref.namespace
    del valid["ClusterProviderConfig"]["credentials"]["secretRef"]["namespace"]
    with pytest.raises(ValidationError):
        ClusterProviderConfigSpec.model_validate(valid["ClusterProviderConfig"])


def test_an_error_class_is_written_as_class():
    corrected = ErrorClass.model_validate({"status": 404, "code": "ModelArts.0104", "class": "NotFound"})
    assert corrected.error_class == "NotFound"
    assert corrected.manifest() == {"status": 404, "code": "ModelArts.0104", "class": "NotFound"}


def test_a_status_is_written_without_what_is_unset():
    ready = Condition(
        type="Ready",
        status="True",
        reason="Available",
        message="It is there.",
        last_transition_time=NOON,
        observed_generation=2,
    )
    status = RemoteStatus(observed_generation=2, conditions=(ready,), external_id="155500/2")
    assert status.manifest() == {
        "observedGeneration": 2,
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "Available",
                "message": "It is there.",
                "lastTransitionTime": "2026-01-31T12:00:00Z",
                "observedGeneration": 2,
            }
        ],
        "externalID": "155500/2",
    }


@pytest.mark.parametrize("status", [RemoteStatus, ProviderConfigStatus])
def test_a_status_that_was_never_written_is_about_no_generation(status):
    assert status().observed_generation == -1


@pytest.mark.parametrize(
    ("allowed", "admitted"),
    [
        ({}, set()),
        ({"names": ["prod"]}, {"prod"}),
        ({"selector": {}}, {"prod", "dev", "bare"}),
        ({"selector": {"matchLabels": {"team": "a"}}}, {"prod", "dev"}),
        ({"selector": {"matchLabels": {"team": "a", "stage": "prod"}}}, {"prod"}),
        ({"selector": {"matchExpressions": [{"key": "stage", "operator": "In", "values": ["dev", "x"]}]}}, {"dev"}),
        (
            {"selector": {"matchExpressions": [{"key": "stage", "operator": "NotIn", "values": ["dev"]}]}},
            {"prod", "bare"},
        ),
        ({"selector": {"matchExpressions": [{"key": "stage", "operator": "Exists"}]}}, {"prod", "dev"}),
        ({"selector": {"matchExpressions": [{"key": "stage", "operator": "DoesNotExist"}]}}, {"bare"}),
        ({"names": ["bare"], "selector": {"matchLabels": {"stage": "prod"}}}, {"prod", "bare"}),
    ],
)
def test_an_account_is_shared_with_the_namespaces_that_are_named_or_selected(allowed, admitted):
    namespaces = {"prod": {"team": "a", "stage": "prod"}, "dev": {"team": "a", "stage": "dev"}, "bare": {}}
    model = AllowedNamespaces.model_validate(allowed)
    assert {name for name, labels in namespaces.items() if model.admit(name, labels)} == admitted
