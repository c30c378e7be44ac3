"""Others who apply the same manifest, by either kind of apply, and what the operator keeps on the resource."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from tests.e2e.world import HUAWEI, World, until

from trainsweep.api.names import API_VERSION, FINALIZER

pytestmark = pytest.mark.apiserver


class Manifest:
    """A manifest in a file, for kubectl."""

    def __init__(self, file: Path, content: dict[str, Any]) -> None:
        self.file = str(file)
        self.content = content
        self.save()

    def save(self) -> None:
        Path(self.file).write_text(yaml.safe_dump(self.content))


@pytest_asyncio.fixture
async def adopted(world: World, tmp_path: Path) -> Manifest:
    """A manifest which the operator has taken over: its finalizer and its status are there."""
    world.start_operator()
    spec = {"jobID": "155501", "desiredState": "Stopped", "providerConfigRef": {"name": HUAWEI}}
    manifest = {"apiVersion": API_VERSION, "kind": "TrainingJob", "metadata": {"name": "mnist"}, "spec": spec}
    adopted = Manifest(tmp_path / "mnist.yaml", manifest)
    await world.api.kubectl("apply", "-f", adopted.file)
    await world.reaches("TrainingJob", "mnist", "Stopped")
    return adopted


async def mnist(world: World) -> dict[str, Any]:
    body = await world.api.get("TrainingJob", "mnist")
    assert body
    return body


async def server_side(world: World, manifest: Manifest, manager: str) -> None:
    how = ("--server-side", f"--field-manager={manager}", "--force-conflicts=false")
    await world.api.kubectl("apply", *how, "-f", manifest.file)


def owned(body: dict[str, Any]) -> dict[str, set[str]]:
    """The top-level fields that each manager owns, those of metadata one level deeper, by manager."""
    fields: dict[str, set[str]] = {}
    for entry in body["metadata"]["managedFields"]:
        for top, below in entry["fieldsV1"].items():
            names = {f"{top}/{name}" for name in below} if top == "f:metadata" else {top}
            fields.setdefault(entry["manager"], set()).update(names)
    return fields


async def test_a_second_apply_from_the_client_keeps_finalizer_and_status(world: World, adopted: Manifest):
    before = await mnist(world)
    await world.api.kubectl("apply", "-f", adopted.file)
    assert await mnist(world) == before
    assert before["metadata"]["finalizers"] == [FINALIZER]


async def test_a_changed_apply_from_the_client_keeps_finalizer_and_status(world: World, adopted: Manifest):
    adopted.content["spec"]["ttlSecondsAfterFinished"] = 86400 * 365
    adopted.save()
    await world.api.kubectl("apply", "-f", adopted.file)
    status = await world.reaches("TrainingJob", "mnist", "Stopped")
    body = await mnist(world)
    assert body["metadata"]["finalizers"] == [FINALIZER]
    assert (body["metadata"]["generation"], status["externalID"]) == (2, "155501")


async def test_server_side_managers_meet_no_conflict_with_the_operator(world: World, adopted: Manifest):
    before = await mnist(world)
    await server_side(world, adopted, "other")
    await server_side(world, adopted, "third")
    body = await mnist(world)
    assert body["metadata"]["finalizers"] == [FINALIZER]
    assert (body["spec"], body["status"]) == (before["spec"], before["status"])


async def test_the_operator_owns_its_finalizer_and_the_status_and_nothing_else(world: World, adopted: Manifest):
    await server_side(world, adopted, "other")
    managers = owned(await mnist(world))
    assert managers["trainsweep"] == {"f:metadata/f:finalizers", "f:status"}
    assert managers["other"] == {"f:spec"}


async def test_a_server_side_manager_that_takes_a_field_back_leaves_the_operators_alone(
    world: World, adopted: Manifest
):
    adopted.content["metadata"]["labels"] = {"team": "vision"}
    adopted.save()
    await server_side(world, adopted, "other")
    del adopted.content["metadata"]["labels"]
    adopted.save()
    await server_side(world, adopted, "other")
    body = await mnist(world)
    assert "labels" not in body["metadata"]
    assert body["metadata"]["finalizers"] == [FINALIZER]
    assert body["status"]["externalID"] == "155501"


async def test_neither_kind_of_apply_sees_a_difference(world: World, adopted: Manifest):
    assert await world.api.kubectl("diff", "-f", adopted.file) == ""
    assert await world.api.kubectl("diff", "--server-side", "--field-manager=other", "-f", adopted.file) == ""


async def test_the_finalizer_survives_a_manager_that_has_finalizers_of_its_own(world: World, adopted: Manifest):
    adopted.content["metadata"]["finalizers"] = ["example.com/backup"]
    adopted.save()
    await server_side(world, adopted, "other")
    assert set((await mnist(world))["metadata"]["finalizers"]) == {FINALIZER, "example.com/backup"}
    await world.api.delete("TrainingJob", "mnist")

    async def only_theirs_is_left() -> bool:
        return (await mnist(world))["metadata"]["finalizers"] == ["example.com/backup"]

    await until(only_theirs_is_left, "the operator has removed its finalizer and no other")
    assert world.thing("155501") is None
    await world.api.patch("TrainingJob", "mnist", {"metadata": {"finalizers": None}})
