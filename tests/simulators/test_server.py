"""The simulators over HTTP: faults, journal and the admin path."""

import httpx
import pytest

from trainsweep_devtools.simulators import admin
from trainsweep_devtools.simulators.loading import load_scenario
from trainsweep_devtools.simulators.modelarts import ModelArtsScenario, ModelArtsSimulator
from trainsweep_devtools.simulators.server import serve
from trainsweep_devtools.simulators.wire import Call

PROJECT = "0123456789abcdef0123456789abcdef"
VERSION = f"/v1/{PROJECT}/training-jobs/155502/versions/1"
STOP = f"{VERSION}/stop"
LOGIN = {
    "auth": {
        "identity": {"methods": ["password"], "password": {"user": {"name": "demo", "password": "demo-password"}}},
        "scope": {"project": {"name": "cn-north-4"}},
    }
}


@pytest.fixture
async def simulator():
    return ModelArtsSimulator(load_scenario(ModelArtsScenario))


@pytest.fixture
async def client(simulator):
    async with serve(simulator) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        answer = await client.post("/v3/auth/tokens", json=LOGIN)
        client.headers["X-Auth-Token"] = answer.headers["X-Subject-Token"]
        simulator.journal.clear()
        yield client


async def status_of(client) -> int:
    return (await client.get(VERSION)).json()["status"]


async def test_calls_are_answered_and_written_down(simulator, client):
    await client.get(VERSION)
    await client.post(STOP)
    await client.post(STOP)

    told = [(entry.operation, entry.target, entry.status, entry.effect) for entry in simulator.journal.entries]
    assert told == [
        ("ShowVersion", "155502/1", 200, False),
        ("StopVersion", "155502/1", 200, True),
        ("StopVersion", "155502/1", 400, False),
    ]
    assert {entry.access_key for entry in simulator.journal.entries} == {"demo"}
    assert len(simulator.journal.select(operation="StopVersion", effect=True)) == 1


async def test_the_next_answers_are_replaced_and_have_no_effect(simulator, client):
    simulator.faults.add(match={"operation": "StopVersion"}, times=2, status=503, body={"error_code": "APIGW.0613"})

    first, read, second, third = [
        await client.request(*call) for call in [("POST", STOP), ("GET", VERSION), ("POST", STOP), ("POST", STOP)]
    ]

    assert (first.status_code, first.json()) == (503, {"error_code": "APIGW.0613"})
    assert read.json()["status"] == 8
    assert (second.status_code, third.status_code) == (503, 200)
    assert [entry.effect for entry in simulator.journal.entries] == [False, False, False, True]


async def test_an_answer_can_be_replaced_after_the_effect(simulator, client):
    simulator.faults.add(status=502, body="<html>bad gateway</html>", headers={"Retry-After": "7"}, effect=True)

    answer = await client.post(STOP)

    assert (answer.status_code, answer.text, answer.headers["Retry-After"]) == (502, "<html>bad gateway</html>", "7")
    assert await status_of(client) == 9


@pytest.mark.parametrize(("when", "status"), [("before", 8), ("after", 9)])
async def test_a_connection_is_reset_before_or_after_the_effect(simulator, client, when, status):
    simulator.faults.add(match={"target": "155502/1", "method": "POST"}, reset=when)

    with pytest.raises(httpx.ReadError):
        await client.post(STOP)

    assert await status_of(client) == status
    assert [entry.status for entry in simulator.journal.entries] == [0, 200]


@pytest.mark.parametrize(("when", "status"), [("before", 8), ("after", 9)])
async def test_an_answer_never_comes_before_or_after_the_effect(simulator, client, when, status):
    simulator.faults.add(match={"operation": "StopVersion"}, hang=when)

    with pytest.raises(httpx.ReadTimeout):
        await client.post(STOP, timeout=0.2)

    assert await status_of(client) == status


async def test_the_effect_is_there_while_a_late_answer_is_on_its_way(simulator, client):
    simulator.faults.add(match={"operation": "StopVersion"}, latency=60)

    with pytest.raises(httpx.ReadTimeout):
        await client.post(STOP, timeout=0.2)

    assert await status_of(client) == 9
    assert simulator.journal.entries[0].status == 200


async def test_faults_last_until_they_are_cleared(simulator, client):
    simulator.faults.add(times=None, status=500)
    assert [(await client.get(VERSION)).status_code for _ in range(3)] == [500, 500, 500]

    simulator.faults.clear()

    assert (await client.get(VERSION)).status_code == 200


async def test_a_refused_call_has_no_effect_in_the_journal(simulator, client):
    answer = await client.post(STOP, headers={"X-Auth-Token": "nobody"})

    entry = simulator.journal.entries[-1]
    assert (answer.status_code, entry.status, entry.effect, entry.access_key) == (401, 401, False, "")


