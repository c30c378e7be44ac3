"""Kubernetes Events: best effort and few. The status carries the truth.

What happens to an object again for the same reason is one Event whose count goes on, written at growing pauses. All of
them together keep a pace, and a task of their own writes them: nobody waits for an Event. Warnings wait their turn as
long as there is room; good news is left out when it is not its turn at once. Namespaces take turns, and the
good news of one of them has half the pace.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trainsweep.api.names import API_VERSION
from trainsweep.core.last_status import format_time
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Key
from trainsweep.core.turns import Turns
from trainsweep.kube import paths
from trainsweep.kube.client import KubeClient, KubeError

log = logging.getLogger(__name__)

#: Seconds until an Event is written again, whatever its message: at first, then doubling.
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0
#: All Events together: so many at once, then so many a second.
BURST, PACE = 25, 1.0
#: Good news of one namespace, a second.
SHARE = PACE / 2
#: So many wait for their turn; more are left out, and have another chance when they happen again.
ROOM = 100
#: So many Events are remembered; one that was forgotten begins anew.
REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Subject:
    """The object that an event is about."""

    key: Key
    uid: str


@dataclass(slots=True)
class _Series:
    """What happened to one object for one reason.

    `name` of its Event, "" before there is one. `due`: time of the loop from which it may be written again.
    """

    subject: Subject
    reason: Reason
    first: datetime
    last: datetime
    warning: bool = False
    message: str = ""
    count: int = 0
    name: str = ""
    due: float = 0.0
    pause: float = FIRST_PAUSE

    @property
    def collection(self) -> str:
        return f"{paths.namespace(self._namespace)}/events"

    @property
    def _namespace(self) -> str:
        """Events about objects of the whole cluster lie in the namespace `default`, as everywhere."""
        return self.subject.key.namespace or "default"

    def news(self) -> dict[str, Any]:
        """What changes when it happens again."""
        return {"count": self.count, "lastTimestamp": format_time(self.last), "message": self.message[:1024]}

    def event(self, name: str) -> dict[str, Any]:
        key = self.subject.key
        return self.news() | {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": self._namespace},
            "involvedObject": {
                "apiVersion": API_VERSION,
                "kind": key.kind,
                "namespace": key.namespace,
                "name": key.name,
                "uid": self.subject.uid,
            },
            "type": "Warning" if self.warning else "Normal",
            "reason": self.reason.value,
            "source": {"component": "trainsweep"},
            "reportingComponent": "trainsweep",
            "firstTimestamp": format_time(self.first),
        }


class EventRecorder:
    """Takes note of what happened and returns at once. What the API server refuses is logged at debug level."""

    def __init__(self, client: KubeClient, now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now
        self._told: OrderedDict[tuple[str, Reason], _Series] = OrderedDict()
        #: What is to be written.
        self._waiting: Turns[tuple[str, Reason], _Series] = Turns()
        #: When all written so far will be made up for, as if they had kept the pace from the beginning.
        self._made_up = float("-inf")
        #: The same for the good news of each namespace, at half the pace.
        self._shares: dict[str, float] = {}
        self._writing: asyncio.Task[None] | None = None

    def post(self, subject: Subject, reason: Reason, message: str, *, warning: bool = False) -> None:
        now, mark = self._now(), (subject.uid, reason)
        series = self._told.setdefault(mark, _Series(subject, reason, now, now))
        self._told.move_to_end(mark)
        while len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        series.last, series.message, series.warning = now, message, warning
        series.count += 1
        time, namespace = asyncio.get_running_loop().time(), subject.key.namespace
        if mark in self._waiting.of(namespace) or time < series.due:
            return
        if not warning and not (self._is_turn(time) and self._has_share(namespace, time)):
            return
        if len(self._waiting) >= ROOM and not self._make_room(namespace):
            return
        self._waiting.add(namespace, mark, series)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())

    def _is_turn(self, time: float) -> bool:
        """Whether another Event could be written at once, after those that wait."""
        return max(time, self._made_up) + len(self._waiting) / PACE <= time + (BURST - 1) / PACE

    def _has_share(self, namespace: str, time: float) -> bool:
        if len(self._shares) > REMEMBERED:
            self._shares = {name: made_up for name, made_up in self._shares.items() if made_up > time}
        made_up = max(time, self._shares.get(namespace, time))
        if made_up > time + (BURST - 1) / SHARE:
            return False
        self._shares[namespace] = made_up + 1 / SHARE
        return True

    def _make_room(self, namespace: str) -> bool:
        """Leave out the latest of the namespace that has the most waiting, for one that has less."""
        most = self._waiting.longest
        if len(self._waiting.of(most)) <= len(self._waiting.of(namespace)) + 1:
            return False
        self._waiting.drop_latest(most)
        return True

    async def drain(self, seconds: float) -> None:
        """Give what waits so long, then drop it."""
        if self._writing:
            await asyncio.wait({self._writing}, timeout=seconds)
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            await asyncio.sleep(self._made_up - (BURST - 1) / PACE - loop.time())
            _, series = self._waiting.next()
            self._made_up = max(loop.time(), self._made_up) + 1 / PACE
            series.due = loop.time() + series.pause
            series.pause = min(LONGEST_PAUSE, series.pause * 2)
            try:
                await self._write(series)
            except KubeError as error:
                log.debug("event not written: %s", error)

    async def _write(self, series: _Series) -> None:
        if series.name:
            try:
                await self._client.merge(f"{series.collection}/{series.name}", series.news())
                return
            except KubeError as error:
                if error.status != 404:
                    raise
                # Events are kept for an hour or so: this one is begun anew.
        name = f"{series.subject.key.name[:200]}.{uuid.uuid4().hex[:16]}"
        await self._client.post(series.collection, series.event(name))
        series.name = name
