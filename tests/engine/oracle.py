"""What must be true, written from the design alone: it looks at the cluster and the provider, never at the operator."""

from collections import Counter
from datetime import datetime
from typing import Any

from trainsweep.core.external import ExternalState, Target, Thing

from .memory_provider import PART_OF
from .world import World

REMOTE_KINDS = tuple(thing.value for thing in Thing)
#: Seconds for which a call may still arrive after it was withdrawn: the watch's delay, and the way to the provider.
ON_ITS_WAY = 0.1


def named(body: dict[str, Any]) -> str:
    """The remote id that a resource stands for: pinned, or given by its spec; "" for a name not resolved yet."""
    spec, status = body["spec"], body.get("status", {})
    if body["kind"] == Thing.VERSION:
        given = f"{spec['jobID']}/{spec['versionID']}" if {"jobID", "versionID"} <= spec.keys() else ""
        return status.get("externalID") or given
    return status.get("externalID") or spec.get("taskID") or spec.get("jobID") or spec.get("configName") or ""


def policy(body: dict[str, Any]) -> str:
    return body["spec"].get("deletionPolicy") or "Delete"


def paused(body: dict[str, Any]) -> bool:
    return body["metadata"].get("annotations", {}).get("trainsweep.dev/paused") == "true"


def deleting(body: dict[str, Any]) -> bool:
    return "deletionTimestamp" in body["metadata"]


def mismatched(body: dict[str, Any]) -> bool:
    """It expects another thing than the one that it names."""
    return bool(body["spec"].get("expect"))


