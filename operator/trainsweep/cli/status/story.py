"""The whole story of one resource: what is wanted and why, what is there, who owns it, what happens next. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from trainsweep.api.common import DeletionPolicy, DesiredState, Mode
from trainsweep.cli.status.account import AccountStory, account_story
from trainsweep.cli.status.outlook import Outlook, obstacle_of, outlook, remembered
from trainsweep.cli.status.scene import Event, Scene, target_of
from trainsweep.core.advice import advice
from trainsweep.core.errors import ConfigurationError
from trainsweep.core.inputs import Inputs
from trainsweep.core.last_status import LastStatus
from trainsweep.core.policy import PolicySource, effective_policy
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Key, Resource
from trainsweep.kube.cluster_reads import Namespace

#: Reasons whose advice says nothing that the screen does not say.
_WELL = frozenset({Reason.AVAILABLE, Reason.STOPPED, Reason.ABSENT})


@dataclass(frozen=True, slots=True)
class Clock:
    """`activeDeadlineSeconds` or `ttlSecondsAfterFinished`; `at` is None while it does not run."""

    name: str
    seconds: int
    brings: str
    since: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Story:
    """`policy` is what deleting the resource does, None where nobody has told; `owner` another resource that owns the
    remote thing. `advice` is what a person should do, "" when nothing.
    """

    record: Resource
    past: LastStatus
    policy: DeletionPolicy | None
    policy_source: str
    owner: Key | None
    account: AccountStory | None
    next: Outlook
    clocks: tuple[Clock, ...] = ()
    events: tuple[Event, ...] = ()
    advice: str = ""

    @property
    def ready(self) -> dict[str, Any]:
        return self.past.condition("Ready")

    @property
    def reason(self) -> str:
        return str(self.ready.get("reason", "")) if self.past.generation >= 0 else "New"


@dataclass(frozen=True, slots=True)
class Stories:
    """`resources` are in the order of their accounts, those that need a person first."""

    accounts: tuple[AccountStory, ...]
    resources: tuple[Story, ...]
    events: tuple[Event, ...] = ()
    unread: tuple[str, ...] = field(default=())


def tell(scene: Scene, subject: Key | None, now: datetime) -> Stories:
    """Of one resource, of one account with its resources, or of everything in the scene."""
    store = scene.store
    records = [record for key, record in sorted(store.records.items()) if subject in (None, key, record.config)]
    told = {key: account_story(config, now) for key, config in store.configs.items()}
    owners = scene.owners()
    stories = [_story(record, scene, told.get(record.config), owners.get(record.key), now) for record in records]
    stories.sort(key=lambda story: (story.record.config, not story.next.needs_person, story.record.key))
    used = {record.config for record in records}
    shown = {key for key in store.configs if subject in (None, key)} | used
    accounts = tuple(told[key] for key in sorted(shown) if key in told)
    config = store.configs.get(subject) if subject else None
    events = tuple(scene.events.get(config.uid, ())) if config else ()
    return Stories(accounts, tuple(stories), events, tuple(dict.fromkeys(scene.unread)))


def _story(record: Resource, scene: Scene, account: AccountStory | None, owner: Key | None, now: datetime) -> Story:
    past = record.past
    policy, source = _policy(record, scene.namespaces.get(record.key.namespace))
    reason = past.condition("Ready").get("reason", "")
    facts = Inputs(
        record,
        policy or DeletionPolicy.DELETE,
        now,
        mode=account.mode if account else Mode.ENFORCE,
        owner=owner,
        obstacle=obstacle_of(past),
        target=target_of(record),
        seen=remembered(past, record.known_id),
        fresh=True,
        observed=past.observed,
        account=scene.account_of(record),
    )
    ahead = outlook(facts, account)
    trouble = past.generation >= 0 and reason not in _WELL and past.condition("Ready").get("status") != "True"
    told = advice(reason) if trouble or ahead.needs_person else ""
    return Story(
        record=record,
        past=past,
        policy=policy,
        policy_source=source,
        owner=owner,
        account=account,
        next=ahead,
        clocks=_clocks(record, past),
        events=tuple(scene.events.get(record.uid, ())),
        advice=told or (advice(Reason.OBSERVING) if ahead.needs_person else ""),
    )


def _policy(record: Resource, namespace: Namespace | None) -> tuple[DeletionPolicy | None, str]:
    """The policy in force and who set it. The operator's own setting is known by what it wrote."""
    try:
        written = next((policy for policy in DeletionPolicy if policy == record.past.policy), None)
        default = written or DeletionPolicy.DELETE
        policy, source = effective_policy(record.spec.deletion_policy, namespace.policy if namespace else "", default)
    except ConfigurationError as error:
        return None, str(error)
    if source is PolicySource.OPERATOR:
        where = "the operator's setting" if namespace else "the namespace or the operator"
        return written, where
    return policy, {PolicySource.RESOURCE: "spec.deletionPolicy"}.get(source, "the namespace's annotation")


def _clocks(record: Resource, past: LastStatus) -> tuple[Clock, ...]:
    clocks = []
    if record.deadline is not None and record.spec.desired_state == DesiredState.PRESENT:
        at = _later(past.started_at, record.deadline) if not past.finished_at else None
        clocks.append(Clock("activeDeadlineSeconds", record.deadline, "stop", "the remote start", at))
    if record.expiry is not None:
        clocks.append(
            Clock(
                "ttlSecondsAfterFinished",
                record.expiry,
                "delete",
                "the remote end",
                _later(past.finished_at, record.expiry),
            )
        )
    return tuple(clocks)


def _later(since: datetime | None, seconds: int) -> datetime | None:
    try:
        return since + timedelta(seconds=seconds) if since else None
    except OverflowError:
        return None
