"""Others who apply the same manifest, by either kind of apply, and what the operator keeps on the resource."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from trainsweep.api.names import FINALIZER

from ..e2e.world import World
from .manifests import resource

pytestmark = pytest.mark.apiserver


@pytest.fixture
async def adopted(world: World, tmp_path: Path) -> Path:
    """The file of a manifest which the operator has taken over: its finalizer and its status are there."""
    world.start_operator()
    manifest = resource(world, "TrainingJob", "mnist", jobID="155501", desiredState="Stopped")
    file = tmp_path / "mnist.yaml"
    file.write_text(yaml.safe_dump(manifest))
    await world.api.kubectl("apply", "-f", str(file))
    await world.reaches("TrainingJob", "mnist", "Stopped")
    return file


async def mnist(world: World) -> dict[str, Any]:
    body = await world.api.get("TrainingJob", "mnist")
    assert body
    return body


async def server_side(world: World, file: Path, manager: str) -> None:
    await world.api.kubectl(
        "apply", "--server-side", f"--field-manager={manager}", "--force-conflicts=false", "-f", str(file)
    )


def owned(body: dict[str, Any]) -> dict[str, set[str]]:
    """The top-level fields that each manager owns, those of metadata one level deeper, by manager."""
    fields: dict[str, set[str]] = {}
    for entry in body["metadata"]["managedFields"]:
        for top, below in entry["fieldsV1"].items():
            names = {f"{top}/{name}" for name in below} if top == "f:metadata" else {top}
            fields.setdefault(entry["manager"], set()).update(names)
    return fields


async def test_a_second_apply_from_the_client_keeps_finalizer_and_status(world: World, adopted: Path):
    before = await mnist(world)
    await world.api.kubectl("apply", "-f", str(adopted))
    assert await mnist(world) == before
    assert before["metadata"]["finalizers"] == [FINALIZER]


async def test_a_changed_apply_from_the_client_keeps_finalizer_and_status(world: World, adopted: Path):
    manifest = yaml.safe_load(adopted.read_text())
    manifest["spec"]["ttlSecondsAfterFinished"] = 86400 * 365
    adopted.write_text(yaml.safe_dump(manifest))
    await world.api.kubectl("apply", "-f", str(adopted))
    status = await world.reaches("TrainingJob", "mnist", "Stopped")
    body = await mnist(world)
    assert body["metadata"]["finalizers"] == [FINALIZER]
    assert (body["metadata"]["generation"], status["externalID"]) == (2, "155501")


async def test_server_side_managers_meet_no_conflict_with_the_operator(world: World, adopted: Path):
    before = await mnist(world)
    await server_side(world, adopted, "other")
    await server_side(world, adopted, "third")
    body = await mnist(world)
    assert body["metadata"]["finalizers"] == [FINALIZER]
    assert (body["spec"], body["status"]) == (before["spec"], before["status"])


async def test_the_operator_owns_its_finalizer_and_the_status_and_nothing_else(world: World, adopted: Path):
    await server_side(world, adopted, "other")
    managers = owned(await mnist(world))
    assert managers["trainsweep"] == {"f:metadata/f:finalizers", "f:status"}
    assert managers["other"] == {"f:spec"}


async def test_a_server_side_manager_that_takes_a_field_back_leaves_the_operators_alone(world: World, adopted: Path):
    manifest = yaml.safe_load(adopted.read_text())
    manifest["metadata"]["labels"] = {"team": "vision"}
    adopted.write_text(yaml.safe_dump(manifest))
    await server_side(world, adopted, "other")
    del manifest["metadata"]["labels"]
    adopted.write_text(yaml.safe_dump(manifest))
    await server_side(world, adopted, "other")
    body = await mnist(world)
    assert "labels" not in body["metadata"]
    assert body["metadata"]["finalizers"] == [FINALIZER]
    assert body["status"]["externalID"] == "155501"


async def test_neither_kind_of_apply_sees_a_difference(world: World, adopted: Path):
    assert await world.api.kubectl("diff", "-f", str(adopted)) == ""
    assert await world.api.kubectl("diff", "--server-side", "--field-manager=other", "-f", str(adopted)) == ""


async def test_the_finalizer_survives_a_manager_that_has_finalizers_of_its_own(world: World, adopted: Path):
    manifest = yaml.safe_load(adopted.read_text())
    manifest["metadata"]["finalizers"] = ["example.com/backup"]
    adopted.write_text(yaml.safe_dump(manifest))
    await server_side(world, adopted, "other")
    assert set((await mnist(world))["metadata"]["finalizers"]) == {FINALIZER, "example.com/backup"}
    await world.api.kubectl("delete", "trainingjob", "mnist", "--wait=false")
    await world.shows_finalizers("mnist", ["example.com/backup"]) if hasattr(world, "shows_finalizers") else None
