"""Operators as processes: started in no time by the nursery, ended in any way."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .clock import Clock


class Nursery:
    """The other end of `nursery.py`. Its answers take milliseconds, so they are waited for."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Nursery]:
        script = Path(__file__).with_name("nursery.py")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TRAINSWEEP_")}
        with subprocess.Popen(
            [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        ) as process:
            yield cls(process)

    def ask(self, **order: Any) -> int | None:
        process = self._process
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        answer: int | None = json.loads(process.stdout.readline())
        return answer


class Operator:
    """One process. It stays a zombie until its end is noticed here, so that a signal never reaches a stranger."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self._nursery = nursery
        self._pid = pid
        self._code: int | None = None

    @classmethod
    def start(
        cls, nursery: Nursery, *, kubeconfig: Path, namespace: str, directory: Path, clock: Clock, elected: bool
    ) -> Operator:
        """Log and audit log are files of the directory; operators append to the same ones."""
        birth = {
            "kubeconfig": str(kubeconfig),
            "namespace": namespace,
            "log": str(directory / "operator.log"),
            "audit": str(directory / "audit.log"),
            "clock": asdict(clock),
            "elected": elected,
        }
        pid = nursery.ask(start=birth)
        assert pid
        return cls(nursery, pid)

    @property
    def code(self) -> int | None:
        """How it ended, None while it lives."""
        if self._code is None:
            self._code = self._nursery.ask(reap=self._pid)
        return self._code

    def signal(self, number: signal.Signals) -> None:
        if self.code is None:
            os.kill(self._pid, number)

    async def ended(self, *, within: float) -> int:
        """How it ended; it has so many seconds for that."""
        async with asyncio.timeout(within):
            while (code := self.code) is None:  # noqa: ASYNC110 (another process decides, so there is no event)
                await asyncio.sleep(0.01)
        return code
