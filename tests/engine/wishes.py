"""What each call and each release of a history must rest on, looked at when it happens; never at the operator."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from trainsweep.api.names import FINALIZER
from trainsweep.core.external import ExternalState, Target, Thing
from trainsweep.core.resource import Key
from trainsweep.kube import paths

from .memory_provider import PART_OF, Remotes
from .oracle import deleting, named, paused
from .world import ELSEWHERE, NAMESPACE, World

KINDS = tuple(thing.value for thing in Thing)
#: Seconds for which a call may still arrive after its reason went.
ON_ITS_WAY = 0.5
#: The same when the watch does not show that it went: so old may be what a call rests on.
FRESH = 10.0
#: Seconds after its creation in which a resource must be protected.
FIRST_SIGHT = 10.0
#: Why a resource may rest without being what it should be.
MAY_REST = frozenset(
    {"IdentityChanged", "ManagementConflict", "AmbiguousName", "NotFound", "NotEmpty", "ProviderConfigNotFound"}
)


class Wishes:
    """Notes in `wrong` every call that nobody asked for, and every resource that was freed without a reason."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.wrong: list[str] = []
        self._last: dict[tuple[int, str, str], float] = {}
        self._policy_before = ""
        world.remotes.before_write = lambda verb, target: self._before_write(world.remotes, verb, target)
        world.elsewhere.before_write = lambda verb, target: self._before_write(world.elsewhere, verb, target)
        world.api.before_release = self._before_release
        world.before_delete = self._before_delete

    def note(self) -> None:
        """Call before something changes: what was asked for until now may still be on its way."""
        self._policy_before = self._policy_of_the_namespace()
        for remotes in (self.world.remotes, self.world.elsewhere):
            for verb, remote_id in self._asked(remotes):
                self._last[id(remotes), verb, remote_id] = self.world.clock.seconds

    def _before_delete(self, body: dict[str, Any]) -> None:
        """What is deleted unprotected ten seconds after its creation leaves its thing behind."""
        age = (self.world.clock.now() - datetime.fromisoformat(body["metadata"]["creationTimestamp"])).total_seconds()
        behaves = not self.world.api.unserved and self.world.api.watch_delay < 1
        if behaves and age > FIRST_SIGHT and self._must_be_held(body) and FINALIZER not in _finalizers(body):
            self.wrong.append(f"{body['metadata']['name']} was deleted unprotected {age:.0f} s after its creation")

    def check_first_sight(self) -> None:
        """Every resource that must be protected is, whatever its provider does. The policy of a namespace that has just
        changed may take five minutes.
        """
        for body in self.world.api.of_kind(*KINDS):
            just_changed = not body["spec"].get("deletionPolicy") and self._policy_before == "Orphan"
            if (
                not deleting(body)
                and self._must_be_held(body)
                and FINALIZER not in _finalizers(body)
                and not just_changed
            ):
                self.wrong.append(f"{body['metadata']['name']} is not protected {FIRST_SIGHT:.0f} s after its creation")

    def check_rest(self) -> None:
        """In a world that behaves, everything is as asked, or says why not."""
        for body in self.world.api.of_kind(*KINDS):
            kinds = {entry["type"]: entry for entry in body.get("status", {}).get("conditions", ())}
            ready = kinds.get("Ready", {})
            what = f"{body['metadata']['name']} rests {ready.get('status')} {ready.get('reason')}"
            if ready.get("reason") in MAY_REST or paused(body):
                continue
            if deleting(body):
                self.wrong.append(f"{what}, but is deleted")
            elif ready.get("status") != "True" or ready["observedGeneration"] != body["metadata"]["generation"]:
                self.wrong.append(what)

    def _must_be_held(self, body: dict[str, Any]) -> bool:
        config = self._config(body)
        readable = config is not None and not config["spec"].get("errorClasses")
        enforced = config is not None and config["spec"].get("mode", "Enforce") == "Enforce"
        conditions = body.get("status", {}).get("conditions", ())
        conflict = any(entry["reason"] == "ManagementConflict" for entry in conditions)  # it never acts
        return readable and enforced and not conflict and self._policy(body) != "Orphan"

    def _config(self, body: dict[str, Any]) -> dict[str, Any] | None:
        name = body["spec"]["providerConfigRef"]["name"]
        return self.world.api.objects.get(paths.resource(Key("ProviderConfig", NAMESPACE, name)))

    def _policy(self, body: dict[str, Any]) -> str:
        return body["spec"].get("deletionPolicy") or self._policy_of_the_namespace() or "Delete"

    def _policy_of_the_namespace(self) -> str:
        metadata = self.world.api.objects[paths.namespace(NAMESPACE)]["metadata"]
        found: str = metadata.get("annotations", {}).get("trainsweep.dev/deletion-policy", "")
        return found

    def _remotes(self, body: dict[str, Any]) -> Remotes | None:
        """Where a resource means its id: where it was found, and its account still leads there."""
        config = self._config(body)
        if config is None:
            return None
        project = (config["spec"].get("modelArts") or {}).get("projectID", "")
        pinned = (body.get("status", {}).get("account") or {}).get("project", project)
        if pinned != project:
            return None
        return self.world.elsewhere if project == ELSEWHERE else self.world.remotes

    def _asked(self, remotes: Remotes) -> set[tuple[str, str]]:
        found: set[tuple[str, str]] = set()
        for body in self.world.api.of_kind(*KINDS):
            if paused(body) or self._remotes(body) is not remotes:
                continue
            desired = body["spec"].get("desiredState", "Present")
            verbs = {"Present": set(), "Stopped": {"stop"}, "Absent": {"stop", "delete"}}[desired]
            if deleting(body):
                verbs = {"Delete": {"stop", "delete"}, "Stop": {"stop"}, "Orphan": set()}[self._policy(body)]
            ids = {named(body)} | (
                {one for one, it in remotes.items.items() if it.remote.name == body["spec"].get("jobName")}
            )
            parts = {one for one, item in remotes.items.items() if item.remote.parent in ids - {""}}
            cascade = body["spec"].get("cascade") or body["kind"] != Thing.TUNING_JOB or "delete" not in verbs
            found |= {(verb, one) for verb in verbs for one in ids}
            if body["kind"] in PART_OF and cascade:
                found |= {(verb, one) for verb in verbs for one in parts}
        return found

    def _before_write(self, remotes: Remotes, verb: str, target: Target) -> None:
        late = self._last.get((id(remotes), verb, target.id), float("-inf"))
        if (verb, target.id) not in self._asked(remotes) and self.world.clock.seconds - late > ON_ITS_WAY:
            where = "elsewhere" if remotes is self.world.elsewhere else "here"
            self.wrong.append(f"{verb} {target.id} {where} was asked for by nobody")
        config = "modelarts" if target.thing in (Thing.JOB, Thing.VERSION, Thing.CONFIG) else "qianfan"
        body = self.world.api.objects.get(paths.resource(Key("ProviderConfig", NAMESPACE, config)))
        grace = FRESH if self.world.api.watch_delay > 1 else ON_ITS_WAY
        if body and body["spec"].get("mode") == "Plan" and self.world.clock.seconds - late > grace:
            self.wrong.append(f"{verb} {target.id} went out in mode Plan")
        if self.world.audit_full:
            self.wrong.append(f"{verb} {target.id} went out without its intent on record")

    def _before_release(self, body: dict[str, Any]) -> None:
        remote_id, name, status = named(body), body["metadata"]["name"], body.get("status", {})
        if not deleting(body):
            self.wrong.append(f"{name} was freed and not deleted")
        if self._policy(body) == "Orphan" or not (status.get("externalState") or self._there_by_name(body)):
            return
        handed_over = any(
            one is not body and not deleting(one) and self._names(one, remote_id, status.get("externalName", ""))
            for one in self.world.api.of_kind(body["kind"])
        )
        pinned = (status.get("account") or {}).get("project", "")
        remotes = self.world.elsewhere if pinned == ELSEWHERE else self.world.remotes
        state = remotes.state(remote_id) if remote_id else ExternalState.ABSENT
        stopped = self._policy(body) == "Stop" and state.ended
        if state is not ExternalState.ABSENT and not (handed_over or stopped):
            self.wrong.append(f"{name} was freed, but {remote_id} is {state}")

    def _names(self, body: dict[str, Any], remote_id: str, name: str) -> bool:
        return named(body) == remote_id or (not named(body) and bool(name) and body["spec"].get("jobName") == name)

    def _there_by_name(self, body: dict[str, Any]) -> bool:
        """Exactly one thing bears the name that a resource goes by."""
        name = body["spec"].get("jobName")
        return bool(name) and sum(item.remote.name == name for item in self.world.remotes.items.values()) == 1


def _finalizers(body: dict[str, Any]) -> list[str]:
    return body["metadata"].get("finalizers") or []
