"""The kubelet's part, with bubblewrap: an image's command as its user and as process 1, without any capability, and
with a root file system that nobody can write to. The network is this machine's."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from .buildah import Image

#: Where a pod finds its ServiceAccount's token and the API server's certificate.
_ACCOUNT = "/run/secrets/kubernetes.io/serviceaccount"
#: Its directories, made one by one: those that bubblewrap makes unasked are its own user's alone.
_PLACE = ("--tmpfs", "/run", "--dir", "/run/secrets", "--dir", "/run/secrets/kubernetes.io")
_BECOME = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")


def run(image: Image, *command: str) -> subprocess.CompletedProcess[str]:
    """Another command than the image's own, until its end."""
    return subprocess.run(_confined(image, command), capture_output=True, text=True, timeout=120, check=False)


class Container:
    """The image's own command, at work."""

    def __init__(self, process: asyncio.subprocess.Process, pid: int, log: Path) -> None:
        self._process = process
        self._pid = pid
        self.log = log

    @classmethod
    async def start(
        cls, image: Image, arguments: Sequence[str], *, env: Mapping[str, str], account: Path, log: Path
    ) -> Self:
        """`arguments` stand in for the image's `Cmd`, as a pod's `args` do; `account` holds what `_ACCOUNT` shows."""
        command = _confined(image, (*image.config["Entrypoint"], *arguments), env=env, account=account)
        told, tell = os.pipe()
        with log.open("ab") as output, os.fdopen(told) as news:
            process = await asyncio.create_subprocess_exec(
                command[0], "--info-fd", str(tell), *command[1:], stdout=output, stderr=output, pass_fds=(tell,)
            )
            os.close(tell)
            pid = json.loads(await asyncio.to_thread(news.read))["child-pid"]
        return cls(process, pid, log)

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    async def stop(self) -> int:
        """SIGTERM; the answer is the exit code."""
        if self.running:
            os.kill(self._pid, signal.SIGTERM)
        return await asyncio.wait_for(self._process.wait(), 60)


def _confined(
    image: Image, command: Sequence[str], *, env: Mapping[str, str] | None = None, account: Path | None = None
) -> list[str]:
    user, group = image.config["User"].split(":")
    own = dict(line.split("=", 1) for line in image.config["Env"])
    environment = own | {"HOME": "/"} | dict(env or {})  # a user without an entry in /etc/passwd is at home in /
    mounted = (*_PLACE, "--ro-bind", str(account), _ACCOUNT, "--remount-ro", "/run") if account else ()
    return [
        *("bwrap", "--ro-bind", str(image.files), "/", "--proc", "/proc", "--dev", "/dev", *mounted),
        *("--unshare-pid", "--unshare-ipc", "--as-pid-1", "--die-with-parent", "--new-session"),
        *("--cap-drop", "ALL", *(word for needed in _BECOME for word in ("--cap-add", needed))),
        *("--clearenv", *(word for entry in environment.items() for word in ("--setenv", *entry))),
        *("setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs"),
        *("--inh-caps=-all", "--bounding-set=-all", *command),
    ]
