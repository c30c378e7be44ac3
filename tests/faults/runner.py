"""One run: a scenario played against real operators, a real API server behind the proxy, and both simulators."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from trainsweep_devtools.simulators.keys import Key
from trainsweep_devtools.simulators.server import serve
from trainsweep_devtools.simulators.world import Missing

from .clock import FACTOR, Clock
from .fleet import Fleet
from .history import Life, View
from .operators import Nursery
from .proxy import Proxy
from .scenario import Scenario
from .steps import (
    Abandon,
    Action,
    ApiTrouble,
    ClockStep,
    Create,
    Edit,
    Pause,
    ProviderTrouble,
    Remove,
    Rotate,
    Second,
    Vanish,
)
from .things import BAIDU, HUAWEI, PROJECT, Deed, Noted, simulators
from .upstream import Upstream, User


class Run:
    """`deeds` and `lives` are what the oracle judges. `secrets` must appear nowhere."""

    def __init__(self, scenario: Scenario, upstream: Upstream, nursery: Nursery, directory: Path) -> None:
        self.scenario = scenario
        self.directory = directory
        self.clock = Clock.start(directory / "clock")
        self.user = User(upstream, f"faults-{scenario.seed}-{secrets.token_hex(3)}")
        self.secrets: list[str] = [upstream.operator_token]
        self.deeds: list[Deed] = []
        self.lives: list[Life] = []
        self.complaints: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._abandoned = False
        self._born: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._orders: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.fleet = Fleet(
            nursery, self.clock, directory, self.user.namespace, scenario.kills, elected=scenario.elected
        )
        self.proxy = Proxy(upstream, random.Random(scenario.seed), self.fleet.effect)  # noqa: S311 (a lot, no secret)
        self.providers: dict[str, Noted] = {}
        self._urls: dict[str, str] = {}

    @asynccontextmanager
    async def world(self) -> AsyncIterator[None]:
        """Everything there is at the start, with one operator. At the end no process and no task is left."""
        keys = {HUAWEI: self._key("AK"), BAIDU: self._key("ALTAK")}
        scenario = self.scenario
        self.providers = simulators(scenario.things, scenario.switches, scenario.timing, keys, self.clock.time)
        async with AsyncExitStack() as stack:
            for account, provider in self.providers.items():
                provider.watch(self.deeds, self.fleet.effect, lambda: self.clock.elapsed)
                self._urls[account] = await stack.enter_async_context(serve(provider))
            await stack.enter_async_context(self.proxy.serve())
            self.proxy.kubeconfig(self.fleet.kubeconfig)
            stack.push_async_callback(self._tidy)
            await self.user.create("Namespace", self.user.namespace)
            for account, key in keys.items():
                await self._account(account, key)
            self.fleet.start()
            supervisor = asyncio.create_task(self.fleet.supervise())
            stack.callback(supervisor.cancel)
            yield

    async def play(self) -> None:
        """Let everything happen; return when the last trouble is over."""
        for step in self.scenario.steps:
            await self.clock.reach(step.at)
            self._begin(step.action)
        await self.clock.reach(self.scenario.calm)
        while troubles := [task for task in self._tasks if task.get_name() == "trouble"]:
            await asyncio.wait(troubles)
        for provider in self.providers.values():
            provider.faults.clear()
        await self.fleet.calm()

    async def finish(self) -> None:
        """The finale: every resource is deleted at once, with what it depends on or without."""
        for task in self._tasks:
            task.cancel()
        await self._remove_all()
        if self.scenario.finale == "accounts":
            await self._remove_accounts()

    # What happens.

    def _begin(self, action: Action) -> None:
        """Everything takes its time beside everything else; what a user does to one resource stays in order."""
        trouble = isinstance(action, ApiTrouble | ProviderTrouble | Second | Rotate)
        name = getattr(action, "name", "")
        work = self._in_order(name, action) if name else self._do(action)
        task = asyncio.create_task(work, name="trouble" if trouble else "user")
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self.complaints.append(f"the scenario could not be played: {error!r}")

    async def _in_order(self, name: str, action: Action) -> None:
        async with self._orders[name]:
            if not self._abandoned:
                await self._do(action)

    async def _do(self, action: Action) -> None:
        match action:
            case Create():
                await self._create(action)
            case Edit(name, spec):
                await self._change(self._life(name), spec=dict(spec))
            case Pause(name, on):
                await self._change(self._life(name), paused=on)
            case Remove(name, force):
                await self._remove(self._life(name), force)
            case Vanish(thing):
                self._vanish(thing)
            case Abandon():
                await self._abandon()
            case ClockStep(seconds):
                self.clock.set_wrong_by(seconds)
            case ApiTrouble(fault, lasts):
                self.proxy.begin(fault)
                await asyncio.sleep(lasts / FACTOR)
                self.proxy.end(fault)
            case ProviderTrouble():
                await self._trouble(action)
            case Second():
                await self.fleet.second(action)
            case Rotate(account, late):
                await self._rotate(account, late)

    async def _create(self, action: Create) -> None:
        rival = action.name.startswith("rival")
        if rival:
            # The API server's times of creation are whole seconds, and the older one is to be the owner.
            await self._born[action.thing].wait()
            await asyncio.sleep(1.1)
        if self._abandoned:
            return
        metadata = {"annotations": {"trainsweep.dev/paused": "true"}} if action.paused else {}
        while True:
            at = self.clock.elapsed
            uid = await self.user.create(action.kind, action.name, spec=dict(action.spec), metadata=metadata)
            if uid:
                break
            if self._abandoned:
                return
            await asyncio.sleep(0.05)
        thing = next(thing for thing in self.scenario.things if thing.id == action.thing)
        parts = tuple(part for part in self.scenario.things if part.parent == thing.id)
        view = View(at, action.spec, paused=action.paused)
        self.lives.append(Life(uid, action.kind, action.name, thing, parts, rival, views=[view]))
        self._born[action.thing].set()

    def _life(self, name: str) -> Life:
        return next(life for life in reversed(self.lives) if life.name == name)

    async def _abandon(self) -> None:
        self._abandoned = True
        for event in self._born.values():
            event.set()
        others = [task for task in self._tasks if task.get_name() == "user" and task is not asyncio.current_task()]
        await asyncio.gather(*others, return_exceptions=True)
        await self._remove_accounts()
        await self._remove_all()

    async def _remove_all(self) -> None:
        for life in self.lives:
            if life.last.deleting:
                continue
            if life.thing.kind == "job":
                await self._change(life, spec={"cascade": True})
            if life.last.paused:
                await self._change(life, paused=False)
            await self._remove(life, life.thing.id if life.mismatched else "")

    async def _remove_accounts(self) -> None:
        for account in self.providers:
            await self.user.delete("ProviderConfig", account)
            await self.user.delete("Secret", account)

    async def _change(self, life: Life, *, spec: dict[str, object] | None = None, paused: bool | None = None) -> None:
        if spec is not None:
            life.change(self.clock.elapsed, spec=spec)
            await self.user.patch(life.kind, life.name, {"spec": spec})
        if paused is not None:
            life.change(self.clock.elapsed, paused=paused)
            annotations = {"trainsweep.dev/paused": "true" if paused else None}
            await self.user.patch(life.kind, life.name, {"metadata": {"annotations": annotations}})

    async def _remove(self, life: Life, force: str) -> None:
        if force:
            annotations = {"trainsweep.dev/force-orphan": force}
            await self.user.patch(life.kind, life.name, {"metadata": {"annotations": annotations}})
        life.change(self.clock.elapsed, deleting=True, forced=bool(force))
        life.kept = await self.user.delete(life.kind, life.name)

    def _vanish(self, id: str) -> None:
        for provider in self.providers.values():
            if id in {thing["id"] for thing in provider.things()}:
                try:
                    provider.vanish(id)
                except Missing:
                    return

    async def _trouble(self, action: ProviderTrouble) -> None:
        faults = self.providers[action.account].faults
        latency = action.fault.get("latency", 0.0) / FACTOR
        fault = faults.add(**{**action.fault, "latency": latency})
        await asyncio.sleep(action.lasts / FACTOR)
        if fault in faults.active:
            faults.active.remove(fault)

    async def _rotate(self, account: str, late: float) -> None:
        key = self._key("AK")
        self.providers[account].rotate([Key(access_key=key["access_key"], secret_key=SecretStr(key["secret_key"]))])
        await asyncio.sleep(late / FACTOR)
        data = {"accessKey": key["access_key"], "secretKey": key["secret_key"]}
        await self.user.patch("Secret", account, {"stringData": data})

    async def _tidy(self) -> None:
        await self.fleet.end()
        self.complaints += self.fleet.complaints
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # The start.

    def _key(self, prefix: str) -> dict[str, str]:
        key = {"access_key": f"{prefix}{secrets.token_hex(8).upper()}", "secret_key": secrets.token_hex(20)}
        self.secrets.append(key["secret_key"])
        return key

    async def _account(self, name: str, key: dict[str, str]) -> None:
        data = {"accessKey": key["access_key"], "secretKey": key["secret_key"]}
        await self.user.create("Secret", name, stringData=data)
        blocks = {
            HUAWEI: {"provider": "ModelArts", "modelArts": {"endpoint": self._urls[HUAWEI], "projectID": PROJECT}},
            BAIDU: {"provider": "Qianfan", "qianfan": {"endpoint": self._urls[BAIDU]}},
        }
        common = {
            "credentials": {"secretRef": {"name": name}},
            "polling": {"activeSeconds": 5, "idleSeconds": 20},
            "rateLimit": {"readsPerSecond": 20, "writesPerSecond": 10},
        }
        await self.user.create("ProviderConfig", name, spec=common | blocks[name])
