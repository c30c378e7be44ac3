"""A history as data: what people, providers and the cluster do, drawn from a seed, with the paces that users have.

Every step leaves time for its effects. So a history has one right end, and restarts anywhere in it must not change it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from trainsweep.core.external import ExternalState, Thing
from trainsweep.core.resource import Key
from trainsweep.kube import paths

from .wishes import FIRST_SIGHT, Wishes
from .world import CONFIGS, ELSEWHERE, FAST, NAMESPACE, TASK, World

DEFAULT_PACE: dict[str, float] = {}
JOB = "TrainingJob"
TUNING_JOB = "FineTuningJob"
#: Seconds in which everything comes to rest that one step brings, at the slowest pace that is drawn.
SETTLES = 700.0
HANG = 400.0
V2 = [f"9f2c7d3a-0000-4000-8000-00000000000{number}" for number in range(3)]
V1 = ["1001", "1002"]
TASKS = [f"task-{number}" for number in range(4)]
NAMES = ["nightly", "weekly"]


@dataclass(frozen=True)
class Step:
    """`play` does it; `quick` steps follow each other at once, as in one `kubectl apply`."""

    says: str
    play: Callable[[World], None]
    quick: bool = False


def draw(seed: int, length: int = 9) -> tuple[dict[str, object], list[Step]]:
    """The settings of the accounts and the steps of a history."""
    rng = Random(seed)  # noqa: S311 (a history, no secret)
    config: dict[str, object] = {"rateLimit": rng.choice([FAST, FAST, DEFAULT_PACE])}
    config["deletionGuard"] = {"maxDeletions": 1000}  # what the guard holds has histories of its own
    steps = [Step("the provider's world", _people)]
    for number in range(length):
        kind = rng.choices(list(_DRAWN), weights=[weight for _, weight in _DRAWN.values()])[0]
        steps += _DRAWN[kind][0](rng, number)
    return config, steps


def play(seed: int, *, restarts: bool, length: int = 9) -> tuple[World, list[str]]:
    """The world at rest after a history, and what went wrong on the way. With `restarts` the operator is killed at
    moments drawn from the same seed.
    """
    config, steps = draw(seed, length)
    rng = Random(seed + 1_000_003)  # noqa: S311 (moments of restarts)
    world = World(**config)
    world.ahead = rng.choice([0.0, 0.0, 600.0, -600.0])
    wishes = Wishes(world)
    world.run(5)
    for step in steps:
        wishes.note()
        step.play(world)
        if step.quick:
            world.run(0.01)
            continue
        left = SETTLES
        while restarts and rng.random() < 0.6 and left > 60:
            moment = rng.choice([0.05, 0.5, 3.0, 20.0, 60.0])
            world.run(moment)
            world.kill()
            world.run(rng.choice([0.0, 5.0]))
            world.start()
            left -= moment
        world.run(FIRST_SIGHT)
        if not world.api.unserved and world.api.watch_delay < 1:
            wishes.check_first_sight()
        world.run(left)
    wishes.note()
    _calm(world)
    world.run(3 * SETTLES)
    wishes.check_rest()
    return world, [*wishes.wrong, *world.remotes.hasty, *world.elsewhere.hasty]


def end_of(world: World) -> dict[str, object]:
    """What a history has come to: the remote things, and who is left."""
    states = {}
    for where, remotes in (("here", world.remotes), ("elsewhere", world.elsewhere)):
        for remote_id in (
            *V2,
            *V1,
            *TASKS,
            *NAMES,
            "job-a",
            "job-b",
            "old-nightly",
            "new-nightly",
            "old-weekly",
            "new-weekly",
        ):
            state = remotes.state(remote_id)
            states[f"{where} {remote_id}"] = "ended" if state.ended else str(state)
    left = {body["metadata"]["name"] for body in world.api.of_kind(*(thing.value for thing in Thing))}
    return states | {"left": left}


def _people(world: World) -> None:
    for remotes in (world.remotes, world.elsewhere):
        for remote_id in V2:
            remotes.add(Thing.JOB, remote_id, name=f"job-{remote_id[-1]}")
        for remote_id in V1:
            remotes.add(Thing.JOB, remote_id, ExternalState.SUCCEEDED, name=f"v1-{remote_id}")
    world.remotes.add(Thing.TUNING_JOB, "job-a", name="a")
    world.remotes.add(Thing.TUNING_JOB, "job-b", name="b")
    for number, task in enumerate(TASKS):
        world.remotes.add(Thing.TUNING_TASK, task, parent="job-a" if number < 2 else "job-b")
    for name in NAMES:
        world.remotes.add(Thing.TUNING_JOB, f"old-{name}", name=name)


def _calm(world: World) -> None:
    """What stood in the way goes: the end is judged in a world that behaves."""
    world.remotes.faults.clear()
    world.remotes.hangs_until = world.elsewhere.hangs_until = 0.0
    world.remotes.read_faults = world.remotes.probe_faults = world.remotes.write_faults = ""
    world.api.unserved.clear()
    world.api.watch_delay = 0.003
    world.audit_full = False


def _alive(world: World, name: str) -> dict[str, object] | None:
    for kind in (TASK, JOB, TUNING_JOB):
        body = world.api.get(kind, NAMESPACE, name)
        if body and "deletionTimestamp" not in body["metadata"]:
            return body
    return None


def _what(rng: Random) -> tuple[str, dict[str, str]]:
    return rng.choice(
        [
            *((TASK, {"taskID": task}) for task in TASKS),
            *((JOB, {"jobID": job}) for job in (*V2, *V1)),
            *((TUNING_JOB, {"jobName": name}) for name in NAMES),
        ]
    )


def _declare(name: str, kind: str, spec: dict[str, object]) -> Step:
    def do(world: World) -> None:
        if not any(world.api.get(one, NAMESPACE, name) for one in (TASK, JOB, TUNING_JOB)):
            world.declare(name, kind, **spec)

    return Step(f"{name} is declared: {kind} {spec}", do)


def _remove(name: str) -> Step:
    def do(world: World) -> None:
        if body := _alive(world, name):
            world.before_delete(body)
            world.api.delete(body["kind"], NAMESPACE, name)

    return Step(f"{name} is deleted", do)


def declared(rng: Random, number: int) -> list[Step]:
    kind, identity = _what(rng)
    spec: dict[str, object] = {**identity, "desiredState": rng.choice(["Present", "Present", "Stopped", "Absent"])}
    if policy := rng.choice([None, None, "Delete", "Stop", "Orphan"]):
        spec["deletionPolicy"] = policy
    return [_declare(f"r{number}", kind, spec)]


def declared_and_deleted_early(rng: Random, number: int) -> list[Step]:
    """A pipeline that is cancelled: applied, deleted 15 seconds later."""
    kind, identity = _what(rng)
    name = f"r{number}"

    def do(world: World) -> None:
        _declare(name, kind, {**identity}).play(world)
        world.run(15)

    return [Step(f"{name} is declared for 15 s: {kind} {identity}", do, quick=True), _remove(name)]


def a_batch(rng: Random, number: int) -> list[Step]:
    """Many resources at once, deleted 15 seconds later."""
    names = [f"b{number}x{index}" for index in range(rng.choice([5, 40]))]

    def apply(world: World) -> None:
        for name in names:
            world.remotes.add(Thing.TUNING_TASK, f"task-{name}", parent="job-b")
            world.declare(name, taskID=f"task-{name}")
        world.run(15)

    def delete(world: World) -> None:
        for name in names:
            _remove(name).play(world)

    return [Step(f"a batch of {len(names)}", apply, quick=True), Step("the batch is deleted", delete)]


def edited(rng: Random, number: int) -> list[Step]:
    name, desired = f"r{rng.randrange(max(1, number))}", rng.choice(["Present", "Stopped", "Absent"])

    def do(world: World) -> None:
        if body := _alive(world, name):
            world.api.edit(body["kind"], NAMESPACE, name, {"desiredState": desired})

    return [Step(f"{name} wants {desired}", do)]


def removed(rng: Random, number: int) -> list[Step]:
    return [_remove(f"r{rng.randrange(max(1, number))}")]


def renamed(rng: Random, number: int) -> list[Step]:
    """A rename in Git: the new one is applied, the old one pruned in the same sync."""
    old, new = f"r{rng.randrange(max(1, number))}", f"r{number}"

    def do(world: World) -> None:
        if body := _alive(world, old):
            spec = {name: value for name, value in body["spec"].items() if name != "providerConfigRef"}
            world.declare(new, body["kind"], **spec)

    return [Step(f"{old} is renamed to {new}", do, quick=True), _remove(old)]


def account_made_again(rng: Random, number: int) -> list[Step]:
    """ProviderConfig modelarts, taken away by force and made again, for the same project or another one."""
    project = rng.choice(["0" * 32, ELSEWHERE])
    path = paths.resource(Key("ProviderConfig", NAMESPACE, "modelarts"))

    def do(world: World) -> None:
        world.api.delete("ProviderConfig", NAMESPACE, "modelarts")
        world.run(5)
        if path in world.api.objects:
            world.api._merge(path, {"metadata": {"finalizers": None}})
        world.run(1)
        block = {"region": "cn-north-4", "projectID": project}
        credentials = {"secretRef": {"name": "keys"}}
        spec = {"provider": "ModelArts", "modelArts": block, "credentials": credentials, "rateLimit": FAST}
        world.api.create("ProviderConfig", NAMESPACE, "modelarts", spec)

    return [Step(f"ProviderConfig modelarts is made again, project {project[:1]}", do)]


def mode_changed(rng: Random, number: int) -> list[Step]:
    account = rng.choice(list(CONFIGS))

    def to(mode: str) -> Step:
        return Step(f"{account} in mode {mode}", lambda world: _edit_account(world, account, {"mode": mode}))

    return [to("Plan"), *rng.choice([declared, edited, removed])(rng, number), to("Enforce")]


def planned_amid_a_batch(rng: Random, number: int) -> list[Step]:
    """An account is set to mode Plan while many calls wait for their turn; the watch may hang just then."""
    hangs = rng.random() < 0.5

    def apply(world: World) -> None:
        for index in range(40):
            world.remotes.add(Thing.TUNING_TASK, f"task-p{number}x{index}", parent="job-b")
            world.declare(f"p{number}x{index}", taskID=f"task-p{number}x{index}", desiredState="Absent")
        world.run(3)

    def withdraw(world: World) -> None:
        world.api.watch_delay = 300.0 if hangs else 0.003
        _edit_account(world, "qianfan", {"mode": "Plan"})

    def allow(world: World) -> None:
        world.api.watch_delay = 0.003
        _edit_account(world, "qianfan", {"mode": "Enforce"})

    word = "qianfan in mode Plan" + (", unseen" if hangs else "")
    return [
        Step("40 are wanted Absent", apply, quick=True),
        Step(word, withdraw),
        Step("qianfan in mode Enforce", allow),
    ]


def namespace_policy(rng: Random, number: int) -> list[Step]:
    return [_namespace_says(rng.choice(["Orphan", "Delete", "Stop"]))]


def policy_of_a_namespace_amid_a_life(rng: Random, number: int) -> list[Step]:
    """What is declared under one policy is deleted under another one."""
    kind, identity = _what(rng)
    name, policies = f"r{number}", rng.sample(["Orphan", "Delete", "Stop"], 2)
    declared, deleted = (_namespace_says(policy) for policy in policies)
    return [declared, _declare(name, kind, {**identity}), deleted, _remove(name)]


def _namespace_says(policy: str) -> Step:
    def do(world: World) -> None:
        metadata = world.api.objects[paths.namespace(NAMESPACE)]["metadata"]
        metadata["annotations"] = {"trainsweep.dev/deletion-policy": policy}

    return Step(f"the namespace says {policy}", do)


def provider_trouble(rng: Random, number: int) -> list[Step]:
    """Amid it something is declared, edited or removed."""
    fault = rng.choice(["too fast for years", "outage", "hang", "bad signature", "odd refusal", "page of HTML"])

    def do(world: World) -> None:
        if fault == "hang":
            world.remotes.hangs_until = world.clock.seconds + HANG
        else:
            world.remotes.faults.extend([fault] * (1 if "fast" in fault or "sign" in fault else 4))

    return [Step(f"trouble: {fault}", do, quick=True), *rng.choice([declared, edited, removed])(rng, number)]


def api_trouble(rng: Random, number: int) -> list[Step]:
    """A definition that is not served for longer than a resync takes to come by, or a watch that hangs."""
    kind, hangs = rng.choice([TASK, JOB, "ProviderConfig"]), rng.random() < 0.5

    def begin(world: World) -> None:
        if hangs:
            world.api.watch_delay = 300.0
        else:
            world.api.unserved.add(kind)

    def end(world: World) -> None:
        world.api.watch_delay = 0.003
        world.api.unserved.clear()

    word = "the watch hangs" if hangs else f"{kind} is not served"
    amid = rng.choice([edited, removed])(rng, number) if hangs else []
    return [Step(word, begin, quick=hangs), *amid, Step("the API server behaves again", end)]


def a_full_disk(rng: Random, number: int) -> list[Step]:
    def full(world: World) -> None:
        world.audit_full = True

    def room(world: World) -> None:
        world.audit_full = False

    amid = rng.choice([edited, removed])(rng, number)
    return [Step("the audit log's device is full", full, quick=True), *amid, Step("there is room again", room)]


def a_newer_schema(rng: Random, number: int) -> list[Step]:
    account = rng.choice(list(CONFIGS))
    odd = {"errorClasses": [{"status": 418, "class": "Teapot"}]}
    return [
        Step(f"{account} is not readable", lambda world: _edit_account(world, account, odd)),
        *rng.choice([declared, edited])(rng, number),
        Step(f"{account} is readable", lambda world: _edit_account(world, account, {"errorClasses": None})),
    ]


def name_made_again(rng: Random, number: int) -> list[Step]:
    name = rng.choice(NAMES)

    def do(world: World) -> None:
        world.remotes.items.pop(f"old-{name}", None)
        if f"new-{name}" not in world.remotes.items:
            world.remotes.add(Thing.TUNING_JOB, f"new-{name}", name=name)

    return [Step(f"{name} is made again", do)]


def a_key_rotated(rng: Random, number: int) -> list[Step]:
    word = f"key-{number}"

    return [Step("the key is rotated", lambda world: world.set_secret(word))]


def _edit_account(world: World, account: str, spec: dict[str, object]) -> None:
    if world.api.get("ProviderConfig", NAMESPACE, account):
        world.api.edit("ProviderConfig", NAMESPACE, account, spec)


_DRAWN: dict[str, tuple[Callable[[Random, int], list[Step]], int]] = {
    "declared": (declared, 10),
    "declared and deleted early": (declared_and_deleted_early, 3),
    "a batch": (a_batch, 2),
    "edited": (edited, 5),
    "removed": (removed, 5),
    "renamed": (renamed, 3),
    "account made again": (account_made_again, 3),
    "mode changed": (mode_changed, 2),
    "planned amid a batch": (planned_amid_a_batch, 2),
    "namespace policy": (namespace_policy, 1),
    "policy of a namespace amid a life": (policy_of_a_namespace_amid_a_life, 2),
    "provider trouble": (provider_trouble, 5),
    "API trouble": (api_trouble, 3),
    "a full disk": (a_full_disk, 2),
    "a newer schema": (a_newer_schema, 2),
    "a name made again": (name_made_again, 2),
    "a key rotated": (a_key_rotated, 2),
}
