"""The operator at work: inside the test's event loop, or as a process that can be killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from trainsweep.app import operate
from trainsweep.controller.manager import Manager
from trainsweep.settings import Settings


class Operator:
    """An operator in this process, whose clock is wrong by `ahead`. Keywords are those of `Settings`."""

    def __init__(self, ahead: timedelta = timedelta(), **settings: Any) -> None:
        self._engine: Manager | None = None
        self._ready = asyncio.Event()
        self._task = asyncio.create_task(
            operate(Settings(**settings, drain_seconds=5.0), self._started, lambda: datetime.now(UTC) + ahead)
        )

    def _started(self, engine: Manager) -> None:
        self._engine = engine
        self._ready.set()

    async def stop(self) -> None:
        """A clean end: calls under way are let to finish. Raises what the operator died of."""
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait({ready, self._task}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if self._engine:
            self._engine.stop()
        await asyncio.wait_for(self._task, 30)


class OperatorProcess:
    """An operator as users run it: `trainsweep run`, a process of its own. Its log and audit log are files."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, audit: Path) -> None:
        self._process = process
        self.log = log
        self.audit = audit

    @classmethod
    async def start(cls, kubeconfig: Path, namespace: str, directory: Path, *options: str) -> OperatorProcess:
        """The files are appended to, so that a second start in the same directory adds to the first."""
        log, audit = directory / "operator.log", directory / "audit.log"
        arguments = ("run", "--kubeconfig", str(kubeconfig), "--namespace", namespace, "--audit-log", str(audit))
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", "from trainsweep.cli import main; main()"),
                *(*arguments, "--allow-http-endpoints", *options),
                stdout=output,
                stderr=output,
                env={name: value for name, value in os.environ.items() if not name.startswith("TRAINSWEEP_")},
            )
        return cls(process, log, audit)

    async def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing is said."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    def send(self, blow: signal.Signals) -> None:
        self._process.send_signal(blow)

    async def ended(self) -> int:
        """Wait for the end; the answer is the exit code."""
        return await asyncio.wait_for(self._process.wait(), 30)

    async def stop(self) -> int:
        """SIGTERM; the answer is the exit code."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        return await self._process.wait()
