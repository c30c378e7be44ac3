"""`trainsweep top`: a line an account, or a screen that fits 80 columns."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from trainsweep.cli.status.scene import Scene
from trainsweep.cli.status.story import tell
from trainsweep.cli.top.screen import screen
from trainsweep.cli.top.view import lines, moving
from trainsweep.cluster.decode import decode

from .conftest import resource
from .test_status import NOW, RUNNING, account, at, standing


def stored(body, status, number=1):
    """An object as the API server holds it."""
    added = {
        "namespace": "team-a",
        "uid": f"uid-{number}",
        "generation": 1,
        "resourceVersion": str(number),
        "creationTimestamp": at(hours=3),
    }
    return decode(body["kind"], body | {"metadata": body["metadata"] | added, "status": status})


@pytest.fixture
def stories():
    scene = Scene()
    circuit = {"state": "Closed", "since": at(hours=1)}
    config = standing("True", "DeletionHeld", held={"count": 1}, circuit=circuit)
    scene.store.put_config(stored(account(), config))
    call = {"operation": "StopVersion", "time": at(seconds=20), "success": True}
    wants = {"desiredState": "Absent"}
    for number, (name, status, spec) in enumerate(
        (
            ("watched", standing("True", "Available", **RUNNING), {}),
            ("moves", standing("False", "Stopping", lastCall=call, **RUNNING | {"externalID": "2"}), wants),
            ("held", standing("False", "DeletionHeld", **RUNNING | {"externalID": "3"}), wants),
        ),
        2,
    ):
        scene.store.put(stored(resource("TrainingJob", name, jobID=str(number), **spec), status, number))
    return tell(scene, None, NOW)


def test_an_account_is_counted(stories):
    (line,) = lines(stories, NOW)
    assert (line.resources, line.ready, line.moving, line.needy, line.account.held) == (3, 1, 1, 1, 1)
    assert line.writes == pytest.approx(1 / 60)
    assert line.oldest is not None
    assert NOW - line.oldest < timedelta(minutes=6)


def test_what_is_ready_is_not_shown_among_what_moves(stories):
    assert {entry.story.record.key.name for entry in moving(stories)} == {"moves", "held"}


def test_the_screen_fits_eighty_columns(stories):
    out = Console(width=80, file=io.StringIO())
    out.print(screen(stories, NOW))
    text = out.file.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    assert "DeletionHeld" in text


@pytest.mark.apiserver
def test_without_a_terminal_it_tells_a_line_an_account(trainsweep, cluster_):
    cluster_.apply(account(), resource("TrainingJob", "mnist", jobID="155500"))
    found = trainsweep("top", "-n", cluster_.namespace, "--times", "2", "--every", "0.5", *cluster_.flags)
    assert found.exit_code == 0, found.output
    told = found.stdout.splitlines()
    assert len(told) == 2
    assert f"ProviderConfig {cluster_.namespace}/huawei: 1 resources, 0 ready" in told[0]
    assert datetime.fromisoformat(told[0].split()[0]) <= datetime.now(UTC)
    assert not cluster_.writes()
