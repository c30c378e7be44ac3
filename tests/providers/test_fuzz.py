"""Whatever a service answers, a call ends in a result of its kind or in an error that can be shown.

`make fuzz` runs this for long; TRAINSWEEP_FUZZ_EXAMPLES says how many examples each test draws.
"""

import asyncio
import json
import os
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from trainsweep.core.errors import ConfigurationError, Malformed, ProviderError
from trainsweep.core.external import ExternalState, Receipt, Remote, Target, Thing
from trainsweep.providers.credentials import AccessKey, Password
from trainsweep.providers.modelarts import paging as numbered
from trainsweep.providers.modelarts.provider import ModelArtsProvider
from trainsweep.providers.modelarts.settings import ModelArtsSettings
from trainsweep.providers.qianfan import paging as marked
from trainsweep.providers.qianfan.answers import Page
from trainsweep.providers.qianfan.provider import QianfanProvider
from trainsweep.providers.qianfan.settings import QianfanSettings

NOW = datetime(2026, 1, 31, 8, 9, 10, tzinfo=UTC)
SECRET = "SK-very-secret-0001"
UUID = "3faf5c03-aaa1-4cbe-879d-24b05d997347"
#: More requests than any call to a service that answers at random should need.
MOST_REQUESTS = 300

fuzz = settings(
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    report_multiple_bugs=False,
    max_examples=int(os.environ.get("TRAINSWEEP_FUZZ_EXAMPLES", "100")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

WORDS = [
    *("is_success", "error_code", "error_msg", "error_message", "code", "message", "error", "request_id", "status"),
    *("jobs", "job_id", "job_name", "job_total_count", "versions", "version_id", "version_name", "version_count"),
    *(
        "create_time",
        "start_time",
        "duration",
        "configs",
        "config_name",
        "config_total_count",
        "items",
        "total",
        "count",
    ),
    *(
        "metadata",
        "id",
        "name",
        "phase",
        "secondary_phase",
        "running_records",
        "start_at",
        "end_at",
        "projects",
        "token",
    ),
    *("project", "expires_at", "requestId", "result", "taskId", "jobId", "jobName", "runStatus", "createDate"),
    *("finishDate", "taskList", "jobList", "pageInfo", "isTruncated", "nextMarker", "log_id"),
]
VALUES = [
    *(True, False, None, 0, 1, 8, 12, 155500, 10**30, -1, 1.5, 1769847000000, "", "155500", "1", "my_job_config", UUID),
    *("Running", "Done", "Completed", "task-1", "job-1", "cn-north-4", "a" * 32, "2026-01-30T09:41:54Z", "\x1b[31m"),
    *("ModelArts.0102", "ModelArts.2775", "APIGW.0301", "NotFound", SECRET, "x" * 5000, "\ud800", "\u202e", "🙂"),
]
json_values = st.recursive(
    st.sampled_from(VALUES) | st.text(max_size=8) | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=8),
    max_leaves=25,
)
bodies = json_values.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60)
header_values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)
HEADERS = [
    *("x-request-id", "retry-after", "location", "content-type", "x-bce-error-code", "x-bce-error-message"),
    *("x-subject-token", "x-bce-request-id", "date"),
]
HEADER_VALUES = ["gzip", "NotFound, cause: no", "Sat, 31 Jan 2026 12:00:30 GMT", "x" * 9000, SECRET]
headers = st.dictionaries(st.sampled_from(HEADERS), header_values | st.sampled_from(HEADER_VALUES), max_size=4)
statuses = st.sampled_from([200, 201, 202, 204, 302, 400, 401, 403, 404, 405, 409, 412, 429, 500, 503])
answers = st.lists(st.tuples(statuses, headers, bodies), min_size=1, max_size=5)

THINGS = {
    "model_arts": [
        Target(Thing.JOB, "155500"),
        Target(Thing.JOB, UUID),
        Target(Thing.VERSION, "155500/1"),
        Target(Thing.CONFIG, "my_job_config"),
    ],
    "qianfan": [Target(Thing.TUNING_TASK, "task-1"), Target(Thing.TUNING_JOB, "job-1")],
}
LISTS = {
    "model_arts": ["v1/jobs", "v2/jobs", "v1/configs", "v1/versions/155500"],
    "qianfan": ["jobs", "tasks", "tasks/job-1"],
}


class TooMany(Exception):
    """A call that does not end."""


