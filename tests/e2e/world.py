"""One test's world: a namespace, both providers simulated with accounts in it, and operators to start and stop."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from trainsweep_devtools.devcluster import ControlPlane
from trainsweep_devtools.simulators.journal import Entry
from trainsweep_devtools.simulators.modelarts import ModelArtsSimulator
from trainsweep_devtools.simulators.qianfan import QianfanSimulator
from trainsweep_devtools.simulators.simulator import Simulator

from ..operator_rights import OPERATOR
from .api import Api, AuditLog
from .operators import Operator, OperatorProcess

HUAWEI, BAIDU = "huawei", "baidu"
PROJECT = "0123456789abcdef0123456789abcdef"
ACCOUNT_OF = {
    "TrainingJob": HUAWEI,
    "TrainingJobVersion": HUAWEI,
    "TrainingJobConfig": HUAWEI,
    "FineTuningTask": BAIDU,
    "FineTuningJob": BAIDU,
}


@dataclass
class World:
    plane: ControlPlane
    api: Api
    audit: AuditLog
    modelarts: ModelArtsSimulator
    qianfan: QianfanSimulator
    urls: dict[str, str]
    directory: Path
    operators: list[Operator | OperatorProcess] = field(default_factory=list)

    @property
    def namespace(self) -> str:
        return self.api.namespace

    # Operators.

    def start_operator(self, ahead: timedelta = timedelta(), **settings: Any) -> Operator:
        """An operator for this namespace, in this process; `settings` are fields of `Settings`."""
        kubeconfig = self.plane.kubeconfig_for(OPERATOR)
        defaults = {"namespace": (self.namespace,), "allow_http_endpoints": True, "kubeconfig": kubeconfig}
        operator = Operator(ahead, **defaults | settings)
        self.operators.append(operator)
        return operator

    async def start_process(self, *options: str) -> OperatorProcess:
        """An operator for this namespace as a process; `options` are those of `trainsweep run`."""
        kubeconfig = self.plane.kubeconfig_for(OPERATOR)
        operator = await OperatorProcess.start(kubeconfig, self.namespace, self.directory, *options)
        self.operators.append(operator)
        return operator

    async def stop_operators(self) -> None:
        while self.operators:
            await self.operators.pop().stop()

    # What a user applies.

    async def secret(self, name: str, **data: str) -> None:
        await self.api.apply("Secret", name, stringData=data)

    async def account(self, name: str, *, annotations: dict[str, str] | None = None, **spec: Any) -> None:
        """The ProviderConfig "huawei" or "baidu", or another one with `spec` saying how; polled every second or two."""
        provider = {
            HUAWEI: {"provider": "ModelArts", "modelArts": {"endpoint": self.urls[HUAWEI], "projectID": PROJECT}},
            BAIDU: {
                "provider": "Qianfan",
                "qianfan": {"endpoint": self.urls[BAIDU]},
                "rateLimit": {"readsPerSecond": 50, "writesPerSecond": 20},
            },
        }
        common = {
            "credentials": {"secretRef": {"name": name}},
            "polling": {"activeSeconds": 1, "idleSeconds": 2},
        }
        await self.api.apply(
            "ProviderConfig", name, annotations=annotations, spec=common | provider.get(name, {}) | spec
        )

    async def accounts(self) -> None:
        """Both accounts with their Secrets."""
        for name, simulator in ((HUAWEI, self.modelarts), (BAIDU, self.qianfan)):
            key = simulator.scenario.access_keys[0]
            await self.secret(name, accessKey=key.access_key, secretKey=key.secret_key.get_secret_value())
            await self.account(name)

    async def resource(
        self, kind: str, name: str, *, account: str = "", annotations: dict[str, str] | None = None, **spec: Any
    ) -> dict[str, Any]:
        """A resource of one of the five remote kinds; `spec` stands beside `providerConfigRef`."""
        reference = {"name": account or ACCOUNT_OF[kind]}
        return await self.api.apply(kind, name, annotations=annotations, spec={"providerConfigRef": reference} | spec)

    async def delete(self, kind: str, name: str) -> None:
        """Delete a resource and wait until it is gone."""
        await self.api.delete(kind, name)
        await self.gone(kind, name)

    # What a test waits for.

    async def reaches(self, kind: str, name: str, reason: str, *, patience: float = 30.0) -> dict[str, Any]:
        """The status, once Ready tells this reason about the present generation."""
        found: dict[str, Any] = {}

        async def there() -> bool:
            found.clear()
            found.update(await self.api.get(kind, name) or {})
            ready = condition(found, "Ready")
            return ready.get("reason") == reason and ready["observedGeneration"] == found["metadata"]["generation"]

        await until(there, f"{kind} {name} is Ready or not because of {reason}", patience, shown=found)
        return found["status"]

    async def shows(self, kind: str, name: str, **wanted: Any) -> dict[str, Any]:
        """The status, once these of its fields have these values: `externalState="Running"`."""
        found: dict[str, Any] = {}

        async def there() -> bool:
            found.clear()
            found.update((await self.api.get(kind, name) or {}).get("status") or {})
            return all(found.get(field) == value for field, value in wanted.items())

        await until(there, f"{kind} {name} shows {wanted}", shown=found)
        return found

    async def gone(self, kind: str, name: str, *, patience: float = 30.0) -> None:
        found: dict[str, Any] = {}

        async def away() -> bool:
            found.clear()
            found.update(await self.api.get(kind, name) or {})
            return not found

        await until(away, f"{kind} {name} is gone", patience, shown=found)

    async def told(self, name: str, reason: str) -> str:
        """The message of the event about an object for this reason, once it is there: nobody waits for events."""

        async def there() -> str | None:
            events = await self.api.list("Event")
            wanted = (event for event in events if (event["involvedObject"]["name"], event["reason"]) == (name, reason))
            return next((event["message"] for event in wanted), None)

        return await until(there, f"an event about {name} says {reason}")

    async def polls(self, simulator: Simulator, count: int, *, operation: str) -> None:
        """Wait until so many more calls of an operation have come in."""
        seen = len(calls(simulator, operation))
        await until(
            lambda: len(calls(simulator, operation)) >= seen + count, f"{count} more {operation}", shown=operation
        )

    # What a test looks at.

    def thing(self, id: str) -> dict[str, Any] | None:
        """The true state of a remote thing at either provider, None when it is gone."""
        things = [*self.modelarts.things(), *self.qianfan.things()]
        return next((entry for entry in things if entry["id"] == id), None)

    def writes(self) -> list[tuple[str, str]]:
        """All stops and deletes that the providers have received, in order at each: (operation, target)."""
        return [
            (entry.operation, entry.target)
            for simulator in (self.modelarts, self.qianfan)
            for entry in simulator.journal.entries
            if entry.operation.startswith(("Stop", "Delete", "Batch", "Update"))
        ]

    def api_writes(self, name: str = "") -> list[str]:
        """Our writes to the API server in this namespace, as "patch trainingjobs/status"; `name` selects an object."""
        return [f"{verb} {what}" for verb, what, about in self.audit.writes(self.namespace) if name in ("", about)]


def condition(body: dict[str, Any], kind: str) -> dict[str, Any]:
    """One condition of an object, {} when it has none of that type."""
    conditions = (body.get("status") or {}).get("conditions") or ()
    return next((entry for entry in conditions if entry["type"] == kind), {})


def calls(simulator: Simulator, operation: str, **wanted: object) -> list[Entry]:
    """The calls of one operation that a simulator has received."""
    return simulator.journal.select(operation=operation, **wanted)


async def until(
    question: Callable[[], Any], what: str = "the condition holds", patience: float = 30.0, *, shown: Any = None
) -> Any:
    """Ask until the answer is true, and return it; `shown` is printed when that has not happened in
    `patience` seconds."""
    end = time.monotonic() + patience
    while True:
        answer = question()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return answer
        assert time.monotonic() < end, f"after {patience:.0f} s not yet true that {what}: {shown or answer}"
        await asyncio.sleep(0.05)
