"""The resources of a measurement, as an administrator sees them: made quickly, watched, deleted with one request."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from trainsweep.api.crd import crd
from trainsweep.api.kinds import KINDS
from trainsweep.api.names import API_VERSION
from trainsweep.kube import paths
from trainsweep.kube.login import Login

NAMESPACE = "benchmark"
_JOBS = paths.collection("TrainingJob", NAMESPACE)
_CONFIGS = paths.collection("ProviderConfig", NAMESPACE)
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
#: Connections on which resources are made at the same time.
_MAKERS = 4
#: The longest line of a watch, in bytes.
_LINE = 1 << 20


class Crowd:
    """What is there and what is ready, by the events of a watch."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._present: set[str] = set()
        self._ready: set[str] = set()
        self._changed = asyncio.Condition()

    @classmethod
    @asynccontextmanager
    async def meet(cls, kubeconfig: Path) -> AsyncIterator[Crowd]:
        """Install the definitions and the namespace, and watch until the end of the block."""
        login = await Login(str(kubeconfig)).configuration()
        async with aiohttp.ClientSession(
            login.host,
            connector=aiohttp.TCPConnector(ssl=login.trust, limit=_MAKERS + 2),
            headers={"Authorization": login.api_key["BearerToken"]},
            timeout=aiohttp.ClientTimeout(sock_connect=10),
            read_bufsize=_LINE,
        ) as session:
            crowd = cls(session)
            await crowd._install()
            watching = asyncio.create_task(crowd._watch())
            try:
                yield crowd
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)

    async def add_account(self, spec: dict[str, Any], secret: dict[str, str]) -> None:
        """A ProviderConfig named "account" with its Secret."""
        name = {"name": "account", "namespace": NAMESPACE}
        await self._post(
            f"/api/v1/namespaces/{NAMESPACE}/secrets",
            {"apiVersion": "v1", "kind": "Secret", "metadata": name, "stringData": secret},
        )
        config = {"apiVersion": API_VERSION, "kind": "ProviderConfig", "metadata": name, "spec": spec}
        await self._post(_CONFIGS, config)

    async def add_jobs(self, ids: Iterable[str]) -> None:
        """A TrainingJob for each remote id; return when the API server has them all."""
        waiting = iter(ids)

        async def make() -> None:
            for job_id in waiting:
                metadata = {"name": f"job-{job_id}", "namespace": NAMESPACE}
                spec = {"jobID": job_id, "providerConfigRef": {"name": "account"}}
                body = {"apiVersion": API_VERSION, "kind": "TrainingJob", "metadata": metadata, "spec": spec}
                await self._post(_JOBS, body)

        async with asyncio.TaskGroup() as makers:
            for _ in range(_MAKERS):
                makers.create_task(make())

    async def delete_all(self) -> None:
        """Ask again when the API server gives up on the many: what it has not marked is still there."""
        while True:
            async with self._session.delete(_JOBS) as answer:
                if answer.status != HTTPStatus.GATEWAY_TIMEOUT:
                    answer.raise_for_status()
                    return

    async def all_ready(self, count: int) -> None:
        await self._until(lambda: len(self._ready) >= count)

    async def all_gone(self) -> None:
        await self._until(lambda: not self._present)

    async def _until(self, holds: Callable[[], bool]) -> None:
        async with self._changed:
            await self._changed.wait_for(holds)

    async def _install(self) -> None:
        for kind in KINDS.values():
            await self._post(_DEFINITIONS, crd(kind))
        await self._post("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        for kind in KINDS.values():
            while not await self._served(paths.collection(kind.name)):  # noqa: ASYNC110 (the API server tells nobody)
                await asyncio.sleep(0.05)

    async def _served(self, path: str) -> bool:
        async with self._session.get(path) as answer:
            return answer.status == 200

    async def _post(self, path: str, body: dict[str, Any]) -> None:
        async with self._session.post(path, json=body) as answer:
            if not answer.ok:
                raise RuntimeError(f"POST {path}: {await answer.text()}")

    async def _watch(self) -> None:
        """List, then watch; again when the API server ends the watch, as it does with one that lags."""
        while True:
            async with self._session.get(_JOBS) as answer:
                found = await answer.json()
            async with self._changed:
                self._present.clear()
                self._ready.clear()
                for job in found["items"]:
                    self._see(job)
                self._changed.notify_all()
            query = {"watch": "true", "resourceVersion": found["metadata"]["resourceVersion"]}
            async with self._session.get(_JOBS, params=query) as stream:
                async for line in stream.content:
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        break
                    async with self._changed:
                        if event["type"] == "DELETED":
                            self._lose(event["object"])
                        else:
                            self._see(event["object"])
                        self._changed.notify_all()

    def _see(self, job: dict[str, Any]) -> None:
        conditions = (job.get("status") or {}).get("conditions") or ()
        name = job["metadata"]["name"]
        self._present.add(name)
        if any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions):
            self._ready.add(name)

    def _lose(self, job: dict[str, Any]) -> None:
        self._present.discard(job["metadata"]["name"])
        self._ready.discard(job["metadata"]["name"])
