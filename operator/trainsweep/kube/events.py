"""Kubernetes Events: best effort, aggregated by repeating the count, rate limited. The status carries the truth."""

from __future__ import annotations

import logging
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from trainsweep.core.past import format_time
from trainsweep.core.reasons import Reason
from trainsweep.core.record import Key
from trainsweep.kube.client import KubeClient, KubeError

log = logging.getLogger(__name__)

#: The same event about the same object is posted at most once in this many seconds.
QUIET = 300.0
REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Subject:
    """The object that an event is about."""

    key: Key
    uid: str
    api_version: str


class Events:
    """Posts events; a refused or failed post is logged at debug level and forgotten."""

    def __init__(self, client: KubeClient, now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now
        self._posted: OrderedDict[tuple[str, Reason, str], datetime] = OrderedDict()

    async def post(self, subject: Subject, reason: Reason, message: str, *, warning: bool = False) -> None:
        now = self._now()
        mark = (subject.uid, reason, message)
        last = self._posted.get(mark)
        if last and (now - last).total_seconds() < QUIET:
            return
        self._posted[mark] = now
        self._posted.move_to_end(mark)
        while len(self._posted) > REMEMBERED:
            self._posted.popitem(last=False)
        namespace = subject.key.namespace or "default"
        stamp = format_time(now)
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{subject.key.name[:200]}.{uuid.uuid4().hex[:16]}", "namespace": namespace},
            "involvedObject": {
                "apiVersion": subject.api_version,
                "kind": subject.key.kind,
                "namespace": subject.key.namespace,
                "name": subject.key.name,
                "uid": subject.uid,
            },
            "type": "Warning" if warning else "Normal",
            "reason": reason.value,
            "message": message[:1024],
            "source": {"component": "trainsweep"},
            "reportingComponent": "trainsweep",
            "firstTimestamp": stamp,
            "lastTimestamp": stamp,
            "count": 1,
        }
        try:
            await self._client.post(f"/api/v1/namespaces/{namespace}/events", event)
        except KubeError as error:
            log.debug("event not posted: %s", error)
