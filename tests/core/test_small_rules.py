"""The small pure rules: the policy in force, what a status remembers, forms of times, reasons of errors."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainsweep.api.common import DeletionPolicy
from trainsweep.core import errors
from trainsweep.core.errors import ConfigurationError, ProviderError
from trainsweep.core.external import ExternalState, Thing, state_of_parts
from trainsweep.core.last_status import LastStatus, format_time, parse_time
from trainsweep.core.plan import wanted
from trainsweep.core.policy import effective_policy
from trainsweep.core.reasons import Reason

from .given import (
    DELETING,
    PENDING,
    RUNNING,
    STOPPED,
    STOPPING,
    SUCCEEDED,
    UNKNOWN,
    a_resource,
    a_thing,
    ago,
    facts,
    parts,
)

DELETE, STOP, ORPHAN = DeletionPolicy.DELETE, DeletionPolicy.STOP, DeletionPolicy.ORPHAN


@pytest.mark.parametrize(
    ("own", "annotation", "setting", "in_force"),
    [
        (STOP, "Orphan", DELETE, STOP),
        (DELETE, "nonsense", ORPHAN, DELETE),
        (None, "Orphan", DELETE, ORPHAN),
        (None, "Stop", ORPHAN, STOP),
        (None, "", ORPHAN, ORPHAN),
    ],
)
def test_the_resource_decides_then_its_namespace_then_the_operator(own, annotation, setting, in_force):
    source = "resource" if own else "namespace" if annotation else "operator"
    assert effective_policy(own, annotation, setting) == (in_force, source)


@pytest.mark.parametrize("word", ["delete", "Keep", " Orphan", "true"])
def test_an_unknown_word_on_a_namespace_never_comes_to_mean_delete(word):
    with pytest.raises(ConfigurationError, match="must be Delete, Stop or Orphan") as refused:
        effective_policy(None, word, DELETE)
    assert refused.value.reason == Reason.INVALID_SPEC


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-05-01T12:00:00Z", datetime(2026, 5, 1, 12, tzinfo=UTC)),
        ("2026-05-01T14:00:00+02:00", datetime(2026, 5, 1, 12, tzinfo=UTC)),
        ("2026-05-01T12:00:00", datetime(2026, 5, 1, 12, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("tomorrow", None),
        ("", None),
        (None, None),
        (17, None),
    ],
)
def test_a_time_is_read_as_utc_and_nonsense_as_none(text, time):
    assert parse_time(text) == time


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_written_time_is_read_back_to_the_second(time):
    assert parse_time(format_time(time)) == time.replace(microsecond=0)


def test_an_empty_status_is_an_empty_past():
    past = LastStatus.parse("")
    assert (past.observed, past.external_id, past.condition("Ready")) == (False, "", {})
    assert past.generation == -1


def test_a_resource_counts_as_observed_once_a_state_was_seen():
    assert not a_resource(status={"observedGeneration": 1}).past.observed
    assert a_resource(status={"externalState": "Absent"}).past.observed


@pytest.mark.parametrize(
    ("thing", "spec", "given_id"),
    [
        (Thing.JOB, {"jobID": "155500"}, "155500"),
        (Thing.JOB, {"jobID": "9F2C7D3A-0000-4000-8000-00000000000A"}, "9f2c7d3a-0000-4000-8000-00000000000a"),
        (Thing.JOB, {"jobName": "llama"}, ""),
        (Thing.VERSION, {"jobID": "155500", "versionID": "3"}, "155500/3"),
        (Thing.VERSION, {"jobID": "155500", "versionName": "V0003"}, ""),
        (Thing.VERSION, {"jobName": "llama", "versionID": "3"}, ""),
        (Thing.CONFIG, {"configName": "nightly"}, "nightly"),
        (Thing.TUNING_TASK, {"taskID": "task-A1"}, "task-A1"),
        (Thing.TUNING_JOB, {"jobID": "job-a1"}, "job-a1"),
        (Thing.TUNING_JOB, {"jobName": "llama"}, ""),
    ],
)
def test_the_id_that_a_spec_gives_by_itself(thing, spec, given_id):
    assert a_resource(thing, spec=spec).given_id == given_id


@pytest.mark.parametrize(
    ("states", "whole"),
    [
        ((SUCCEEDED, RUNNING, PENDING), RUNNING),
        ((SUCCEEDED, PENDING, STOPPING), PENDING),
        ((STOPPING, UNKNOWN), STOPPING),
        ((SUCCEEDED, UNKNOWN, DELETING), UNKNOWN),
        ((SUCCEEDED, DELETING), DELETING),
        ((), STOPPED),
    ],
)
def test_of_parts_what_costs_money_decides_then_what_is_uncertain(states, whole):
    assert state_of_parts(parts(*states)) is whole


def test_of_parts_that_all_ended_the_newest_decides():
    older, newer = a_thing(SUCCEEDED, created_at=ago(9)), a_thing(ExternalState.FAILED, created_at=ago(1))
    assert state_of_parts((newer, older)) is ExternalState.FAILED
    assert state_of_parts((older, newer)) is ExternalState.FAILED


def leaves(base):
    return {kind for sub in base.__subclasses__() for kind in {sub, *leaves(sub)}}


@pytest.mark.parametrize("kind", sorted(leaves(ProviderError), key=lambda kind: kind.__name__))
def test_every_error_of_a_provider_has_a_reason_that_conditions_may_carry(kind):
    assert Reason.of(kind.reason).meaning


def test_an_error_says_status_and_code_before_its_words():
    assert str(errors.Refused("no such job", status=404, code="ModelArts.2764")) == "404 ModelArts.2764: no such job"
    assert str(errors.Unavailable("no answer")) == "no answer"


@pytest.mark.parametrize(
    ("record", "policy", "asked"),
    [
        ({"deleting": True, "spec": {"desiredState": "Absent"}}, DELETE, ("Absent", "deletion")),
        ({"deleting": True}, STOP, ("Stopped", "deletion")),
        ({"spec": {"desiredState": "Absent", "ttlSecondsAfterFinished": 1}}, DELETE, ("Absent", "desiredState")),
        ({"spec": {"desiredState": "Stopped"}}, DELETE, ("Stopped", "desiredState")),
        ({"spec": {"ttlSecondsAfterFinished": 60}}, DELETE, ("Absent", "ttlSecondsAfterFinished")),
        (
            {"spec": {"desiredState": "Stopped", "ttlSecondsAfterFinished": 60}},
            DELETE,
            ("Absent", "ttlSecondsAfterFinished"),
        ),
        ({"spec": {"activeDeadlineSeconds": 60}}, DELETE, ("Stopped", "activeDeadlineSeconds")),
        ({"spec": {"activeDeadlineSeconds": 6000}}, DELETE, ("Present", "desiredState")),
    ],
)
def test_what_is_asked_for_has_a_cause(record, policy, asked):
    ended = a_thing(STOPPED, started_at=ago(1800), finished_at=ago(900))
    assert wanted(facts(a_resource(**record), ended, policy=policy)) == asked
