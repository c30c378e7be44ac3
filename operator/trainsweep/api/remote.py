"""The spec that the five remote kinds share beside their identity."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from trainsweep.api.common import (
    MAX_SECONDS,
    DeletionPolicy,
    DesiredState,
    Expect,
    Model,
    ProviderConfigRef,
    Rule,
    constant,
    immutable,
    shape,
)
from trainsweep.api.provider import id_form


def immutable_identity(*fields: str) -> Rule:
    """The fields that name the remote thing never change: an edited id would stop or delete something else."""
    return immutable(
        *fields,
        instead="A resource stands for one remote thing for life: create another resource for another one"
        " (and set deletionPolicy: Orphan before deleting this one if its remote thing should stay).",
    )


def remote_id(kind: str, name: str) -> Any:
    """A field that names a thing of this kind by an id of any installed provider."""
    form = id_form(kind, name)
    return Field(max_length=form.longest, pattern=f"^{form.pattern}$", json_schema_extra=shape(form.sentence))


class RemoteSpec(Model):
    """Which remote thing, and the state that it should be in."""

    provider_config_ref: Annotated[
        ProviderConfigRef,
        Field(
            json_schema_extra=constant(
                "providerConfigRef cannot change: it would move this resource to another account."
                " Create another resource instead (and set deletionPolicy: Orphan before deleting this one if its"
                " remote thing should stay)."
            )
        ),
    ]
    """The account in which the remote thing lives. It cannot change."""

    desired_state: DesiredState = DesiredState.PRESENT
    """Present (the default): watch the remote thing and do nothing. Stopped: stop it if it runs. Absent: stop it if it
    runs, then delete it; this resource stays. Stopping and deleting cannot be undone."""

    deletion_policy: DeletionPolicy | None = None
    """What deleting this resource does to the remote thing. Delete: stop it if it runs, then delete it. Stop: only stop
    it. Orphan: nothing. Unset: the namespace's annotation trainsweep.dev/deletion-policy, else the operator's setting,
    which is Delete; status.effectiveDeletionPolicy shows the one in force."""

    active_deadline_seconds: Annotated[int, Field(ge=1, le=MAX_SECONDS)] | None = None
    """Seconds from the remote start after which the remote thing is stopped, as with desiredState: Stopped. Unset: no
    deadline. A thing that never runs, such as a config, never reaches it."""

    ttl_seconds_after_finished: Annotated[int, Field(ge=0, le=MAX_SECONDS)] | None = None
    """Seconds from the remote end after which the remote thing is deleted, as with desiredState: Absent. This resource
    stays, so that GitOps does not create it again. Unset: it is kept. A thing that never runs, such as a config, never
    reaches it."""

    expect: Expect | None = None
    """Checked before any stop or delete: if the remote thing is different, nothing is touched and the resource stalls.
    It guards against a wrong id."""
