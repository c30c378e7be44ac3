"""The remote things of a scenario as data, and the two simulators that hold them and note every deed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from trainsweep_devtools.simulators.modelarts import ModelArtsScenario, ModelArtsSimulator
from trainsweep_devtools.simulators.qianfan import QianfanScenario, QianfanSimulator
from trainsweep_devtools.simulators.simulator import Simulator
from trainsweep_devtools.simulators.wire import Action, Call, Reply

HUAWEI, BAIDU = "huawei", "baidu"
PROJECT = "0123456789abcdef0123456789abcdef"

#: Operations that change something, by what they do to their target. Any other change is nobody's wish.
STOPS = frozenset({"StopVersion", "StopTrainingJob", "StopFineTuningTask"})
DELETES = frozenset(
    {
        *("DeleteJob", "DeleteVersion", "DeleteConfig", "DeleteTrainingJob"),
        *("DeleteFineTuningTask", "DeleteFineTuningJob"),
    }
)
READS = frozenset(
    {
        *("ListJobs", "ListVersions", "ShowVersion", "ListConfigs", "ShowConfig"),
        *("ListTrainingJobs", "ShowTrainingJobDetails"),
        *("DescribeFineTuningJobs", "DescribeFineTuningTasks", "DescribeFineTuningTask"),
    }
)

#: The providers' words for a run, in the operator's vocabulary.
STATES = {
    **dict.fromkeys(("INIT", "WAITING", "Creating", "Pending", "Waiting"), "Pending"),
    **dict.fromkeys(("RUNNING", "Running"), "Running"),
    **dict.fromkeys(("KILLING", "Terminating"), "Stopping"),
    **dict.fromkeys(("COMPLETED", "Completed", "Done"), "Succeeded"),
    **dict.fromkeys(("FAILED", "Failed"), "Failed"),
    **dict.fromkeys(("KILLED", "Terminated", "Stopped"), "Stopped"),
    **dict.fromkeys(("", "Stopping"), "Unknown"),
}
ACTIVE = frozenset({"Pending", "Running"})
ENDED = frozenset({"Succeeded", "Failed", "Stopped"})
_LIVELIEST = ("Running", "Pending", "Stopping", "Unknown", "Failed", "Succeeded", "Stopped", "")
_RUNS = frozenset({"version", "v2-job", "task"})


@dataclass(frozen=True)
class Thing:
    """`kind` is the simulators' word for it: v1-job, version, config, v2-job, job, task. `fields` are the rest of what
    their scenarios say of it. `parent` is the id of the job that holds it.
    """

    kind: str
    id: str
    name: str
    parent: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def account(self) -> str:
        return BAIDU if self.kind in ("job", "task") else HUAWEI


@dataclass(frozen=True)
class Deed:
    """A call that a provider carried out, or refused, in the state in which it found its target.

    `time` is the world's, in seconds since the start. `state` is the operator's word, "" for a thing that never runs.
    """

    time: float
    operation: str
    target: str
    state: str
    accepted: bool

    def __str__(self) -> str:
        answer = "accepted" if self.accepted else "refused"
        return f"{self.time:6.1f} {self.operation} {self.target} ({self.state or 'no run'}): {answer}"


class Noted(Simulator):
    """Notes deeds. `effect(moment)` is called before and after each; False from "before" prevents it.

    `elapsed()` is the time of the run: deeds are compared with what its user did.
    """

    deeds: list[Deed]
    effect: Callable[[str], bool]
    elapsed: Callable[[], float]

    def watch(self, deeds: list[Deed], effect: Callable[[str], bool], elapsed: Callable[[], float]) -> None:
        self.deeds, self.effect, self.elapsed = deeds, effect, elapsed

    def handle(self, call: Call, action: Action) -> Reply:
        if action.operation in READS:
            return super().handle(call, action)
        if not self.effect("before"):
            return Reply(status=503)
        state = states(self).get(action.target, "")
        reply = super().handle(call, action)
        accepted = 200 <= reply.status < 300
        self.deeds.append(Deed(self.elapsed(), action.operation, action.target, state, accepted))
        self.effect("after")
        return reply


class NotedModelArts(Noted, ModelArtsSimulator):
    pass


class NotedQianfan(Noted, QianfanSimulator):
    pass


def states(simulator: Simulator) -> dict[str, str]:
    """The state of each thing that is still there, in the operator's words. That of a job of runs is the state of the
    liveliest one; that of a thing that never runs is "".
    """
    found = simulator.things()
    own = {thing["id"]: STATES[thing["state"]] if thing["kind"] in _RUNS else "" for thing in found}
    for thing in found:
        parent = thing["id"].partition("/")[0] if thing["kind"] == "version" else thing.get("job")
        if parent:
            own[parent] = min(own[parent], own[thing["id"]], key=_LIVELIEST.index)
    return own


def simulators(
    things: tuple[Thing, ...],
    switches: Mapping[str, Mapping[str, Any]],
    timing: Mapping[str, Any],
    keys: Mapping[str, Mapping[str, str]],
    clock: Callable[[], float],
) -> dict[str, Noted]:
    """Both simulators with these things; `switches` and `keys` are by account."""
    huawei: dict[str, list[dict[str, Any]]] = {"v1-job": [], "config": [], "v2-job": []}
    jobs: dict[str, dict[str, Any]] = {}
    for thing in things:
        match thing.kind:
            case "v1-job":
                jobs[thing.id] = {"id": int(thing.id), "name": thing.name, "versions": [], **thing.fields}
                huawei["v1-job"].append(jobs[thing.id])
            case "version":
                jobs[thing.parent]["versions"].append({"id": int(thing.id.partition("/")[2]), **thing.fields})
            case "job":
                jobs[thing.id] = {"id": thing.id, "name": thing.name, "tasks": [], **thing.fields}
            case "task":
                jobs[thing.parent]["tasks"].append({"id": thing.id, **thing.fields})
            case "config":
                huawei["config"].append({"name": thing.name, **thing.fields})
            case kind:
                huawei[kind].append({"id": thing.id, "name": thing.name, **thing.fields})
    modelarts = {
        "projects": [{"id": PROJECT, "name": "cn-north-4"}],
        "access_keys": [keys[HUAWEI]],
        "timing": timing,
        "switches": switches[HUAWEI],
        "v1_jobs": huawei["v1-job"],
        "configs": huawei["config"],
        "v2_jobs": huawei["v2-job"],
    }
    qianfan = {
        "access_keys": [keys[BAIDU]],
        "timing": timing,
        "switches": switches[BAIDU],
        "jobs": [jobs[thing.id] for thing in things if thing.kind == "job"],
    }
    return {
        HUAWEI: NotedModelArts(ModelArtsScenario.model_validate(modelarts), clock=clock, wall=clock),
        BAIDU: NotedQianfan(QianfanScenario.model_validate(qianfan), clock=clock, wall=clock),
    }
