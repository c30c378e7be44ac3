"""Leader election by a `coordination.k8s.io` Lease: one replica acts, the others wait warm.

A holder counts its own time from before each renewal on a clock that cannot be set, and begins nothing more
`renew_deadline` after the last one that worked. Two more tries later it knows that the Lease is lost, and what is under
way is cut off, still before anybody else may take over (`duration` after they saw the last renewal, by their own
clock). A replica that was frozen wakes up knowing that its time is over. A clean stop gives the Lease back.

`kubernetes.aio.leaderelection` is not used: it compares wall clocks, which steps make wrong, has no limit on a request
that hangs, ends on a lost connection and cannot give the Lease back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from trainsweep.kube.client import KubeClient, KubeError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Terms:
    """Seconds: how long a silent holder keeps the Lease, when it stops acting itself, and how often it renews (which
    is also how long one try may take).

    Raises ValueError when a holder could learn of its loss only after another one may have taken over.
    """

    duration: float = 15.0
    renew_deadline: float = 10.0
    retry: float = 2.0

    def __post_init__(self) -> None:
        if self.renew_deadline + 2 * self.retry >= self.duration:
            raise ValueError(f"a pause and a try after the renew deadline must end before the duration does: {self}")


@dataclass(frozen=True, slots=True)
class _Sighting:
    """The Lease as another holder's last renewal left it, and when we first saw it so."""

    version: str
    at: float


class Lease:
    """`identity` must be unique among the replicas (the pod's name and a random part)."""

    def __init__(
        self,
        client: KubeClient,
        namespace: str,
        name: str,
        identity: str,
        *,
        terms: Terms | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._client = client
        self._collection = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._path = f"{self._collection}/{name}"
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._terms = terms or Terms()
        self._clock = clock
        self._acts_until = 0.0
        self._seen: _Sighting | None = None
        #: Who had it when it was last read, "" for nobody.
        self.holder = ""
        #: Why the last try to take or renew it failed, "" when it did not.
        self.trouble = ""

    @property
    def held(self) -> bool:
        """Whether this replica may act at this moment."""
        return self._clock() < self._acts_until

    async def acquire(self) -> None:
        """Return once the Lease is ours."""
        while True:
            if await self._attempt():
                break
            await asyncio.sleep(self._terms.retry)
        log.info("leading", extra={"identity": self._identity})

    async def keep(self) -> None:
        """Renew; return when the Lease is lost, while nobody else may have it yet, unless this process was frozen."""
        while self.held:
            await asyncio.sleep(self._terms.retry)
            await self._attempt()
        log.error("the Lease is lost", extra={"identity": self._identity})

    async def release(self) -> None:
        """Give the Lease back, so that the next replica need not wait for its end."""
        self._acts_until = 0.0
        try:
            async with asyncio.timeout(self._terms.retry):
                lease = await self._client.get(self._path)
                if (lease.get("spec") or {}).get("holderIdentity") == self._identity:
                    await self._client.put(self._path, lease | {"spec": {"leaseTransitions": _transitions(lease)}})
        except Exception as error:
            log.info("the Lease could not be given back and will run out", extra={"error": _words(error)})

    async def _attempt(self) -> bool:
        """Take or renew the Lease once. Whatever goes wrong means that it was not renewed, no more."""
        begun = self._clock()
        try:
            async with asyncio.timeout(self._terms.retry):
                won = await self._take(begun)
        except Exception as error:
            self._note(_words(error))
            return False
        self._note("")
        self._acts_until = begun + self._terms.renew_deadline if won else 0.0
        return won

    def _note(self, trouble: str) -> None:
        """Tell of each trouble once, and of its end."""
        if trouble and trouble != self.trouble:
            where = f"{self._namespace}/{self._name}"
            log.warning("the Lease can be neither taken nor renewed", extra={"lease": where, "error": trouble})
        elif self.trouble and not trouble:
            log.info("the Lease can be read and written again")
        self.trouble = trouble

    async def _take(self, now: float) -> bool:
        try:
            lease = await self._client.get(self._path)
        except KubeError as error:
            if error.status != 404:
                raise
            return await self._create()
        spec = lease.get("spec") or {}
        holder = self.holder = spec.get("holderIdentity") or ""
        if holder and holder != self._identity and not self._run_out(lease, now):
            return False
        taken_over = holder != self._identity
        renewed = spec | {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": int(self._terms.duration),
            "renewTime": _micro_now(),
            "leaseTransitions": _transitions(lease) + taken_over,
        }
        if taken_over:
            renewed["acquireTime"] = renewed["renewTime"]
        return await self._write(self._client.put(self._path, lease | {"spec": renewed}))

    async def _create(self) -> bool:
        spec = {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": int(self._terms.duration),
            "acquireTime": _micro_now(),
            "renewTime": _micro_now(),
            "leaseTransitions": 0,
        }
        body = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self._name, "namespace": self._namespace},
            "spec": spec,
        }
        return await self._write(self._client.post(self._collection, body))

    async def _write(self, writing: Any) -> bool:
        """The resource version in the body makes the write fail with 409 when somebody was faster."""
        try:
            await writing
        except KubeError as error:
            if error.status == 409:
                return False
            raise
        self.holder = self._identity
        return True

    def _run_out(self, lease: dict[str, Any], now: float) -> bool:
        """The other holder has not renewed for as long as it said it would, by our own clock."""
        version = lease["metadata"]["resourceVersion"]
        if self._seen is None or self._seen.version != version:
            self._seen = _Sighting(version, now)
            return False
        return now - self._seen.at > (lease["spec"].get("leaseDurationSeconds") or self._terms.duration)


def _words(error: Exception) -> str:
    """What is known to be fit to show; of anything else the name of its type alone."""
    if isinstance(error, TimeoutError):
        return "The API server did not answer in time."
    return str(error) if isinstance(error, KubeError) else type(error).__name__


def _transitions(lease: dict[str, Any]) -> int:
    return int((lease.get("spec") or {}).get("leaseTransitions") or 0)


def _micro_now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
