"""The kubelet's part: run a container's command with its environment, as a process, with its ServiceAccount's token."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import httpx

from trainsweep_devtools.devcluster import ControlPlane

from .helm import NAMESPACE


class Pod:
    """A process that was started out of a pod's template. `url` is where its port "http" is, if it has one."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, url: str) -> None:
        self._process = process
        self.log = log
        self.url = url

    async def answers(self, path: str) -> bool:
        """Whether a probe of that path succeeds."""
        assert self._process.returncode is None, self.log.read_text()
        try:
            async with httpx.AsyncClient(trust_env=False) as http:
                return (await http.get(self.url + path)).is_success
        except httpx.TransportError:
            return False

    async def ended(self) -> int:
        """The exit code."""
        return await asyncio.wait_for(self._process.wait(), 60)

    async def stop(self) -> int:
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        return await self.ended()


class Pods:
    def __init__(self, plane: ControlPlane, directory: Path) -> None:
        self._plane = plane
        self._directory = directory
        self._running: list[Pod] = []

    async def run(self, template: dict[str, Any]) -> Pod:
        """Run the one container of a pod's template. The port that it listens on is a free one of this machine."""
        spec = template["spec"]
        (container,) = spec["containers"]
        login = await self._login(spec["serviceAccountName"])
        options, url = ["--kubeconfig", str(login)], ""
        if container.get("ports"):
            address = _free_address()
            options += ["--http-address", address, "--metrics-address", _free_address()]
            url = f"http://{address}"
        log = self._directory / f"{container['name']}-{len(self._running)}.log"
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", "from trainsweep.cli import main; main()", *container["args"], *options),
                stdout=output,
                stderr=output,
                env={"PATH": os.environ["PATH"]}
                | {entry["name"]: entry["value"] for entry in container.get("env", ())},
            )
        self._running.append(Pod(process, log, url))
        return self._running[-1]

    async def stop(self) -> None:
        for pod in self._running:
            await pod.stop()

    async def _login(self, account: str) -> Path:
        """A kubeconfig with a token that the API server issued to the ServiceAccount."""
        issued = await asyncio.create_subprocess_exec(
            *("kubectl", "--kubeconfig", str(self._plane.kubeconfig), "create", "token", account, "-n", NAMESPACE),
            stdout=asyncio.subprocess.PIPE,
        )
        token, _ = await issued.communicate()
        assert issued.returncode == 0
        login = json.loads(self._plane.kubeconfig.read_text())
        login["users"][0]["user"] = {"token": token.decode().strip()}
        path = self._directory / f"{account}.kubeconfig"
        path.touch(mode=0o600)
        path.write_text(json.dumps(login))
        return path


def _free_address() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"
