"""ModelArts keeps the contract of a provider: a job of the V2 API, and a version of the V1 API."""

import json

import pytest

from trainsweep.api.provider import Verb
from trainsweep.core.external import Target, Thing
from trainsweep.providers.modelarts.plugin import PLUGIN
from trainsweep.providers.testing import Answer, ProviderContract, Samples

PROJECT = "0123456789abcdef0123456789abcdef"
JOBS = [f"3faf5c03-aaa1-4cbe-879d-{number:012x}" for number in range(120)]
SECRET = "SKEXAMPLE-very-secret"
NO_SUCH_JOB = {"error_code": "ModelArts.2775", "error_msg": "The job does not exist."}


def job(job_id, phase="Running"):
    return {
        "kind": "job",
        "metadata": {"id": job_id, "name": "nightly", "create_time": 1769847000000},
        "status": {"phase": phase},
    }


def search(request):
    """The V2 search, whose offset counts pages."""
    body = json.loads(request.content)
    start = body["offset"] * body["limit"]
    items = [job(one) for one in JOBS[start : start + body["limit"]]]
    return Answer(200, {"total": len(JOBS), "count": len(JOBS), "items": items})


def refusal(status, words):
    return Answer(status, {"error_code": "ModelArts.0000", "error_msg": words})


SAMPLES = Samples(
    plugin=PLUGIN,
    settings={"region": "cn-north-4", "projectID": PROJECT},
    secret={"accessKey": "AKEXAMPLE0000000FAKE", "secretKey": SECRET, "securityToken": "st-very-secret-0001"},
    hidden=(SECRET, "st-very-secret-0001"),
    target=Target(Thing.JOB, JOBS[0]),
    thing=job(JOBS[0]),
    in_state=lambda word: job(JOBS[0], word),
    without_id={"metadata": {"name": "nightly"}, "status": {"phase": "Running"}},
    listing=search,
    ids=frozenset(JOBS),
    accepted={Verb.STOP: Answer(202, b""), Verb.DELETE: Answer(202, b"")},
    refusal=refusal,
    no_such_thing=Answer(404, NO_SUCH_JOB),
)


class TestContract(ProviderContract):
    @pytest.fixture
    def samples(self):
        return SAMPLES
