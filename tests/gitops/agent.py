"""Argo CD's sync engine as a process, on a repository and one API server. It synchronises when the test says so."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from .repository import Repository

#: What the agent writes when a synchronisation is over: its table of results, or why there is none.
_OUTCOME = re.compile(r"^RESOURCE +RESULT$|Failed to (?:synchronize cluster|parse target) state", re.MULTILINE)
#: Seconds for a synchronisation. The first one takes some ten: the engine's client asks five times a second at most.
_PATIENCE = 120.0


class Agent:
    def __init__(self, process: subprocess.Popen[bytes], log: Path, url: str) -> None:
        self._process = process
        self._log = log
        self._url = url

    @classmethod
    @contextmanager
    def started(cls, program: Path, repository: Repository, *, kubeconfig: Path, directory: Path) -> Iterator[Agent]:
        """An agent that has synchronised once. Pruning is on."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        log = directory / "agent.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    *(program, repository.path, f"--kubeconfig={kubeconfig}", f"--port={port}"),
                    # Only on request: one in the middle of a test's step would blur what follows from what.
                    *("--resync-seconds=86400", "--default-namespace=default"),
                ],
                stdout=output,
                stderr=output,
                env=os.environ | {"HOME": str(directory)},
            )
        try:
            agent = cls(process, log, f"http://127.0.0.1:{port}/api/v1/sync")
            agent._wait(1)
            yield agent
        finally:
            process.kill()
            process.wait()

    def sync(self) -> list[str]:
        """Synchronise with the latest commit; the answer is the engine's table, a line of resource and result each."""
        before = self._log.read_text()
        # The request is answered when the synchronisation begins.
        httpx.get(self._url, timeout=_PATIENCE, trust_env=False).raise_for_status()
        self._wait(len(_OUTCOME.findall(before)) + 1)
        told = self._log.read_text()[len(before) :]
        assert "Failed to" not in told, told
        assert "Apply failed" not in told, told
        return told[told.index("RESOURCE ") :].splitlines()[1:]

    def _wait(self, count: int) -> None:
        end = time.monotonic() + _PATIENCE
        while True:
            told = self._log.read_text()
            # The table is written at once, and ends with a line feed.
            if len(_OUTCOME.findall(told)) >= count and told.endswith("\n"):
                return
            assert self._process.poll() is None, told
            assert time.monotonic() < end, f"the engine has not synchronised {count} times: {told}"
            time.sleep(0.05)
