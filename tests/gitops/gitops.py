"""One application under GitOps: what a test pushes, and the manifests that it is made of."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import Any

from tests.e2e.world import ACCOUNT_OF, HUAWEI, PROJECT, World

from trainsweep.api.names import API_VERSION

from .agent import Agent
from .repository import Repository


class GitOps:
    def __init__(self, repository: Repository, agent: Agent, world: World) -> None:
        self._repository = repository
        self._agent = agent
        self._world = world
        self.pushed: set[str] = set()

    async def push(self, **manifests: dict[str, Any] | None) -> list[str]:
        """Commit manifests by name, None to remove one, and synchronise. The answer is as that of `sync`."""
        self._repository.commit(**manifests)
        self.pushed |= manifests.keys()
        self.pushed -= {name for name, manifest in manifests.items() if manifest is None}
        return await self.sync()

    async def sync(self) -> list[str]:
        """What the engine says that it did in this test's namespace, a line for each resource."""
        # In a thread: the operator and the providers work in this loop.
        told = await asyncio.to_thread(self._agent.sync)
        return [line for line in told if f"/{self._world.namespace}/" in line]

    def resource(self, kind: str, name: str, **spec: Any) -> dict[str, Any]:
        """One of the five remote kinds, at the account "huawei" or "baidu" if `spec` names no other."""
        reference = {"providerConfigRef": {"name": ACCOUNT_OF[kind]}}
        return self._manifest(API_VERSION, kind, name, spec=reference | spec)

    def account(self, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """A ProviderConfig for ModelArts and its Secret."""
        key = self._world.modelarts.scenario.access_keys[0]
        plain = {"accessKey": key.access_key, "secretKey": key.secret_key.get_secret_value()}
        data = {name: b64encode(value.encode()).decode() for name, value in plain.items()}
        spec = {
            "provider": "ModelArts",
            "modelArts": {"endpoint": self._world.urls[HUAWEI], "projectID": PROJECT},
            "credentials": {"secretRef": {"name": name}},
            "polling": {"activeSeconds": 1, "idleSeconds": 2},
        }
        return (
            self._manifest(API_VERSION, "ProviderConfig", name, spec=spec),
            self._manifest("v1", "Secret", name, data=data),
        )

    def _manifest(self, api_version: str, kind: str, name: str, **fields: Any) -> dict[str, Any]:
        metadata = {"name": name, "namespace": self._world.namespace}
        return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}