async def test_the_admin_path_shows_and_clears_the_journal(client):
    await client.post(STOP)
    await client.get(VERSION)

    found = (await client.get("/_sim/journal", params={"operation": "StopVersion", "effect": "true"})).json()
    assert [(entry["n"], entry["target"]) for entry in found] == [(2, "155502/1")]
    assert len((await client.get("/_sim/journal", params={"after": 2})).json()) == 1
    await client.delete("/_sim/journal")
    assert (await client.get("/_sim/journal")).json() == []
    assert (await client.get("/_sim/journal", params={"colour": "red"})).status_code == 400


async def test_the_admin_path_changes_things(client):
    added = await client.post(
        "/_sim/things", json={"kind": "v1-job", "name": "new", "versions": [{"id": 1, "state": "RUNNING"}]}
    )
    id = added.json()["id"]
    await client.patch("/_sim/things", json={"id": "155502/1", "state": "11"})
    await client.delete("/_sim/things", params={"id": "155500"})

    things = {thing["id"]: thing["state"] for thing in (await client.get("/_sim/things")).json()}
    assert things[f"{id}/1"] == "RUNNING"
    assert things["155502/1"] == "FAILED"
    assert "155500" not in things


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "things", {"kind": "balloon"}, 400),
        ("POST", "things", {"kind": "config", "name": "my_job_config"}, 400),
        ("DELETE", "things?id=nobody", None, 404),
        ("POST", "faults", {"color": 1}, 400),
        ("PATCH", "switches", {"color": 1}, 400),
        ("GET", "nothing", None, 404),
    ],
)
async def test_the_admin_path_says_what_it_cannot_do(client, method, path, body, status):
    answer = await client.request(method, f"/_sim/{path}", json=body)

    assert answer.status_code == status
    assert answer.json()["error"]


async def test_the_admin_path_sets_faults_switches_and_credentials(simulator, client):
    assert (await client.get("/_sim/switches")).json()["v1_withdrawn"] is False
    await client.patch("/_sim/switches", json={"v1_withdrawn": True, "timing": {"stopping": 9}})
    await client.post("/_sim/faults", json={"match": {"operation": "ListJobs"}, "times": 3, "status": 429})
    await client.post("/_sim/credentials", json={"access_keys": [{"access_key": "NEW", "secret_key": "s"}]})

    assert (simulator.switches.v1_withdrawn, simulator.timing.stopping) == (True, 9)
    assert (await client.get("/_sim/faults")).json()[0]["times"] == 3
    assert simulator.keyring.find("NEW") is not None
    assert (await client.get("/v3/projects")).status_code == 401
    await client.delete("/_sim/faults")
    assert simulator.faults.active == []


async def test_the_admin_path_changes_a_password(client):
    changed = await client.post("/_sim/credentials", json={"users": [{"name": "demo", "password": "another"}]})

    assert changed.status_code == 200
    assert (await client.get(VERSION)).status_code == 401
    assert (await client.post("/v3/auth/tokens", json=LOGIN)).status_code == 401


async def test_the_admin_path_leaves_no_trace_in_the_journal(simulator, client):
    await client.get("/_sim/things")

    assert not simulator.journal.entries


def test_the_admin_path_is_for_loopback_only():
    simulator = ModelArtsSimulator(load_scenario(ModelArtsScenario))

    assert admin.answer(simulator, Call("GET", "/_sim/things", "", {}), "10.0.0.7").status == 403
    assert admin.answer(simulator, Call("GET", "/_sim/things", "", {}), "127.0.0.1").status == 200


async def test_an_answer_can_take_its_time(simulator, client):
    simulator.switch(latency=30)

    with pytest.raises(httpx.ReadTimeout):
        await client.get(VERSION, timeout=0.2)


async def test_thousands_of_jobs_are_listed_and_each_can_be_deleted(simulator, client):
    simulator.switch(v2_delete_phases=["Running"], timing={"deleting": 0})
    for number in range(2000):
        simulator.add("v2-job", name=f"bulk-{number}")

    async def all_jobs() -> set[str]:
        found: set[str] = set()
        for page in range(1000):
            answer = await client.post(f"/v2/{PROJECT}/training-job-searches", json={"offset": page, "limit": 50})
            items = answer.json()["items"]
            found |= {item["metadata"]["id"] for item in items}
            if len(items) < 50:
                return found
        raise AssertionError("The list does not end.")

    before = await all_jobs()
    for id in sorted(before)[:200]:
        await client.delete(f"/v2/{PROJECT}/training-jobs/{id}")

    assert len(before) == 2001
    assert len(await all_jobs()) == 1801
