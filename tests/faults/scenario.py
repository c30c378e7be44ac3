"""A scenario: everything that happens in one run, decided by one number."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from .steps import (
    Abandon,
    Action,
    ApiTrouble,
    ClockStep,
    Create,
    Edit,
    Kill,
    Pause,
    ProviderTrouble,
    Remove,
    Rotate,
    Second,
    Step,
    Vanish,
)
from .things import BAIDU, HUAWEI, Thing
from .troubles import api_fault, provider_fault

#: Seconds of the world in which users act, and in which things go wrong.
ACTS, TROUBLES = 45.0, 60.0
#: A clock wrong by more than this breaks signatures; ten minutes are allowed for.
SIGNED = 600.0


@dataclass(frozen=True)
class Scenario:
    """`finale`: at the end the user deletes all "resources" at once, or with them the "accounts"; "" for neither.
    `elected`: the operators act under a Lease, and whoever loses it is started again.
    """

    seed: int
    things: tuple[Thing, ...]
    steps: tuple[Step, ...]
    kills: tuple[Kill, ...]
    switches: dict[str, dict[str, Any]]
    timing: dict[str, Any]
    finale: str
    elected: bool

    @property
    def calm(self) -> float:
        """When the last trouble is over."""
        ends = [step.at + getattr(step.action, "lasts", 0.0) for step in self.steps]
        return max(ends)

    @property
    def refused(self) -> bool:
        """The provider may come to refuse the credentials, which for a thing never seen counts as configuration."""
        return any(
            isinstance(step.action, Rotate)
            or (isinstance(step.action, ClockStep) and abs(step.action.seconds) > SIGNED)
            for step in self.steps
        )

    def __str__(self) -> str:
        lines = [f"seed {self.seed}: {len(self.things)} remote things, finale: {self.finale or 'none'}"]
        lines += ["  elected"] if self.elected else []
        lines += [f"  thing {thing.kind} {thing.id} {thing.name} {dict(thing.fields)}" for thing in self.things]
        lines += [f"  switches {self.switches}", f"  timing {self.timing}"]
        lines += [f"  {kill}" for kill in self.kills]
        lines += [f"  {step}" for step in self.steps]
        return "\n".join(lines)


def scenario(seed: int) -> Scenario:
    rng = random.Random(seed)  # noqa: S311 (a lot, no secret)
    things = _things(rng)
    steps = [*_lives(rng, things), *_troubles(rng)]
    kills, switches = _kills(rng), _switches(rng)
    timing = {
        "stopping": round(rng.uniform(0.5, 8), 1),
        "deleting": round(rng.uniform(0, 6), 1),
        "deleting_reads": rng.choice((0, 0, 1, 3)),
    }
    finale = rng.choice(("", "", "resources", "accounts"))
    if rng.random() < 0.15:
        steps.append(Step(rng.uniform(0, rng.choice((5.0, ACTS))), Abandon()))
    return Scenario(
        seed=seed,
        things=things,
        steps=tuple(sorted(steps, key=lambda step: step.at)),
        kills=kills,
        switches=switches,
        timing=timing,
        finale=finale,
        elected=rng.random() < 0.3,
    )


def _things(rng: random.Random) -> tuple[Thing, ...]:
    """Some of each kind, running, waiting and ended ones. Some run out by themselves."""
    found: list[Thing] = []
    for number in range(rng.randint(0, 2)):
        job = str(155500 + number)
        found.append(Thing("v1-job", job, f"train-{number}"))
        found += [
            Thing("version", f"{job}/{version}", f"V{version:04d}", job, _run(rng, "RUNNING", "COMPLETED", "WAITING"))
            for version in range(1, rng.randint(1, 3) + 1)
        ]
    for number in range(rng.randint(0, 1)):
        found.append(Thing("config", f"conf_{number}", f"conf_{number}"))
    for number in range(rng.randint(0, 2)):
        fields = _run(rng, "Running", "Completed", "Pending")
        found.append(Thing("v2-job", f"3faf5c03-aaa1-4cbe-879d-{number:012d}", f"lora-{number}", fields=fields))
    for number in range(rng.randint(0 if found else 1, 2)):
        job = f"job-{number:012d}"
        name = f"answers-{number}"
        found.append(Thing("job", job, name))
        for task in range(rng.randint(0, 2)):
            run = _run(rng, "Running", "Done", "Waiting")
            run["status"] = run.pop("state")
            found.append(Thing("task", f"task-{number}{task:011d}", name, job, run))  # known by its job's name
    return tuple(found)


def _run(rng: random.Random, running: str, ended: str, waiting: str) -> dict[str, Any]:
    state = rng.choice((running, running, running, ended, waiting))
    ends = {"ends_after": round(rng.uniform(2, 60), 1)} if state == running and rng.random() < 0.3 else {}
    return {"state": state, "age": float(rng.randint(600, 7200)), **ends}


def _lives(rng: random.Random, things: tuple[Thing, ...]) -> list[Step]:
    """The lives of the resources, and what else happens to the things. Some things are nobody's."""
    steps: list[Step] = []
    for number, thing in enumerate(things):
        if rng.random() < 0.25:
            continue
        rivalled = rng.random() < 0.1
        steps += _life(rng, thing, f"r{number}", rng.uniform(0, 20), rivalled=rivalled)
        if rivalled:
            # The API server gives times of creation in whole seconds of its own.
            steps += _life(rng, thing, f"rival{number}", rng.uniform(35, 40), rivalled=True)
        if rng.random() < 0.07:
            steps.append(Step(rng.uniform(0, ACTS), Vanish(thing.id)))
    if not steps:
        steps += _life(rng, things[0], "r0", 1.0)
    return steps