def transport_of(replies):
    """Answers with the replies in turn, over and over."""
    count = 0

    def answer(request):
        nonlocal count
        status, fields, body = replies[count % len(replies)]
        count += 1
        if count > MOST_REQUESTS:
            raise TooMany
        return httpx.Response(status, headers=fields, content=body)

    return httpx.MockTransport(answer)


def provider_of(kind, replies, credentials, located):
    transport = transport_of(replies)
    if kind == "qianfan":
        return QianfanProvider(QianfanSettings(), AccessKey("AK", SECRET), transport=transport, now=lambda: NOW)
    place = ModelArtsSettings(region="cn-north-4", project_id="p1" if located else "")
    return ModelArtsProvider(place, credentials, transport=transport, now=lambda: NOW)


def shown(text, most):
    assert len(text) <= most
    text.encode()
    assert SECRET not in text
    assert all(char.isprintable() or char in "\u3000\xa0" for char in text), text


def check(result):
    match result:
        case Remote():
            for text in (result.id, result.name, result.provider_state, result.parent, result.message):
                assert len(text) <= 600
                text.encode()
                assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in text)
            assert isinstance(result.state, ExternalState)
            for part in result.parts or ():
                check(part)
        case Receipt():
            shown(result.request_id, 256)
        case tuple():
            assert len({item.id for item in result}) == len(result)
            for item in result:
                check(item)
        case str() | None:
            pass
        case _:
            raise AssertionError(result)


@fuzz
@given(
    st.sampled_from(["model_arts", "qianfan"]),
    answers,
    st.sampled_from([AccessKey("AK", SECRET), Password("user", SECRET, "domain")]),
    st.booleans(),
    st.data(),
)
def test_any_answer_is_a_result_or_an_error_that_can_be_shown(kind, replies, credentials, located, data):
    target = data.draw(st.sampled_from(THINGS[kind]))
    collection = data.draw(st.sampled_from(LISTS[kind]))
    verb = data.draw(st.sampled_from(["read", "stop", "delete", "list", "probe", "locate"]))

    async def run():
        provider = provider_of(kind, replies, credentials, located)
        given_to = {"list": (collection,), "probe": (), "locate": ()}.get(verb, (target,))
        try:
            return await getattr(provider, verb)(*given_to)
        finally:
            await provider.aclose()

    try:
        result = asyncio.run(run())
    except (ProviderError, ConfigurationError) as error:
        shown(error.message, 1000)
        if isinstance(error, ProviderError):
            shown(error.code, 256)
            shown(error.request_id, 256)
    else:
        check(result)


@pytest.fixture(scope="module")
def rows():
    return [Remote(f"task-{number}", "", ExternalState.SUCCEEDED, "") for number in range(40)]


@fuzz
@given(
    st.integers(0, 40),
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
    st.booleans(),
    st.lists(st.tuples(st.integers(1, 30), st.integers(0, 39)), max_size=6),
)
def test_a_numbered_list_holds_what_stood_in_it_all_the_time(rows, length, pages, counted, removals):
    """`pages`: how long one is asked for, how long it comes. `removals`: before which request which row goes."""
    size, cap = pages
    standing = list(rows[:length])
    asked = 0

    async def fetch(page):
        nonlocal asked
        asked += 1
        assert asked <= MOST_REQUESTS
        for before, index in removals:
            if before == asked and index < len(standing):
                del standing[index]
        step = min(size, cap)
        return numbered.Page(tuple(standing[page * step : (page + 1) * step]), len(standing) if counted else None)

    try:
        found = asyncio.run(numbered.every_page(fetch, size))
    except Malformed:
        return
    if counted or cap >= size:
        assert {row.id for row in standing} <= {row.id for row in found}


@fuzz
@given(
    st.integers(0, 40), st.integers(1, 12), st.booleans(), st.tuples(st.integers(0, 45), st.sampled_from(["", "same"]))
)
def test_a_marked_list_is_whole_or_malformed(rows, length, size, inclusive, broken):
    broken_at, marker = broken
    entries = rows[:length]

    async def read_page(begin):
        at = next((number for number, row in enumerate(entries) if row.id == begin), -1)
        start = at if inclusive and at >= 0 else at + 1
        page = entries[start : start + size + inclusive]
        more = start + size + inclusive < length
        following = page[-1].id if more else None
        if more and start >= broken_at:
            following = begin if marker == "same" else ""
        return Page(tuple(page), following)

    async def run():
        return await marked.gather(marked.walk(read_page))

    try:
        found = asyncio.run(run())
    except Malformed:
        assert broken_at < length
    else:
        assert {row.id for row in found} == {row.id for row in entries}
