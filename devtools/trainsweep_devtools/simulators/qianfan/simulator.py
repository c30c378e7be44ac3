"""Qianfan's fine-tuning control API: one URL, the action in the query, bce-auth-v1."""

from __future__ import annotations

import hmac
import time
from typing import Any

from trainsweep_devtools.simulators import baidu_verify
from trainsweep_devtools.simulators.keys import Key
from trainsweep_devtools.simulators.qianfan.actions import ACTIONS, InvalidMarker
from trainsweep_devtools.simulators.qianfan.answers import failure, in_headers, refusal
from trainsweep_devtools.simulators.qianfan.scenario import Generate, JobSpec, QianfanScenario, TaskSpec
from trainsweep_devtools.simulators.qianfan.world import NotEmpty, World
from trainsweep_devtools.simulators.simulator import Clock, Simulator
from trainsweep_devtools.simulators.wire import Action, Call, Rejection, Reply
from trainsweep_devtools.simulators.world import Missing, WrongState

PATH = "/v2/finetuning"
BEARER = "Bearer bce-v3/"


class QianfanSimulator(Simulator):
    def __init__(self, scenario: QianfanScenario, *, clock: Clock = time.time, wall: Clock = time.time) -> None:
        scenario = scenario.model_copy(deep=True)
        super().__init__(scenario.switches, scenario.timing, scenario.access_keys, clock=clock, wall=wall)
        self.scenario = scenario
        self.switches = scenario.switches
        self.timing = scenario.timing
        self.world = World(scenario.timing, scenario.switches)
        now = clock()
        for job in scenario.jobs:
            self.world.add_job(job, now)
        for many in scenario.generate:
            for number in range(1, many.count + 1):
                self._generate(many, number)

    def route(self, call: Call) -> Action:
        name = call.query().get("Action", "")
        if call.path != PATH or call.method != "POST" or name not in ACTIONS:
            return Action("NotPublished")
        try:
            id = call.json().get(ACTIONS[name][1], "")
        except ValueError:
            id = ""
        return Action(name, target=str(id))

    def answer(self, call: Call, action: Action) -> Reply:
        user = self._authenticate(call).user
        if action.operation not in ACTIONS:
            return failure(404, "InvalidVersion", "The path, method or Action does not exist.")
        try:
            body = call.json()
        except ValueError:
            return failure(400, "MalformedJSON", "The JSON that was sent is not well-formed.")
        return self._carry_out(action, body, user)

    def claimed_key(self, call: Call) -> str:
        claim = baidu_verify.read_claim(call.header("Authorization"))
        return claim.access_key if claim else ""

    def throttled(self) -> Reply:
        return refusal(self.switches.throttled)

    def things(self) -> list[dict[str, Any]]:
        now = self.clock()
        self.world.tasks.settle(now)
        self.world.jobs.settle(now)
        jobs = [
            {"kind": "job", "id": job.id, "name": job.name, "state": "", "deleting": job.departure is not None}
            for job in self.world.jobs
        ]
        tasks = [
            {
                "kind": "task",
                "id": task.id,
                "name": task.id,
                "state": task.timeline.state(now),
                "deleting": task.departure is not None,
                "job": task.job,
            }
            for task in self.world.tasks
        ]
        return jobs + tasks

    def add(self, kind: str, **fields: Any) -> str:
        now = self.clock()
        if kind == "job":
            return self.world.add_job(JobSpec.model_validate(fields), now).id
        if kind == "task":
            return self.world.add_task(fields.pop("job"), TaskSpec.model_validate(fields), now).id
        raise ValueError(f"{kind} is no kind of thing here: use job or task.")

    def vanish(self, id: str) -> None:
        self.world.vanish(id)

    def set_state(self, id: str, state: str) -> None:
        self.world.set_state(id, state, self.clock())

    def _carry_out(self, action: Action, body: dict[str, Any], user: str) -> Reply:
        switches, name = self.switches, action.operation
        try:
            return ACTIONS[name][0](self.world, body, user, self.clock())
        except Missing as error:
            if name.startswith("Stop"):
                return refusal(switches.missing_on_stop, str(error))
            return refusal(
                switches.missing_on_delete if name.startswith("Delete") else switches.missing_on_describe, str(error)
            )
        except WrongState as error:
            return refusal(switches.wrong_state, str(error))
        except NotEmpty:
            return refusal(switches.job_not_empty)
        except InvalidMarker as error:
            return failure(400, "InvalidMarker", str(error))
        except ValueError as error:
            return failure(400, "InappropriateJSON", f"The JSON is well-formed but not appropriate: {error}")

    def _authenticate(self, call: Call) -> Key:
        """The key that the call is signed with. Raises Rejection."""
        authorization = call.header("Authorization")
        if authorization.startswith(BEARER):
            return self._bearer(authorization)
        claim = baidu_verify.read_claim(authorization)
        if claim is None:
            raise self._refused(400, "InvalidHTTPAuthHeader", "The Authorization header is missing or malformed.")
        key = self.keyring.find(claim.access_key)
        if key is None:
            raise self._refused(403, "NotFound", "NotFound, cause: Could not find credential.")
        token = key.security_token.get_secret_value()
        given = call.header("x-bce-security-token")
        if not hmac.compare_digest(token.encode(), given.encode()) or (token and not self.switches.accept_sts):
            raise self._refused(403, "AccessDenied", "The session token is not accepted.")
        try:
            baidu_verify.verify(call, claim, key.secret_key.get_secret_value(), self.wall())
        except baidu_verify.Mismatch as mismatch:
            raise self._refused(400, mismatch.code, f"{mismatch.code}, cause: {mismatch}") from None
        return key

    def _bearer(self, authorization: str) -> Key:
        access_key = authorization.removeprefix(BEARER).partition("/")[0]
        key = self.keyring.find(access_key)
        if not self.switches.accept_bearer or key is None:
            raise self._refused(403, "AccessDenied", "Bearer keys are not accepted here.")
        return key

    def _refused(self, status: int, code: str, message: str) -> Rejection:
        dress = in_headers if self.switches.credentials_form == "headers" else failure
        return Rejection(dress(status, code, message))

    def _generate(self, many: Generate, number: int) -> None:
        task = {"id": f"task-{many.name}{number:05d}", "status": many.status}
        if many.kind == "task":
            self.add("task", job=many.job, **task)
        else:
            tasks = [] if many.status == "none" else [task]
            self.add("job", id=f"job-{many.name}{number:05d}", name=f"{many.name}-{number:05d}", tasks=tasks)
