"""The client against a server that answers as told: what comes back, and what is raised."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from kubernetes.aio.client import Configuration
from kubernetes.aio.config import ConfigException

from trainsweep.kube.client import METADATA_ONLY, KubeClient, KubeError

PATH = "/api/v1/namespaces/team-a"


class Server:
    def __init__(self):
        self.asked = []
        self.answer = lambda request: web.json_response({"metadata": {"name": "team-a"}})
        self.busy = self.most = 0

    async def handle(self, request):
        self.busy += 1
        self.most = max(self.most, self.busy)
        try:
            self.asked.append((request.method, dict(request.query), request.headers, await request.text()))
            answer = self.answer(request)
            return await answer if asyncio.iscoroutine(answer) else answer
        finally:
            self.busy -= 1


@pytest.fixture
async def server():
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    async with TestServer(app) as running:
        server.url = str(running.make_url(""))
        yield server


@pytest.fixture
async def client(server):
    configuration = Configuration()
    configuration.host = server.url.rstrip("/")
    configuration.api_key = {"BearerToken": "Bearer s3cret-t0ken"}
    server.configuration = configuration
    client = KubeClient(configuration, connections=3, timeout=5)
    yield client
    await client.aclose()


class Tokens:
    """A login that has another token each time, as exec plugins have; the server takes `good` alone."""

    def __init__(self, server):
        self._url = server.url.rstrip("/")
        self.loads = 0
        self.good = "token-1"
        self.empty = False
        server.answer = self._answer

    async def load(self):
        self.loads += 1
        await asyncio.sleep(0)
        configuration = Configuration()
        configuration.host = self._url
        configuration.api_key = {} if self.empty else {"BearerToken": f"Bearer token-{self.loads}"}
        return configuration

    def _answer(self, request):
        if request.headers.get("Authorization") == f"Bearer {self.good}":
            return web.json_response({})
        return web.json_response({"reason": "Unauthorized", "message": "who?"}, status=401)


@pytest.fixture
def tokens(server):
    return Tokens(server)


@pytest.fixture
async def renewing(tokens):
    client = KubeClient(await tokens.load(), log_in=tokens.load, connections=3, timeout=5)
    yield client
    await client.aclose()


def status(code, reason="", message=""):
    return lambda request: web.json_response({"kind": "Status", "reason": reason, "message": message}, status=code)


async def test_an_answer_is_its_json(client, server):
    assert await client.get(PATH, metadata_only=True) == {"metadata": {"name": "team-a"}}
    _, _, headers, _ = server.asked[0]
    assert (headers["Accept"], headers["Authorization"]) == (METADATA_ONLY, "Bearer s3cret-t0ken")


async def test_a_merge_is_a_merge_patch_under_our_name(client, server):
    await client.merge(PATH, {"metadata": {"finalizers": None}})
    method, query, headers, body = server.asked[0]
    assert (method, query) == ("PATCH", {"fieldManager": "trainsweep"})
    assert headers["Content-Type"] == "application/merge-patch+json"
    assert body.replace(" ", "") == '{"metadata":{"finalizers":null}}'


@pytest.mark.parametrize(
    "row",
    [
        (status(404, "NotFound", 'namespaces "team-a" not found'), 404, "NotFound", "not found"),
        (status(409, "Conflict", "the object has been modified"), 409, "Conflict", "modified"),
        (status(403, "Forbidden", "cannot get"), 403, "Forbidden", "cannot get"),
        (status(429, "TooManyRequests", "slow down"), 429, "TooManyRequests", "slow down"),
        (lambda _: web.Response(status=502, text="<html>Bad gateway</html>"), 502, "Error", "Bad gateway"),
        (lambda _: web.Response(status=500), 500, "Error", "no message"),
        (lambda _: web.json_response(["a", "list"], status=500), 500, "Error", "no message"),
        (lambda _: web.json_response(["a", "list"]), 200, "Error", "no message"),
    ],
)
async def test_what_is_not_success_is_raised_with_its_status_and_words(client, server, row):
    server.answer, code, reason, words = row
    with pytest.raises(KubeError, match=words) as raised:
        await client.get(PATH)
    assert (raised.value.status, raised.value.reason) == (code, reason)
    assert "s3cret" not in f"{raised.value!r} {raised.value}"


async def test_no_answer_is_status_nought(client, server):
    def cut(request):
        request.transport.close()
        return web.Response()

    server.answer = cut
    with pytest.raises(KubeError, match="gave no answer") as raised:
        await client.get(PATH)
    assert raised.value.status == 0


async def test_a_list_is_read_page_by_page_to_its_end(client, server):
    pages = {"": (["a", "b"], "next"), "next": (["c"], "last"), "last": ([], "")}

    def page(request):
        items, proceed = pages[request.query.get("continue", "")]
        return web.json_response({"items": items, "metadata": {"continue": proceed}})

    server.answer = page
    assert [items async for items in client.list(PATH)] == [["a", "b"], ["c"], []]
    assert {query["limit"] for _, query, _, _ in server.asked} == {"500"}


async def test_no_more_requests_are_under_way_than_connections(client, server):
    gate, full = asyncio.Event(), asyncio.Event()

    async def wait():
        if server.busy == 3:
            full.set()
        await gate.wait()
        return web.json_response({})

    server.answer = lambda request: wait()
    requests = [asyncio.ensure_future(client.get(PATH)) for _ in range(10)]
    async with asyncio.timeout(30):
        await full.wait()
        gate.set()
        await asyncio.gather(*requests)
    assert server.most == 3


async def test_a_login_that_ran_out_is_loaded_anew_once_for_all(renewing, tokens):
    await renewing.get(PATH)
    tokens.good = "token-2"
    await asyncio.gather(*(renewing.merge(PATH, {"metadata": {}}) for _ in range(10)))
    assert tokens.loads == 2
    assert await renewing.get(PATH) == {}


@pytest.mark.parametrize("empty", [False, True], ids=["a token that is refused", "no token"])
async def test_a_login_that_stays_refused_is_not_loaded_for_every_request(renewing, tokens, empty):
    tokens.good, tokens.empty = "", empty
    for _ in range(3):
        with pytest.raises(KubeError, match="who"):
            await renewing.get(PATH)
    assert tokens.loads == 2


async def test_a_request_that_gives_up_waiting_does_not_end_the_login_for_the_others(renewing, tokens):
    tokens.good = "token-2"
    gate, load = asyncio.Event(), renewing._log_in

    async def slow():
        await gate.wait()
        return await load()

    renewing._log_in = slow
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await renewing.get(PATH)
    patient = asyncio.ensure_future(renewing.get(PATH))
    gate.set()
    assert await patient == {}


async def test_a_token_file_that_is_empty_is_no_answer(client, server):
    def refresh(_):
        raise ConfigException("Token file exists but empty.")

    server.configuration.refresh_api_key_hook = refresh
    with pytest.raises(KubeError, match=r"cannot be read: Token file exists but empty\.") as raised:
        await client.get(PATH)
    assert raised.value.status == 0
