"""The story of a resource is told whatever its status says: no state, no mode, no word of a later version stops it."""

from __future__ import annotations

import io
from itertools import product

import pytest
from rich.console import Console

from trainsweep.cli.status.as_json import as_json
from trainsweep.cli.status.scene import Scene
from trainsweep.cli.status.screen import screen, span
from trainsweep.cli.status.story import tell
from trainsweep.core.external import ExternalState
from trainsweep.core.reasons import Reason

from .conftest import resource
from .test_status import NOW, account, at, standing
from .test_top import stored

IDENTITIES = {
    "TrainingJob": {"jobID": "155500"},
    "TrainingJobVersion": {"jobName": "mnist", "versionName": "V0001"},
    "TrainingJobConfig": {"configName": "nightly"},
    "FineTuningTask": {"taskID": "task-a1"},
    "FineTuningJob": {"jobName": "tune", "cascade": True, "ttlSecondsAfterFinished": 60},
}
STATES = ["", *ExternalState, "OfALaterVersion"]


def told(body, status, mode="Enforce", *, going=False):
    scene = Scene()
    scene.store.put_config(stored(account(mode=mode), standing("True", "CredentialsValid")))
    if going:
        gone = {"deletionTimestamp": at(minutes=5), "finalizers": ["trainsweep.dev/cleanup"]}
        body = body | {"metadata": body["metadata"] | gone}
    record = stored(body, status, 2)
    scene.store.put(record)
    stories = tell(scene, record.key, NOW)
    out = Console(width=80, file=io.StringIO())
    out.print(screen(stories, NOW, one=True))
    assert max(map(len, out.file.getvalue().splitlines())) <= 80
    return as_json(stories)["resources"][0]


@pytest.mark.parametrize("kind", IDENTITIES)
def test_every_state_under_every_wish_has_a_story(kind):
    for state, desired, mode, going in product(
        STATES, ("Present", "Stopped", "Absent"), ("Enforce", "Plan"), (False, True)
    ):
        if kind == "TrainingJobConfig" and desired == "Stopped":
            continue
        seen = {"externalID": "155500", "externalState": state} if state else {}
        body = resource(kind, "mnist", desiredState=desired, **IDENTITIES[kind])
        found = told(body, standing("False", "Observing", **seen), mode, going=going)
        assert found["next"]["text"]


@pytest.mark.parametrize("reason", [*(reason.value for reason in Reason), "OfALaterVersion"])
@pytest.mark.parametrize("stalled", ["True", "False"])
def test_every_reason_has_a_story(reason, stalled):
    status = standing("False", reason, stalled=stalled, synced="False", externalID="155500", externalState="Running")
    assert told(resource("TrainingJob", "mnist", jobID="155500"), status)["next"]["text"]


def test_of_an_orphan_that_is_deleted_only_the_resource_goes():
    body = resource("TrainingJob", "mnist", jobID="155500", deletionPolicy="Orphan")
    seen = {"externalID": "155500", "externalState": "Running"}
    (step,) = told(body, standing("True", "Available", **seen), going=True)["next"]["steps"]
    assert step.startswith("Free the resource: the deletion policy is Orphan")


def test_a_time_to_live_tells_what_it_brings():
    ended = {"externalID": "155500", "externalState": "Succeeded", "finishedAt": at(minutes=1)}
    body = resource("TrainingJob", "mnist", jobID="155500", ttlSecondsAfterFinished=3600)
    found = told(body, standing("True", "Available", **ended))
    assert found["next"]["steps"] == ["Delete TrainingJob 155500"]
    assert found["next"]["at"] == found["clocks"][0]["at"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (7200, "2 h"), (93600, "1 d 2 h"), (-5, "0 s")]
)
def test_a_duration_is_told_in_its_two_largest_units(seconds, text):
    assert span(seconds) == text
