"""An operator as a process that serves probes and metrics, and questions to it."""

from __future__ import annotations

import json
from typing import Any

import httpx

from ..e2e.operators import OperatorProcess
from ..e2e.world import World, until
from .sources import samples


class Served:
    """`process` with the base URL that it told in its log."""

    def __init__(self, process: OperatorProcess, url: str) -> None:
        self.process = process
        self.url = url

    @classmethod
    async def start(cls, world: World, *options: str) -> Served:
        """A free port on loopback; `options` are those of `trainsweep run`."""
        known = len(_urls(world))
        labels = ("--metrics-account-labels", "Account")
        process = await world.start_process("--http-address", "127.0.0.1:0", *labels, *options)
        await until(lambda: len(_urls(world)) > known, "the operator serves health and metrics")
        return cls(process, _urls(world)[-1])

    async def ask(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=10) as client:
            return await client.get(path)

    async def total(self, name: str, **labels: str) -> float:
        """The sum of a metric's series that have these labels."""
        found = samples((await self.ask("/metrics")).text)
        return sum(
            value for (given, had), value in found.items() if given == name and labels.items() <= dict(had).items()
        )

    def lines(self) -> list[dict[str, Any]]:
        """The log. Fails if a line is not JSON."""
        return log_lines(self.process)


def log_lines(process: OperatorProcess) -> list[dict[str, Any]]:
    return [json.loads(line) for line in process.log.read_text().splitlines()]


def _urls(world: World) -> list[str]:
    log = world.directory / "operator.log"
    written = log.read_text().splitlines() if log.exists() else []
    return [entry["url"] for line in written if line.startswith("{") and "url" in (entry := json.loads(line))]
