"""Argo CD's sync engine as a process, on a repository and one API server. It synchronises when the test says so."""

from __future__ import annotations

import asyncio
import os
import re
import socket
from pathlib import Path

import httpx

from ..e2e.world import until
from .repository import Repository

#: What the agent writes when a synchronisation is over: its table of results, or why there is none.
_OUTCOME = re.compile(r"^RESOURCE +RESULT$|Failed to (?:synchronize cluster|parse target) state", re.MULTILINE)


class Agent:
    def __init__(self, process: asyncio.subprocess.Process, log: Path, url: str) -> None:
        self._process = process
        self._log = log
        self._url = url

    @classmethod
    async def start(
        cls, program: Path, repository: Repository, *, kubeconfig: Path, namespace: str, directory: Path
    ) -> Agent:
        """The first synchronisation is over when this returns. Pruning is on."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        log = directory / "agent.log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *(str(program), str(repository.path), "--kubeconfig", str(kubeconfig), "--port", str(port)),
                # Only on request: a synchronisation in the middle of a test's step would blur what follows from what.
                *("--resync-seconds", "86400", "--default-namespace", namespace),
                stdout=output,
                stderr=output,
                env=os.environ | {"HOME": str(directory)},
            )
        agent = cls(process, log, f"http://127.0.0.1:{port}/api/v1/sync")
        try:
            await agent._over(1)
        except BaseException:
            await agent.stop()
            raise
        return agent

    async def sync(self) -> str:
        """Synchronise with the latest commit; the answer is the engine's table: a line of resource and result each."""
        before = len(_OUTCOME.findall(self._log.read_text()))
        start = self._log.stat().st_size
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            (await http.get(self._url)).raise_for_status()
        await self._over(before + 1)
        told = self._log.read_bytes()[start:].decode()
        assert "Failed to" not in told, told
        return told[told.index("RESOURCE ") :]

    async def stop(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def _over(self, count: int) -> None:
        def over() -> bool:
            told = self._log.read_text()
            assert self._process.returncode is None, told
            # The table ends with a line feed; a half written one is not over.
            return len(_OUTCOME.findall(told)) >= count and told.endswith("\n")

        await until(over, f"the engine has synchronised {count} times", 120, shown=self._log)
