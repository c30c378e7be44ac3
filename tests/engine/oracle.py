"""What must be true, written from the design alone: it looks at the cluster and the provider, never at the operator."""

from __future__ import annotations

import base64
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

from trainsweep.api.names import FINALIZER
from trainsweep.core.external import ExternalState, Target, Thing
from trainsweep.core.resource import Key
from trainsweep.kube import paths

from .memory_provider import PART_OF, Remotes
from .virtual_time import DAWN

if TYPE_CHECKING:
    from .histories import Town

REMOTE_KINDS = tuple(thing.value for thing in Thing)
#: Seconds for which a call may still arrive after it was withdrawn: the watch's delay, and the way to the provider.
ON_ITS_WAY = 0.1
#: The same after something changed that the watch does not show in time: what a call rests on is no older than this.
FRESH = 10.2
#: Seconds after its creation by which a resource is protected.
AT_FIRST_SIGHT = 10.0
#: What the operator may log as an error in a history, and is no defect.
EXPECTED = ("an audit line is lost", "an object does not fit the schema")
#: Seconds for which an account may go on with a key that was replaced.
KEY_AGE = 75.0
POLICIES = ("Delete", "Stop", "Orphan")


def named(body: dict[str, Any]) -> str:
    """The remote id that a resource stands for: pinned, or given by its spec; "" for a name not resolved yet."""
    spec, status = body["spec"], body.get("status", {})
    if body["kind"] == Thing.VERSION:
        given = f"{spec['jobID']}/{spec['versionID']}" if {"jobID", "versionID"} <= spec.keys() else ""
        return status.get("externalID") or given
    return status.get("externalID") or spec.get("taskID") or spec.get("jobID") or spec.get("configName") or ""


def pinned(body: dict[str, Any]) -> bool:
    return bool(body.get("status", {}).get("externalID"))


def paused(body: dict[str, Any]) -> bool:
    return body["metadata"].get("annotations", {}).get("trainsweep.dev/paused") == "true"


def deleting(body: dict[str, Any]) -> bool:
    return "deletionTimestamp" in body["metadata"]


def mismatched(body: dict[str, Any]) -> bool:
    """It expects another thing than the one that it names."""
    return bool(body["spec"].get("expect"))


def unreadable(body: dict[str, Any]) -> bool:
    """Its spec holds a word of a newer schema."""
    return body["spec"].get("deletionPolicy") not in (None, *POLICIES)


def account_of(body: dict[str, Any]) -> Key:
    """The ProviderConfig that a resource names."""
    reference = body["spec"]["providerConfigRef"]
    kind = reference.get("kind", "ProviderConfig")
    return Key(kind, body["metadata"]["namespace"] if kind == "ProviderConfig" else "", reference["name"])


