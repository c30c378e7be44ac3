"""The provider: `trainsweep simulate modelarts`, as a process of its own, filled with jobs that have ended."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

from benchmarks.child import Child, program

PROJECT = "0123456789abcdef0123456789abcdef"
ACCESS_KEY, SECRET_KEY = "BENCHMARKACCESSKEY00", "a-secret-key-that-only-the-simulator-knows"

#: Seconds that every answer takes, and from an accepted delete until the job is gone.
LATENCY, DELETING = 0.02, 1.0
_START_LIMIT = 60.0
#: The state in which a job of each kind has ended.
_ENDED = {"v2-job": "Completed", "v1-job": "COMPLETED"}


class Provider(Child):
    """Serves `count` jobs of a kind ("v2-job", "v1-job")."""

    def __init__(self, directory: Path, kind: str, count: int) -> None:
        scenario = directory / "scenario.yaml"  # JSON is YAML
        scenario.write_text(json.dumps(_scenario(kind, count)))
        options = ["--port", "0", "--latency", str(LATENCY), "--scenario", str(scenario)]
        super().__init__([program("trainsweep"), "simulate", "modelarts", *options], directory / "simulator.log")
        self.endpoint = self._address()

    def job_ids(self) -> list[str]:
        things: list[dict[str, Any]] = self._ask("things")
        return [str(thing["id"]) for thing in things if thing["kind"].endswith("-job")]

    def calls(self, begin: float = 0.0, end: float = float("inf")) -> Counter[str]:
        """The calls received between two times (epoch seconds), by operation."""
        entries: list[dict[str, Any]] = self._ask("journal")
        return Counter(entry["operation"] for entry in entries if begin <= entry["time"] < end)

    def _ask(self, what: str) -> Any:
        return httpx.get(f"{self.endpoint}/_sim/{what}", timeout=60).raise_for_status().json()

    def _address(self) -> str:
        deadline = time.monotonic() + _START_LIMIT
        while time.monotonic() < deadline and self.running:
            if found := re.search(r" at (http://\S+) ", self.said()):
                return found[1]
            time.sleep(0.05)
        self.__exit__(None, None, None)
        raise RuntimeError(f"The simulator did not start. It said:\n{self.said()}")


def _scenario(kind: str, count: int) -> dict[str, Any]:
    return {
        "projects": [{"id": PROJECT, "name": "benchmark"}],
        "access_keys": [{"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}],
        "timing": {"deleting": DELETING},
        "generate": [{"kind": kind, "count": count, "name": "job", "state": _ENDED[kind]}],
    }
