"""Start a control plane, wait until it serves, disturb it on request, and end it so that nothing is left."""

from __future__ import annotations

import atexit
import json
import shutil
import signal
import ssl
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self
from urllib.parse import quote

import httpx

from trainsweep_devtools.devcluster import arguments
from trainsweep_devtools.devcluster.arguments import Component
from trainsweep_devtools.devcluster.binaries import Binaries
from trainsweep_devtools.devcluster.errors import DevClusterError
from trainsweep_devtools.devcluster.kubeconfig import ADMINISTRATORS, User, kubeconfig, token_file, write_private
from trainsweep_devtools.devcluster.port import reserve_port
from trainsweep_devtools.devcluster.process import Process

#: Seconds. A start takes 2 to 4 of them on two idle cores.
_START_LIMIT = 90.0
_POLL = 0.05
_ADMIN = "admin"


class ControlPlane:
    """A running control plane: have it from `start`; it ends with its `with` block, `stop`, or this process.

    `server` is its URL, `kubeconfig` an administrator's file, `directory` holds data, logs and keys, `audit_log` is the
    path that was asked for, or None. None of this changes when a component is killed and run again.
    """

    def __init__(
        self, binaries: Binaries, *, audit_log: Path | None, users: Mapping[str, User], directory: Path | None
    ) -> None:
        self._removed_at_end = directory is None
        self.directory = (directory or Path(tempfile.mkdtemp(prefix="trainsweep-"))).absolute()
        self.audit_log = audit_log.absolute() if audit_log else None
        self._reservation = reserve_port()
        port = self._reservation.getsockname()[1]
        self.server = f"https://127.0.0.1:{port}"
        self._users = {**users, _ADMIN: User((ADMINISTRATORS,)), arguments.CONTROLLERS_USER: User((ADMINISTRATORS,))}
        self._commands = {
            Component.ETCD: [str(binaries.etcd), *arguments.etcd()],
            Component.API_SERVER: [str(binaries.kube_apiserver), *arguments.api_server(port, self.audit_log)],
        }
        if binaries.kube_controller_manager:
            self._commands[Component.CONTROLLERS] = [str(binaries.kube_controller_manager), *arguments.controllers()]
        self._processes: dict[Component, Process] = {}

    @classmethod
    def start(
        cls,
        binaries: Binaries,
        *,
        controllers: bool = False,
        audit_log: Path | None = None,
        users: Mapping[str, User] = MappingProxyType({}),
        directory: Path | None = None,
    ) -> Self:
        """Start the components and return once they serve; `users` get the rights that RBAC grants them, none at first.

        Without `directory` a temporary one is made, and removed at the end. With it, its data are found again at the
        next start, as is the certificate. Raises DevClusterError, with the log's last lines, when a component fails.
        """
        plane = cls(binaries, audit_log=audit_log, users=users, directory=directory)
        atexit.register(plane.stop)
        try:
            plane._write_configuration()
            plane.run(Component.ETCD)
            plane.run(Component.API_SERVER)
            plane._write_kubeconfigs()
            if controllers:
                plane.run(Component.CONTROLLERS)
        except BaseException:  # Ctrl-C too
            plane.stop()
            raise
        return plane

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def kubeconfig(self) -> Path:
        return self.kubeconfig_for(_ADMIN)

    def kubeconfig_for(self, user: str) -> Path:
        """The kubeconfig of one of the users given at the start. KeyError for anyone else."""
        if user not in self._users:
            raise KeyError(user)
        return self.directory / f"{quote(user, safe=':')}.kubeconfig"

    def run(self, component: Component) -> None:
        """Start a component that does not run, at first or after `kill`; return once it serves."""
        if component not in self._commands:
            raise DevClusterError(f"There is no {component}: find_binaries was not asked for the controllers.")
        self._processes[component] = Process(
            self._commands[component],
            directory=self.directory,
            log=self.directory / f"{component}.log",
            remove=self.directory if self._removed_at_end else None,
        )
        match component:
            case Component.API_SERVER:
                self._wait_for(component, "/readyz")
                # Made by the server itself, shortly after it calls itself ready.
                self._wait_for(component, "/api/v1/namespaces/default")
            case Component.CONTROLLERS:
                # Made by one of the controllers: the sign that they work.
                self._wait_for(component, "/api/v1/namespaces/default/serviceaccounts/default")

    def kill(self, component: Component) -> None:
        """End a component as a crash does. Connections to its port are refused until `run`."""
        self._processes.pop(component).kill()

    def restart(self, component: Component) -> None:
        """A crash, and the start after it."""
        self.kill(component)
        self.run(component)

    def pause(self, component: Component) -> None:
        """Let a component hang: its port accepts connections, and nobody answers, until `resume`."""
        self._processes[component].send(signal.SIGSTOP)

    def resume(self, component: Component) -> None:
        self._processes[component].send(signal.SIGCONT)

    def stop(self) -> None:
        """End everything; on return no process is left, and the port is free. Twice is as good as once."""
        atexit.unregister(self.stop)
        processes = list(self._processes.values())
        self._processes.clear()
        for process in processes:
            process.stop()
        for process in processes:
            process.wait()
        if self._removed_at_end:
            # The supervisors have done so, unless none was running any more.
            shutil.rmtree(self.directory, ignore_errors=True)
        self._reservation.close()

    def _write_configuration(self) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self.directory / arguments.TOKENS, token_file(self._users))
        write_private(self.directory / arguments.AUDIT_POLICY, json.dumps(arguments.AUDIT_POLICY_CONTENT))

    def _write_kubeconfigs(self) -> None:
        authority = (self.directory / arguments.CERTIFICATE).read_bytes()
        for name, user in self._users.items():
            write_private(self.kubeconfig_for(name), kubeconfig(self.server, authority, name, user))

    def _wait_for(self, component: Component, path: str) -> None:
        """Return when the API server answers 200 to a GET of `path`; `component` is to blame when it does not."""
        process = self._processes[component]
        deadline = time.monotonic() + _START_LIMIT
        while not self._answers(path):
            if not process.running:
                raise DevClusterError(
                    f"{component} ended while it started. The end of its log:\n{process.last_words()}"
                )
            if time.monotonic() > deadline:
                raise DevClusterError(
                    f"{component} was not ready after {_START_LIMIT:.0f} s. The end of its log:\n{process.last_words()}"
                )
            time.sleep(_POLL)

    def _answers(self, path: str) -> bool:
        try:
            trust = ssl.create_default_context(cafile=self.directory / arguments.CERTIFICATE)
            headers = {"Authorization": f"Bearer {self._users[_ADMIN].token}"}
            # No proxy of the environment stands between us and 127.0.0.1.
            with httpx.Client(verify=trust, headers=headers, timeout=5, trust_env=False) as client:
                return client.get(self.server + path).status_code == 200
        except (OSError, httpx.TransportError):  # no certificate yet (ssl.SSLError is an OSError), nobody there yet
            return False
