"""A real Prometheus that scrapes one operator every second and evaluates the chart's alerts."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from ..e2e.world import until

CHART = Path(__file__).parents[2] / "charts/trainsweep/files"
RULES, DASHBOARD = CHART / "rules.yaml", CHART / "dashboard.json"
#: What Grafana puts in for the dashboard's variables: every installation, every account, some thirty scrapes.
VARIABLES = {"$__rate_interval": "30s", "$job": ".*", "$account": ".*"}
_LISTENING = re.compile(r'msg="Listening on" address=(\S+)')


@dataclass(frozen=True)
class Panel:
    """`queries` by their legend, as Prometheus takes them; `place` in the grid's units: x, y, width, height."""

    title: str
    kind: str
    unit: str
    place: tuple[int, int, int, int]
    queries: tuple[tuple[str, str], ...]


def panels() -> list[Panel]:
    return [_panel(panel) for panel in json.loads(DASHBOARD.read_text())["panels"]]


def _panel(panel: dict[str, Any]) -> Panel:
    grid = panel["gridPos"]
    queries = tuple((target["legendFormat"], _filled(target["expr"])) for target in panel["targets"])
    unit = panel["fieldConfig"]["defaults"]["unit"]
    return Panel(panel["title"], panel["type"], unit, (grid["x"], grid["y"], grid["w"], grid["h"]), queries)


def _filled(query: str) -> str:
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    return query


class Prometheus:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def query(self, query: str) -> list[dict[str, Any]]:
        """The series of an instant query."""
        return (await self._ask("query", query=query))["result"]

    async def range(self, query: str, begin: float, end: float, step: float) -> list[dict[str, Any]]:
        """The series of a query over a time, in epoch seconds."""
        return (await self._ask("query_range", query=query, start=begin, end=end, step=step))["result"]

    async def rules(self) -> dict[str, dict[str, Any]]:
        """The alerts by name, with their health and state."""
        groups = (await self._ask("rules"))["groups"]
        return {rule["name"]: rule for group in groups for rule in group["rules"]}

    async def _ask(self, what: str, **parameters: Any) -> Any:
        answer = (await self._client.get(f"/api/v1/{what}", params=parameters)).json()
        assert answer["status"] == "success", f"{parameters}: {answer}"
        return answer["data"]


@asynccontextmanager
async def scraping(program: str, target: str, directory: Path) -> AsyncIterator[Prometheus]:
    """Prometheus, ready and with `target` (HOST:PORT) scraped, as job "trainsweep" in the namespace "ops"."""
    configuration = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [
            {"job_name": "trainsweep", "static_configs": [{"targets": [target], "labels": {"namespace": "ops"}}]}
        ],
    }
    config, log = directory / "prometheus.yaml", directory / "prometheus.log"
    config.write_text(yaml.safe_dump(configuration))
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(program, f"--config.file={config}", f"--storage.tsdb.path={directory / 'prometheus'}"),
            "--web.listen-address=127.0.0.1:0",
            stdout=output,
            stderr=output,
        )
    try:
        address = await until(lambda: _LISTENING.search(log.read_text()), "Prometheus listens")
        async with httpx.AsyncClient(base_url=f"http://{address[1]}", trust_env=False, timeout=30) as client:
            prometheus = Prometheus(client)

            async def scraped() -> bool:
                return (await client.get("/-/ready")).is_success and bool(await prometheus.query("up == 1"))

            await until(scraped, "Prometheus scrapes the operator")
            yield prometheus
    finally:
        process.terminate()
        await process.wait()
