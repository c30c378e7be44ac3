"""A Qianfan that says what a test tells it to say, and remembers what it was asked."""

import json
from datetime import UTC, datetime

import httpx
import pytest

from trainsweep.providers.credentials import AccessKey
from trainsweep.providers.qianfan.provider import QianfanProvider
from trainsweep.providers.qianfan.settings import QianfanSettings

NOW = datetime(2026, 1, 31, 8, 9, 10, tzinfo=UTC)
KEY = AccessKey("ALTAKfake0001", "fake-secret-key-0001")


class Service:
    """Answers requests one after the other: with a dict (as JSON), a Response, an exception, or a function's result."""

    def __init__(self):
        self.requests = []
        self._answers = []

    def say(self, *answers):
        self._answers.extend(answers)
        return self

    def always(self, function):
        """`function(action, body)` answers every request that nothing else was queued for."""
        self._function = function
        return self

    @property
    def asked(self):
        """(action, body) of every request so far."""
        return [(request.url.params["Action"], json.loads(request.content)) for request in self.requests]

    def provider(self, key=KEY, endpoint="https://qianfan.baidubce.com", **options):
        transport = httpx.MockTransport(self._answer)
        return QianfanProvider(QianfanSettings(endpoint), key, transport=transport, now=lambda: NOW, **options)

    def _answer(self, request):
        self.requests.append(request)
        answer = self._answers.pop(0) if self._answers else self._function(*self.asked[-1])
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def task():
    """A task as DescribeFineTuningTask shows it; keyword arguments replace fields, None removes one."""

    def make(task_id="task-aaaa00000001", **changes):
        shown = {
            "taskId": task_id,
            "jobId": "job-bbbb00000001",
            "jobName": "support-bot",
            "jobDescription": "",
            "model": "ERNIE-Speed-8K",
            "trainMode": "SFT",
            "parameterScale": "LoRA",
            "runStatus": "Running",
            "runProgress": "51%",
            "vdlLink": "https://console.example/vdl?token=vdl-token-0001",
            "createDate": "2026-01-30T09:41:54Z",
            "finishDate": "0000-00-00T00:00:00Z",
            **changes,
        }
        return {name: value for name, value in shown.items() if value is not None}

    return make


@pytest.fixture
def job():
    def make(job_id="job-bbbb00000001", **changes):
        return {
            "jobId": job_id,
            "name": "support-bot",
            "description": "",
            "model": "ERNIE-Speed-8K",
            "trainMode": "SFT",
            "createDate": "2026-01-29T08:00:00Z",
            **changes,
        }

    return make


@pytest.fixture
def page():
    """An answer with one page: `page("taskList", [..])`, with `next_marker` when more follows."""

    def make(field, items, next_marker=None):
        info = {"marker": "", "maxKeys": 100, "isTruncated": next_marker is not None}
        if next_marker is not None:
            info["nextMarker"] = next_marker
        return {"requestId": "r-page", "result": {field: items, "pageInfo": info}}

    return make
