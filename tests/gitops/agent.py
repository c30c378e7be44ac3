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

#: What the agent writes about a synchronisation: its tasks, each as {}, then a table with a line for each.
_TASKS = re.compile(r'"Tasks \(dry-run\)" "tasks"=\[([{},]*)\]')
_TABLE = re.compile(r"^RESOURCE +RESULT\n(.*)", re.MULTILINE | re.DOTALL)
#: What it writes when one does not work.
_FAILURES = ("Failed to synchronize", "Failed to parse", "Apply failed", "Fatal error")
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
            agent._outcome(after=0)
            yield agent
        finally:
            process.kill()
            process.wait()

    def sync(self) -> list[str]:
        """Synchronise with the latest commit; the answer is the engine's table, a line of resource and result each."""
        before = self._log.stat().st_size
        # The request is answered when the synchronisation begins.
        httpx.get(self._url, timeout=_PATIENCE, trust_env=False).raise_for_status()
        return self._outcome(after=before)

    def _outcome(self, *, after: int) -> list[str]:
        """The next table that is told whole, `after` so many bytes of the log."""
        end = time.monotonic() + _PATIENCE
        while True:
            running = self._process.poll() is None
            told = self._log.read_bytes()[after:].decode()
            assert not any(failure in told for failure in _FAILURES), told
            tasks, table = _TASKS.search(told), _TABLE.search(told)
            if tasks and table and table[1].count("\n") >= tasks[1].count("{}"):
                return table[1].splitlines()
            assert running, told
            assert time.monotonic() < end, f"the engine does not come to an end: {told}"
            time.sleep(0.05)
