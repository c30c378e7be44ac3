"""Qianfan fine-tuning behind the contract of `providers.base`: tasks, and the jobs that hold them.

A v2 job is the container and a v2 task one training run; the older v1 pages use the two words the other way round.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import datetime
from functools import partial
from typing import Any

import httpx

from trainsweep.core.errors import ConfigurationError, Malformed, OnlyListed, Refused
from trainsweep.core.external import Receipt, Remote, Target, Thing
from trainsweep.providers.credentials import AccessKey, Credentials
from trainsweep.providers.error_overrides import ErrorOverride
from trainsweep.providers.qianfan.answers import Page, job_of_tasks, parse_job, parse_page, parse_task
from trainsweep.providers.qianfan.client import QianfanClient
from trainsweep.providers.qianfan.key_kinds import check_kind
from trainsweep.providers.qianfan.paging import PAGE_SIZE, gather, walk
from trainsweep.providers.qianfan.settings import QianfanSettings


class QianfanProvider:
    """One account at Qianfan. Collections: "jobs", "tasks/JOB", and "tasks" for tasks whose job is not known."""

    def __init__(
        self,
        settings: QianfanSettings,
        credentials: Credentials,
        *,
        overrides: Sequence[ErrorOverride] = (),
        transport: httpx.AsyncBaseTransport | None = None,
        max_connections: int = 8,
        now: Callable[[], datetime],
    ) -> None:
        if not isinstance(credentials, AccessKey):
            raise ConfigurationError(
                "SecretKeyMissing",
                "Qianfan signs with an access key: the Secret needs the keys accessKey and secretKey "
                "instead of username and password.",
            )
        check_kind(credentials)
        self._client = QianfanClient(
            settings,
            credentials,
            overrides=overrides,
            transport=transport,
            max_connections=max_connections,
            now=now,
        )

    @property
    def place(self) -> str:
        return ""

    async def locate(self) -> str:
        return ""

    async def read(self, target: Target) -> Remote:
        """A task by id in one call; a job as its tasks, as no action reads one job: without its time of creation."""
        if target.thing is Thing.TUNING_TASK:
            return await self._task(target)
        return await self._job(_job_id(target))

    async def list(self, collection: str) -> tuple[Remote, ...]:
        """Complete or an error. "tasks" costs one call for each job beside the jobs list."""
        if collection == "jobs":
            return await gather(self._jobs())
        if collection == "tasks":
            jobs = await gather(self._jobs())
            return tuple([task for job in jobs for task in await self._tasks_or_none(job.id)])
        kind, _, job_id = collection.partition("/")
        if kind == "tasks" and job_id:
            return await self._tasks_or_none(job_id)
        raise ConfigurationError("InvalidSpec", f"Qianfan has no collection {collection!r}.")

    def collection(self, target: Target) -> str:
        if target.thing is Thing.TUNING_TASK:
            return f"tasks/{target.parent}" if target.parent else "tasks"
        _job_id(target)
        return "jobs"

    def collections_of_names(self, thing: Thing, parent: str = "") -> tuple[str, ...]:
        if thing is Thing.TUNING_JOB:
            return ("jobs",)
        raise ConfigurationError("InvalidSpec", f"Qianfan knows no {thing} by name; name it by its id.")

    async def stop(self, target: Target) -> Receipt:
        if target.thing is not Thing.TUNING_TASK:
            raise ConfigurationError(
                "InvalidSpec", f"Qianfan cannot stop {target.thing} {target.id}: only tasks run, and are stopped each."
            )
        return await self._client.order("StopFineTuningTask", {"taskId": target.id}, about=target.id)

    async def delete(self, target: Target) -> Receipt:
        if target.thing is Thing.TUNING_TASK:
            return await self._client.order("DeleteFineTuningTask", {"taskId": target.id}, about=target.id)
        job_id = _job_id(target)
        return await self._client.order("DeleteFineTuningJob", {"jobId": job_id}, about=job_id)

    async def probe(self) -> None:
        """One entry of the jobs list."""
        result = await self._client.ask("DescribeFineTuningJobs", {"maxKeys": 1}, about="one job")
        parse_page(result, "jobList", parse_job)

    def part(self, target: Target, part: Remote) -> Target:
        return Target(Thing.TUNING_TASK, part.id, parent=_job_id(target))

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _task(self, target: Target) -> Remote:
        result = await self._client.ask("DescribeFineTuningTask", {"taskId": target.id}, about=target.id)
        task = parse_task(result, parent=target.parent)
        if task.id != target.id:
            raise Malformed(f"DescribeFineTuningTask of {target.id}: Qianfan answered about {task.id}.", status=200)
        return task

    async def _job(self, job_id: str) -> Remote:
        """What an unknown job answers when its tasks are asked for is not documented; it may be an empty list."""
        tasks = await gather(self._tasks(job_id))
        if not tasks:
            raise OnlyListed(f"DescribeFineTuningTasks of {job_id}: no tasks")
        return job_of_tasks(Remote(job_id, tasks[0].name, tasks[0].state, ""), tasks)

    async def _tasks_or_none(self, job_id: str) -> tuple[Remote, ...]:
        """The tasks of a job; none if the job is refused and not in the jobs list. If it is, the refusal stands."""
        try:
            return await gather(self._tasks(job_id))
        except Refused:
            if await self._entry(job_id):
                raise
            return ()

    async def _entry(self, job_id: str) -> Remote | None:
        async with aclosing(self._jobs()) as jobs:
            async for job in jobs:
                if job.id == job_id:
                    return job
        return None

    def _jobs(self) -> AsyncGenerator[Remote]:
        async def page(marker: str) -> Page:
            result = await self._client.ask("DescribeFineTuningJobs", _paging(marker), about="all jobs")
            return parse_page(result, "jobList", parse_job)

        return walk(page)

    def _tasks(self, job_id: str) -> AsyncGenerator[Remote]:
        async def page(marker: str) -> Page:
            body = {"jobId": job_id, **_paging(marker)}
            result = await self._client.ask("DescribeFineTuningTasks", body, about=job_id)
            return parse_page(result, "taskList", partial(parse_task, parent=job_id))

        return walk(page)


def _paging(marker: str) -> dict[str, Any]:
    return {"maxKeys": PAGE_SIZE, **({"marker": marker} if marker else {})}


def _job_id(target: Target) -> str:
    if target.thing is not Thing.TUNING_JOB:
        raise ConfigurationError("InvalidSpec", f"Qianfan has no {target.thing}; use a ProviderConfig for ModelArts.")
    return target.id
