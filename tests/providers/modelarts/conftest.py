"""A ModelArts that answers what a test tells it to, and remembers what it was asked."""

import json
from datetime import UTC, datetime

import httpx
import pytest

from trainsweep.providers.credentials import AccessKey
from trainsweep.providers.modelarts.provider import ModelArtsProvider
from trainsweep.providers.modelarts.settings import ModelArtsSettings

NOW = datetime(2026, 1, 15, 8, 30, tzinfo=UTC)
PROJECT = "0123456789abcdef0123456789abcdef"
KEY = AccessKey("AKEXAMPLE0000000FAKE", "SKEXAMPLE-very-secret")
SETTINGS = ModelArtsSettings(region="cn-north-4", project_id=PROJECT)


class Service:
    """Answers requests in turn with a dict (as JSON under 200), a Response or an exception; or by a function."""

    def __init__(self):
        self.requests = []
        self.now = NOW
        self._answers = []
        self._function = None

    def say(self, *answers):
        self._answers.extend(answers)
        return self

    def always(self, function):
        """`function(request)` answers whatever nothing else was queued for."""
        self._function = function
        return self

    @property
    def asked(self):
        """METHOD and path of every request so far, the project left out."""
        return [f"{request.method} {request.url.path.replace('/' + PROJECT, '')}" for request in self.requests]

    def provider(self, credentials=KEY, settings=SETTINGS, **options):
        transport = httpx.MockTransport(self._answer)
        return ModelArtsProvider(settings, credentials, transport=transport, now=lambda: self.now, **options)

    async def _answer(self, request):
        self.requests.append(request)
        answer = self._answers.pop(0) if self._answers else self._function(request)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def refusal():
    """A refusal in the V2 form, which the gateway shares."""

    def make(status, code, words="no", **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.Response(status, json={"error_code": code, "error_msg": words}, headers=headers)

    return make


@pytest.fixture
def v1_numbered():
    """A V1 job list that really pages over `ids` (a list that a test may change between requests)."""

    def serve(ids, cap=1000):
        def answer(request):
            size = min(cap, int(request.url.params["per_page"]))
            start = (int(request.url.params["page"]) - 1) * size
            rows = [{"job_id": number, "job_name": f"job-{number}"} for number in ids[start : start + size]]
            return httpx.Response(200, json={"is_success": True, "job_total_count": len(ids), "jobs": rows})

        return answer

    return serve


@pytest.fixture
def v2_numbered():
    """A V2 search that really pages over `ids`; an offset of one moves `step` rows."""

    def serve(ids, step=50, cap=50):
        def answer(request):
            body = json.loads(request.content)
            start, size = body["offset"] * step, min(cap, body["limit"])
            items = [{"kind": "job", "metadata": {"id": one, "name": one}} for one in ids[start : start + size]]
            return httpx.Response(200, json={"total": len(ids), "count": len(ids), "items": items})

        return answer

    return serve
