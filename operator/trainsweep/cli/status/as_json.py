"""`trainsweep status --output json`: the same story for programs."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from trainsweep.cli.status.account import AccountStory
from trainsweep.cli.status.scene import Event
from trainsweep.cli.status.story import Stories, Story
from trainsweep.core.last_status import format_time


def as_json(stories: Stories) -> dict[str, Any]:
    return {
        "accounts": [_account(account) for account in stories.accounts],
        "resources": [_resource(story) for story in stories.resources],
        "events": [_event(event) for event in stories.events],
        "unread": list(stories.unread),
    }


def _resource(story: Story) -> dict[str, Any]:
    record, past = story.record, story.past
    return {
        "kind": record.key.kind,
        "namespace": record.key.namespace,
        "name": record.key.name,
        "desiredState": str(record.spec.desired_state),
        "deleting": record.deleting,
        "paused": record.paused,
        "deletionPolicy": story.policy.value if story.policy else None,
        "policySource": story.policy_source,
        "clocks": [{"name": clock.name, "seconds": clock.seconds, "at": _time(clock.at)} for clock in story.clocks],
        "externalID": past.external_id or None,
        "externalName": past.external_name or None,
        "externalState": past.external_state or None,
        "providerState": past.provider_state or None,
        "createdAt": _time(past.created_at),
        "startedAt": _time(past.started_at),
        "finishedAt": _time(past.finished_at),
        "owner": str(story.owner) if story.owner else None,
        "account": str(record.config),
        "ready": story.ready.get("status"),
        "reason": story.reason or None,
        "message": story.ready.get("message"),
        "lastCall": past.last_call or None,
        "events": [_event(event) for event in story.events],
        "next": {
            "text": story.next.text,
            "steps": list(story.next.steps),
            "because": story.next.because or None,
            "at": _time(story.next.at),
            "needsPerson": story.next.needs_person,
        },
        "whatToDo": story.advice or None,
    }


def _account(account: AccountStory) -> dict[str, Any]:
    return {
        "kind": account.key.kind,
        "namespace": account.key.namespace or None,
        "name": account.key.name,
        "place": account.place,
        "mode": account.mode.value,
        "ready": account.ready,
        "reason": account.reason or None,
        "message": account.message or None,
        "circuit": {"state": account.circuit or None, "since": _time(account.circuit_since)},
        "readsPerSecond": account.reads_per_second,
        "writesPerSecond": account.writes_per_second,
        "guard": {
            "removals": account.removals,
            "underWay": account.under_way,
            "limit": account.limit,
            "windowSeconds": account.window,
            "held": account.held,
            "heldSince": _time(account.held_since),
            "approvedUntil": _time(account.approved_until),
        },
        "resources": account.resources,
    }


def _event(event: Event) -> dict[str, Any]:
    return asdict(event) | {"at": _time(event.at)}


def _time(value: datetime | None) -> str | None:
    return format_time(value) if value else None
