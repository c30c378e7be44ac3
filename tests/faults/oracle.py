"""The oracle: what was done that nobody asked for, and what is not yet as it should be. Pure: all it knows is given.

Every complaint is a sentence; no complaint means that the run is right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trainsweep.api.names import FINALIZER, IN_USE_FINALIZER

from .history import Life, permissions
from .things import ACTIVE, DELETES, ENDED, STOPS, Deed

#: Attempts at one stop or delete beyond which the operator is not retrying but hammering.
PATIENCE = 25


@dataclass(frozen=True)
class Scene:
    """How things stand. `states` are those of the remote things that are there; `objects` is the API server's, by uid;
    `audit` the lines of the audit log; `starts` counts operators.
    """

    lives: list[Life]
    deeds: list[Deed]
    states: Mapping[str, str]
    objects: Mapping[str, dict[str, Any]]
    audit: Sequence[Mapping[str, Any]]
    starts: int
    refused: bool


def forbidden(scene: Scene) -> list[str]:
    """What can never be made good again."""
    return [*_unasked(scene), *_repeated(scene), *_let_go(scene)]


def unfinished(scene: Scene) -> list[str]:
    """What is not as it should be in the end."""
    complaints: list[str] = []
    for life in scene.lives:
        body = scene.objects.get(life.uid)
        if life.last.deleting:
            complaints += _outlives(life, scene) if body else _left_undone(life, scene)
        elif body is None:
            complaints.append(f"{life.name} is gone, and nobody deleted it")
        else:
            complaints += [f"{life.name}: {what}" for what in _untrue(life, body, scene)]
    return [*complaints, *_accounts(scene)]


def _unasked(scene: Scene) -> Iterable[str]:
    allowed = permissions(scene.lives)
    for deed in scene.deeds:
        verb = "stop" if deed.operation in STOPS else "delete" if deed.operation in DELETES else deed.operation
        since = allowed.get((verb, deed.target))
        if since is None:
            yield f"nobody ever asked for this: {deed}"
        elif deed.time < since:
            yield f"nobody asked for this before {since:.1f}: {deed}"
        elif verb == "delete" and deed.state in ACTIVE:
            yield f"a delete without a stop before: {deed}"


def _repeated(scene: Scene) -> Iterable[str]:
    """An operator is told once that a call was accepted, for each resource that names the thing."""
    accepted = Counter((deed.operation, deed.target) for deed in scene.deeds if deed.accepted)
    tried = Counter((deed.operation, deed.target) for deed in scene.deeds)
    for (operation, target), count in accepted.items():
        most = scene.starts * sum(target in (life.thing.id, *(part.id for part in life.parts)) for life in scene.lives)
        if count > most:
            yield f"{operation} {target} was accepted {count} times, at {scene.starts} starts of an operator"
    for (operation, target), count in tried.items():
        if count > PATIENCE:
            yield f"{operation} {target} was tried {count} times"


def _let_go(scene: Scene) -> Iterable[str]:
    """A release may fail, and what it gave up be found after all: calls may go out later, but not before."""
    names = {life.uid: life.name for life in scene.lives}
    called: set[str] = set()
    for line in scene.audit:
        uid, why = line["uid"], line.get("why", "")
        if line["event"] == "intent":
            called.add(uid)
        if line["event"] != "left" or "never once observed" not in why:
            continue
        if not scene.refused:
            yield f"{names[uid]} was let go without need: {why}"
        elif uid in called:
            yield f"{names[uid]} was let go as never observed after calls for it went out: {why}"


def _outlives(life: Life, scene: Scene) -> Iterable[str]:
    """A deleted resource that is still there: rightly only when it waits for a person."""
    if not _waits_for_a_person(life, scene):
        yield f"{life.name} is deleted, but still there"


def _left_undone(life: Life, scene: Scene) -> Iterable[str]:
    """A deleted resource that is gone: its remote thing must be where the policy wants it."""
    state = scene.states.get(life.thing.id)
    if any((line["uid"], line["event"]) == (life.uid, "handedOver") for line in scene.audit):
        return  # its heir, which is a life of its own, answers for the thing
    left = [line["why"] for line in scene.audit if (line["uid"], line["event"]) == (life.uid, "left")]
    why = left[-1] if left else "policy"
    if state is None or not life.kept or life.last.forced or "policy" not in why:
        return
    goals = life.goals(life.last)
    if "Absent" in goals:
        yield f"{life.name} is gone, but its remote thing {life.thing.id} is still there, {state or 'idle'}"
    elif "Stopped" in goals and state and state not in ENDED:
        yield f"{life.name} is gone, but its remote thing {life.thing.id} is {state}"


def _waits_for_a_person(life: Life, scene: Scene) -> bool:
    state = scene.states.get(life.thing.id)
    full = life.thing.kind == "job" and any(part.id in scene.states for part in life.parts)
    uncascaded = "Absent" in life.goals(life.last) and full and not life.last.spec.get("cascade")
    return life.last.paused or (life.mismatched and state is not None and not life.last.forced) or uncascaded


def _untrue(life: Life, body: dict[str, Any], scene: Scene) -> Iterable[str]:
    """What a living resource says that is not so."""
    status = body.get("status", {})
    conditions = {entry["type"]: entry for entry in status.get("conditions", ())}
    rival = _elder(life, scene)
    guarded = FINALIZER in body["metadata"].get("finalizers", ())
    if not rival and guarded == (life.last.spec.get("deletionPolicy") == "Orphan"):
        yield f"it {'has' if guarded else 'lacks'} its finalizer"
    if life.last.paused:
        return
    if status.get("observedGeneration") != body["metadata"]["generation"]:
        yield "its status is about an older generation"
        return
    ready, reason = (conditions.get("Ready", {}).get(field) for field in ("status", "reason"))
    wanted = {("False", "ManagementConflict")} if rival else _truth(life, scene)
    if (ready, reason) not in wanted:
        yield f"Ready is {ready}, {reason}; it should be {' or '.join(map(', '.join, wanted))}"
    if not rival:
        state = scene.states.get(life.thing.id, "Absent")
        shown = status.get("externalState")
        if state and shown != state and not (life.parts and {shown, state} <= ENDED):
            yield f"externalState is {shown}; the thing is {state}"
        if state != "Absent" and status.get("externalID") != life.thing.id:
            yield f"externalID is {status.get('externalID')}; it should be {life.thing.id}"


def _elder(life: Life, scene: Scene) -> bool:
    """Another resource that names the same thing is there, and has seen the thing or still may."""
    elders = [other for other in scene.lives if other.thing.id == life.thing.id and not other.rival]
    bodies = [scene.objects[other.uid] for other in elders if other.uid in scene.objects]
    may_see = life.thing.id in scene.states
    return life.rival and any(may_see or body.get("status", {}).get("externalID") for body in bodies)


def _truth(life: Life, scene: Scene) -> set[tuple[str, str]]:
    """Status and reason of Ready as they may be in the end."""
    state = scene.states.get(life.thing.id, "Absent")
    spec = life.last.spec
    desired = spec["desiredState"]
    # A job without runs is over, and shows no state.
    over = state in ENDED or (not state and life.thing.kind != "config")
    if state == "Absent":
        found = {("False", "NotFound") if desired == "Present" else ("True", "Absent")}
        return (
            found | {("True", "Absent")}
            if {"ttlSecondsAfterFinished", "activeDeadlineSeconds"} & spec.keys()
            else found
        )
    if "ttlSecondsAfterFinished" in spec and (over or desired == "Stopped"):
        desired = "Absent"
    if desired == "Present" and "activeDeadlineSeconds" in spec:
        # Whether the deadline passed before or after the end makes no difference to anybody.
        return {("True", "Stopped"), ("True", "Available")} if over else {_stuck(life, "Stopped")}
    if desired == "Present":
        return {("True", "Available")}
    if desired == "Stopped" and over:
        return {("True", "Stopped")}
    full = life.thing.kind == "job" and any(part.id in scene.states for part in life.parts)
    if desired == "Absent" and full and not spec.get("cascade"):
        return {("False", "NotEmpty"), _stuck(life, "NotEmpty")}
    return {_stuck(life, desired)}


def _stuck(life: Life, reached: str) -> tuple[str, str]:
    """Where a resource comes to that has something to do: there, unless it may not touch its thing."""
    return ("False", "ExpectationFailed") if life.mismatched else ("True", reached)


def _accounts(scene: Scene) -> Iterable[str]:
    """Secrets: protected while a resource may need to be cleaned up, and no longer; ProviderConfigs also while an id is
    pinned by them.
    """
    for body in scene.objects.values():
        name, held = body["metadata"]["name"], IN_USE_FINALIZER in body["metadata"].get("finalizers", ())
        if body["kind"] not in ("ProviderConfig", "Secret"):
            continue
        users = [
            user
            for user in scene.objects.values()
            if user.get("spec", {}).get("providerConfigRef", {}).get("name") == name
        ]
        needed = any(FINALIZER in user["metadata"].get("finalizers", ()) for user in users)
        if body["kind"] == "ProviderConfig":
            needed = needed or any(user.get("status", {}).get("externalID") for user in users)
        if needed != held:
            yield f"{body['kind']} {name} {'lacks' if needed else 'still has'} its in-use finalizer"
        if "deletionTimestamp" in body["metadata"] and not needed:
            yield f"{body['kind']} {name} is deleted and needed by nobody, but still there"
        if body["kind"] == "ProviderConfig" and body.get("status", {}).get("resources", 0) != len(users):
            yield f"ProviderConfig {name} counts {body.get('status', {}).get('resources')} users of {len(users)}"
