"""The dashboard's queries and the alerts' rules, evaluated by a real Prometheus on a real operator."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..e2e.world import BAIDU, HUAWEI, PROJECT, World, until
from .prometheus import RULES, panels, scraping
from .served import Served

pytestmark = pytest.mark.apiserver


async def an_eventful_life(world: World) -> None:
    """Something for every panel: work that goes well, work that is held, refused, left behind and without a Secret."""
    modelarts = {"provider": "ModelArts", "modelArts": {"endpoint": world.urls[HUAWEI], "projectID": PROJECT}}
    await world.account(
        "guarded", **modelarts, deletionGuard={"maxDeletions": 0}, credentials={"secretRef": {"name": HUAWEI}}
    )
    await world.account("keyless", **modelarts)
    await world.resource("TrainingJob", "watched", jobID="155500")
    await world.resource("TrainingJob", "swept", jobName="llama-lora", desiredState="Absent")
    await world.resource("TrainingJob", "held", account="guarded", jobID="155501")
    await world.resource("FineTuningJob", "left", jobName="support-answers")
    for name, reason in (("watched", "Available"), ("swept", "Absent"), ("held", "Available")):
        await world.reaches("TrainingJob", name, reason)
    await world.reaches("FineTuningJob", "left", "Available")
    await world.api.delete("TrainingJob", "held")
    await world.api.patch("FineTuningJob", "left", {"spec": {"deletionPolicy": "Orphan"}})
    await world.delete("FineTuningJob", "left")
    await world.secret(BAIDU, secretKey="refused")


async def test_every_panel_shows_something_of_an_operator_at_work(quiet_world: World, prometheus: str, tmp_path: Path):
    world = quiet_world
    operator = await Served.start(world)
    async with scraping(prometheus, operator.url.removeprefix("http://"), tmp_path) as server:
        await an_eventful_life(world)
        queries = {query: panel.title for panel in panels() for _, query in panel.queries}
        empty = list(queries.values())

        async def all_shown() -> bool:
            empty[:] = [title for query, title in queries.items() if not await server.query(query)]
            return not empty

        await until(all_shown, "every panel has data", 60.0, shown=empty)
        for _, query in next(panel for panel in panels() if panel.title == "Held by account").queries:
            held = {entry["metric"]["account"]: entry["value"][1] for entry in await server.query(query)}
            assert held[f"{world.namespace}/guarded"] == "1"


async def test_prometheus_evaluates_every_alert_and_sees_what_is_wrong(
    quiet_world: World, prometheus: str, tmp_path: Path
):
    world = quiet_world
    operator = await Served.start(world)
    async with scraping(prometheus, operator.url.removeprefix("http://"), tmp_path) as server:
        await an_eventful_life(world)

        async def wrong() -> bool:
            states = {name: rule["state"] for name, rule in (await server.rules()).items()}
            return {name for name, state in states.items() if state != "inactive"} == {
                "TrainsweepGuardHolding",
                "TrainsweepCredentialsInvalid",
            }

        await until(wrong, "just the guard and the missing Secret are on their way to an alert")
        assert {rule["health"] for rule in (await server.rules()).values()} == {"ok"}
        assert len(await server.rules()) == RULES.read_text().count("- alert:")
