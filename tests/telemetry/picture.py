"""Draw the dashboard of an operator at work for the documentation.

`python -m tests.telemetry.picture docs/dashboard.svg` runs the operator on the local control plane for some two
minutes, with work that goes well, an outage, a held batch and refused credentials, and asks a real Prometheus. Numbers
differ from run to run; a test sees to it that the picture shows every panel.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from pathlib import Path
from string import Formatter
from tempfile import TemporaryDirectory

from trainsweep_devtools.devcluster import ControlPlane, PlainProgress, User, find_binaries

from ..e2e.conftest import install_crds, make_world
from ..e2e.world import HUAWEI, PROJECT, World
from ..operator_rights import OPERATOR, grant
from .drawing import Series, draw
from .prometheus import Panel, Prometheus, panels, scraping
from .served import Served

JOBS = 48


async def a_busy_while(world: World) -> None:
    """Waves of work, then a batch that the guard holds until it is approved."""
    world.modelarts.switch(latency=0.02, timing={"stopping": 4.0, "deleting": 3.0})
    ids = [f"00000000-0000-4000-8000-{number:012d}" for number in range(JOBS)]
    for wave in (ids[:16], ids[16:32], ids[32:]):
        for job_id in wave:
            world.modelarts.add("v2-job", id=job_id, name=f"job-{job_id[-2:]}", state="Running")
            await world.resource("TrainingJob", f"job-{job_id[-2:]}", jobID=job_id)
        await asyncio.sleep(8)
    for job_id in ids[:16]:
        await world.api.patch("TrainingJob", f"job-{job_id[-2:]}", {"spec": {"desiredState": "Absent"}})
    await asyncio.sleep(12)
    world.modelarts.faults.add(status=503, body="maintenance", times=5)
    await world.api.patch("FineTuningJob", "answers", {"spec": {"deletionPolicy": "Orphan"}})
    await world.delete("FineTuningJob", "answers")
    await asyncio.sleep(12)
    await world.account(HUAWEI, deletionGuard={"maxDeletions": 20}, rateLimit={"writesPerSecond": 2})
    for job_id in ids[16:]:
        await world.api.delete("TrainingJob", f"job-{job_id[-2:]}")
    await asyncio.sleep(20)
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600))
    await world.api.annotate("ProviderConfig", HUAWEI, approve_deletions_until=until)
    world.qianfan.rotate([])
    await asyncio.sleep(45)


async def shown(server: Prometheus, panel: Panel, begin: float, end: float) -> list[Series]:
    return [
        (
            _legend(legend, entry["metric"]) if panel.kind != "table" else " ".join(_words(entry["metric"])),
            _points(entry),
        )
        for legend, query in panel.queries
        for entry in await server.range(query, begin, end, 2.0)
    ]


def _legend(legend: str, labels: dict[str, str]) -> str:
    text = legend.replace("{{", "{").replace("}}", "}")
    return Formatter().vformat(text, (), labels).replace(labels.get("instance", "\0"), "trainsweep-0")


def _words(labels: dict[str, str]) -> list[str]:
    return [f"{name} {labels[name]}" for name in ("version", "python", "kopf")]


def _points(entry: dict) -> list[tuple[float, float]]:
    return [(at, float(value)) for at, value in entry["values"] if value != "NaN"]


async def watched(program: str, directory: Path) -> dict[str, list[Series]]:
    """What each panel shows of a busy while, by the panel's title."""
    users = {OPERATOR: User()}
    binaries = find_binaries(False, PlainProgress())
    series: dict[str, list[Series]] = {}
    with ControlPlane.start(binaries, controllers=False, audit_log=directory / "api.log", users=users) as plane:
        grant(plane)
        install_crds(plane)
        async for world in make_world(plane, directory):
            modelarts = {"endpoint": world.urls[HUAWEI], "projectID": PROJECT}
            await world.account("keyless", provider="ModelArts", modelArts=modelarts)
            await world.resource("FineTuningTask", "task", taskID="task-r1unn1ng0001", desiredState="Stopped")
            await world.resource("FineTuningJob", "answers", jobName="support-answers")
            operator = await Served.start(world)
            async with scraping(program, operator.url.removeprefix("http://"), directory) as server:
                begin = time.time() + 3
                await a_busy_while(world)
                for panel in panels():
                    found = await shown(server, panel, begin, time.time())
                    series[panel.title] = [(name.replace(world.namespace, "team-a"), points) for name, points in found]
    return series


def main(path: Path) -> None:
    program = shutil.which("prometheus") or sys.exit("prometheus is not installed: apt-get install prometheus")
    with TemporaryDirectory() as directory:
        series = asyncio.run(watched(program, Path(directory)))
    path.write_text(draw(panels(), lambda panel: series[panel.title]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