class Oracle:
    """Watches every stop, delete and release; `look()` says who should be protected by now, `check()` whether a world
    at rest is as everybody asked.
    """

    def __init__(self, world: Town) -> None:
        self.world = world
        self.wrong: list[str] = []
        #: Somebody let all deletions of some account pass the guard.
        self.approved = False
        #: The watch shows edits late.
        self.late_watch = False
        self._withdrawn: dict[tuple[str, str, str], float] = {}
        self._freeable: dict[str, float] = {}
        #: Where the pinned id of each resource was seen, by uid.
        self._homes: dict[str, Remotes] = {}
        self._pinned_at: dict[str, float] = {}
        #: Until when a call may rest on what surrounded a resource before it changed.
        self._surroundings_until = 0.0
        #: When something last happened that may delay the finalizer of a new resource.
        self._disturbed = world.clock.seconds
        #: Times of the stops and deletes, with their target.
        self._deeds: list[tuple[float, str]] = []
        for remotes in (world.remotes, world.elsewhere):
            remotes.before_write = self._watcher(remotes)
        world.api.before_release = self._before_release
        world.api.before_status = self._before_status

    def resources(self) -> list[dict[str, Any]]:
        return self.world.api.of_kind(*REMOTE_KINDS)

    def note(self, grace: float = ON_ITS_WAY) -> None:
        """Call before a person changes something: what was asked for until now may still be on its way."""
        if grace > ON_ITS_WAY:
            self._surroundings_until = self.world.clock.seconds + FRESH
        until = self.world.clock.seconds + (FRESH if self.late_watch else grace)
        for call in self._allowed():
            self._withdrawn[call] = max(until, self._withdrawn.get(call, 0.0))
        for body in self.resources():
            if self._may_go(body):
                uid = body["metadata"]["uid"]
                self._freeable[uid] = max(until, self._freeable.get(uid, 0.0))

    def disturbed(self, seconds: float) -> None:
        """Until so many seconds from now the operator may have reasons of its own to protect nothing."""
        self._disturbed = max(self._disturbed, self.world.clock.seconds + seconds)

    # ---- what each resource may do

    def _config(self, body: dict[str, Any]) -> dict[str, Any] | None:
        return self.world.api.objects.get(paths.resource(account_of(body)))

    def _key_of(self, config: dict[str, Any]) -> str:
        """The key with which an account is called: while its Secret is away, the last one."""
        reference = config["spec"]["credentials"]["secretRef"]
        namespace = reference.get("namespace") or config["metadata"]["namespace"]
        secret = self.world.api.objects.get(paths.secret(namespace, reference["name"]))
        if secret is None:
            return self.world.last_keys[reference["name"]]
        return base64.b64decode(secret["data"]["accessKey"]).decode()

    def _leads_to(self, body: dict[str, Any]) -> tuple[Remotes | None, str]:
        """The account that a resource's ProviderConfig means now, and why it cannot be used, "" when it can."""
        config = self._config(body)
        if config is None:
            return None, "its ProviderConfig is missing"
        spec = config["spec"]
        block = spec.get("modelArts") or {}
        where, refused = self.world.leads_to(block.get("projectID"), block.get("projectName"), self._key_of(config))
        return where, refused

    def home(self, body: dict[str, Any]) -> Remotes | None:
        """The account of the id that a resource stands for."""
        remote_id = named(body)
        if body["kind"].startswith("Fine") and pinned(body):  # its ids are in one account alone
            return self.world.elsewhere if remote_id in self.world.elsewhere.born else self.world.remotes
        if pinned(body) and body["metadata"]["uid"] in self._homes:
            return self._homes[body["metadata"]["uid"]]
        return self._leads_to(body)[0]

    def _stuck(self, body: dict[str, Any]) -> str:
        """What of the cluster's side keeps a resource from acting, "" for nothing."""
        if unreadable(body):
            return "its spec is unreadable"
        config = self._config(body)
        if config is None:
            return "its ProviderConfig is missing"
        spec = config["spec"]
        if spec.get("errorClasses") or spec.get("mode") not in (None, "Plan", "Enforce"):
            return "its ProviderConfig is unreadable"
        if self._policy(body) is None:
            return "its namespace's policy is no policy"
        if not self._allows(config, body["metadata"]["namespace"]):
            return "its namespace is not allowed"
        where, refused = self._leads_to(body)
        if refused:
            return "its key is refused"
        if pinned(body) and where is not self.home(body):
            return "its ProviderConfig leads elsewhere"
        return ""

    def _unconfigured(self, body: dict[str, Any]) -> bool:
        """What stands in its way is configuration, so that it may be let go while its thing was never observed."""
        stuck = self._stuck(body)
        if stuck and "elsewhere" not in stuck:
            return True
        config = self._config(body)
        reference = config["spec"]["credentials"]["secretRef"] if config else {}
        namespace = reference.get("namespace") or (config["metadata"]["namespace"] if config else "")
        if config and paths.secret(namespace, reference["name"]) not in self.world.api.objects:
            return True
        spec = body["spec"]
        if job := spec.get("jobRef"):
            found = self.world.api.get("TrainingJob", body["metadata"]["namespace"], job["name"])
            # A V2 job has no versions; one of another account says nothing here.
            if found is None or account_of(found) != account_of(body) or "-" in named(found):
                return True
            if pinned(found) and self.home(found) is not self._leads_to(found)[0]:
                return True
        if self._ambiguous(body):
            return True
        met = {**self.world.remotes.met, **self.world.elsewhere.met}
        return any(
            self.world.clock.seconds - met.get(fault, float("-inf")) < 900
            for fault in ("bad signature", "unfit account", "no such project")
        )

    def _allows(self, config: dict[str, Any], namespace: str) -> bool:
        if config["kind"] == "ProviderConfig":
            return True
        allowed = config["spec"].get("allowedNamespaces") or {}
        labels = self.world.api.objects[paths.namespace(namespace)]["metadata"].get("labels") or {}
        wanted = (allowed.get("selector") or {}).get("matchLabels")
        return namespace in (allowed.get("names") or ()) or (wanted is not None and wanted.items() <= labels.items())

    def _policy(self, body: dict[str, Any]) -> str | None:
        """The deletion policy in force, None when the namespace says what makes no sense."""
        if own := body["spec"].get("deletionPolicy"):
            return str(own)
        namespace = self.world.api.objects[paths.namespace(body["metadata"]["namespace"])]["metadata"]
        word = (namespace.get("annotations") or {}).get("trainsweep.dev/deletion-policy")
        return "Delete" if not word else word if word in POLICIES else None

    def plans_only(self, body: dict[str, Any]) -> bool:
        config = self._config(body)
        return config is None or config["spec"].get("mode", "Enforce") != "Enforce"

    def _asked(self, body: dict[str, Any]) -> set[str]:
        """The calls that a resource asks for: invariant 1."""
        if paused(body) or mismatched(body) or self._stuck(body) or self.plans_only(body) or self._senior(body):
            return set()
        if deleting(body):
            if self._heir(body):
                return set()
            return {"Delete": {"stop", "delete"}, "Stop": {"stop"}, "Orphan": set()}[self._policy(body) or "Orphan"]
        return {"Present": set(), "Stopped": {"stop"}, "Absent": {"stop", "delete"}}[self._goal(body)]

    def _means(self, body: dict[str, Any]) -> str:
        """The id that a resource stands for, or would if it looked now: of a name that one thing has."""
        if known := named(body):
            return known
        spec, where = body["spec"], self._leads_to(body)[0]
        job = spec.get("jobID")
        if reference := spec.get("jobRef"):
            found = self.world.api.get("TrainingJob", body["metadata"]["namespace"], reference["name"])
            job = named(found) if found else ""
        elif spec.get("jobName"):
            job = self._one_named(where, spec["jobName"])
        if body["kind"] != Thing.VERSION or not job:
            return job or ""
        if spec.get("versionID"):
            return f"{job}/{spec['versionID']}"
        return self._one_named(where, spec["versionName"], parent=job)

    def _ambiguous(self, body: dict[str, Any]) -> bool:
        name, where = body["spec"].get("jobName"), self._leads_to(body)[0]
        if not name or named(body) or where is None:
            return False
        return sum(item.remote.name == name for item in where.items.values()) > 1

    def _one_named(self, where: Remotes | None, name: str, parent: str = "") -> str:
        items = where.items.items() if where else ()
        found = [one for one, item in items if (item.remote.name, item.remote.parent) == (name, parent)]
        return found[0] if len(found) == 1 else ""

    def _rivals(self, body: dict[str, Any], *, everywhere: bool = False) -> list[dict[str, Any]]:
        """The others that name the same thing of the same account, in its namespace or everywhere."""
        remote_id, home, namespace = self._means(body), self.home(body), body["metadata"]["namespace"]
        return [
            one
            for one in self.resources()
            if one is not body
            and remote_id
            and (one["kind"], self._means(one)) == (body["kind"], remote_id)
            and self.home(one) is home
            and (everywhere or one["metadata"]["namespace"] == namespace)
        ]

    def _senior(self, body: dict[str, Any]) -> bool:
        """Another one owns its thing: it has seen it before this one, or may see it and is older."""

        def rank(one: dict[str, Any]) -> tuple[bool, float, str]:
            """Who has pinned it first; of those that have not, the oldest, by whole seconds as in Kubernetes."""
            metadata = one["metadata"]
            return not pinned(one), self._pinned_at.get(metadata["uid"], 0.0), metadata["creationTimestamp"][:19]

        for rival in self._rivals(body, everywhere=True):
            same_namespace = rival["metadata"]["namespace"] == body["metadata"]["namespace"]
            if deleting(rival) and FINALIZER not in (rival["metadata"].get("finalizers") or ()):
                continue
            able = pinned(rival) or (same_namespace and not self._stuck(rival) and not paused(rival))
            if able and rank(rival) < rank(body) and (same_namespace or not pinned(body)):
                return not mismatched(rival) or pinned(rival)
        return False

    def _heir(self, body: dict[str, Any]) -> bool:
        """Another living resource of its namespace wants the thing to stay, and can see to it once its key holds. Of a
        ProviderConfig with a new key it takes a while until the operator knows.
        """
        by_one_key = [
            one
            for one in self.resources()
            if one is not body
            and self.world.clock.seconds - self.world.key_changed_at <= KEY_AGE
            and (one["kind"], one["metadata"]["namespace"]) == (body["kind"], body["metadata"]["namespace"])
            and (named(one), one["spec"]["providerConfigRef"]) == (named(body), body["spec"]["providerConfigRef"])
        ]
        return any(
            not deleting(one)
            and one["spec"].get("desiredState") != "Absent"
            and self._stuck(one) in ("", "its key is refused")
            for one in [*self._rivals(body), *by_one_key]
        )

    def _goal(self, body: dict[str, Any]) -> str:
        """The desired state, moved on by the two clocks."""
        spec, home = body["spec"], self.home(body)
        item = home.items.get(named(body)) if home else None
        desired: str = spec["desiredState"]
        if item is None or desired == "Absent":
            return desired
        remote = item.remote
        if self._passed(remote.finished_at, spec.get("ttlSecondsAfterFinished")):
            return "Absent"
        began = None if remote.state is ExternalState.PENDING else remote.started_at
        if desired == "Present" and self._passed(began, spec.get("activeDeadlineSeconds")):
            return "Stopped"
        return desired

    def _passed(self, since: datetime | None, seconds: int | None) -> bool:
        return bool(since and seconds) and (self.world.clock.now() - since).total_seconds() >= seconds

    def _place(self, remotes: Remotes | None) -> str:
        return "elsewhere" if remotes is self.world.elsewhere else "here"

    def _allowed(self) -> Counter[tuple[str, str, str]]:
        """The calls that are asked for, by place, and by how many resources."""
        allowed: Counter[tuple[str, str, str]] = Counter()
        for body in self.resources():
            whole, verbs, home = named(body), self._asked(body), self.home(body)
            if not verbs or home is None:
                continue
            place = self._place(home)
            allowed.update((place, verb, whole) for verb in verbs)
            if body["kind"] not in PART_OF:
                continue
            if not body["spec"].get("cascade"):
                # The tasks of a job that is to go are nobody's to touch; the versions go with their job.
                verbs = set() if body["kind"] == Thing.TUNING_JOB and "delete" in verbs else verbs & {"stop"}
            parts = [one for one, item in home.items.items() if item.remote.parent == whole]
            allowed.update((place, verb, one) for verb in verbs for one in parts)
        return allowed

    # ---- stops and deletes

    def _watcher(self, remotes: Remotes) -> Any:
        return lambda verb, target: self._before_write(remotes, verb, target)

    def _before_write(self, remotes: Remotes, verb: str, target: Target) -> None:
        place, now = self._place(remotes), self.world.clock.seconds
        self._deeds.append((now, target.id))
        askers = self._allowed()[place, verb, target.id]
        on_its_way = self._withdrawn.get((place, verb, target.id), float("-inf"))
        on_its_way = max(on_its_way, self._surroundings_until, self.world.key_changed_at + KEY_AGE)
        if not askers and now > on_its_way:
            self.wrong.append(f"{verb} {target.id} ({place}) was asked for by nobody")
        item = remotes.items.get(target.id)
        if item and item.unclear:
            self.wrong.append(f"{verb} {target.id} in an unknown state")
        if self.world.audit_full:
            self.wrong.append(f"{verb} {target.id} went out without a line in the audit log")
        if item and target.thing is Thing.CONFIG and now - (item.remote.created_at - DAWN).total_seconds() > FRESH:
            self._same_config(verb, target, item.remote.created_at)
        self._read_before(remotes, verb, target, max(1, askers))

    def _same_config(self, verb: str, target: Target, made: datetime) -> None:
        """A config is known by its name alone: one made again is another one, which nobody has pinned."""
        askers = [
            body
            for body in self.resources()
            if body["kind"] == Thing.CONFIG and named(body) == target.id and self._asked(body)
        ]
        if askers and all(self._other_config(body, made) for body in askers):
            self.wrong.append(f"{verb} {target.id} was made again, and is nobody's")

    def _other_config(self, body: dict[str, Any], made: datetime) -> bool:
        known = body.get("status", {}).get("createdAt")
        return bool(known) and abs((made - datetime.fromisoformat(known)).total_seconds()) >= 1

    def _read_before(self, remotes: Remotes, verb: str, target: Target, askers: int) -> None:
        """Each who asks has read the thing or its whole by id, after the last order of its own, a moment ago."""
        orders = 0
        for entry in reversed(remotes.journal[:-1]):
            if not isinstance(entry.target, Target) or self.world.clock.seconds - entry.time > 60:
                continue
            if entry.verb == "read" and entry.target.id in (target.id, target.parent):
                if orders >= askers:
                    break
                return
            orders += entry.verb in ("stop", "delete") and entry.target.id == target.id
        self.wrong.append(f"{verb} {target.id} went out without a read before it")

    # ---- pins and releases

    def _before_status(self, body: dict[str, Any], status: dict[str, Any]) -> None:
        """Note in which account an id was seen when it is pinned."""
        uid = body["metadata"]["uid"]
        if not status.get("externalID") or uid in self._homes:
            return
        self._pinned_at[uid] = self.world.clock.seconds
        where = self._leads_to(body)[0]
        project = (status.get("account") or {}).get("project")
        if project and (where is None or self.world.clock.seconds - self.world.key_changed_at < KEY_AGE):
            where = self.world.elsewhere if project.startswith("1") else self.world.remotes
        if where is not None:
            self._homes[uid] = where

    def _truth(self, body: dict[str, Any]) -> ExternalState:
        """The state of the very thing that the resource has pinned: a config made again is another one."""
        remote_id, home = self._means(body), self.home(body)
        if not remote_id and self._ambiguous(body):
            return ExternalState.UNKNOWN
        state = home.state(remote_id) if home else ExternalState.ABSENT
        if body["kind"] == Thing.CONFIG and home and state is not ExternalState.ABSENT:
            made = home.items[remote_id].remote.created_at
            if made and self._other_config(body, made):
                return ExternalState.ABSENT
        return state

    def _before_release(self, body: dict[str, Any]) -> None:
        """Invariant 2."""
        name, uid = body["metadata"]["name"], body["metadata"]["uid"]
        if not deleting(body):
            self.wrong.append(f"{name} was freed: not being deleted")
        elif not self._may_go(body) and self.world.clock.seconds > self._freeable.get(uid, 0.0):
            self.wrong.append(f"{name} was freed: its thing {named(body)} is {self._truth(body)}")

    def _may_go(self, body: dict[str, Any]) -> bool:
        """Why a resource may be freed, once it is being deleted."""
        truth, policy = self._truth(body), self._policy(body)
        forced = body["metadata"].get("annotations", {}).get("trainsweep.dev/force-orphan")
        return bool(
            truth is ExternalState.ABSENT
            or policy == "Orphan"
            or (policy == "Stop" and truth.ended)
            or (forced and forced == named(body))
            # Somebody else has seen the thing and minds it, or takes over.
            or any(pinned(one) for one in self._rivals(body, everywhere=True))
            or self._heir(body)
            or any(not deleting(one) and one["spec"].get("desiredState") != "Absent" for one in self._rivals(body))
            or (not body.get("status", {}).get("externalState") and self._unconfigured(body))
        )

    # ---- at first sight

    def look(self) -> None:
        """Who was declared ten seconds ago is protected, whatever the provider does."""
        now = self.world.clock.seconds
        if self.world.api.faults:
            self.disturbed(600.0)
        if not self.world.alive or now - self._disturbed < AT_FIRST_SIGHT:
            return
        for body in self.resources():
            age = (
                self.world.clock.now() - datetime.fromisoformat(body["metadata"]["creationTimestamp"])
            ).total_seconds()
            if age >= AT_FIRST_SIGHT and self._must_be_held(body):
                word = f"{body['metadata']['name']} is not protected {age:.0f} s after it was declared: {body}"
                self.wrong.append(word)

    def _must_be_held(self, body: dict[str, Any]) -> bool:
        if FINALIZER in (body["metadata"].get("finalizers") or ()) or deleting(body):
            return False
        if self._stuck(body) not in ("", "its key is refused") or self.plans_only(body):
            return False
        spec = body["spec"]
        if self._policy(body) == "Orphan" or any(pinned(one) for one in self._rivals(body, everywhere=True)):
            return False
        if body["kind"].startswith("Fine") and self.world.keys_changed:
            # Nobody can tell which account at Qianfan a key belongs to, so one that was seen there counts in all.
            same = [one for one in self.resources() if (one["kind"], named(one)) == (body["kind"], named(body))]
            if any(pinned(one) for one in same):
                return False
        # What a name or a reference leads to may stall before anything is promised.
        return not ({"jobName", "jobRef"} & spec.keys() and not named(body) and self._unconfigured(body))

    # ---- at rest

    def check(self) -> None:
        """The world is at rest, the provider behaves, and all its states are known."""
        wrong = [*self.wrong, *self.world.remotes.hasty, *self.world.elsewhere.hasty]
        assert wrong == [], "\n".join(wrong)
        defects = [one for one in self.world.defects if not one.startswith(EXPECTED)]
        assert defects == [], "\n".join(defects)
        for body in self.resources():
            self._check(body)

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
        if self._stuck(body) == "its key is refused":
            return  # while the Secret is away it may go on with an older one
        if stuck := self._stuck(body):
            assert kinds["Ready"]["status"] != "True" or kinds["Synced"]["status"] != "True", f"{stuck}: {what}"
            return
        if reason in ("NotEmpty", "IdentityChanged", "SecretNotFound", "AmbiguousName", "ReferenceNotFound"):
            assert reason != "IdentityChanged" or self._identity_changed(body), what
            return
        if reason == "DeletionHeld":
            assert self._too_many(body), what
            return
        if not named(body):
            assert reason in ("NotFound", "Absent", "InvalidSpec", "ProviderUnavailable"), what
            return
        truth = self._truth(body)
        if reason == "PlanMode":
            assert self.plans_only(body), what
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

    def _identity_changed(self, body: dict[str, Any]) -> bool:
        """A config was made again under its name, a reference leads to another account, or the key is a new one."""
        if body["kind"] == Thing.CONFIG or "jobRef" in body["spec"]:
            return True
        return body["kind"].startswith("Fine") and self.world.keys_changed

    def _too_many(self, body: dict[str, Any]) -> bool:
        """The guard may hold a removal: more than its limit ask, or were let through within its window."""
        config = self._config(body)
        guard = (config or {})["spec"].get("deletionGuard") or {}
        limit, window = guard.get("maxDeletions", 100), guard.get("windowSeconds", 3600)
        asking = [one for one in self.resources() if account_of(one) == account_of(body) and self._asked(one)]
        since = self.world.clock.seconds - window
        return len(asking) + len({remote for at, remote in self._deeds if at >= since}) > limit
