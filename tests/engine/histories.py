"""What may happen in a history: people edit, accounts change, runs end, calls fail, operators die.

A history is data, so that it can be drawn once and played again with one thing changed. `World` of before serves the
tests of one case; `Town` has all that histories are about: two namespaces, accounts of several kinds, a second account
at each provider, and keys that lead to either.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from trainsweep.api.kinds import KINDS
from trainsweep.api.provider_config import AccountSpec
from trainsweep.core.external import ExternalState, Thing
from trainsweep.core.resource import Key
from trainsweep.kube import paths
from trainsweep.providers.pacing import Pace

from .memory_provider import MemoryProvider, Remotes
from .oracle import Oracle, deleting, named
from .world import ELSEWHERE, FAST, NAMESPACE, World

OTHER_NAMESPACE = "team-b"
NAMESPACES = (NAMESPACE, OTHER_NAMESPACE)
#: The Secret of each namespace, as one name must lead to one Secret here.
SECRETS = {NAMESPACE: "keys", OTHER_NAMESPACE: "keys-b"}
MAIN = "0" * 32
REGION = {"region": "cn-north-4"}
#: What the ProviderConfigs of each namespace lead to. `named` goes by the name of its project.
ACCOUNTS: dict[str, dict[str, Any]] = {
    "qianfan": {"provider": "Qianfan", "qianfan": {}},
    "modelarts": {"provider": "ModelArts", "modelArts": {**REGION, "projectID": MAIN}},
    "named": {"provider": "ModelArts", "modelArts": {**REGION, "projectName": "main"}},
}
#: The two ClusterProviderConfigs.
SHARED = {"qianfan": "shared-qianfan", "modelarts": "shared-modelarts"}
#: Keys: two of the account, one of another account, one that nobody accepts any more.
FIRST, SECOND, STRANGER, REVOKED = "first", "second", "stranger", "revoked"

V2_JOBS = [f"9f2c7d3a-0000-4000-8000-00000000000{number}" for number in range(2)]
VERSIONS = ["1001/1", "1001/2"]
TASKS = ["task-a1", "task-a2", "task-b1", "task-none"]
#: Kind and identity of everything that a resource may name.
IDENTITIES: list[tuple[str, dict[str, Any]]] = [
    *(("FineTuningTask", {"taskID": task}) for task in TASKS),
    ("FineTuningJob", {"jobID": "job-a", "cascade": True}),
    ("FineTuningJob", {"jobID": "job-a"}),
    ("FineTuningJob", {"jobName": "nightly", "cascade": True}),
    *(("TrainingJob", {"jobID": job}) for job in V2_JOBS),
    ("TrainingJob", {"jobName": "weekly"}),
    ("TrainingJob", {"jobID": "1001"}),
    ("TrainingJobVersion", {"jobID": "1001", "versionID": "1"}),
    ("TrainingJobVersion", {"jobName": "daily", "versionName": "V0002"}),
    ("TrainingJobVersion", {"jobRef": {"name": "ann"}, "versionID": "2"}),
    ("TrainingJobConfig", {"configName": "conf"}),
]
#: What has a start and an end of its own, which the clocks go by.
RUN_BY_ID = [
    *({"taskID": task} for task in TASKS),
    *({"jobID": job} for job in V2_JOBS),
    {"jobID": "1001", "versionID": "1"},
]
RUNS = [*TASKS, *V2_JOBS, *VERSIONS]
NAMES = ["ann", "bob", "eve", "zoe"]
#: A word of a newer schema, in specs of resources and of ProviderConfigs.
NEWER: dict[str, dict[str, Any]] = {
    "resource": {"deletionPolicy": "Archive"},
    "class": {"errorClasses": [{"status": 418, "class": "Teapot"}]},
    "mode": {"mode": "Rehearse"},
}
#: Longer than every pause that the operator makes by itself.
QUIET = 2400.0


class Town(World):
    """The world of histories."""

    def __init__(self, **config: object) -> None:
        #: Providers whose requests are not answered, until when.
        self.hanging: dict[str, float] = {}
        self.last_keys: dict[str, str] = dict.fromkeys(SECRETS.values(), FIRST)
        self.keys_changed = False
        self.key_changed_at = float("-inf")
        self.key_changed_at = float("-inf")
        super().__init__(**config)
        self.kill()
        self.config = config
        api = self.api
        api.put(paths.namespace(OTHER_NAMESPACE), {"metadata": {"name": OTHER_NAMESPACE}})
        verbs = ["create", "delete", "get", "list", "patch", "watch"]
        served = [{"name": kind.plural, "verbs": verbs} for kind in KINDS.values()]
        api.objects[paths.DISCOVERY] = {"metadata": {}, "resources": served}
        self.set_key(OTHER_NAMESPACE, FIRST)
        self.key_changed_at = float("-inf")
        for namespace in NAMESPACES:
            for name in ACCOUNTS:
                if not api.get("ProviderConfig", namespace, name):
                    self.make_account(namespace, name)
        for name in SHARED:
            self.make_account("", name)
        self._fill(self.remotes, "")
        self._fill(self.elsewhere, "x")
        self.start()

    def make_account(self, namespace: str, name: str, **block: object) -> None:
        """A ProviderConfig, or with no namespace the ClusterProviderConfig of that provider."""
        spec = {**ACCOUNTS[name], "rateLimit": FAST, **self.config}
        if block:
            spec["modelArts"] = {**REGION, **block}
        if namespace:
            reference: dict[str, Any] = {"name": SECRETS[namespace]}
            self.api.create("ProviderConfig", namespace, name, {**spec, "credentials": {"secretRef": reference}})
            return
        reference = {"name": SECRETS[NAMESPACE], "namespace": NAMESPACE}
        allowed = {"allowedNamespaces": {"names": [NAMESPACE], "selector": {"matchLabels": {"shared": "yes"}}}}
        spec = {**spec, "credentials": {"secretRef": reference}, **allowed}
        self.api.create("ClusterProviderConfig", "", SHARED[name], spec)

    def _fill(self, remotes: Remotes, mark: str) -> None:
        """The same numbers are in both accounts at ModelArts; the ids of Qianfan are in one alone."""
        remotes.add(Thing.TUNING_JOB, f"job-a{mark}")
        remotes.add(Thing.TUNING_JOB, f"job-b{mark}", name="nightly")
        for task, parent in [("task-a1", "job-a"), ("task-a2", "job-a"), ("task-b1", "job-b")]:
            remotes.add(Thing.TUNING_TASK, task + mark, parent=parent + mark)
        for job in V2_JOBS:
            weekly = job is V2_JOBS[bool(mark)]
            remotes.add(Thing.JOB, job, name="weekly" if weekly else job)
        remotes.add(Thing.JOB, "1001", ExternalState.STOPPED, name="daily")
        for version in VERSIONS:
            remotes.add(Thing.VERSION, version, name=f"V000{version[-1]}", parent="1001")
        remotes.add(Thing.CONFIG, "conf", ExternalState.STOPPED)

    def set_key(self, namespace: str, key: str) -> None:
        name = SECRETS[namespace]
        self.keys_changed |= key != FIRST
        self.key_changed_at = self.clock.seconds
        self.key_changed_at = self.clock.seconds
        self.last_keys[name] = key
        encoded = {word: base64.b64encode(key.encode()).decode() for word in ("accessKey", "secretKey")}
        path = paths.secret(namespace, name)
        before = self.api.objects.get(path, {"metadata": {"name": name, "namespace": namespace}})
        metadata = {field: value for field, value in before["metadata"].items() if field != "deletionTimestamp"}
        self.api.put(path, {"metadata": metadata, "data": encoded})

    def open_provider(self, spec: AccountSpec, pace: Pace, killed: Callable[[], bool]) -> MemoryProvider:
        key = getattr(self.credentials, "access_key", "")
        block = spec.model_arts
        where, refused = self.leads_to(block.project_id, block.project_name, key) if block else self.leads_to(key=key)
        provider = "ModelArts" if block else "Qianfan"
        place = "" if not block else block.project_id or (ELSEWHERE if where is self.elsewhere else MAIN)
        return MemoryProvider(
            where,
            pace,
            killed,
            place,
            hangs=lambda: self.hanging.get(provider, 0.0) > self.clock.seconds,
            refused=refused,
        )

    def leads_to(
        self, project_id: str | None = None, project_name: str | None = None, key: str = FIRST
    ) -> tuple[Remotes, str]:
        """The account of a project and a key, and the fault that its calls meet when the two do not fit."""
        if key == REVOKED:
            return self.elsewhere if project_id == ELSEWHERE else self.remotes, "bad signature"
        if project_id:
            refused = "forbidden" if key == STRANGER else ""
            return self.elsewhere if project_id == ELSEWHERE else self.remotes, refused
        return self.elsewhere if key == STRANGER else self.remotes, ""


@dataclass(frozen=True)
class Step:
    """A verb of `Player` with its arguments."""

    verb: str
    arguments: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Step({self.verb!r}, {self.arguments!r})"


def a(verb: str, **arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Step]:
    return st.builds(Step, st.just(verb), st.fixed_dictionaries(arguments))


class Player:
    """Plays steps on a town, with the oracle beside it. A step that does not fit does nothing."""

    def __init__(self, **config: object) -> None:
        self.town = Town(**config)
        self.oracle = Oracle(self.town)
        #: What ends by itself: when, and how.
        self._ends: list[tuple[float, Callable[[], None]]] = []
        self._restarts: list[float] = []
        self.run(1)

    def play(self, steps: list[Step]) -> None:
        for step in steps:
            getattr(self, step.verb)(**step.arguments)

    def restart_at(self, moments: list[float]) -> None:
        """Kill and start the operator at these times of the world."""
        self._restarts = sorted(moments)

    def run(self, seconds: float) -> None:
        end = self.town.clock.seconds + seconds
        first = True
        while first or self.town.clock.seconds < end - 1e-9:
            moments = [end, *(at for at, _ in self._ends), *self._restarts]
            if first:
                moments.append(self.town.clock.seconds + 11.0)  # what was just declared must be held by then
            first = False
            self.town.run(max(0.0, min(moments) - self.town.clock.seconds))
            self.oracle.look()
            self._end_what_is_over()
            if self._restarts and self._restarts[0] <= self.town.clock.seconds:
                self._restarts.pop(0)
                self.kill(down=0.0)

    def _end_what_is_over(self) -> None:
        over = [entry for entry in self._ends if entry[0] <= self.town.clock.seconds + 1e-9]
        for entry in over:
            self._ends.remove(entry)
            entry[1]()

    def _until(self, seconds: float, end: Callable[[], None]) -> None:
        self._ends.append((self.town.clock.seconds + seconds, end))

    def known(self, name: str, namespace: str) -> dict[str, Any] | None:
        for body in self.oracle.resources():
            if (body["metadata"]["name"], body["metadata"]["namespace"]) == (name, namespace):
                return body
        return None

    # ---- people and their resources

    def declare(
        self, *, namespace: str, name: str, what: int, desired: str, wishes: dict[str, Any], account: str
    ) -> None:
        kind, identity = IDENTITIES[what]
        if self.known(name, namespace):
            return
        if kind == "TrainingJobConfig":
            desired, wishes = desired.replace("Stopped", "Absent"), {}
        if identity not in RUN_BY_ID:
            wishes = {word: wish for word, wish in wishes.items() if not word.endswith(("Seconds", "Finished"))}
        provider = "qianfan" if kind.startswith("Fine") else "modelarts"
        reference: dict[str, Any] = {"name": provider}
        if account == "shared":
            reference = {"kind": "ClusterProviderConfig", "name": SHARED[provider]}
        elif account == "named" and provider == "modelarts":
            reference = {"name": "named"}
        self.oracle.note()
        spec = {"providerConfigRef": reference, **identity, "desiredState": desired, **wishes}
        self.town.api.create(kind, namespace, name, spec)

    def edit(self, namespace: str, name: str, desired: str, policy: str | None) -> None:
        body = self.known(name, namespace)
        if body and body["kind"] != "TrainingJobConfig":
            self._edit(body, {"desiredState": desired, "deletionPolicy": policy})

    def pause(self, namespace: str, name: str, on: bool) -> None:
        if body := self.known(name, namespace):
            self.oracle.note()
            self.town.api.edit(body["kind"], namespace, name, paused="true" if on else None)

    def delete(self, namespace: str, name: str) -> None:
        if body := self.known(name, namespace):
            self.oracle.note()
            self.town.api.delete(body["kind"], namespace, name)

    def force(self, namespace: str, name: str, right: bool) -> None:
        body = self.known(name, namespace)
        if body and deleting(body):
            word = named(body) if right else "another"
            self.town.api.edit(body["kind"], namespace, name, force_orphan=word)

    def rename(self, *, namespace: str, name: str, to: str, first: str, between: float, into: str) -> None:
        """The same thing under a new name, in this namespace or in the other one; the new one or the end of the old
        one comes `first`.
        """
        body = self.known(name, namespace)
        if body is None or self.known(to, into) or (name, namespace) == (to, into):
            return
        spec = {word: value for word, value in body["spec"].items() if value is not None}
        if first == "new":
            self.oracle.note()
            self.town.api.create(body["kind"], into, to, spec)
            self.run(between)
        self.delete(namespace, name)
        if first == "old":
            self.run(between)
            self.oracle.note()
            if not self.known(to, into):
                self.town.api.create(body["kind"], into, to, spec)

    def apply_many(self, count: int, then: str) -> None:
        """Many tasks in one apply, of which each is protected within ten seconds; a while later all are deleted."""
        names = [f"many{number}" for number in range(count)]
        if "job-b" not in self.town.remotes.items or self.known(names[0], NAMESPACE):
            return
        reference = {"name": "qianfan"}
        self.oracle.note()
        for name in names:
            self.town.remotes.add(Thing.TUNING_TASK, f"task-{name}", parent="job-b")
            spec = {"providerConfigRef": reference, "taskID": f"task-{name}", "desiredState": "Present"}
            self.town.api.create("FineTuningTask", NAMESPACE, name, spec)
        self.run(15)
        for name in names if then == "delete" else ():
            self.delete(NAMESPACE, name)

    def a_newer_resource(self, namespace: str, name: str, on: bool) -> None:
        body = self.known(name, namespace)
        if body and body["kind"] != "TrainingJobConfig":
            self._edit(body, NEWER["resource"] if on else {"deletionPolicy": None})

    def point_again(self, namespace: str, job: str) -> None:
        """The TrainingJob that a jobRef names is made again, for another job."""
        body = self.known("ann", namespace)
        if body and body["kind"] == "TrainingJob" and not deleting(body):
            self._edit(body, {"deletionPolicy": "Orphan", "desiredState": "Present"})
            self.run(1)
            self.delete(namespace, "ann")
            self.run(5)
            if not self.known("ann", namespace):
                self.oracle.note()
                spec = {"providerConfigRef": {"name": "modelarts"}, "jobID": job, "desiredState": "Present"}
                self.town.api.create("TrainingJob", namespace, "ann", spec)

    def _edit(self, body: dict[str, Any], spec: dict[str, Any]) -> None:
        self.oracle.note()
        metadata = body["metadata"]
        self.oracle.disturbed(0.0)
        self.town.api.edit(body["kind"], metadata["namespace"], metadata["name"], spec)

    # ---- remote things

    def end_run(self, remote: str, state: ExternalState, elsewhere: bool = False) -> None:
        remotes = self._remotes(elsewhere)
        if remote in remotes.items:
            remotes.end(remote, state)

    def vanish(self, remote: str) -> None:
        """Somebody else deletes a thing."""
        self.town.remotes.items.pop(remote, None)

    def become_unclear(self, remote: str) -> None:
        if remote in self.town.remotes.items:
            self.town.remotes.items[remote].unclear = True

    def hide(self, remote: str) -> None:
        """No list shows it any more, as a job of another workspace."""
        if remote in self.town.remotes.items:
            self.town.remotes.items[remote].unlisted = True

    def make_again(self, remote: str, way: str) -> None:
        """Another thing takes the name of one: of a config that is all there is; a job has another number."""
        items, remotes = self.town.remotes.items, self.town.remotes
        if remote == "conf":
            if way == "instead":
                items.pop("conf", None)
            if "conf" not in items:
                remotes.add(Thing.CONFIG, "conf", ExternalState.STOPPED)
            return
        thing, state = (Thing.JOB, ExternalState.RUNNING) if remote == "weekly" else (Thing.TUNING_JOB, None)
        if way == "instead":
            for one in [one for one, item in items.items() if item.remote.name == remote]:
                for part in [part for part, item in items.items() if item.remote.parent == one]:
                    del items[part]
                del items[one]
        number = sum(one.startswith(("job-n", "aaaa")) for one in remotes.born)
        if number < 3:
            new = f"aaaaaaaa-0000-4000-8000-00000000000{number}" if thing is Thing.JOB else f"job-n{number}"
            remotes.add(thing, new, *([state] if state else []), name=remote)

    def wait_in_line(self, remote: str, seconds: float) -> None:
        """A new run is in the queue for a while before it starts."""
        items = self.town.remotes.items
        if remote in TASKS and remote not in items:
            parent = "job-a" if "job-a" in items else ""
            self.town.remotes.add(Thing.TUNING_TASK, remote, ExternalState.PENDING, parent=parent, started_at=None)
            self._until(seconds, lambda: self.town.remotes.begin(remote))

    def begin_anew(self, remote: str, seconds: float) -> None:
        """A run that has ended is in the queue again. What is told of its former start stays until it begins."""
        item = self.town.remotes.items.get(remote)
        if item and item.remote.state.ended and item.due is None:
            pending = ExternalState.PENDING
            item.remote = replace(item.remote, state=pending, provider_state=pending.value, finished_at=None)
            self._until(seconds, lambda: self.town.remotes.begin(remote))

    def _remotes(self, elsewhere: bool) -> Remotes:
        return self.town.elsewhere if elsewhere else self.town.remotes

    # ---- accounts

    def set_key(self, namespace: str, key: str) -> None:
        self.oracle.note(10.0)
        self.oracle.disturbed(75.0)  # a Secret is read again after a minute
        self.town.set_key(namespace, key)

    def delete_secret(self, namespace: str) -> None:
        path = paths.secret(namespace, SECRETS[namespace])
        if path in self.town.api.objects:
            self.oracle.note(10.0)
            self.oracle.disturbed(75.0)
            self.town.api.delete_path(path)

    def edit_account(self, namespace: str, account: str, spec: dict[str, Any]) -> None:
        kind, name = self._account(namespace, account)
        if self.town.api.get(kind, namespace, name):
            self.oracle.note(10.0)
            self.oracle.disturbed(2.0)
            self.town.api.edit(kind, namespace, name, spec)

    def approve(self, namespace: str, account: str) -> None:
        kind, name = self._account(namespace, account)
        if self.town.api.get(kind, namespace, name):
            until = "2027-01-01T00:00:00Z"
            self.oracle.approved = True
            self.town.api.edit(kind, namespace, name, approve_deletions_until=until)

    def delete_account(self, namespace: str, account: str, force: bool) -> None:
        kind, name = self._account(namespace, account)
        path = paths.resource(Key(kind, namespace, name))
        if path in self.town.api.objects:
            self.oracle.note(10.0)
            self.oracle.disturbed(2.0)
            self.town.api.delete_path(path)
            if force and path in self.town.api.objects:
                self.run(1)
                if path in self.town.api.objects:
                    self.town.api._merge(path, {"metadata": {"finalizers": None}})

    def make_account(self, namespace: str, account: str, project: str) -> None:
        kind, name = self._account(namespace, account)
        if not self.town.api.get(kind, namespace, name):
            self.oracle.note(10.0)
            self.oracle.disturbed(2.0)
            block = {"projectID": project} if account == "modelarts" else {}
            self.town.make_account(namespace, account, **block)

    def lead_elsewhere(self, namespace: str, account: str, between: float, project: str) -> None:
        """A ProviderConfig is taken away, whatever holds it, and made again under its name."""
        self.delete_account(namespace, account, force=True)
        self.run(between)
        self.make_account(namespace, account, project)

    def _account(self, namespace: str, account: str) -> tuple[str, str]:
        return ("ProviderConfig", account) if namespace else ("ClusterProviderConfig", SHARED[account])

    # ---- namespaces

    def set_policy(self, namespace: str, policy: str | None) -> None:
        self._edit_namespace(namespace, {"annotations": {"trainsweep.dev/deletion-policy": policy}})

    def label(self, namespace: str, shared: str | None) -> None:
        self._edit_namespace(namespace, {"labels": {"shared": shared}})

    def _edit_namespace(self, namespace: str, metadata: dict[str, Any]) -> None:
        # A pass may go by what was read half a minute ago; whoever rests looks within five minutes.
        self.oracle.note(40.0)
        self.oracle.disturbed(300.0)
        path = paths.namespace(namespace)
        body = self.town.api.objects[path]
        merged = {**body["metadata"]}
        for word, values in metadata.items():
            all_of_it = {**merged.get(word, {}), **values}
            merged[word] = {name: value for name, value in all_of_it.items() if value is not None}
        self.town.api.put(path, {"metadata": merged})

    # ---- trouble at the provider

    def calls_fail(self, faults: list[str]) -> None:
        self.town.remotes.faults.extend(faults)

    def go_wrong(self, calls: str, fault: str, seconds: float) -> None:
        """Every call of a sort meets a fault for a while."""
        remotes = self.town.remotes
        setattr(remotes, calls, fault)
        self._until(seconds, lambda: setattr(remotes, calls, ""))

    def hang(self, provider: str, seconds: float) -> None:
        self.town.hanging[provider] = self.town.clock.seconds + seconds

    def be_slow(self, seconds: float, effect: float) -> None:
        """What is asked for takes effect late."""
        remotes = self.town.remotes
        remotes.effect = effect
        self._until(seconds, lambda: setattr(remotes, "effect", 3.0))

    # ---- trouble at the API server

    def api_fails(self, faults: list[str]) -> None:
        self.oracle.disturbed(600.0)
        self.town.api.faults.extend(faults)

    def unserve(self, kind: str, seconds: float) -> None:
        """The handler of a kind is not ready for a while."""
        self.oracle.disturbed(seconds + 600.0)
        self.town.api.unserved.add(kind)
        self._until(seconds, lambda: self.town.api.unserved.discard(kind))

    def let_the_watch_hang(self, seconds: float) -> None:
        self.oracle.disturbed(seconds + 20.0)
        self.town.api.watch_delay = seconds
        self.oracle.late_watch = True
        self._until(seconds, self._watch_again)

    def _watch_again(self) -> None:
        self.town.api.watch_delay = 0.003
        self.town.hurry()
        self.oracle.late_watch = False
        self.oracle.note(10.0)

    # ---- the operator

    def kill(self, down: float) -> None:
        self.oracle.disturbed(down + 20.0)
        self.town.kill()
        self.town.run(down)
        self.town.start()

    def stand_by(self, late: float) -> None:
        """A second operator waits for the Lease; its watch is minutes late."""
        self.town.stand_by(late)

    def take_over(self, late: float) -> None:
        """The leader dies, and the one that stands by leads; its watch stays late for a while."""
        self.oracle.disturbed(late + 30.0)
        self.oracle.late_watch = True
        self.town.take_over()
        self._until(late, self._watch_again)

    def fill_the_disk(self, seconds: float) -> None:
        self.town.audit_full = True
        self._until(seconds, lambda: setattr(self.town, "audit_full", False))

    def set_clock(self, ahead: float) -> None:
        self.town.ahead = ahead

    # ---- time

    def wait(self, seconds: float) -> None:
        self.run(seconds)

    def rest(self, seconds: float = QUIET) -> None:
        """Trouble is over, and all is quiet for longer than every pause of the operator."""
        town = self.town
        town.remotes.faults.clear()
        town.elsewhere.faults.clear()
        town.api.faults.clear()
        town.hanging.clear()
        for item in (*town.remotes.items.values(), *town.elsewhere.items.values()):
            item.unclear = False
        while self._ends:
            self.run(max(1.0, min(at for at, _ in self._ends) - town.clock.seconds))
        self.run(seconds)

    def everything_comes_to_rest(self) -> None:
        self.rest()
        self.oracle.check()
        writes = len(self.town.api.writes)
        self.run(700)
        assert len(self.town.api.writes) == writes, self.town.api.writes[writes:]

    def close(self) -> None:
        self.town.kill()
