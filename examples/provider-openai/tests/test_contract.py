"""OpenAI keeps the contract of a provider."""

import pytest

from trainsweep.api.provider import Verb
from trainsweep.core.external import Target, Thing
from trainsweep.providers.testing import Answer, ProviderContract, Samples
from trainsweep_openai.plugin import PLUGIN

JOBS = [f"ftjob-{number:06}" for number in range(120)]
SECRET = "sk-very-secret-0001"


def job(job_id, word="running"):
    return {"object": "fine_tuning.job", "id": job_id, "status": word, "created_at": 1769847000, "finished_at": None}


def listing(request):
    after = request.url.params.get("after")
    start = JOBS.index(after) + 1 if after else 0
    page = JOBS[start : start + 100]
    return Answer(200, {"data": [job(one) for one in page], "has_more": start + len(page) < len(JOBS)})


def refusal(status, words, code=None):
    return Answer(status, {"error": {"message": words, "type": "invalid_request_error", "param": None, "code": code}})


class TestContract(ProviderContract):
    @pytest.fixture
    def samples(self):
        return Samples(
            plugin=PLUGIN,
            settings={},
            secret={"apiKey": SECRET},
            hidden=(SECRET,),
            target=Target(Thing.TUNING_TASK, JOBS[0]),
            thing=job(JOBS[0]),
            in_state=lambda word: job(JOBS[0], word),
            without_id={"status": "running"},
            listing=listing,
            ids=frozenset(JOBS),
            accepted={Verb.STOP: Answer(200, job(JOBS[0], "cancelled"))},
            refusal=refusal,
            no_such_thing=refusal(404, "Could not find fine tune", "fine_tune_not_found"),
        )
