"""The client against a server that answers as told: what comes back, and what is raised."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from kubernetes.aio.client import Configuration

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
    client = KubeClient(configuration, connections=3, timeout=5)
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
