"""Facts for decisions, said in few words. What is not named is ordinary: held, Enforce, policy Delete, read afresh."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from trainsweep.api.common import DeletionPolicy
from trainsweep.api.kinds import REMOTE_KINDS
from trainsweep.api.names import FINALIZER
from trainsweep.api.provider import KindSupport
from trainsweep.core.external import ExternalState, Remote, Target, Thing
from trainsweep.core.inputs import Absent, Inputs, Obstacle
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Key, Resource

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
IDENTITY: dict[Thing, dict[str, Any]] = {
    Thing.JOB: {"jobID": "155500"},
    Thing.VERSION: {"jobID": "155500", "versionID": "3"},
    Thing.CONFIG: {"configName": "nightly"},
    Thing.TUNING_TASK: {"taskID": "task-a1"},
    Thing.TUNING_JOB: {"jobID": "job-a1"},
}
GONE = Absent("the service refuses the id, and the complete list does not hold it")
OTHER = Key("FineTuningTask", "team-b", "elder")
ELDER = Key("FineTuningTask", "team-a", "elder")
NO_CONFIG = Obstacle(Reason.CONFIG_NOT_FOUND, "ProviderConfig team-a/account does not exist", configuration=True)
OUTAGE = Obstacle(Reason.PROVIDER_UNAVAILABLE, "503")

PENDING, RUNNING, STOPPING = ExternalState.PENDING, ExternalState.RUNNING, ExternalState.STOPPING
SUCCEEDED, FAILED, STOPPED = ExternalState.SUCCEEDED, ExternalState.FAILED, ExternalState.STOPPED
DELETING, UNKNOWN = ExternalState.DELETING, ExternalState.UNKNOWN


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def a_resource(thing: Thing = Thing.TUNING_TASK, *, spec: dict[str, Any] | None = None, **more: Any) -> Resource:
    """`spec` in the words of a manifest; `status` (in `more`) as a dict."""
    words = {"providerConfigRef": {"name": "account"}, **(spec or {})}
    if not {"jobID", "jobName", "taskID", "configName", "jobRef"} & words.keys():
        words |= IDENTITY[thing]
    status = more.pop("status", None)
    held = more.pop("held", True)
    fields = {
        "uid": "uid-1",
        "generation": 1,
        "version": "10",
        "created_at": ago(3600),
        "finalizers": (FINALIZER,) if held else (),
        "status": json.dumps(status) if status else "",
    }
    model = REMOTE_KINDS[thing.value].spec.model_validate(words)
    return Resource(key=Key(thing.value, "team-a", "run"), spec=model, **(fields | more))  # type: ignore[arg-type]


def a_thing(state: ExternalState = RUNNING, **more: Any) -> Remote:
    fields = {"id": "task-a1", "name": "llama", "provider_state": f"word for {state}", "created_at": ago(1800)}
    return Remote(state=state, **(fields | more))  # type: ignore[arg-type]


def parts(*states: ExternalState) -> tuple[Remote, ...]:
    return tuple(a_thing(state, id=f"part-{number}") for number, state in enumerate(states))


def facts(record: Resource, seen: Remote | Absent | None = None, **more: Any) -> Inputs:
    fields = {
        "policy": DeletionPolicy.DELETE,
        "now": NOW,
        "target": Target(record.thing, record.past.external_id or record.given_id or "found-by-name"),
        "fresh": seen is not None,
        "support": KindSupport(id_returns=record.thing is Thing.CONFIG),
    }
    return Inputs(record=record, seen=seen, **(fields | more))  # type: ignore[arg-type]
