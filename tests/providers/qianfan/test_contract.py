"""Qianfan keeps the contract of a provider: a fine-tuning task and the list of its job."""

import json

import pytest

from trainsweep.api.provider import Verb
from trainsweep.core.external import Target, Thing
from trainsweep.providers.qianfan.plugin import PLUGIN
from trainsweep.providers.testing import Answer, ProviderContract, Samples

JOB = "job-bbbb00000001"
TASKS = [f"task-{number:012d}" for number in range(120)]
SECRET = "fake-secret-key-0001"


def task(task_id, word="Running", **more):
    return {
        "taskId": task_id,
        "jobId": JOB,
        "jobName": "support-bot",
        "runStatus": word,
        "createDate": "2026-01-30T09:41:54Z",
        **more,
    }


def answer(result):
    return {"requestId": "r-1", "result": result}


def tasks(request):
    """Pages of a hundred, each after the marker of the last one."""
    marker = json.loads(request.content).get("marker", "")
    start = TASKS.index(marker) + 1 if marker else 0
    page = TASKS[start : start + 100]
    more = start + len(page) < len(TASKS)
    info = {"isTruncated": more, **({"nextMarker": page[-1]} if more else {})}
    return Answer(200, answer({"taskList": [task(one) for one in page], "pageInfo": info}))


class TestContract(ProviderContract):
    @pytest.fixture
    def samples(self):
        return Samples(
            plugin=PLUGIN,
            settings={},
            secret={"accessKey": "ALTAKfake0001", "secretKey": SECRET},
            hidden=(SECRET,),
            target=Target(Thing.TUNING_TASK, TASKS[0], JOB),
            thing=answer(task(TASKS[0])),
            in_state=lambda word: answer(task(TASKS[0], word)),
            without_id=answer({"jobId": JOB, "runStatus": "Running"}),
            listing=tasks,
            ids=frozenset(TASKS),
            accepted={verb: Answer(200, answer(result=True)) for verb in Verb},
            refusal=lambda status, words: Answer(status, {"requestId": "r-1", "code": "Odd", "message": words}),
            no_such_thing=Answer(404, {"requestId": "r-1", "code": "NoSuchKey", "message": "no such task"}),
        )
