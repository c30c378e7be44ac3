"""The whole engine on virtual time, all its parts as they are; only API server and provider are in memory."""

import asyncio
import base64
import copy
import logging
from collections.abc import Callable
from typing import Any

from trainsweep.api.provider_config import AccountSpec
from trainsweep.controller.manager import Manager, ManagerSettings
from trainsweep.core.errors import ConfigurationError
from trainsweep.kube import paths
from trainsweep.providers.pacing import Pace
from trainsweep.telemetry import audit

from .memory_api import MemoryApi, MemoryClient
from .memory_provider import MemoryProvider, Remotes
from .virtual_time import Clock, VirtualLoop

NAMESPACE = "team-a"
TASK = "FineTuningTask"
CONFIGS = {
    "qianfan": {"provider": "Qianfan", "qianfan": {}},
    "modelarts": {"provider": "ModelArts", "modelArts": {"region": "cn-north-4", "projectID": "0" * 32}},
}
ELSEWHERE = "1" * 32
#: Projects by name.
PROJECTS = {"main": "0" * 32, "other": ELSEWHERE}
FAST = {"readsPerSecond": 1000, "writesPerSecond": 1000}


class _Watch:
    """Stands for kopf: hands events on, on the engine's own loop."""

    state = None

    def __init__(self, client: MemoryClient, sink) -> None:
        self._client, self._sink = client, sink

    def start(self) -> None:
        self._client.watch(self._sink)

    def serve(self, namespaces: tuple[str, ...]) -> None:
        pass

    def stop(self, timeout: float = 0.0) -> None:
        pass


class World:
    """A cluster with one namespace and two accounts, and the provider's side of both. Operators come and go in it.

    `lease_holds` False: the operator at work cannot tell whether it leads.
    """

    def __init__(self, **config: object) -> None:
        self.clock = Clock()
        self.api = MemoryApi(self.clock)
        self.remotes = Remotes(self.clock)
        #: Another project at ModelArts; its number is all ones.
        self.elsewhere = Remotes(self.clock)
        #: The specs for which a client was opened, in that order.
        self.opened: list[AccountSpec] = []
        self.defects: list[str] = []
        #: Whether the operator's settings forbid every endpoint.
        self.barred = False
        self.lease_holds = True
        #: Called with a resource right before a person deletes it.
        self.before_delete: Callable[[dict[str, Any]], None] = lambda body: None
        #: No line can be written to the audit log.
        self.audit_full = False
        self.api.objects[paths.namespace(NAMESPACE)] = {"metadata": {"name": NAMESPACE, "resourceVersion": "1"}}
        for kind in ("TrainingJob", "TrainingJobVersion", "TrainingJobConfig", "FineTuningTask", "FineTuningJob"):
            self.api.objects[paths.definition(kind)] = {"metadata": {"resourceVersion": "1"}}
        self.set_secret("first")
        for name, spec in CONFIGS.items():
            credentials = {"credentials": {"secretRef": {"name": "keys"}}}
            self.api.create("ProviderConfig", NAMESPACE, name, {**spec, **credentials, "rateLimit": FAST, **config})
        self._life: _Life | None = None
        self.start()

    def open_provider(self, spec: AccountSpec, pace: Pace, killed: Callable[[], bool]) -> MemoryProvider:
        if self.barred:
            raise ConfigurationError("EndpointNotAllowed", "The endpoint is barred.")
        self.opened.append(spec)
        place = spec.model_arts.project_id or PROJECTS[spec.model_arts.project_name or ""] if spec.model_arts else ""
        other = place == ELSEWHERE
        return MemoryProvider(self.elsewhere if other else self.remotes, pace, killed, place)

    def set_secret(self, key: str, name: str = "keys") -> None:
        """Write a Secret, as `kubectl apply` does: what others put into its metadata stays."""
        encoded = {name: base64.b64encode(key.encode()).decode() for name in ("accessKey", "secretKey")}
        path = paths.secret(NAMESPACE, name)
        before = self.api.objects.get(path, {"metadata": {"name": name, "namespace": NAMESPACE}})
        self.api.put(path, copy.deepcopy(before) | {"data": encoded})

    def start(self) -> None:
        self._life = _Life(self)

    def kill(self) -> None:
        """As SIGKILL: what was under way has no effect from now on, and memory is lost."""
        if self._life:
            self._life.kill()
            self._life = None

    def run(self, seconds: float) -> None:
        if self._life:
            self._life.run(seconds)
        else:
            self.clock.seconds += seconds

    def run_until(self, reached: Callable[[], object], seconds: float = 600, step: float = 0.005) -> None:
        """In small steps, so that what follows finds the operator in the middle of things."""
        end = self.clock.seconds + seconds
        while not reached():
            assert self.clock.seconds < end, "it does not come to that"
            self.run(step)

    def declare(self, name: str, kind: str = TASK, **spec: object) -> None:
        account = "qianfan" if kind.startswith("Fine") else "modelarts"
        metadata = {"annotations": spec.pop("annotations")} if "annotations" in spec else {}
        self.api.create(kind, NAMESPACE, name, {"providerConfigRef": {"name": account}, **spec}, **metadata)

    def condition(self, kind: str, name: str, of: str = "Ready") -> dict[str, str]:
        body = self.api.get(kind, NAMESPACE, name) or {}
        entries = body.get("status", {}).get("conditions", ())
        return next((entry for entry in entries if entry["type"] == of), {})

    def ready(self, name: str, kind: str = TASK) -> tuple[str | None, str | None]:
        found = self.condition(kind, name)
        return found.get("status"), found.get("reason")

    def status(self, name: str, kind: str = TASK) -> dict[str, Any]:
        return self.api.get(kind, NAMESPACE, name)["status"]

    @property
    def calls(self) -> list[tuple[str, str]]:
        """Stops and deletes that arrived, with the id."""
        return [(one.verb, one.target.id) for one in self.remotes.journal if one.verb in ("stop", "delete")]