def _life(rng: random.Random, thing: Thing, name: str, born: float, *, rivalled: bool = False) -> list[Step]:
    """One name's way: created, edited, deleted, perhaps created again at once. Of two that rival for a thing neither
    comes back, and both name it by its id, so that who is older decides whose it is. Neither is paused: a paused
    resource owns nothing that it has not seen.
    """
    spec, mismatch = _spec(rng, thing, by_id=rivalled)
    paused = rng.random() < 0.1 and not rivalled
    steps = [Step(born, Create(KINDS[thing.kind], name, thing.id, spec, paused))]
    at = born
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        at = rng.uniform(at, ACTS)
        steps.append(Step(at, Edit(name, {"desiredState": _desired(rng, thing)})))
    removed = rng.random() < 0.55
    if paused and (removed or rng.random() < 0.6):
        steps.append(Step(rng.uniform(born, ACTS), Pause(name, on=False)))
    elif not removed and rng.random() < 0.07 and not rivalled:
        steps.append(Step(rng.uniform(born, ACTS), Pause(name, on=True)))
    if removed:
        at = rng.uniform(at, ACTS)
        steps.append(Step(at, Remove(name, force=thing.id if mismatch else "")))
        if rng.random() < 0.3 and not rivalled:
            spec, _ = _spec(rng, thing, by_id=False, matching=True)
            steps.append(Step(at + rng.choice((0.0, 0.1, 2.0)), Create(KINDS[thing.kind], name, thing.id, spec)))
    return steps


KINDS = {
    "v1-job": "TrainingJob",
    "v2-job": "TrainingJob",
    "version": "TrainingJobVersion",
    "config": "TrainingJobConfig",
    "task": "FineTuningTask",
    "job": "FineTuningJob",
}


