"""What a ProviderConfig says of its account: status and events, and the guard that goes on from it after a restart."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from trainsweep.accounts.account import Account
from trainsweep.cluster.cache import Cache, Change
from trainsweep.cluster.decode import Config, decode
from trainsweep.core.account_status import AccountFacts, account_status, news
from trainsweep.core.deletion_guard import Guard, Tally
from trainsweep.core.inputs import Obstacle
from trainsweep.core.last_status import LastStatus, parse_time
from trainsweep.core.resource import Key
from trainsweep.kube.event_recorder import EventRecorder, Subject
from trainsweep.kube.writer import Writer


class AccountStatusWriter:
    """Writes only what is new."""

    def __init__(self, writer: Writer, store: Cache, events: EventRecorder, now: Callable[[], datetime]) -> None:
        self._writer = writer
        self._store = store
        self._events = events
        self._now = now

    async def report(self, key: Key, account: Account | None, obstacle: Obstacle | None) -> bool:
        """Say how the account stands. True when the API server's answer held somebody's edit. Raises `KubeError`."""
        config = self._store.configs.get(key)
        if config is None or (config.deleting and not config.finalizers):
            return False
        circuit = account.gate.circuit if account else None
        before = json.loads(config.status or "{}")
        guard = account.guard if account else guard_of(config)
        held, held_since = _held(guard, before)
        facts = AccountFacts(
            generation=config.generation,
            resources=len(self._store.dependents(key)),
            deleting=config.deleting,
            obstacle=obstacle,
            circuit_open=bool(circuit and circuit.open),
            circuit_since=circuit.since if circuit else None,
            held=held,
            held_since=held_since,
            odd_approval="" if config.approved_until else config.approval,
            tally=guard.tally,
        )
        past = LastStatus.parse(config.status)
        status = account_status(facts, past, self._now())
        body = await self._writer.write_status(key, config.uid, status, before)
        # One that is being deleted may go with its namespace, where nothing can be created any more.
        if body and not config.deleting and (told := news(past, status)):
            reason, message, warning = told
            self._events.post(Subject(key, config.uid), reason, message, warning=warning)
        return body is not None and self._take(key.kind, body) is Change.SUBSTANCE

    def _take(self, kind: str, body: Mapping[str, Any]) -> Change:
        updated = decode(kind, body)
        return self._store.put_config(updated) if isinstance(updated, Config) else Change.NOTHING


def guard_of(config: Config) -> Guard:
    """The guard of an account that is opened, going on from what the status tells of an earlier life."""
    limits, status = config.spec.deletion_guard, json.loads(config.status or "{}")
    guard = Guard(limit=limits.max_deletions, window=limits.window_seconds)
    held, removals = status.get("held") or {}, status.get("removals") or {}
    latest = parse_time(removals.get("latest"))
    tally = Tally(removals.get("count", 0), removals.get("underWay", 0), latest) if latest else None
    guard.resume(held=held.get("count", 0), tally=tally)
    return guard


def _held(guard: Guard, status: Mapping[str, Any]) -> tuple[int, datetime | None]:
    """How many removals are held, and since when. After a restart the old word stands until the first of them asks."""
    if guard.holding and not guard.held and (held := status.get("held")):
        return held["count"], parse_time(held.get("since"))
    return guard.held, guard.held_since