class _Lease:
    """Stands for the Lease: this operator has it, for as long as the world says."""

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def held(self) -> bool:
        return self._world.lease_holds

    async def acquire(self) -> None:
        pass

    async def keep(self) -> None:
        await asyncio.Event().wait()

    async def release(self) -> None:
        pass


class _Life:
    """One process of the operator."""

    def __init__(self, world: World) -> None:
        self._loop = VirtualLoop(world.clock)
        self._client = MemoryClient(world.api)
        self._log = _Defects(world.defects)
        self._disk = _Disk(world)
        logging.getLogger("trainsweep").addHandler(self._log)
        audit.log.addHandler(self._disk)
        audit.log.setLevel(logging.INFO)
        self._loop.run_until_complete(self._begin(world))

    async def _begin(self, world: World) -> None:
        engine = Manager(
            self._client,  # type: ignore[arg-type]
            None,  # type: ignore[arg-type]
            ManagerSettings(),
            lease=_Lease(world),  # type: ignore[arg-type]
            now=world.clock.now,
            informer=lambda _, sink, **__: _Watch(self._client, sink),
            open_provider=lambda spec, *_, transport, **__: world.open_provider(
                spec, transport.pace, lambda: self._client.killed
            ),
        )
        self._run = asyncio.get_running_loop().create_task(engine.run())

    def run(self, seconds: float) -> None:
        self._loop.run_until_complete(asyncio.sleep(seconds))
        if self._run.done():
            self._run.result()

    def kill(self) -> None:
        self._client.killed = True
        for task in (tasks := asyncio.all_tasks(self._loop)):
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()
        logging.getLogger("trainsweep").removeHandler(self._log)
        audit.log.removeHandler(self._disk)


class _Disk(logging.Handler):
    """The device of the audit log."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def emit(self, record: logging.LogRecord) -> None:
        if self._world.audit_full:
            raise OSError(28, "No space left on device")


class _Defects(logging.Handler):
    """Whatever the operator itself calls an error is a defect."""

    def __init__(self, defects: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._defects = defects

    def emit(self, record: logging.LogRecord) -> None:
        self._defects.append(logging.Formatter().format(record))
