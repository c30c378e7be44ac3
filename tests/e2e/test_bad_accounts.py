"""Accounts that cannot be used: told with the reason, without a remote call, and taken up when they are mended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from trainsweep.telemetry.logs import JsonFormatter, PrettyFormatter
from trainsweep_devtools.simulators.keys import Key

from .world import BAIDU, HUAWEI, PROJECT, World, condition, until

pytestmark = pytest.mark.apiserver

KIND = "TrainingJobVersion"
ENDED = {"jobID": "155501", "versionID": "2"}


def modelarts(world: World, endpoint: str = "") -> dict[str, object]:
    return {"provider": "ModelArts", "modelArts": {"endpoint": endpoint or world.urls[HUAWEI], "projectID": PROJECT}}


def good_key(world: World) -> dict[str, str]:
    key = world.modelarts.scenario.access_keys[0]
    return {"accessKey": key.access_key, "secretKey": key.secret_key.get_secret_value()}


async def account_says(world: World, name: str, reason: str) -> dict:
    """The ProviderConfig, once its Ready condition tells this reason."""

    async def told() -> dict | None:
        body = await world.api.get("ProviderConfig", name)
        return body if condition(body or {}, "Ready").get("reason") == reason else None

    return await until(told, f"ProviderConfig {name} tells {reason}")


async def test_a_provider_config_may_come_later(world: World):
    await world.resource(KIND, "it", account="later", desiredState="Absent", **ENDED)
    await world.reaches(KIND, "it", "ProviderConfigNotFound")
    assert "create it" in condition(await world.api.get(KIND, "it"), "Ready")["message"]
    assert not world.modelarts.journal.select(operation="DeleteVersion")
    await world.account("later", **modelarts(world), credentials={"secretRef": {"name": HUAWEI}})
    await world.reaches(KIND, "it", "Absent")


async def test_without_a_secret_nothing_is_called_and_a_secret_may_come_later(world: World):
    world.modelarts.journal.clear()
    await world.account("later", **modelarts(world))
    await world.resource(KIND, "it", account="later", desiredState="Absent", **ENDED)
    await world.reaches(KIND, "it", "SecretNotFound")
    await account_says(world, "later", "SecretNotFound")
    assert world.writes() == []
    await world.secret("later", **good_key(world))
    await world.api.annotate("ProviderConfig", "later", reconcile_requested_at="now")
    await world.reaches(KIND, "it", "Absent", patience=90)


async def test_a_secret_without_its_keys_is_named_and_mended(world: World):
    await world.secret("later", accessKey="ONLYHALF")
    await world.account("later", **modelarts(world))
    await world.resource(KIND, "it", account="later", desiredState="Absent", **ENDED)
    await world.reaches(KIND, "it", "SecretKeyMissing")
    assert f"{world.namespace}/later" in condition(await world.api.get(KIND, "it"), "Ready")["message"]
    assert not world.modelarts.journal.select(access_key="ONLYHALF")
    await world.secret("later", **good_key(world))
    await world.api.annotate("ProviderConfig", "later", reconcile_requested_at="now")
    await world.reaches(KIND, "it", "Absent", patience=90)


async def test_an_endpoint_without_tls_is_not_called(quiet_world: World):
    world = quiet_world
    world.start_operator(allow_http_endpoints=False)
    await world.resource(KIND, "it", desiredState="Absent", **ENDED)
    await world.reaches(KIND, "it", "EndpointNotAllowed")
    body = await world.api.get(KIND, "it")
    assert condition(body, "Stalled")["status"] == "True"
    assert "--allow-http-endpoints" in condition(body, "Ready")["message"]
    await account_says(world, HUAWEI, "EndpointNotAllowed")
    assert world.modelarts.journal.count == 0


async def test_an_endpoint_outside_the_allow_list_is_not_called(quiet_world: World):
    world = quiet_world
    world.start_operator(allowed_endpoint_host=("myhuaweicloud.com",))
    await world.resource(KIND, "it", desiredState="Absent", **ENDED)
    await world.reaches(KIND, "it", "EndpointNotAllowed")
    assert world.modelarts.journal.count == 0


async def test_a_kind_of_the_other_provider_stalls(world: World):
    await world.resource(KIND, "it", account=BAIDU, desiredState="Absent", **ENDED)
    await world.reaches(KIND, "it", "InvalidSpec")
    stalled = condition(await world.api.get(KIND, "it"), "Stalled")
    assert (
        stalled["message"]
        == f"ProviderConfig {world.namespace}/baidu is for Qianfan; a {KIND} needs one for ModelArts."
    )
    assert world.writes() == []


async def test_a_resource_whose_account_never_came_is_not_held(world: World):
    await world.resource(KIND, "it", account="nowhere", **ENDED)
    await world.reaches(KIND, "it", "ProviderConfigNotFound")
    assert "finalizers" not in (await world.api.get(KIND, "it"))["metadata"]


async def test_a_resource_never_observed_is_let_go_while_its_secret_is_missing(world: World):
    await world.account("keyless", **modelarts(world))
    await world.resource(KIND, "it", account="keyless", **ENDED)
    await world.reaches(KIND, "it", "SecretNotFound")
    await world.delete(KIND, "it")
    assert world.thing("155501/2")
    assert "never once observed" in await world.told("it", "ReleasedExternalResource")


async def test_an_observed_resource_waits_for_its_account(world: World):
    await world.account("going", **modelarts(world), credentials={"secretRef": {"name": HUAWEI}})
    await world.resource(KIND, "it", account="going", **ENDED)
    await world.reaches(KIND, "it", "Available")
    await world.stop_operators()
    await world.api.patch("ProviderConfig", "going", {"metadata": {"finalizers": None}})
    await world.api.delete("ProviderConfig", "going")
    world.start_operator()
    await world.api.delete(KIND, "it")
    await world.reaches(KIND, "it", "ProviderConfigNotFound")
    assert world.writes() == []
    await world.account("going", **modelarts(world), credentials={"secretRef": {"name": HUAWEI}})
    await world.gone(KIND, "it")
    assert world.writes() == [("DeleteVersion", "155501/2")]


HTML = {"status": 404, "body": "<html>nothing here</html>"}
FORBIDDEN = {"status": 403, "body": {"error_code": "ModelArts.0112", "error_msg": "No permission."}}


@pytest.mark.parametrize(("answer", "reason"), [(HTML, "MalformedAnswer"), (FORBIDDEN, "PermissionDenied")])
async def test_an_account_that_gets_no_good_answer_is_not_called_ready(
    quiet_world: World, answer: dict[str, Any], reason: str
):
    world = quiet_world
    world.modelarts.faults.add(times=None, **answer)
    world.start_operator()
    body = await account_says(world, HUAWEI, reason)
    assert condition(body, "Ready")["status"] == "False"
    world.modelarts.faults.clear()
    await account_says(world, HUAWEI, "CredentialsValid")


async def test_an_account_in_a_wrong_place_is_not_called_ready(world: World):
    await world.account("dead", **modelarts(world, "http://127.0.0.1:9"), credentials={"secretRef": {"name": HUAWEI}})
    unknown = modelarts(world) | {"credentials": {"secretRef": {"name": HUAWEI}}}
    unknown["modelArts"] = {
        "endpoint": world.urls[HUAWEI],
        "iamEndpoint": world.urls[HUAWEI],
        "projectName": "no-such-project",
    }
    await world.account("unknown", **unknown)
    await account_says(world, "dead", "ProviderUnavailable")

    async def told() -> str:
        ready = condition(await world.api.get("ProviderConfig", "unknown"), "Ready")
        return ready.get("message", "") if ready.get("status") == "False" else ""

    assert "no-such-project" in await until(told)


async def test_accounts_that_share_a_wrong_key_do_not_lock_it_together(quiet_world: World):
    world = quiet_world
    await world.secret("wrong", **good_key(world) | {"secretKey": "a-wrong-secret-key-that-nobody-has-ever-seen"})
    names = [f"account-{number}" for number in range(7)]
    for name in names:
        await world.account(name, **modelarts(world), credentials={"secretRef": {"name": "wrong"}})
    world.start_operator()
    for name in names:
        await account_says(world, name, "CredentialsInvalid")
    refused = [entry for entry in world.modelarts.journal.entries if entry.status == 401]
    assert len(refused) == 1


async def test_a_wrong_key_is_told_once_and_never_locked_out(quiet_world: World):
    world = quiet_world
    wrong = good_key(world) | {"secretKey": "a-wrong-secret-key-that-nobody-has-ever-seen"}
    await world.secret(HUAWEI, **wrong)
    names = [f"job-{number}" for number in range(8)]
    for name in names:
        world.modelarts.add("v1-job", name=name, versions=[{"state": "COMPLETED"}])
        await world.resource("TrainingJob", name, jobName=name, desiredState="Absent")
    world.start_operator()
    body = await account_says(world, HUAWEI, "CredentialsInvalid")
    assert condition(body, "Synced")["status"] == "False"
    assert body["status"]["circuit"]["state"] == "Open"
    for name in names:
        await world.reaches("TrainingJob", name, "CredentialsInvalid")
    refused = [entry for entry in world.modelarts.journal.entries if entry.status == 401]
    assert 1 <= len(refused) <= 4, "five bad signatures in a row lock a key"
    await world.delete("TrainingJob", names[0])
    assert world.writes() == [], "never observed, so it is let go"
    await world.secret(HUAWEI, **good_key(world))
    await world.api.annotate("ProviderConfig", HUAWEI, reconcile_requested_at="now")
    for name in names[1:]:
        await world.reaches("TrainingJob", name, "Absent", patience=90)
    await account_says(world, HUAWEI, "CredentialsValid")


async def test_an_observed_resource_keeps_its_finalizer_while_the_key_is_refused(world: World):
    await world.resource(KIND, "it", **ENDED)
    await world.reaches(KIND, "it", "Available")
    before = world.modelarts.scenario.access_keys[0]
    world.modelarts.rotate([Key(access_key="AKANOTHER", secret_key=SecretStr("another-secret"))])
    await account_says(world, HUAWEI, "CredentialsInvalid")
    await world.api.delete(KIND, "it")

    async def seen() -> bool:
        return bool((await world.api.get(KIND, "it"))["metadata"].get("deletionTimestamp"))

    await until(seen)
    assert (await world.api.get(KIND, "it"))["metadata"]["finalizers"] == ["trainsweep.dev/cleanup"]
    assert len([entry for entry in world.modelarts.journal.entries if entry.status == 401]) <= 4
    world.modelarts.rotate(
        [before, Key(access_key="AKNEW", secret_key=SecretStr("the-new-secret-key-of-this-account"))]
    )
    await world.secret(HUAWEI, accessKey="AKNEW", secretKey="the-new-secret-key-of-this-account")
    await world.api.annotate("ProviderConfig", HUAWEI, reconcile_requested_at="now")
    await world.gone(KIND, "it", patience=90)
    assert world.writes() == [("DeleteVersion", "155501/2")]


async def test_a_clock_that_is_off_looks_like_a_wrong_key_and_loses_nothing(quiet_world: World):
    world = quiet_world
    right = world.start_operator()
    await world.resource(KIND, "ended", **ENDED)
    observed = await world.reaches(KIND, "ended", "Available")
    await right.stop()
    wrong = world.start_operator(timedelta(hours=1))
    await account_says(world, HUAWEI, "CredentialsInvalid")
    await world.api.delete(KIND, "ended")
    await world.reaches(KIND, "ended", "CredentialsInvalid")
    refused = [entry for entry in world.modelarts.journal.entries if entry.status == 401]
    assert 1 <= len(refused) <= 4, "five bad signatures in a row lock a key"
    assert world.thing(observed["externalID"]), "nothing was deleted"
    await wrong.stop()
    world.start_operator()
    await world.gone(KIND, "ended", patience=90)
    assert world.thing(observed["externalID"]) is None


async def test_a_new_key_in_the_secret_is_taken_up_without_a_restart(world: World):
    await world.resource(KIND, "it", **ENDED)
    await world.reaches(KIND, "it", "Available")
    world.modelarts.rotate([Key(access_key="AKNEW", secret_key=SecretStr("the-new-secret-key-of-this-account"))])
    await world.secret(HUAWEI, accessKey="AKNEW", secretKey="the-new-secret-key-of-this-account")
    await until(lambda: world.modelarts.journal.select(access_key="AKNEW", status=200), "the new key is used", 90)
    await account_says(world, HUAWEI, "CredentialsValid")
    await world.delete(KIND, "it")
    assert world.writes() == [("DeleteVersion", "155501/2")]


async def test_a_token_that_expires_is_renewed_unnoticed(world: World):
    world.modelarts.timing.token = 2.0
    await world.secret("user", username="demo", password="demo-password", domainName="demo-account")
    account = modelarts(world)
    account["modelArts"] = {
        "endpoint": world.urls[HUAWEI],
        "iamEndpoint": world.urls[HUAWEI],
        "projectName": "cn-north-4",
    }
    await world.account("user", **account)
    await world.resource(KIND, "it", account="user", jobID="155502", versionID="1")
    await world.reaches(KIND, "it", "Available")
    await world.polls(world.modelarts, 6, operation="ListVersions")
    assert len(world.modelarts.journal.select(operation="CreateToken", status=201)) >= 2
    assert condition(await world.api.get(KIND, "it"), "Synced")["status"] == "True"
    await world.delete(KIND, "it")
    assert world.writes() == [("StopVersion", "155502/1"), ("DeleteVersion", "155502/1")]


async def test_a_key_that_fits_no_header_is_named(world: World):
    await world.secret("later", **good_key(world), securityToken="a-token-of-a-session-é")
    await world.account("later", **modelarts(world))
    body = await account_says(world, "later", "SecretKeyMissing")
    assert "securityToken of Secret" in condition(body, "Ready")["message"]


@pytest.mark.parametrize(
    "wrong", [{"secretKey": "a-key-that-nobody-has-seen"}, {"securityToken": "a-key-that-nobody-has-seen-é"}]
)
async def test_no_secret_is_ever_told(world: World, caplog: pytest.LogCaptureFixture, wrong: dict[str, str]):
    caplog.set_level("DEBUG")
    await world.secret("wrong", **good_key(world) | wrong)
    await world.account("wrong", **modelarts(world))
    await world.resource(KIND, "it", account="wrong", desiredState="Absent", **ENDED)

    async def refused() -> bool:
        return condition(await world.api.get(KIND, "it"), "Synced").get("status") == "False"

    await until(refused)
    told = [await world.api.list(kind) for kind in (KIND, "ProviderConfig", "Event")]
    assert "nobody-has-seen" not in repr(told)
    lines = [form().format(record) for record in caplog.records for form in (JsonFormatter, PrettyFormatter)]
    assert lines
    assert "nobody-has-seen" not in "".join(lines)
