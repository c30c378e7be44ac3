"""One remote thing, one owner."""

from __future__ import annotations

import pytest

from .world import World, condition

pytestmark = pytest.mark.apiserver

KIND = "TrainingJobVersion"
RUNNING = {"jobID": "155502", "versionID": "1"}
STOP, DELETE = ("StopVersion", "155502/1"), ("DeleteVersion", "155502/1")


async def owner_and_rival(world: World, **rivals_spec: str) -> None:
    await world.resource(KIND, "owner", **RUNNING)
    await world.reaches(KIND, "owner", "Available")
    await world.resource(KIND, "rival", **RUNNING, **rivals_spec)
    await world.reaches(KIND, "rival", "ManagementConflict")


async def test_the_second_to_name_a_thing_stalls_and_never_acts(world: World):
    await owner_and_rival(world, desiredState="Absent")
    body = await world.api.get(KIND, "rival")
    assert f"TrainingJobVersion {world.namespace}/owner" in condition(body, "Stalled")["message"]
    await world.polls(world.modelarts, 3, operation="ListVersions")
    assert world.writes() == []
    assert (await world.reaches(KIND, "owner", "Available"))["externalState"] == "Running"


async def test_a_name_and_an_id_of_the_same_thing_are_rivals(world: World):
    await world.resource("TrainingJob", "owner", jobID="155501")
    await world.reaches("TrainingJob", "owner", "Available")
    await world.resource("TrainingJob", "rival", jobName="bert-base-chinese", desiredState="Absent")
    await world.reaches("TrainingJob", "rival", "ManagementConflict")
    await world.api.delete("TrainingJob", "rival")
    await world.gone("TrainingJob", "rival")
    assert world.writes() == []


async def test_two_accounts_of_one_project_are_one_place(world: World):
    await world.account(
        "twin",
        provider="ModelArts",
        modelArts={"endpoint": world.urls["huawei"], "projectID": "0123456789abcdef0123456789abcdef"},
        credentials={"secretRef": {"name": "huawei"}},
    )
    await world.resource(KIND, "owner", **RUNNING)
    await world.reaches(KIND, "owner", "Available")
    await world.resource(KIND, "rival", account="twin", desiredState="Stopped", **RUNNING)
    await world.reaches(KIND, "rival", "ManagementConflict")
    assert world.writes() == []


async def test_deleting_the_rival_just_lets_it_go(world: World):
    await owner_and_rival(world)
    await world.delete(KIND, "rival")
    assert world.writes() == []
    assert (await world.reaches(KIND, "owner", "Available"))["externalState"] == "Running"


async def test_an_owner_that_lets_go_is_followed_by_its_heir(world: World):
    await world.resource(KIND, "owner", deletionPolicy="Orphan", **RUNNING)
    await world.reaches(KIND, "owner", "Available")
    await world.resource(KIND, "heir", desiredState="Stopped", **RUNNING)
    await world.reaches(KIND, "heir", "ManagementConflict")
    await world.delete(KIND, "owner")
    await world.reaches(KIND, "heir", "Stopped")
    assert world.writes() == [STOP]


async def test_an_owner_that_is_deleted_hands_its_thing_over_to_one_of_its_namespace_that_wants_it(world: World):
    await owner_and_rival(world)
    await world.delete(KIND, "owner")
    await world.reaches(KIND, "rival", "Available")
    assert world.writes() == []


async def test_an_owner_that_is_deleted_deletes_what_its_rival_wants_absent_too(world: World):
    await owner_and_rival(world, desiredState="Absent")
    await world.delete(KIND, "owner")
    await world.reaches(KIND, "rival", "Absent")
    assert world.writes() == [STOP, DELETE]


async def test_who_owns_it_outlives_the_operator(world: World):
    await owner_and_rival(world, desiredState="Absent")
    await world.stop_operators()
    world.start_operator()
    await world.polls(world.modelarts, 3, operation="ListVersions")
    await world.api.annotate(KIND, "rival", reconcile_requested_at="again")
    await world.shows(KIND, "rival", lastHandledReconcileAt="again")
    await world.reaches(KIND, "rival", "ManagementConflict")
    assert world.writes() == []
