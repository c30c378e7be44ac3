"""One measurement: a control plane, a provider and an operator are started; resources are made, adopted and deleted."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import audit_log
from benchmarks.child import Child
from benchmarks.contenders import USER, Contender
from benchmarks.crowd import Crowd
from benchmarks.provider import ACCESS_KEY, PROJECT, SECRET_KEY, Provider
from trainsweep_devtools.devcluster import Binaries, ControlPlane, User

#: The operator is at rest when it has used no more than this share of a core for `_CALM` seconds, which is longer than
#: it lets changes gather before it writes them down.
_IDLE, _CALM = 0.1, 2.0
_ADMINISTRATORS = "system:masters"


@dataclass(frozen=True, slots=True)
class Question:
    """What is measured. `kind` is the remote jobs' ("v2-job", "v1-job"), `rest` the seconds for which the adopted
    resources are left alone, `limit` the seconds after which an operator is given up, in each of its two tasks.
    """

    contender: Contender
    resources: int
    kind: str
    rest: float
    limit: float


@dataclass(slots=True)
class Result:
    """What came out. Seconds are None when the limit was reached. Counts are of the resources' whole life.

    `ready_seconds` count from the first creation and `ready_after_last` from the answer to the last one,
    `gone_seconds` from the one request that deletes all. `peak_memory` is in bytes. `cpu_seconds` hold the start too.
    `requests` to the API server and `calls` of the provider are told by kind, reads and writes alike.
    """

    operator: str
    resources: int
    kind: str
    ready_seconds: float | None = None
    ready_after_last: float | None = None
    gone_seconds: float | None = None
    writes_per_resource: float = 0.0
    calls_per_resource: float = 0.0
    writes_at_rest: int = 0
    calls_at_rest: int = 0
    peak_memory: int = 0
    cpu_seconds: float = 0.0
    requests: dict[str, int] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)


def measure(question: Question, binaries: Binaries) -> Result:
    """Everything is started anew, so that no measurement inherits the caches of another."""
    with tempfile.TemporaryDirectory(prefix="trainsweep-benchmark-") as name:
        directory = Path(name)
        log = directory / "audit.log"
        users = {USER: User((_ADMINISTRATORS,))}
        with (
            ControlPlane.start(binaries, audit_log=log, users=users) as plane,
            # One more than is counted: with it the operator shows that it is up.
            Provider(directory, question.kind, question.resources + 1) as provider,
        ):
            return asyncio.run(_Measurement(question, plane, provider, directory).run())


class _Measurement:
    def __init__(self, question: Question, plane: ControlPlane, provider: Provider, directory: Path) -> None:
        self._question = question
        self._plane = plane
        self._provider = provider
        self._directory = directory
        self._log = directory / "audit.log"
        self._result = Result(question.contender.name, question.resources, question.kind)

    async def run(self) -> Result:
        async with Crowd.meet(self._plane.kubeconfig) as crowd:
            await crowd.add_account(self._account(), {"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY})
            begun = time.time()
            with contextlib.suppress(TimeoutError):
                if self._question.contender.restarted:
                    with self._operator() as operator:
                        await self._adopt(crowd, operator)
                    with self._operator() as operator:
                        await self._rest(operator)
                        await self._delete(crowd, operator)
                else:
                    with self._operator() as operator:
                        await self._adopt(crowd, operator)
                        await self._rest(operator)
                        await self._delete(crowd, operator)
            self._count(begun)
        return self._result

    async def _adopt(self, crowd: Crowd, operator: Child) -> None:
        first, *others = self._provider.job_ids()
        await crowd.add_jobs([first])
        await self._in_time(operator, crowd.all_ready(1))
        begun = time.monotonic()
        await crowd.add_jobs(others)
        made = time.monotonic()
        await self._in_time(operator, crowd.all_ready(1 + len(others)))
        ready = time.monotonic()
        self._result.ready_seconds, self._result.ready_after_last = ready - begun, ready - made

    async def _rest(self, operator: Child) -> None:
        await self._in_time(operator, _calm(operator))
        begin = time.time()
        await asyncio.sleep(self._question.rest)
        self._result.writes_at_rest = audit_log.writes(self._requests(begin, time.time()))
        self._result.calls_at_rest = self._provider.calls(begin, time.time()).total()

    async def _delete(self, crowd: Crowd, operator: Child) -> None:
        begun = time.monotonic()
        deletion = asyncio.create_task(crowd.delete_all())
        await self._in_time(operator, crowd.all_gone())
        self._result.gone_seconds = time.monotonic() - begun
        await deletion

    def _count(self, begun: float) -> None:
        result, number = self._result, self._question.resources + 1
        requests, calls = self._requests(begun), self._provider.calls(begun)
        result.requests, result.calls = dict(requests), dict(calls)
        result.writes_per_resource = audit_log.writes(requests) / number
        result.calls_per_resource = calls.total() / number

    @contextmanager
    def _operator(self) -> Iterator[Child]:
        kubeconfig = self._plane.kubeconfig_for(USER)
        with self._question.contender.start(kubeconfig, self._directory, self._provider.endpoint) as operator:
            try:
                yield operator
            finally:
                if operator.running:
                    self._result.peak_memory = operator.peak_memory()
                    self._result.cpu_seconds = operator.cpu_seconds()

    def _requests(self, begin: float, end: float = float("inf")) -> Counter[str]:
        return audit_log.requests(self._log, USER, begin, end)

    async def _in_time(self, operator: Child, event: Coroutine[object, object, None]) -> None:
        """Raises TimeoutError after the limit, RuntimeError as soon as the operator has ended by itself."""
        async with asyncio.timeout(self._question.limit):
            waiting = asyncio.create_task(event)
            try:
                while not waiting.done():
                    await asyncio.wait([waiting], timeout=1.0)
                    if not operator.running:
                        raise RuntimeError(f"The operator ended by itself. It said:\n{operator.said()[-4000:]}")
            finally:
                waiting.cancel()

    def _account(self) -> dict[str, object]:
        return {
            "provider": "ModelArts",
            "modelArts": {"endpoint": self._provider.endpoint, "projectID": PROJECT},
            "credentials": {"secretRef": {"name": "account"}},
            "rateLimit": {"readsPerSecond": 1000, "writesPerSecond": 1000, "burst": 10_000, "maxInFlight": 16},
            # A poll falls into the rest, for that is when a change that is none would be written.
            "polling": {"activeSeconds": 15, "idleSeconds": max(1, int(0.8 * self._question.rest))},
            "deletionGuard": {"maxDeletions": self._question.resources + 1},
        }


async def _calm(operator: Child) -> None:
    """Return when the operator has all but ceased to work."""
    while True:
        before = operator.cpu_seconds()
        await asyncio.sleep(_CALM)
        if operator.cpu_seconds() - before <= _IDLE * _CALM:
            return