def _spec(rng: random.Random, thing: Thing, *, by_id: bool, matching: bool = False) -> tuple[dict[str, Any], bool]:
    """A spec for this thing, and whether its `expect` is wrong."""
    spec: dict[str, Any] = {
        "providerConfigRef": {"name": thing.account},
        "desiredState": _desired(rng, thing),
        **_identity(rng, thing, by_id=by_id),
    }
    policy = rng.choice((None, None, "Delete", "Delete", "Stop", "Orphan"))
    if policy and not (policy == "Stop" and thing.kind == "config"):
        spec["deletionPolicy"] = policy
    if thing.kind == "job" and rng.random() < 0.6:
        spec["cascade"] = True
    mismatch = not matching and rng.random() < 0.08
    if mismatch:
        spec["expect"] = {"name": "another"}
    elif rng.random() < 0.1:
        spec["expect"] = {"name": thing.name, "createdAfter": "2020-01-01T00:00:00Z"}
    if thing.kind in ("version", "v2-job", "task") and rng.random() < 0.1:
        spec[rng.choice(("activeDeadlineSeconds", "ttlSecondsAfterFinished"))] = rng.randint(10, 300)
    return spec, mismatch


def _identity(rng: random.Random, thing: Thing, *, by_id: bool) -> dict[str, Any]:
    match thing.kind:
        case "version":
            job, _, version = thing.id.partition("/")
            whole = {"jobID": job, "versionID": version}
            by_name = {"jobName": f"train-{int(job) - 155500}", "versionName": thing.name}
            return whole if by_id else rng.choice((whole, by_name, {"jobID": job, "versionName": thing.name}))
        case "config":
            return {"configName": thing.name}
        case "task":
            return {"taskID": thing.id}
        case _:
            return {"jobID": thing.id} if by_id else rng.choice(({"jobID": thing.id}, {"jobName": thing.name}))


def _desired(rng: random.Random, thing: Thing) -> str:
    return rng.choice(("Present", "Absent") if thing.kind == "config" else ("Present", "Stopped", "Absent"))


def _kills(rng: random.Random) -> tuple[Kill, ...]:
    effects = sorted(rng.sample(range(1, 40), rng.choice((0, 1, 1, 2, 3))))
    return tuple(Kill(n, rng.choice(("before", "after")), round(rng.choice((0.0, 0.5, 5.0, 20.0)), 1)) for n in effects)


def _troubles(rng: random.Random) -> list[Step]:
    steps: list[Step] = []

    def add(action: Action) -> None:
        steps.append(Step(round(rng.uniform(0, TROUBLES), 1), action))

    for _ in range(rng.choice((0, 1, 2, 3))):
        add(ApiTrouble(api_fault(rng), lasts=round(rng.choice((2.0, 10.0, 20.0, 60.0)), 1)))
    for _ in range(rng.choice((0, 1, 2, 4))):
        account = rng.choice((HUAWEI, BAIDU))
        add(ProviderTrouble(account, provider_fault(rng, account), lasts=rng.choice((5.0, 20.0, 60.0))))
    if rng.random() < 0.15:
        far = rng.random() < 0.3
        first, second = sorted(rng.uniform(0, TROUBLES) for _ in range(2))
        steps.append(Step(first, ClockStep(rng.choice((-1, 1)) * rng.uniform(30, 3600 if far else SIGNED))))
        steps.append(Step(second, ClockStep(0.0)))
    if rng.random() < 0.2:
        add(
            Second(
                lasts=round(rng.uniform(5, 40), 1),
                frozen=rng.random() < 0.4,
                older_ends=rng.random() < 0.5,
                cleanly=rng.random() < 0.5,
            )
        )
    if rng.random() < 0.08:
        add(Rotate(rng.choice((HUAWEI, BAIDU)), late=rng.choice((0.0, 5.0, 30.0))))
    return steps


def _switches(rng: random.Random) -> dict[str, dict[str, Any]]:
    """Open questions of the providers' documents, answered by lot."""
    second = rng.choice(("accept", "refuse"))
    return {
        HUAWEI: {
            "stop_states": rng.choice(([8], [1, 2, 4, 7, 8])),
            "second_delete": second,
            "accepted_body": rng.choice(('""', "", "null")),
            "failure_status": rng.choice((None, None, 200)),
            "last_version_deleted": rng.choice(("job_stays", "job_stays", "job_goes")),
        },
        BAIDU: {
            "second_delete": second,
            "stopping_status": rng.choice(("Running", "Running", "Stopping")),
            "credentials_form": rng.choice(("body", "headers")),
        },
    }
