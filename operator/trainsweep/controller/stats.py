"""How the operator stands, for probes and metrics: counted over the store when somebody asks. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from trainsweep.accounts.manager import AccountManager
from trainsweep.api.common import Mode
from trainsweep.cluster.cache import Cache
from trainsweep.cluster.decode import Config
from trainsweep.controller.account_queues import AccountQueues
from trainsweep.core.external import ExternalState
from trainsweep.core.last_status import LastStatus, parse_time
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Key, Resource
from trainsweep.telemetry.state import AccountState, QueueState, Resources

#: The label of the queue of the accounts themselves. No object of Kubernetes can have this name.
CONFIGS_QUEUE = "ProviderConfigs"
#: That of the first stage, which needs the API server alone.
CLUSTER_QUEUE = "Resources"
#: What a status may say that this version does not know, so that labels stay bounded.
OTHER = "Other"

_STATES = frozenset(ExternalState)
_REASONS = frozenset(Reason)


class Told(NamedTuple):
    """What a resource's status tells. `since` (epoch seconds) when it became not ready, 0 while it is ready."""

    status: str
    state: str
    reason: str
    since: float


class Stats:
    """Statuses are parsed once each, not once a count."""

    def __init__(
        self,
        store: Cache,
        accounts: AccountManager,
        queues: AccountQueues,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._queues = queues
        self._now = now
        self._told: dict[Key, Told] = {}

    def resources(self) -> Resources:
        """Every resource by kind, state and reason, and how old the oldest removal of each account is.

        What the guard holds is not late, and not counted: it waits for a person.
        """
        self._told = {key: self._read(record) for key, record in self._store.records.items()}
        counts = Counter((key.kind, told.state, told.reason) for key, told in self._told.items())
        now = self._now().timestamp()
        oldest = {
            config.place: max((self._removal_age(key, now) for key in keys if not self._held(key)), default=0.0)
            for config, keys in self._store.demand.asking.items()
            if not self._planning(config)
        }
        return Resources(counts, oldest)

    def accounts(self) -> dict[str, AccountState]:
        """The ProviderConfigs there are, and those that are missed."""
        known = {key.place: self._account(config) for key, config in self._store.configs.items()}
        missed = {key.place for key, users in self._store.users.items() if users} - set(known)
        return known | {place: AccountState("", Reason.CONFIG_NOT_FOUND, well=False) for place in missed}

    def queues(self) -> dict[str, QueueState]:
        """The queue of each account that is used or has something to do, and that of the accounts."""
        used = (
            (key.place, queue)
            for key, queue in self._queues.providers.items()
            if key in self._store.configs or self._store.users.get(key) or len(queue)
        )
        return {
            name: QueueState(len(queue), queue.oldest())
            for name, queue in (*used, (CONFIGS_QUEUE, self._queues.accounts), (CLUSTER_QUEUE, self._queues.cluster))
        }

    def _read(self, record: Resource) -> Told:
        told = self._told.get(record.key)
        if told and told.status == record.status:
            return told
        past = record.past
        ready = past.condition("Ready")
        since = parse_time(ready.get("lastTransitionTime")) if ready.get("status") == "False" else None
        state, reason = past.external_state or ExternalState.UNKNOWN, ready.get("reason") or Reason.OBSERVING
        return Told(
            record.status,
            str(state) if state in _STATES else OTHER,
            str(reason) if reason in _REASONS else OTHER,
            since.timestamp() if since else 0.0,
        )

    def _removal_age(self, key: Key, now: float) -> float:
        """Since the deletion was asked for; under desiredState, since the resource is not what it should be."""
        record = self._store.records[key]
        if record.deleted_at:
            return now - record.deleted_at.timestamp()
        since = self._told[key].since
        return now - since if since else 0.0

    def _held(self, key: Key) -> bool:
        record = self._store.records[key]
        account = self._accounts.get(record.config)
        return account is not None and account.guard.holds(record.uid)

    def _planning(self, config: Key) -> bool:
        """Under mode Plan nothing comes to its end, on purpose."""
        known = self._store.configs.get(config)
        return known is not None and known.spec.mode is Mode.PLAN

    def _account(self, config: Config) -> AccountState:
        ready = LastStatus.parse(config.status).condition("Ready")
        reason = ready.get("reason") or Reason.OBSERVING
        account = self._accounts.get(config.key)
        return AccountState(
            provider=config.spec.provider,
            reason=str(reason) if reason in _REASONS else OTHER,
            well=ready.get("status") != "False",
            circuit_open=account is not None and account.gate.circuit.open,
            held=account.guard.held if account else 0,
        )
