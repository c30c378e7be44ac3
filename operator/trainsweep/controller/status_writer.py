"""Write down what was decided: finalizer, status, event. Everything that this operator writes to a resource is here."""

from __future__ import annotations

import asyncio
import json
import logging

from trainsweep.api.names import FINALIZER
from trainsweep.cluster.cache import Cache
from trainsweep.cluster.decode import Unreadable, decode
from trainsweep.controller.attempt_state import AttemptState
from trainsweep.core.decision import Plan, RemoveFinalizer
from trainsweep.core.external import ExternalState
from trainsweep.core.inputs import Inputs
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Key, Resource
from trainsweep.core.status import status_of
from trainsweep.kube import paths
from trainsweep.kube.client import KubeClient
from trainsweep.kube.event_recorder import EventRecorder, Subject
from trainsweep.kube.writer import Writer
from trainsweep.telemetry import audit
from trainsweep.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

#: A deletion that goes well is told only after this many seconds in which nothing was done or told, the first time and
#: then again: most are over before, and every word is a write.
FIRST_NEWS, MORE_NEWS = 10.0, 600.0
_GOING_WELL = frozenset({Reason.OBSERVING, Reason.STOPPING, Reason.DELETING})


class Outrun(Exception):
    """Nothing was written: another resource has become the owner in the same moment."""


class StatusWriter:
    def __init__(
        self, client: KubeClient, writer: Writer, events: EventRecorder, store: Cache, metrics: Metrics | None = None
    ) -> None:
        self._client = client
        self._writer = writer
        self._events = events
        self._store = store
        self._metrics = metrics or Metrics()

    async def hold(self, record: Resource) -> Resource:
        """Store the finalizer; the answer is the resource with it."""
        body = await self._writer.set_finalizers(record.key, record.version, (*record.finalizers, FINALIZER))
        return self._take(record.key, body)

    async def release(self, facts: Inputs, release: RemoveFinalizer) -> None:
        """Let the resource go, and say what stays behind before it does."""
        record = facts.record
        remaining = tuple(name for name in record.finalizers if name != FINALIZER)
        if release.left:
            left = record.known_id
            state = record.past.external_state
            policy = {"policy": facts.policy.value, "policySource": facts.policy_source.value}
            event = "handedOver" if release.reason is Reason.HANDED_OVER else "left"
            audit.note(event, record, target=left, state=state, **policy, why=release.why)
            message = f"Let go, the remote thing {left or '(never found)'} stays as it is: {release.why}."
            self.event(facts, release.reason, message, warning=release.reason is Reason.LET_GO)
        body = await self._writer.set_finalizers(record.key, record.version, remaining)
        if remaining:
            self._take(record.key, body)
        else:
            # With its last finalizer it is gone, and the answer, which has the version of before, would not tell.
            self._store.tombstone(record.key, record.uid)
        self._metrics.released(record.key.kind, release.reason.value)
        if record.deleted_at and facts.was_there and not release.left:
            self.removed(facts, (facts.now - record.deleted_at).total_seconds(), release.why)
        log.info("released", extra={"resource": str(record.key), "why": release.why})

    async def report(self, facts: Inputs, decision: Plan, memory: AttemptState) -> None:
        """Write the status, if it says anything new."""
        record, standing = facts.record, decision.standing
        now = asyncio.get_running_loop().time()
        if record.deleting and standing.synced and standing.reason in _GOING_WELL:
            last_news = max(memory.reported_at, memory.deleting_since, memory.last_write)
            if now - last_news < _quiet_for(record):
                return
        status = status_of(facts, decision, memory.call)
        before = json.loads(record.status) if record.status else {}
        pins = bool(status.get("externalID")) and not before.get("externalID")
        if pins and not (
            facts.account and facts.target and self._store.ownership.pin(record.key, facts.account, facts.target)
        ):
            raise Outrun(f"Another resource has just pinned what {record.key} names.")
        try:
            version = record.version if pins else ""
            body = await self._writer.write_status(record.key, record.uid, status, before, version=version)
            if body is not None:
                self._take(record.key, body)
        finally:
            if pins:
                self._store.ownership.pinned(record.key)
        if body is None:
            return
        memory.reported_at = now
        log.info(
            standing.message,
            extra={
                "resource": str(record.key),
                "reason": standing.reason.value,
                "ready": standing.ready,
                "state": status.get("externalState", ""),
            },
        )

    def finalizer_taken(self, record: Resource) -> None:
        """Say that somebody else took our finalizer off, so that the remote thing stays as it is."""
        left, state = record.known_id, record.past.external_state
        if state == ExternalState.ABSENT or not record.deleting:
            return
        audit.note("left", record, target=left, state=state, why="the cleanup finalizer was taken off by somebody else")
        log.warning(
            "a finalizer was taken off by somebody else; the remote thing stays",
            extra={"resource": str(record.key), "target": left, "state": state},
        )
        self._metrics.released(record.key.kind, Reason.LEFT_BEHIND.value)

    def removed(self, facts: Inputs, seconds: float, evidence: str) -> None:
        """Count a remote thing that was there and is proven gone, so long after it was asked for, and say so."""
        self._metrics.removed(facts.record.key.kind, max(0.0, seconds))
        self.event(facts, Reason.DELETED_EXTERNAL, f"The remote thing is gone. {evidence}.")

    def event(self, facts: Inputs, reason: Reason, message: str, *, warning: bool = False) -> None:
        if not facts.namespace_going:
            record = facts.record
            self._events.post(Subject(record.key, record.uid), reason, message, warning=warning)

    async def refresh(self, record: Resource) -> None:
        """Read a resource again after a conflict. Raises `KubeError`; a 404 alone does not say that it is gone."""
        self._take(record.key, await self._client.get(paths.resource(record.key)))

    def _take(self, key: Key, body: dict[str, object]) -> Resource:
        """Put an answer of the API server into the store, ahead of the watch."""
        match decode(key.kind, body):
            case Resource() as record:
                self._store.put(record)
                return self._store.records.get(key, record)
            case Unreadable() as view if key in self._store.records:
                self._store.put_unreadable(view)
                return self._store.records[key]
        raise TypeError(f"{key} came back in a form that cannot be read")


def _quiet_for(record: Resource) -> float:
    """Seconds after the last news for which a deletion that goes well is not told."""
    if not record.noted:
        return 0.0
    past = record.past
    told = past.generation == record.generation and past.condition("Synced").get("status") == "True"
    return MORE_NEWS if told and past.condition("Ready").get("reason") in _GOING_WELL else FIRST_NEWS
