"""Play a scenario and judge it: the verdict is a list of complaints, with everything that helps to understand them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .operators import Nursery
from .oracle import Scene, forbidden, unfinished
from .runner import Run
from .scenario import Scenario
from .steps import Abandon
from .things import states
from .upstream import Upstream

#: Seconds of the world after the last trouble, or after the finale, in which all must be well. The operator's longest
#: pauses (circuit, backoff) are five minutes, and what a watch lost without a trace the sweep finds after ten.
SETTLED = 1000.0
#: Seconds of the world for which all must then stay well, without another write.
STAYS = 15.0
_KINDS = ("TrainingJob", "TrainingJobVersion", "TrainingJobConfig", "FineTuningTask", "FineTuningJob")
_TAIL = 40


async def judge(scenario: Scenario, upstream: Upstream, nursery: Nursery, directory: Path) -> str:
    """ "" when all is right, else the report."""
    run = Run(scenario, upstream, nursery, directory)
    async with run.world():
        await run.play()
        complaints = await _settle(run)
        if scenario.finale and not complaints:
            await run.finish()
            complaints = await _settle(run)
        complaints += await _betrayed(run)
        objects = (await _scene(run)).objects if complaints else {}
    complaints += run.complaints + _defects(run)
    return _report(run, complaints, objects) if complaints else ""


async def _settle(run: Run) -> list[str]:
    """Wait until the oracle has nothing to say, and goes on having nothing to say."""
    deadline = run.clock.elapsed + SETTLED
    while True:
        scene = await _scene(run)
        if never := forbidden(scene):
            return never
        complaints = unfinished(scene)
        if not complaints:
            writes = _writes(run)
            await run.clock.reach(run.clock.elapsed + STAYS)
            scene = await _scene(run)
            complaints = forbidden(scene) + unfinished(scene)
            if not complaints and _writes(run) == writes:
                return []
            complaints.append(f"{_writes(run) - writes} writes at rest")
        if run.clock.elapsed > deadline:
            return complaints
        await asyncio.sleep(0.5)


async def _scene(run: Run) -> Scene:
    kinds = (*{life.kind: None for life in run.lives}, "ProviderConfig", "Secret")
    objects = {}
    for kind in kinds:
        for body in await run.user.list(kind):
            objects[body["metadata"]["uid"]] = {"kind": kind, **body}
    audit = [json.loads(line) for line in _lines(run.directory / "audit.log")]
    return Scene(
        lives=run.lives,
        deeds=run.deeds,
        states={id: state for provider in run.providers.values() for id, state in states(provider).items()},
        objects=objects,
        audit=audit,
        starts=run.fleet.starts,
        # A Secret that goes before its credentials have worked once is as good as one that is refused.
        refused=run.scenario.refused or any(isinstance(step.action, Abandon) for step in run.scenario.steps),
    )


def _writes(run: Run) -> int:
    return run.proxy.writes + len(run.deeds)


async def _betrayed(run: Run) -> list[str]:
    """Secrets that got out."""
    written = {path.name: path.read_text() for path in run.directory.glob("*.log")}
    for kind in (*_KINDS, "ProviderConfig", "Event"):
        written[kind] = json.dumps(await run.user.list(kind))
    return [
        f"a secret stands in {where}" for where, text in written.items() for secret in run.secrets if secret in text
    ]


def _defects(run: Run) -> list[str]:
    """What the operator itself calls an error."""
    lines = _lines(run.directory / "operator.log")
    ours = [line for line in lines if '"level": "error"' in line and '"logger": "trainsweep' in line]
    if run.scenario.elected:
        ours = [line for line in ours if "the Lease is lost" not in line]
    return [f"the operator logged an error: {line}" for line in ours] + [
        f"the operator wrote outside of its log: {line}" for line in lines if not line.startswith("{")
    ]


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _short(body: dict[str, Any]) -> str:
    metadata = {name: value for name, value in body["metadata"].items() if name != "managedFields"}
    return json.dumps({"kind": body["kind"], "metadata": metadata, "status": body.get("status")})


def _report(run: Run, complaints: list[str], objects: Mapping[str, dict[str, Any]]) -> str:
    parts = {
        "complaints": complaints,
        "the scenario": [str(run.scenario)],
        "what the API server has": [_short(body) for body in objects.values() if body["kind"] != "Secret"],
        "what the providers were asked": [str(deed) for deed in run.deeds],
        "the last requests to the API server": list(run.proxy.journal)[-_TAIL:],
        "the end of the audit log": _lines(run.directory / "audit.log")[-_TAIL:],
        "the end of the log": _lines(run.directory / "operator.log")[-_TAIL:],
    }
    return "\n".join(f"== {title}\n" + "\n".join(lines) for title, lines in parts.items())
