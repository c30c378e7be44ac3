"""ModelArts with its IAM, on one port: V1, V2 and tokens over one scenario."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from trainsweep_devtools.simulators import huawei_verify
from trainsweep_devtools.simulators.keys import Key
from trainsweep_devtools.simulators.modelarts import answers, routes, v1, v1_api, v2, v2_api
from trainsweep_devtools.simulators.modelarts.access import Access
from trainsweep_devtools.simulators.modelarts.iam import Iam
from trainsweep_devtools.simulators.modelarts.scenario import (
    ConfigSpec,
    Generate,
    ModelArtsScenario,
    V1JobSpec,
    V2JobSpec,
    VersionSpec,
)
from trainsweep_devtools.simulators.modelarts.states import v1_name
from trainsweep_devtools.simulators.simulator import Clock, Simulator
from trainsweep_devtools.simulators.wire import Action, Call, Reply, new_request_id

V1_OPERATIONS: Mapping[str, Callable[[v1.V1World, Call, Mapping[str, str], float], Reply]] = {
    "ListJobs": v1_api.list_jobs,
    "CreateJob": v1_api.create_job,
    "DeleteJob": v1_api.delete_job,
    "ListVersions": v1_api.list_versions,
    "CreateVersion": v1_api.create_version,
    "ShowVersion": v1_api.show_version,
    "DeleteVersion": v1_api.delete_version,
    "StopVersion": v1_api.stop_version,
    "ListConfigs": v1_api.list_configs,
    "CreateConfig": v1_api.create_config,
    "ShowConfig": v1_api.show_config,
    "UpdateConfig": v1_api.update_config,
    "DeleteConfig": v1_api.delete_config,
}

V2_OPERATIONS: Mapping[str, Callable[[v2.V2World, Call, Mapping[str, str], float], Reply]] = {
    "CreateTrainingJob": v2_api.create_job,
    "ListTrainingJobs": v2_api.search_jobs,
    "BatchDeleteTrainingJob": v2_api.delete_jobs,
    "ShowTrainingJobDetails": v2_api.show_job,
    "DeleteTrainingJob": v2_api.delete_job,
    "StopTrainingJob": v2_api.act_on_job,
}


class ModelArtsSimulator(Simulator):
    def __init__(self, scenario: ModelArtsScenario, *, clock: Clock = time.time, wall: Clock = time.time) -> None:
        scenario = scenario.model_copy(deep=True)
        super().__init__(scenario.switches, scenario.timing, scenario.access_keys, clock=clock, wall=wall)
        self.scenario = scenario
        self.switches = scenario.switches
        self.timing = scenario.timing
        self.iam = Iam(scenario, self.keyring)
        self.access = Access(self.keyring, self.iam, scenario.projects, scenario.switches)
        self.v1 = v1.V1World(scenario.timing, scenario.switches)
        self.v2 = v2.V2World(scenario.timing, scenario.switches)
        self._populate()

    def route(self, call: Call) -> Action:
        return routes.route(call.method, call.path)

    def handle(self, call: Call, action: Action) -> Reply:
        """Every answer carries a request id; the gateway's refusals repeat theirs in the body."""
        reply = super().handle(call, action)
        return replace(reply, headers={"X-Request-Id": new_request_id(), **reply.headers})

    def answer(self, call: Call, action: Action) -> Reply:
        operation, wall = action.operation, self.wall()
        if operation == "CreateToken":
            return self.iam.create_token(call, wall)
        if operation == "DiscoverIdentity":
            return self.iam.discover(call)
        if action is routes.NOT_PUBLISHED or (self.switches.v1_withdrawn and operation in V1_OPERATIONS):
            return answers.not_published(self.switches)
        self.access.check(call, action.ids.get("project", ""), wall)
        if operation == "ListProjects":
            return self.iam.list_projects(call)
        now = self.clock()
        if work := V1_OPERATIONS.get(operation):
            return answers.answer_v1(self.switches, lambda: work(self.v1, call, action.ids, now))
        return answers.answer_v2(lambda: V2_OPERATIONS[operation](self.v2, call, action.ids, now))

    def claimed_key(self, call: Call) -> str:
        if claim := huawei_verify.read_claim(call.header("Authorization")):
            return claim.access_key
        token = self.iam.find(call.header("X-Auth-Token"))
        return token.user if token else ""

    def throttled(self) -> Reply:
        message = "The throttling threshold has been reached: policy user over ratelimit, time:1 second"
        return answers.gateway(429, "0308", message, self.switches.gateway_prefix)

    def rotate(self, keys: list[Key]) -> None:
        """New access keys; the tokens of before are void too."""
        super().rotate(keys)
        self.iam.revoke_tokens()

    def set_password(self, user: str, password: str) -> None:
        """A change of password voids the tokens (IAM reference, token validity)."""
        self.iam.passwords[user] = password
        self.iam.revoke_tokens()

    def things(self) -> list[dict[str, Any]]:
        now = self.clock()
        self.v1.settle(now)
        self.v2.jobs.settle(now)
        found: list[dict[str, Any]] = []
        for job in self.v1.jobs:
            found.append(_thing("v1-job", str(job.id), job.name, "", job.departure))
            found += [
                _thing(
                    "version", f"{job.id}/{version.id}", version.name, version.timeline.state(now), version.departure
                )
                for version in job.versions
            ]
        found += [_thing("config", config.name, config.name, "", config.departure) for config in self.v1.configs]
        found += [_thing("v2-job", job.id, job.name, job.timeline.state(now), job.departure) for job in self.v2.jobs]
        return found

    def add(self, kind: str, **fields: Any) -> str:
        now = self.clock()
        if kind == "v1-job":
            return str(self.v1.add_job(V1JobSpec.model_validate(fields), now).id)
        if kind == "version":
            job = self.v1.job(str(fields.pop("job")), now)
            return f"{job.id}/{self.v1.add_version(job, VersionSpec.model_validate(fields), now).id}"
        if kind == "config":
            return self.v1.add_config(ConfigSpec.model_validate(fields), now).name
        if kind == "v2-job":
            return self.v2.add_job(V2JobSpec.model_validate(fields), now).id
        raise ValueError(f"{kind} is no kind of thing here: use v1-job, version, config or v2-job.")

    def vanish(self, id: str) -> None:
        if id in self.v2.jobs:
            self.v2.jobs.remove(id)
        else:
            self.v1.vanish(id, self.clock())

    def set_state(self, id: str, state: str) -> None:
        job, _, version = id.partition("/")
        if version:
            self.v1.set_state(job, version, v1_name(state), self.clock())
        else:
            self.v2.set_state(id, state, self.clock())

    def _populate(self) -> None:
        now, scenario = self.clock(), self.scenario
        for job in scenario.v1_jobs:
            self.v1.add_job(job, now)
        for config in scenario.configs:
            self.v1.add_config(config, now)
        for run in scenario.v2_jobs:
            self.v2.add_job(run, now)
        for many in scenario.generate:
            for number in range(1, many.count + 1):
                self._generate(many, f"{many.name}-{number:05d}")

    def _generate(self, many: Generate, name: str) -> None:
        if many.kind == "v1-job":
            version = {"state": many.state} if many.state else {}
            self.add(many.kind, name=name, workspace=many.workspace, versions=[version])
        elif many.kind == "v2-job":
            state = {"state": many.state} if many.state else {}
            self.add(many.kind, name=name, workspace=many.workspace, **state)
        else:
            self.add(many.kind, name=name)


def _thing(kind: str, id: str, name: str, state: str, departure: object) -> dict[str, Any]:
    return {"kind": kind, "id": id, "name": name, "state": state, "deleting": departure is not None}
