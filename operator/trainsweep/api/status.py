"""The status of the kinds: written by the operator alone.

Words are plain strings here, not enums: a schema that is older than the operator must not refuse a status write.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from trainsweep.api.common import Condition, DeletionPolicy, LastCall, Model

#: Server-side apply merges conditions by type.
_BY_TYPE = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}

Conditions = Annotated[tuple[Condition, ...], Field(json_schema_extra=_BY_TYPE)]


class Status(Model):
    """What the operator last saw."""

    observed_generation: int = -1
    """The metadata.generation that this status is about. It is -1 until the operator has seen the resource, so that
    tools which wait for a resource (kstatus, Flux, kubectl wait) do not take a new one for done."""

    conditions: Conditions = ()
    """Ready, Synced, Reconciling and Stalled."""


class AccountIdentity(Model):
    """The remote account in which externalID was found. An id means nothing in another one."""

    provider: str
    """The name of the provider."""

    host: str
    """The host of the provider's API, with its port where that is not the usual one."""

    project: str | None = None
    """The id of the project; a provider without projects has none."""

    keys: tuple[str, ...] | None = None
    """Fingerprints of the access keys with which the remote thing was seen, newest last, where the provider does not
    tell which account a key belongs to. They tell a rotated key from that of another account."""


class RemoteStatus(Status):
    """What the operator last saw of the remote thing. It is written when something changed, not with every poll."""

    external_id: str | None = None
    """The provider's id of the remote thing; of a version it is JOB/VERSION. Once set it is never looked up again."""

    account: AccountIdentity | None = None
    """Where externalID was found."""

    parent_id: str | None = None
    """The provider's id of what holds the remote thing, as the job that holds a fine-tuning task."""

    listed: bool | None = None
    """Whether a list of the account has shown the remote thing. Only then, or when the provider says in so many words
    that there is no such thing, does its absence from that list count."""

    external_name: str | None = None
    """The name of the remote thing at the provider."""

    external_state: str | None = None
    """The remote state in one vocabulary for all providers: Pending, Running, Stopping, Succeeded, Failed, Stopped,
    Deleting, Absent or Unknown. On Unknown nothing is stopped or deleted."""

    provider_state: str | None = None
    """The remote state in the provider's own word, or the name of its number."""

    created_at: AwareDatetime | None = None
    """When the remote thing was created, by the provider's clock."""

    started_at: AwareDatetime | None = None
    """When the remote thing began to run, by the provider's word, else when it was first seen running;
    activeDeadlineSeconds counts from here."""

    finished_at: AwareDatetime | None = None
    """When the remote thing ended, by the provider's clock; ttlSecondsAfterFinished counts from here."""

    effective_deletion_policy: DeletionPolicy | None = None
    """What deleting this resource does now: its own deletionPolicy, else the namespace's, else the operator's; Stop in
    place of Delete where the provider cannot delete such a thing."""

    last_call: LastCall | None = None
    """The most recent stop or delete call to the provider and its answer."""

    planned_action: str | None = None
    """What the operator would do if the account were not in mode Plan."""

    last_handled_reconcile_at: str | None = None
    """The value of the annotation trainsweep.dev/reconcile-requested-at that was handled last."""


class Held(Model):
    """Deletions that wait because deletionGuard.maxDeletions was reached."""

    count: int
    """How many resources wait."""

    since: AwareDatetime | None = None
    """When the first of them began to wait."""


class Removals(Model):
    """What the deletion guard counts across restarts of the operator."""

    count: int
    """How many resources were let through in the window that ended with latest."""

    under_way: int = 0
    """How many of these have not come to their end."""

    latest: AwareDatetime
    """When the latest of them was let through."""


class Circuit(Model):
    """Whether calls go out to this account."""

    state: str
    """Closed: calls go out. Open: none go out but one now and then to try, because the last ones failed in a way that
    more calls make worse."""

    since: AwareDatetime | None = None
    """When this state began."""

    reason: str | None = None
    """Why the circuit is not closed."""


class ProviderConfigStatus(Status):
    """What the operator last saw of the account. An outage is told here once, not on every resource."""

    resources: int | None = None
    """How many resources use this account. While there are any, it is not removed."""

    held: Held | None = None
    """Deletions held back by deletionGuard; the annotation trainsweep.dev/approve-deletions-until lets them go."""

    removals: Removals | None = None
    """Removals that count against deletionGuard."""

    circuit: Circuit | None = None
    """Whether calls go out to this account."""
