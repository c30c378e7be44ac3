"""What the one writer sends: as little as there is to say."""

import pytest

from trainsweep.core.resource import Key
from trainsweep.kube.writer import Writer

RUN = Key("FineTuningTask", "team-a", "run")
PATH = "/apis/trainsweep.dev/v1alpha1/namespaces/team-a/finetuningtasks/run"


class Client:
    def __init__(self):
        self.sent = []

    async def merge(self, path, body):
        self.sent.append((path, body))
        return {"stored": True}


@pytest.fixture
def client():
    return Client()


@pytest.mark.parametrize(
    ("before", "after", "patch"),
    [
        ({}, {"externalID": "task-a1"}, {"externalID": "task-a1"}),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, {"b": 3}),
        ({"a": 1, "plannedAction": "Stop it"}, {"a": 1}, {"plannedAction": None}),
        (
            {"lastCall": {"operation": "Stop", "errorCode": "X.1", "success": False}},
            {"lastCall": {"operation": "Stop", "success": True}},
            {"lastCall": {"operation": "Stop", "success": True, "errorCode": None}},
        ),
        ({"conditions": [{"type": "Ready"}, {"type": "Stalled"}]}, {"conditions": [{"type": "Ready"}]}, None),
    ],
)
async def test_a_status_write_names_what_changed_and_what_is_gone(client, before, after, patch):
    await Writer(client).write_status(RUN, "uid-1", after, before)
    expected = after if patch is None else patch  # lists are replaced whole
    assert client.sent == [(f"{PATH}/status", {"metadata": {"uid": "uid-1"}, "status": expected})]


async def test_what_is_stored_already_is_not_written(client):
    same = {"externalID": "task-a1", "conditions": [{"type": "Ready"}]}
    assert await Writer(client).write_status(RUN, "uid-1", dict(same), same) is None
    assert client.sent == []


@pytest.mark.parametrize(("finalizers", "sent"), [(("a", "b"), ["a", "b"]), ((), None)])
async def test_finalizers_are_written_against_the_version_that_was_seen(client, finalizers, sent):
    await Writer(client).set_finalizers(RUN, "17", finalizers)
    assert client.sent == [(PATH, {"metadata": {"finalizers": sent, "resourceVersion": "17"}})]