class Oracle:
    """Watches every stop, delete and release; `check()` says whether a world at rest is as everybody asked."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.wrong: list[str] = []
        self._withdrawn: dict[tuple[str, str], float] = {}
        world.remotes.before_write = self._before_write
        world.api.before_release = self._before_release

    def resources(self) -> list[dict[str, Any]]:
        return self.world.api.of_kind(*REMOTE_KINDS)

    def note(self) -> None:
        """Call before a person changes something: what was asked for until now may still be on its way."""
        for verb, remote_id in self._allowed():
            self._withdrawn[verb, remote_id] = self.world.clock.seconds

    def _asked(self, body: dict[str, Any]) -> set[str]:
        """The calls that a resource asks for: invariant 1."""
        if paused(body) or mismatched(body):
            return set()
        if deleting(body):
            return {"Delete": {"stop", "delete"}, "Stop": {"stop"}, "Orphan": set()}[policy(body)]
        return {"Present": set(), "Stopped": {"stop"}, "Absent": {"stop", "delete"}}[self._goal(body)]

    def _goal(self, body: dict[str, Any]) -> str:
        """The desired state, moved on by the two clocks."""
        spec, item = body["spec"], self.world.remotes.items.get(named(body))
        desired: str = spec["desiredState"]
        if item is None or desired == "Absent":
            return desired
        remote = item.remote
        if self._passed(remote.finished_at, spec.get("ttlSecondsAfterFinished")):
            return "Absent"
        if desired == "Present" and self._passed(remote.started_at, spec.get("activeDeadlineSeconds")):
            return "Stopped"
        return desired

    def _passed(self, since: datetime | None, seconds: int | None) -> bool:
        return bool(since and seconds) and (self.world.clock.now() - since).total_seconds() >= seconds

    def _allowed(self) -> Counter[tuple[str, str]]:
        """The calls that are asked for, and by how many resources."""
        allowed: Counter[tuple[str, str]] = Counter()
        for body in self.resources():
            whole, verbs = named(body), self._asked(body)
            allowed.update((verb, whole) for verb in verbs)
            if body["kind"] not in PART_OF:
                continue
            if not body["spec"].get("cascade"):
                # The tasks of a job that is to go are nobody's to touch; the versions go with their job.
                verbs = set() if body["kind"] == Thing.TUNING_JOB and "delete" in verbs else verbs & {"stop"}
            parts = [one for one, item in self.world.remotes.items.items() if item.remote.parent == whole]
            allowed.update((verb, one) for verb in verbs for one in parts)
        return allowed

    def _before_write(self, verb: str, target: Target) -> None:
        askers = self._allowed()[verb, target.id]
        late = self._withdrawn.get((verb, target.id), float("-inf"))
        if not askers and self.world.clock.seconds - late > ON_ITS_WAY:
            self.wrong.append(f"{verb} {target.id} was asked for by nobody")
        if self.world.remotes.items.get(target.id) and self.world.remotes.items[target.id].unclear:
            self.wrong.append(f"{verb} {target.id} in an unknown state")
        self._read_before(verb, target, max(1, askers))

    def _read_before(self, verb: str, target: Target, askers: int) -> None:
        """Each who asks has read the thing or its whole by id, after the last order of its own, a moment ago."""
        orders = 0
        for entry in reversed(self.world.remotes.journal[:-1]):
            if not isinstance(entry.target, Target) or self.world.clock.seconds - entry.time > 60:
                continue
            if entry.verb == "read" and entry.target.id in (target.id, target.parent):
                if orders >= askers:
                    break
                return
            orders += entry.verb in ("stop", "delete") and entry.target.id == target.id
        self.wrong.append(f"{verb} {target.id} went out without a read before it")

    def _before_release(self, body: dict[str, Any]) -> None:
        """Invariant 2."""
        remote_id, name = named(body), body["metadata"]["name"]
        truth = self._truth(body)
        rivals = [one for one in self.resources() if named(one) == remote_id and one is not body]
        reasons = {
            "not being deleted": deleting(body),
            "its thing is still there": truth is ExternalState.ABSENT
            or policy(body) == "Orphan"
            or (policy(body) == "Stop" and truth.ended)
            or body["metadata"].get("annotations", {}).get("trainsweep.dev/force-orphan") == remote_id
            # Somebody else has seen the thing and minds it.
            or any(one.get("status", {}).get("externalID") == remote_id for one in rivals)
            or not body.get("status", {}).get("externalState"),
        }
        self.wrong += [f"{name} was freed: {why}" for why, holds in reasons.items() if not holds]

    def check(self) -> None:
        """The world is at rest, the provider behaves, and all its states are known."""
        assert self.wrong == []
        assert self.world.defects == []
        for body in self.resources():
            self._check(body)

    def _truth(self, body: dict[str, Any]) -> ExternalState:
        """The state of the very thing that the resource has pinned: a config made again is another one."""
        remote_id, pinned = named(body), body.get("status", {}).get("createdAt")
        state = self.world.remotes.state(remote_id) if remote_id else ExternalState.ABSENT
        if body["kind"] == Thing.CONFIG and state is not ExternalState.ABSENT and pinned:
            made = self.world.remotes.items[remote_id].remote.created_at
            if made and abs((made - datetime.fromisoformat(pinned)).total_seconds()) >= 1:
                return ExternalState.ABSENT
        return state

    def _check(self, body: dict[str, Any]) -> None:
        what = f"{body['metadata']['name']}: {body}"
        kinds = {entry["type"]: entry for entry in body.get("status", {}).get("conditions", ())}
        assert body.get("status", {}).get("observedGeneration") == body["metadata"]["generation"], what
        reason = kinds["Ready"]["reason"]
        if reason == "ManagementConflict":
            rivals = [one for one in self.resources() if one is not body and one["kind"] == body["kind"]]
            assert [one for one in rivals if named(one) == named(body) or not named(body)], what
            return
        if paused(body):
            assert kinds["Synced"]["reason"] == "ReconcilePaused", what
            return
        if not named(body):
            assert reason in ("NotFound", "Absent", "AmbiguousName", "ReferenceNotFound", "InvalidSpec"), what
            return
        truth = self._truth(body)
        if reason in ("NotEmpty", "IdentityChanged"):
            return
        if reason == "ExpectationFailed":
            assert mismatched(body), what
            assert truth is not ExternalState.ABSENT, what
            return
        assert not deleting(body), what
        if truth is ExternalState.ABSENT and "ttlSecondsAfterFinished" in body["spec"]:
            assert reason in ("Absent", "NotFound"), what  # whoever deleted it
            return
        desired = self._goal(body)
        reached = {
            "Present": truth is not ExternalState.ABSENT,
            "Stopped": not truth.active,
            "Absent": truth is ExternalState.ABSENT,
        }[desired]
        assert kinds["Ready"]["status"] == str(reached), what
        assert reached or desired == "Present", what
        assert body["status"]["externalState"] == truth.value, what
