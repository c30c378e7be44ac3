"""What the demo plays on: both simulators, the operator and a namespace with accounts, in this process; all of it is
gone when the stage is left.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from trainsweep.api import crd
from trainsweep.api.kinds import KINDS
from trainsweep.api.names import API_VERSION
from trainsweep.cli.cluster import connected
from trainsweep.core.errors import TrainsweepError
from trainsweep.core.resource import Key
from trainsweep.kube import paths
from trainsweep.kube.client import KubeClient, KubeError
from trainsweep.settings import Settings
from trainsweep.telemetry import audit
from trainsweep.telemetry.logs import PrettyFormatter
from trainsweep_devtools.cli.examples import MODELARTS, QIANFAN, accounts
from trainsweep_devtools.simulators.loading import load_scenario
from trainsweep_devtools.simulators.modelarts import ModelArtsScenario, ModelArtsSimulator
from trainsweep_devtools.simulators.qianfan import QianfanScenario, QianfanSimulator
from trainsweep_devtools.simulators.server import serve
from trainsweep_devtools.simulators.simulator import Simulator

if TYPE_CHECKING:
    from trainsweep.controller.manager import Manager

NAMESPACE = "trainsweep-demo"
#: Seconds. Everything takes a few; who waits this long has found a defect.
PATIENCE = 60.0
CLEAN_UP = 20.0
_POLL = 0.2
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


class DemoFailed(TrainsweepError):
    """The demo did not come to its end; the text says where it stood."""


@dataclass(frozen=True, slots=True)
class Place:
    """The cluster: a file, and a context in it (None: its current one). `own` says that it was started for the demo."""

    kubeconfig: Path | None
    context: str | None
    own: bool


@dataclass(frozen=True, slots=True)
class Stage:
    """`simulators` and their `urls` by provider; `operator` is the running operator, `client` our own connection."""

    client: KubeClient
    simulators: Mapping[str, Simulator]
    urls: Mapping[str, str]
    operator: asyncio.Task[None]

    async def create(self, body: dict[str, Any]) -> Key | None:
        """Create an object in the demo's namespace; the key of one of our kinds."""
        return await _create(self.client, body)

    async def delete(self, key: Key) -> None:
        await self.client.delete(paths.resource(key))

    async def get(self, key: Key) -> dict[str, Any] | None:
        try:
            return await self.client.get(paths.resource(key))
        except KubeError as error:
            if error.status == 404:
                return None
            raise

    async def until(self, keys: list[Key], done: Callable[[dict[str, Any] | None], bool], watch: Watcher) -> None:
        """Look at these objects until each of them is `done`; `watch` sees every look. Raises `DemoFailed`."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while True:
            found = [await self.get(key) for key in keys]
            watch(keys, found)
            if all(done(body) for body in found):
                return
            if self.operator.done():
                self.operator.result()
                raise DemoFailed("The operator ended by itself.")
            if asyncio.get_running_loop().time() > deadline:
                late = ", ".join(str(key) for key, body in zip(keys, found, strict=True) if not done(body))
                raise DemoFailed(f"Not done after {PATIENCE:.0f} s: {late}.")
            await asyncio.sleep(_POLL)


Watcher = Callable[[list[Key], list[dict[str, Any] | None]], None]


@asynccontextmanager
async def stage(place: Place, directory: Path, say: Callable[[str], None]) -> AsyncIterator[Stage]:
    """Set it up, saying each step; logs of the operator and its audit lines go into `directory`."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(connected(place.kubeconfig, place.context))
        await _define(client)
        say(f"{len(KINDS)} CustomResourceDefinitions are served")
        simulators: dict[str, Simulator] = {
            MODELARTS: ModelArtsSimulator(load_scenario(ModelArtsScenario)),
            QIANFAN: QianfanSimulator(load_scenario(QianfanScenario)),
        }
        urls = {name: await stack.enter_async_context(serve(simulator)) for name, simulator in simulators.items()}
        say("; ".join(f"{name} is simulated at {url}" for name, url in urls.items()))
        await _create(client, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        operator = await stack.enter_async_context(_operator(place, directory))
        say("the operator runs")
        if not place.own:
            stack.push_async_callback(_leave_nothing, client)
        ready = Stage(client, simulators, urls, operator)
        for body in accounts(urls):
            await ready.create(body)
        say(f"the accounts are in namespace {NAMESPACE}")
        yield ready


@asynccontextmanager
async def _operator(place: Place, directory: Path) -> AsyncIterator[asyncio.Task[None]]:
    """The operator as `trainsweep run` starts it, in this process, for the demo's namespace alone."""
    from trainsweep import app  # noqa: PLC0415 (the engine is heavy, and the other commands do without it)

    handler = logging.FileHandler(directory / "operator.log", encoding="utf-8")
    handler.setFormatter(PrettyFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("trainsweep").setLevel(logging.INFO)
    audit.configure(directory / "audit.log")
    settings = Settings(
        namespace=(NAMESPACE,),
        allow_http_endpoints=True,
        kubeconfig=place.kubeconfig,
        context=place.context,
        drain_seconds=2.0,
    )
    engine: asyncio.Future[Manager] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(app.operate(settings, engine.set_result))
    task.add_done_callback(lambda _: engine.cancel())
    try:
        await asyncio.wait([engine])
        yield task
    finally:
        if engine.done() and not engine.cancelled():
            engine.result().stop()
        await asyncio.gather(task, return_exceptions=True)
        root.removeHandler(handler)
        handler.close()


async def _define(client: KubeClient) -> None:
    """Create the definitions that are missing, and wait until the API server serves them all."""
    for text in crd.documents().values():
        await _unless_there(client.post(DEFINITIONS, yaml.safe_load(text)))
    deadline = asyncio.get_running_loop().time() + PATIENCE
    for kind in KINDS:
        while not await _served(client, kind):
            if asyncio.get_running_loop().time() > deadline:
                raise DemoFailed(f"The API server does not serve {kind} after {PATIENCE:.0f} s.")
            await asyncio.sleep(_POLL)


async def _served(client: KubeClient, kind: str) -> bool:
    try:
        await client.get(paths.collection(kind), {"limit": "1"})
    except KubeError as error:
        if error.status == 404:
            return False
        raise
    return True


async def _create(client: KubeClient, body: dict[str, Any]) -> Key | None:
    kind, name = body["kind"], body["metadata"]["name"]
    if kind == "Namespace":
        await _unless_there(client.post("/api/v1/namespaces", body))
        return None
    if body["apiVersion"] != API_VERSION:
        await _unless_there(client.post(f"{paths.namespace(NAMESPACE)}/{kind.lower()}s", body))
        return None
    await client.post(paths.collection(kind, NAMESPACE), body)
    return Key(kind, NAMESPACE, name)


async def _unless_there(creation: Awaitable[object]) -> None:
    """What exists already is good."""
    try:
        await creation
    except KubeError as error:
        if error.status != 409:
            raise


async def _leave_nothing(client: KubeClient) -> None:
    """In a cluster that is not ours: the resources, then what they need, then the namespace."""
    for kinds in (set(KINDS) - {"ProviderConfig", "ClusterProviderConfig"}, {"ProviderConfig"}):
        await _clear(client, kinds)
    with suppress(KubeError):
        await client.delete(paths.namespace(NAMESPACE))


async def _clear(client: KubeClient, kinds: set[str]) -> None:
    """Delete all of these kinds in the namespace and wait until they are gone, or it takes too long."""
    deadline = asyncio.get_running_loop().time() + CLEAN_UP
    while asyncio.get_running_loop().time() < deadline:
        left = [
            Key(kind, NAMESPACE, body["metadata"]["name"])
            for kind in sorted(kinds)
            async for page in client.list(paths.collection(kind, NAMESPACE))
            for body in page
        ]
        if not left:
            return
        for key in left:
            with suppress(KubeError):
                await client.delete(paths.resource(key))
        await asyncio.sleep(_POLL)
