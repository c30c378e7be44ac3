"""The whole engine on virtual time, all its parts as they are; only API server and provider are in memory."""

import asyncio
import base64
import contextvars
import copy
import logging
import weakref
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from trainsweep.api.provider_config import AccountSpec
from trainsweep.controller.manager import Manager, ManagerSettings
from trainsweep.core.errors import ConfigurationError
from trainsweep.kube import paths
from trainsweep.providers.credentials import Credentials
from trainsweep.providers.pacing import Pace, PacedTransport
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
        #: Seconds by which the operator's clock is ahead of the world's.
        self.ahead = 0.0
        #: No line can be written to the audit log.
        self.audit_full = False
        #: Called with a resource right before a person deletes it.
        self.before_delete: Callable[[dict[str, Any]], None] = lambda body: None
        #: The credentials of the client that is being opened.
        self.credentials: Credentials | None = None
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

    def open_with(
        self, spec: AccountSpec, credentials: Credentials, pace: Pace, killed: Callable[[], bool]
    ) -> MemoryProvider:
        self.credentials = credentials
        return self.open_provider(spec, pace, killed)

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

    def stand_by(self, watch_delay: float) -> None:
        """Start another operator that waits for the Lease; its watch is late."""
        if self._life:
            self._life.stand_by(watch_delay)

    def take_over(self) -> None:
        """The leader is killed; the one that stands by, if there is one, leads."""
        if self._life:
            self._life.take_over()

    @property
    def alive(self) -> bool:
        return self._life is not None

    def told(self) -> datetime:
        """What the operator's clock says."""
        return self.clock.now() + timedelta(seconds=self.ahead)

    def hurry(self) -> None:
        """Events that are late arrive now."""
        if self._life:
            self._life.hurry()

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
    """Stands for the Lease: this operator has it, for as long as the world says; one that stands by waits for it."""

    def __init__(self, world: World, free: bool = True) -> None:
        self._world = world
        self.free = asyncio.Event()
        if free:
            self.free.set()

    @property
    def held(self) -> bool:
        return self._world.lease_holds and self.free.is_set()

    async def acquire(self) -> None:
        await self.free.wait()

    async def keep(self) -> None:
        await asyncio.Event().wait()

    async def release(self) -> None:
        pass


#: To which process a task belongs: it goes down with it.
_owner: contextvars.ContextVar["_Process | None"] = contextvars.ContextVar("owner", default=None)


class _Process:
    """One process of the operator."""

    def __init__(self, world: World, *, leads: bool, watch_delay: float | None = None) -> None:
        self.client = MemoryClient(world.api)
        self.client.watch_delay = watch_delay
        self.tasks: weakref.WeakSet[asyncio.Task[Any]] = weakref.WeakSet()
        _owner.set(self)
        self.lease = _Lease(world, free=leads)
        self.manager = Manager(
            self.client,  # type: ignore[arg-type]
            None,  # type: ignore[arg-type]
            ManagerSettings(),
            lease=self.lease,  # type: ignore[arg-type]
            now=world.told,
            informer=lambda _, sink, **__: _Watch(self.client, sink),
            open_provider=lambda spec, credentials, *, transport, **__: world.open_with(
                spec, credentials, _Telling(transport, world.clock), lambda: self.client.killed
            ),
        )
        self.run = asyncio.get_running_loop().create_task(self.manager.run())

    def kill(self) -> list[asyncio.Task[Any]]:
        self.client.killed = True
        tasks = [task for task in self.tasks if not task.done()]
        for task in tasks:
            task.cancel()
        return tasks


class _Telling:
    """The pace of a transport whose answers carry the world's time."""

    def __init__(self, transport: PacedTransport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock

    async def turn(self) -> None:
        await self._transport.pace.turn()

    def check(self) -> None:
        self._transport.pace.check()
        self._transport.clock.hear(format_datetime(self._clock.now(), usegmt=True))


class _Life:
    """The operators at work: one that leads, and at times one that stands by."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._loop = VirtualLoop(world.clock)
        self._loop.set_task_factory(_owned)
        self._log = _Defects(world.defects)
        logging.getLogger("trainsweep").addHandler(self._log)
        self._audit = _Audit(world)
        self.leader = self._loop.run_until_complete(self._begin(leads=True))
        self._next: _Process | None = None

    async def _begin(self, *, leads: bool, watch_delay: float | None = None) -> _Process:
        return _Process(self._world, leads=leads, watch_delay=watch_delay)

    def stand_by(self, watch_delay: float) -> None:
        if self._next is None:
            self._next = self._loop.run_until_complete(self._begin(leads=False, watch_delay=watch_delay))

    def take_over(self) -> None:
        if self._next:
            self._end(self.leader.kill())
            self.leader, self._next = self._next, None
            self._loop.call_soon(self.leader.lease.free.set)

    def hurry(self) -> None:
        self.leader.client.watch_delay = None
        self.leader.client.hurry()

    def run(self, seconds: float) -> None:
        self._loop.run_until_complete(asyncio.sleep(seconds))
        if self.leader.run.done():
            self.leader.run.result()

    def kill(self) -> None:
        for process in (self.leader, self._next):
            if process:
                process.client.killed = True
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._end(list(tasks))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()
        logging.getLogger("trainsweep").removeHandler(self._log)
        self._audit.close()

    def _end(self, tasks: list[asyncio.Task[Any]]) -> None:
        if tasks:
            self._loop.run_until_complete(_gathered(tasks))


async def _gathered(tasks: list[asyncio.Task[Any]]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)


def _owned(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **more: Any) -> asyncio.Task[Any]:
    """A task that goes down with its process."""
    task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, **more)
    owner = _owner.get()
    if owner is not None:
        owner.tasks.add(task)
    return task


class _Audit(logging.Handler):
    """The audit log on a device that may be full. `_Strict` of the product raises so, too."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self._before = audit.log.level, audit.log.propagate
        audit.log.setLevel(logging.INFO)
        audit.log.propagate = False
        audit.log.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        if self._world.audit_full:
            raise OSError(28, "No space left on device")

    def close(self) -> None:
        audit.log.removeHandler(self)
        audit.log.level, audit.log.propagate = self._before
        super().close()


class _Defects(logging.Handler):
    """Whatever the operator itself calls an error is a defect."""

    def __init__(self, defects: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._defects = defects

    def emit(self, record: logging.LogRecord) -> None:
        self._defects.append(logging.Formatter().format(record))
