"""Every status that the operator can write, with the standing that it was written from.

Facts of all sorts go through the real `plan` and `status_of`, the way that a pass takes them: look when the plan asks
for it, then write. What is alike in kinds, deletion and the words of its conditions is kept once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product
from typing import Any

from tests.core.given import GONE, NOW, OTHER, a_resource, a_thing, facts, parts

from trainsweep.accounts.blocked import obstacle, trouble
from trainsweep.api.common import DeletionPolicy, Mode
from trainsweep.api.names import API_VERSION, FINALIZER
from trainsweep.controller.execute import rejection_of
from trainsweep.core.account_status import AccountFacts, account_status
from trainsweep.core.decision import AddFinalizer, Delete, Observe, Plan, RemoveFinalizer, Standing, Stop
from trainsweep.core.errors import ProviderError, Refused
from trainsweep.core.external import ExternalState, Remote, Thing
from trainsweep.core.inputs import Absent, Inputs, Obstacle, Verb
from trainsweep.core.last_status import LastStatus
from trainsweep.core.plan import plan
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Resource
from trainsweep.core.status import status_of

GENERATION = 2

#: The reasons of `ConfigurationError`, wherever one is raised.
CONFIGURATION = (
    Reason.CONFIG_NOT_FOUND,
    Reason.SECRET_NOT_FOUND,
    Reason.SECRET_KEY_MISSING,
    Reason.REFERENCE_NOT_FOUND,
    Reason.ENDPOINT_NOT_ALLOWED,
    Reason.NOT_ALLOWED,
    Reason.INVALID_SPEC,
    Reason.AMBIGUOUS_NAME,
)


@dataclass(frozen=True)
class Case:
    """One object with its status. `standing` is what the operator meant to say by it, None when it said nothing yet."""

    body: dict[str, Any]
    standing: Standing | None

    @property
    def deleting(self) -> bool:
        return "deletionTimestamp" in self.body["metadata"]

    @property
    def current(self) -> bool:
        """The status is about the latest generation."""
        return self.body["status"]["observedGeneration"] == self.body["metadata"]["generation"]

    @property
    def words(self) -> list[tuple[str, str, str]]:
        conditions = self.body["status"].get("conditions", ())
        return [(condition["type"], condition["status"], condition["reason"]) for condition in conditions]

    def __str__(self) -> str:
        generation = self.body["metadata"]["generation"]
        state = f"{' deleting' * self.deleting}{' stale' * (not self.current)}"
        return f"{self.body['kind']} of generation {generation}{state}: {self.words}"


def every_case() -> list[Case]:
    fresh = _distinct(_remote_cases())
    paused = _distinct([*_paused_at_first_sight(), *(case for before in fresh for case in _paused_after(before))])
    told = _distinct([*fresh, *paused, *_account_cases()])
    return [*told, *(_overtaken(case) for case in told), *_untold()]


def _distinct(cases: Iterator[Case] | list[Case]) -> list[Case]:
    return list({str(case): case for case in cases}.values())


def _remote_cases() -> Iterator[Case]:
    for record, mode, policy in product(_records(), Mode, DeletionPolicy):
        common = replace(facts(record), mode=mode, policy=policy)
        for seen in (None, GONE, *_things(record)):
            yield from _passes(common, seen)
        for wrong in _obstacles():
            yield from _passes(replace(common, obstacle=wrong), GONE)
            yield from _passes(common, wrong)
        yield from _passes(replace(common, owner=OTHER), GONE)


def _records() -> Iterator[Resource]:
    specs: dict[Thing, tuple[dict[str, Any], ...]] = {
        Thing.JOB: (
            {},
            {"expect": {"name": "another"}},
            {"ttlSecondsAfterFinished": 1},
            {"activeDeadlineSeconds": 1},
        ),
        Thing.CONFIG: ({},),
        Thing.TUNING_JOB: ({}, {"cascade": True}),
    }
    pinned = {"createdAt": "2020-01-01T00:00:00Z", "externalState": "Stopped"}
    for thing, variants in specs.items():
        states = ("Present", "Absent") if thing is Thing.CONFIG else ("Present", "Stopped", "Absent")
        pasts = ({}, pinned) if thing is Thing.CONFIG else ({},)
        for spec, desired, past, deleting in product(variants, states, pasts, (False, True)):
            yield a_resource(
                thing, spec=spec | {"desiredState": desired}, deleting=deleting, generation=GENERATION, status=past
            )


def _things(record: Resource) -> Iterator[Remote]:
    times = {"started_at": NOW - timedelta(hours=1), "finished_at": None}
    for state in ExternalState:
        if state is not ExternalState.ABSENT:
            ended = {"finished_at": NOW - timedelta(minutes=30)} if state.ended else {}
            yield a_thing(state, **times | ended)
    if record.thing in (Thing.JOB, Thing.TUNING_JOB):
        for state in (ExternalState.RUNNING, ExternalState.STOPPED):
            yield a_thing(state, parts=parts(state))


def _obstacles() -> Iterator[Obstacle]:
    yield from (obstacle(reason, "Something is missing.") for reason in CONFIGURATION)
    yield from (trouble(error("The provider's words.")) for error in _kinds_of(ProviderError))


def _kinds_of(error: type[ProviderError]) -> Iterator[type[ProviderError]]:
    for kind in error.__subclasses__():
        yield kind
        yield from _kinds_of(kind)


def _passes(given: Inputs, seen: Remote | Absent | Obstacle | None) -> Iterator[Case]:
    """What is written when a look at the provider ends with `seen`; without one, the pass ends before a look."""
    now, decision = given, plan(given)
    while isinstance(decision.action, AddFinalizer | Observe):
        if isinstance(decision.action, AddFinalizer):
            now = replace(now, record=replace(now.record, finalizers=(FINALIZER,)))
        elif seen is None:
            return
        elif isinstance(seen, Obstacle):
            now = replace(now, obstacle=seen)
        else:
            now = replace(now, seen=seen, fresh=True)
        decision = plan(now)
    if isinstance(decision.action, RemoveFinalizer):
        return  # the finalizer goes, and nothing is said before
    yield _case(now, decision)
    if isinstance(decision.action, Stop | Delete):
        for standing in _setbacks(decision, decision.action):
            yield _case(now, replace(decision, standing=standing))


def _setbacks(decision: Plan, action: Stop | Delete) -> Iterator[Standing]:
    """How the resource stands when the call is held back, refused, or fails."""
    yield Standing(ready=False, reason=Reason.DELETION_HELD, message="Held by the guard.", progressing=True)
    yield Standing(ready=False, reason=Reason.OUT_OF_BOUNDS, message="Nothing may be deleted.", stalled=True)
    yield Standing(ready=False, reason=Reason.AUDIT_UNAVAILABLE, message="The device is full.", progressing=True)
    for error in _kinds_of(ProviderError):
        if issubclass(error, Refused):
            yield rejection_of(
                Verb.STOP if isinstance(action, Stop) else Verb.DELETE, error("The provider's words.")
            ).standing
        else:
            yield replace(decision.standing, synced=False, synced_reason=Reason.of(error.reason))


def _case(now: Inputs, decision: Plan) -> Case:
    return Case(_body(now.record, status_of(now, decision, {})), decision.standing)


def _body(record: Resource, status: dict[str, Any]) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": record.key.name, "generation": record.generation}
    if record.deleting:
        metadata["deletionTimestamp"] = "2026-05-01T12:00:00Z"
    return {"apiVersion": API_VERSION, "kind": record.key.kind, "metadata": metadata, "status": status}


def _paused_at_first_sight() -> Iterator[Case]:
    for deleting in (False, True):
        yield from _passes(facts(a_resource(paused=True, deleting=deleting, status={"observedGeneration": -1})), None)


def _paused_after(case: Case) -> Iterator[Case]:
    """The resource of a case is paused, before and after its spec was changed."""
    for generation in (GENERATION, GENERATION + 1):
        record = a_resource(
            Thing(case.body["kind"]),
            paused=True,
            deleting=case.deleting,
            generation=generation,
            status=json.loads(json.dumps(case.body["status"])),
        )
        yield from _passes(facts(record), None)


def _account_cases() -> Iterator[Case]:
    for wrong, held, deleting, resources in product((None, *_obstacles()), (0, 5), (False, True), (0, 3)):
        account = AccountFacts(GENERATION, resources, deleting=deleting, obstacle=wrong, held=held)
        status = account_status(account, LastStatus(), NOW)
        ready = next(condition for condition in status["conditions"] if condition["type"] == "Ready")
        standing = Standing(
            ready=ready["status"] == "True",
            reason=Reason.of(ready["reason"]),
            message=ready["message"],
            progressing=wrong is not None and not wrong.stalled,
            stalled=wrong is not None and wrong.stalled,
        )
        record = a_resource(generation=GENERATION, deleting=deleting)
        for kind in ("ProviderConfig", "ClusterProviderConfig"):
            yield Case(_body(record, status) | {"kind": kind}, standing)


def _overtaken(case: Case) -> Case:
    """The same object a moment after its spec was changed: the status is about the generation before."""
    metadata = case.body["metadata"]
    return replace(case, body=case.body | {"metadata": metadata | {"generation": metadata["generation"] + 1}})


def _untold() -> Iterator[Case]:
    """What the API server makes of a new object, until the operator has seen it."""
    for deleting in (False, True):
        record = a_resource(generation=1, deleting=deleting)
        yield Case(_body(record, {"observedGeneration": -1}), None)
