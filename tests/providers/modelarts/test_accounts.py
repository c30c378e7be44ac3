"""Projects, addresses, and the life of a token."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from trainsweep.core.errors import (
    ConfigurationError,
    CredentialsInvalid,
    Malformed,
    Misrouted,
    NotSent,
    OutcomeUnknown,
    PermissionDenied,
    Unavailable,
)
from trainsweep.core.external import Target, Thing
from trainsweep.providers.credentials import AccessKey, Password
from trainsweep.providers.modelarts.provider import ModelArtsProvider
from trainsweep.providers.modelarts.settings import ModelArtsSettings

PROJECT = "0123456789abcdef0123456789abcdef"
KEY = AccessKey("AKEXAMPLE0000000FAKE", "SKEXAMPLE-very-secret")
USER = Password("ci-bot", "pass-word-123", "acme")
JOB = Target(Thing.JOB, "3faf5c03-aaa1-4cbe-879d-24b05d997347")
REGION = ModelArtsSettings(region="cn-north-4")
SETTINGS = replace(REGION, project_id=PROJECT)
FOUND = {"metadata": {"id": JOB.id}}


class Cloud:
    """IAM and ModelArts together: tokens are numbered, and only `valid` ones are accepted."""

    def __init__(self, service, life=timedelta(hours=24)):
        self.service = service
        self.life = life
        self.logins = []
        self.seen = []
        self.revoked = set()
        self.refusal = httpx.Response(401, json={"error_code": "ModelArts.0202", "error_msg": "expired"})
        service.always(self.answer)

    def answer(self, request):
        if request.url.path == "/v3/auth/tokens":
            return self.log_in(request)
        token = request.headers["X-Auth-Token"]
        self.seen.append(token)
        return self.refusal if token in self.revoked else httpx.Response(200, json=FOUND)

    def log_in(self, request):
        self.logins.append(json.loads(request.content))
        ends = (self.service.now + self.life).strftime("%Y-%m-%dT%H:%M:%S.855000Z")
        body = {"token": {"expires_at": ends, "project": {"id": PROJECT, "name": "cn-north-4"}}}
        return httpx.Response(201, json=body, headers={"X-Subject-Token": f"token-{len(self.logins)}"})


def login_naming(project_id):
    body = {"token": {"expires_at": "whenever", "project": {"id": project_id}}}
    return httpx.Response(201, json=body, headers={"X-Subject-Token": "token-1"})


@pytest.fixture
def cloud(service):
    return Cloud(service)


async def test_a_password_is_traded_for_a_project_token_that_later_calls_share(service, cloud):
    provider = service.provider(USER, SETTINGS)
    await provider.read(JOB)
    await provider.read(JOB)
    assert cloud.seen == ["token-1", "token-1"]
    assert str(service.requests[0].url) == "https://iam.cn-north-4.myhuaweicloud.com/v3/auth/tokens"
    assert cloud.logins == [
        {
            "auth": {
                "identity": {
                    "methods": ["password"],
                    "password": {
                        "user": {"name": "ci-bot", "password": "pass-word-123", "domain": {"name": "acme"}},
                    },
                },
                "scope": {"project": {"id": PROJECT}},
            }
        }
    ]


async def test_a_call_with_a_token_is_not_signed_and_a_login_carries_no_token(service, cloud):
    await service.provider(USER, SETTINGS).read(JOB)
    login, call = service.requests
    assert "X-Auth-Token" not in login.headers
    assert "Authorization" not in call.headers


@pytest.mark.parametrize(
    ("settings", "scope"),
    [(REGION, {"name": "cn-north-4"}), (replace(REGION, project_name="cn-north-4_team"), {"name": "cn-north-4_team"})],
)
async def test_the_token_fills_in_a_missing_project_id(service, cloud, settings, scope):
    provider = service.provider(USER, settings)
    assert provider.place == ""
    await provider.read(JOB)
    assert provider.place == PROJECT
    assert cloud.logins[0]["auth"]["scope"] == {"project": scope}
    assert service.requests[-1].url.path == f"/v2/{PROJECT}/training-jobs/{JOB.id}"


@pytest.mark.parametrize(
    ("user", "settings", "domain"),
    [
        (Password("acme", "pass-word-123"), SETTINGS, "acme"),
        (Password("ci-bot", "pass-word-123"), replace(SETTINGS, domain_name="corp"), "corp"),
        (USER, replace(SETTINGS, domain_name="corp"), "acme"),
    ],
)
async def test_the_domain_is_the_secrets_then_the_settings_then_the_users_own(service, cloud, user, settings, domain):
    await service.provider(user, settings).read(JOB)
    assert cloud.logins[0]["auth"]["identity"]["password"]["user"]["domain"] == {"name": domain}


async def test_a_token_is_renewed_before_its_end(service, cloud):
    provider = service.provider(USER, SETTINGS)
    await provider.read(JOB)
    service.now += timedelta(hours=23, minutes=49)
    await provider.read(JOB)
    service.now += timedelta(minutes=2)
    await provider.read(JOB)
    assert cloud.seen == ["token-1", "token-1", "token-2"]


async def test_a_short_lived_token_is_used_for_most_of_its_life(service):
    cloud = Cloud(service, life=timedelta(seconds=60))
    provider = service.provider(USER, SETTINGS)
    for _ in range(7):
        await provider.read(JOB)
        service.now += timedelta(seconds=10)
    assert cloud.seen == ["token-1"] * 6 + ["token-2"]


async def test_a_clock_that_is_ahead_of_every_token_does_not_log_in_for_every_call(service):
    cloud = Cloud(service, life=timedelta(hours=-30))
    provider = service.provider(USER, SETTINGS)
    for _ in range(5):
        await provider.read(JOB)
    assert len(cloud.logins) == 1


@pytest.mark.parametrize("code", ["ModelArts.0203", "ModelArts.2784"])
@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_token_is_replaced_once_and_the_call_repeated(service, cloud, status, code):
    provider = service.provider(USER, SETTINGS)
    await provider.read(JOB)
    cloud.revoked.add("token-1")
    cloud.refusal = httpx.Response(status, json={"error_code": code, "error_msg": "no"})
    assert (await provider.read(JOB)).id == JOB.id
    assert cloud.seen == ["token-1", "token-1", "token-2"]


async def test_a_refused_fresh_token_is_not_replaced_again(service, cloud):
    cloud.revoked |= {"token-1", "token-2", "token-3"}
    with pytest.raises(CredentialsInvalid, match="expired"):
        await service.provider(USER, SETTINGS).delete(JOB)
    assert cloud.seen == ["token-1", "token-2"]


async def test_a_lack_of_rights_is_no_reason_for_another_token(service, cloud):
    cloud.revoked.add("token-1")
    cloud.refusal = httpx.Response(403, json={"error_code": "ModelArts.0112", "error_msg": "no"})
    with pytest.raises(Exception, match="0112"):
        await service.provider(USER, SETTINGS).read(JOB)
    assert len(cloud.logins) == 1


async def test_a_403_page_of_a_proxy_is_no_reason_for_another_token(service, cloud):
    cloud.revoked.add("token-1")
    cloud.refusal = httpx.Response(403, html="<b>blocked</b>")
    with pytest.raises(Malformed):
        await service.provider(USER, SETTINGS).read(JOB)
    assert len(cloud.logins) == 1


async def test_a_token_of_unknown_end_is_used_for_an_hour(service):
    service.say(login_naming(PROJECT), FOUND, FOUND, login_naming(PROJECT), FOUND)
    provider = service.provider(USER, REGION)
    for minutes in (0, 53, 2):
        service.now += timedelta(minutes=minutes)
        await provider.read(JOB)
    assert [request.method for request in service.requests] == ["POST", "GET", "GET", "POST", "GET"]


async def test_calls_at_the_same_time_log_in_once(service, cloud):
    provider = service.provider(USER, REGION)
    await asyncio.gather(*(provider.read(JOB) for _ in range(20)))
    assert len(cloud.logins) == 1


async def test_calls_refused_at_the_same_time_log_in_once_more(service, cloud):
    provider = service.provider(USER, SETTINGS)
    await provider.read(JOB)
    cloud.revoked.add("token-1")
    await asyncio.gather(*(provider.read(JOB) for _ in range(8)))
    assert len(cloud.logins) == 2


async def test_a_wrong_password_is_tried_once_for_all_who_wait(service):
    logins = []

    async def answer(request):
        logins.append(request)
        await asyncio.sleep(0)
        return httpx.Response(401, json={"error": {"code": 401, "message": "The username or password is wrong."}})

    provider = with_transport(service, httpx.MockTransport(answer))
    results = await asyncio.gather(*(provider.read(JOB) for _ in range(5)), return_exceptions=True)
    assert [type(result) for result in results] == [CredentialsInvalid] * 5
    assert len(logins) == 1


def with_transport(service, transport):
    return ModelArtsProvider(SETTINGS, USER, transport=transport, now=lambda: service.now)


async def test_a_call_that_is_cancelled_does_not_take_the_login_from_others(service):
    reached, go_on = asyncio.Event(), asyncio.Event()
    cloud = Cloud(service)

    async def answer(request):
        if request.url.path == "/v3/auth/tokens":
            reached.set()
            await go_on.wait()
        return cloud.answer(request)

    provider = with_transport(service, httpx.MockTransport(answer))
    first = asyncio.create_task(provider.read(JOB))
    await reached.wait()
    second = asyncio.create_task(provider.read(JOB))
    first.cancel()
    go_on.set()
    assert (await second).id == JOB.id
    assert len(cloud.logins) == 1


async def test_closing_gives_up_a_login_under_way(service):
    reached = asyncio.Event()

    async def answer(_):
        reached.set()
        await asyncio.Event().wait()

    provider = with_transport(service, httpx.MockTransport(answer))
    call = asyncio.create_task(provider.read(JOB))
    await reached.wait()
    await provider.aclose()
    with pytest.raises(NotSent, match="the credentials just changed"):
        await call


async def test_a_call_that_is_cancelled_while_the_client_is_closed_is_cancelled(service):
    reached = asyncio.Event()

    async def answer(_):
        reached.set()
        await asyncio.Event().wait()

    provider = with_transport(service, httpx.MockTransport(answer))
    call = asyncio.create_task(provider.read(JOB))
    await reached.wait()
    call.cancel()
    await provider.aclose()
    with pytest.raises(asyncio.CancelledError):
        await call


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(400, json={"error_code": "IAM.0101", "error_msg": "bad"}), CredentialsInvalid),
        (httpx.Response(401, json={"error": {"code": 401, "message": "bad"}}), CredentialsInvalid),
        (httpx.Response(404, json={"error": {"code": 404, "message": "bad"}}), Misrouted),
        (httpx.Response(503), Unavailable),
        (httpx.Response(201, json={"token": {}}), Malformed),
        (login_naming("../x"), Malformed),
        (httpx.Response(200, html="<b>hello</b>"), Malformed),
        (httpx.Response(302, headers={"Location": "https://elsewhere.example"}), Misrouted),
        (httpx.ReadTimeout("slow"), Unavailable),
    ],
)
async def test_a_failed_login_says_nothing_about_the_job_and_leaves_no_doubt_about_a_write(service, answer, error):
    with pytest.raises(error) as caught:
        await service.say(answer).provider(USER, SETTINGS).delete(JOB)
    assert type(caught.value) is error
    assert not isinstance(caught.value, OutcomeUnknown)
    assert len(service.requests) == 1


async def test_neither_password_nor_token_is_in_an_error(service, cloud):
    words = "user with pass-word-123 and token-1 is frozen"
    cloud.revoked.add("token-1")
    cloud.refusal = httpx.Response(403, json={"error_code": "ModelArts.4116", "error_msg": words})
    with pytest.raises(Exception, match="frozen") as caught:
        await service.provider(USER, SETTINGS).read(JOB)
    assert caught.value.message == "user with *** and *** is frozen"


async def test_a_token_without_a_project_asks_for_the_project_id(service):
    service.say(httpx.Response(201, json={"token": {}}, headers={"X-Subject-Token": "token-1"}))
    with pytest.raises(ConfigurationError, match=r"set modelArts\.projectID"):
        await service.provider(USER, REGION).read(JOB)


async def test_a_key_finds_its_project_by_name_once(service):
    projects = {"projects": [{"id": "1" * 32, "name": "cn-north-4_other"}, {"id": PROJECT, "name": "cn-north-4"}]}
    provider = service.say(projects, FOUND, FOUND).provider(KEY, REGION)
    assert provider.place == ""
    await provider.read(JOB)
    await provider.read(JOB)
    assert provider.place == PROJECT
    search, call, _ = service.requests
    assert str(search.url) == "https://iam.cn-north-4.myhuaweicloud.com/v3/projects?name=cn-north-4"
    assert search.headers["Authorization"].startswith("SDK-HMAC-SHA256 Access=AKEXAMPLE0000000FAKE")
    assert "X-Project-Id" not in search.headers
    assert call.headers["X-Project-Id"] == PROJECT
    assert "x-project-id" in call.headers["Authorization"]


@pytest.mark.parametrize(
    ("names", "count"), [([], "no"), (["cn-north-4_x"], "no"), (["cn-north-4", "cn-north-4"], "2")]
)
async def test_a_project_name_must_fit_exactly_one(service, names, count):
    service.say({"projects": [{"id": str(n) * 32, "name": name} for n, name in enumerate(names)]})
    with pytest.raises(ConfigurationError, match=f"IAM knows {count} projects named 'cn-north-4'"):
        await service.provider(KEY, REGION).read(JOB)


@pytest.mark.parametrize("body", [{}, {"projects": None}, {"projects": [{"name": "cn-north-4", "id": "../x"}]}])
async def test_an_answer_without_usable_projects_is_malformed(service, body):
    with pytest.raises(Malformed):
        await service.say(body).provider(KEY, REGION).read(JOB)


async def test_a_refused_search_for_the_project_is_no_refusal_of_the_job(service):
    service.say(httpx.Response(400, json={"error_code": "IAM.0011", "error_msg": "bad"}))
    with pytest.raises(Misrouted):
        await service.provider(KEY, REGION).read(JOB)


async def test_temporary_keys_send_and_sign_their_session_token(service):
    await service.say(FOUND).provider(AccessKey("AK", "SK-secret", "session-token")).read(JOB)
    headers = service.requests[0].headers
    assert headers["X-Security-Token"] == "session-token"
    assert "x-security-token" in headers["Authorization"]


@pytest.mark.parametrize("credentials", [KEY, USER])
def test_an_account_without_any_sign_of_its_project_is_refused_at_once(service, credentials):
    settings = ModelArtsSettings(endpoint="https://modelarts.example", iam_endpoint="https://iam.example")
    with pytest.raises(ConfigurationError, match=r"modelArts\.projectID"):
        service.provider(credentials, settings)


@pytest.mark.parametrize("credentials", [KEY, USER])
def test_an_account_that_needs_iam_is_refused_without_its_address(service, credentials):
    settings = ModelArtsSettings(endpoint="https://modelarts.example", project_name="p")
    with pytest.raises(ConfigurationError, match=r"modelArts\.region or \.iamEndpoint"):
        service.provider(credentials, settings)


def test_an_account_without_an_address_is_refused(service):
    with pytest.raises(ConfigurationError, match=r"modelArts\.region or \.endpoint"):
        service.provider(KEY, ModelArtsSettings(project_id=PROJECT))


@pytest.mark.parametrize(
    ("settings", "api", "iam"),
    [
        (REGION, "https://modelarts.cn-north-4.myhuaweicloud.com", "https://iam.cn-north-4.myhuaweicloud.com"),
        (
            ModelArtsSettings(region="eu-west-101"),
            "https://modelarts.eu-west-101.myhuaweicloud.eu",
            "https://iam.myhuaweicloud.eu",
        ),
        (
            ModelArtsSettings(region="eu-de"),
            "https://modelarts.eu-de.otc.t-systems.com",
            "https://iam.eu-de.otc.t-systems.com",
        ),
        (
            ModelArtsSettings(region="eu-de", endpoint="http://127.0.0.1:80/", iam_endpoint="https://iam.example/v3/"),
            "http://127.0.0.1:80",
            "https://iam.example",
        ),
    ],
)
def test_addresses_follow_the_region_unless_they_are_given(settings, api, iam):
    assert (settings.api_url, settings.iam_url) == (api, iam)


@pytest.mark.parametrize(
    "address", ["modelarts.example", "ftp://x", "https://", "https://u:p@x", "https://x?y=1", "https://x:y"]
)
def test_an_address_that_is_none_is_refused_without_repeating_it(address):
    for field in ("endpoint", "iam_endpoint"):
        with pytest.raises(ConfigurationError, match="must be a URL") as caught:
            ModelArtsSettings(region="cn-north-4", **{field: address})
        assert "u:p" not in caught.value.message


@pytest.mark.parametrize("project_id", ["../x", "a b", "p" * 65])
def test_a_project_id_that_is_none_is_refused(project_id):
    with pytest.raises(ConfigurationError, match="projectID"):
        ModelArtsSettings(region="cn-north-4", project_id=project_id)


async def test_a_transport_alone_says_how_many_calls_go_out_at_once(service):
    """The limit of an account is its `maxInFlight`, which is that of its transport."""
    waiting, release = asyncio.Semaphore(0), asyncio.Event()

    async def answer(_):
        waiting.release()
        await release.wait()
        return httpx.Response(200, json=FOUND)

    provider = ModelArtsProvider(SETTINGS, KEY, transport=httpx.MockTransport(answer), now=lambda: service.now)
    calls = [asyncio.create_task(provider.read(JOB)) for _ in range(16)]
    for _ in calls:
        await waiting.acquire()
    release.set()
    assert [job.id for job in await asyncio.gather(*calls)] == [JOB.id] * 16


async def test_locating_an_account_asks_iam_alone_and_only_once(service, cloud):
    provider = service.provider(USER, REGION)
    assert [await provider.locate(), await provider.locate(), provider.place] == [PROJECT] * 3
    assert [request.url.path for request in service.requests] == ["/v3/auth/tokens"]


async def test_a_key_is_located_by_the_name_of_its_project(service):
    provider = service.say({"projects": [{"id": PROJECT, "name": "cn-north-4"}]}).provider(KEY, REGION)
    assert [await provider.locate(), await provider.locate(), provider.place] == [PROJECT] * 3
    assert [request.url.path for request in service.requests] == ["/v3/projects"]


@pytest.mark.parametrize("credentials", [KEY, USER])
async def test_a_project_that_is_given_is_not_asked_for(service, credentials):
    assert await service.provider(credentials, SETTINGS).locate() == PROJECT
    assert service.requests == []


async def test_each_key_has_the_project_that_iam_names_for_it(service):
    projects = {"AKONE": "a" * 32, "AKTWO": "b" * 32}

    def answer(request):
        key = request.headers["authorization"].partition("Access=")[2].partition(",")[0]
        return httpx.Response(200, json={"projects": [{"id": projects[key], "name": "cn-north-4"}]})

    service.always(answer)
    for key, project in projects.items():
        provider = service.provider(AccessKey(key, "SK-secret"), REGION)
        assert await provider.locate() == project == provider.place


@pytest.mark.parametrize("settings", [REGION, SETTINGS])
@pytest.mark.parametrize("verb", ["read", "delete"])
async def test_a_token_for_another_project_is_an_error_and_nothing_is_sent(service, settings, verb):
    other = "f" * 32
    service.say(login_naming(PROJECT), FOUND, login_naming(other))
    provider = service.provider(USER, settings)
    await provider.read(JOB)
    service.now += timedelta(hours=2)
    with pytest.raises(ConfigurationError, match=f"now answers with the project {other}") as changed:
        await getattr(provider, verb)(JOB)
    assert changed.value.reason == "IdentityChanged"
    assert provider.place == PROJECT
    assert len(service.requests) == 3


async def test_a_fresh_token_for_another_project_is_not_used_for_the_second_try(service):
    refused = httpx.Response(401, json={"error_code": "ModelArts.0202", "error_msg": "expired"})
    service.say(login_naming(PROJECT), refused, login_naming("f" * 32))
    with pytest.raises(ConfigurationError, match="nothing is sent"):
        await service.provider(USER, REGION).delete(JOB)


DENIED = httpx.Response(403, json={"error": {"code": 403, "message": "You are not authorized to list projects."}})


async def test_a_user_that_may_not_list_projects_is_told_its_own(service):
    service.say(DENIED, {"projects": [{"id": PROJECT, "name": "cn-north-4"}, {"id": "1" * 32, "name": "other"}]}, FOUND)
    await service.provider(KEY, REGION).read(JOB)
    assert [request.url.path for request in service.requests[:2]] == ["/v3/projects", "/v3/auth/projects"]
    assert service.requests[2].url.path == f"/v2/{PROJECT}/training-jobs/{JOB.id}"


async def test_a_user_that_sees_no_projects_is_told_to_set_the_id(service):
    with pytest.raises(PermissionDenied, match=r"set modelArts\.projectID.*not authorized to list"):
        await service.say(DENIED, DENIED).provider(KEY, REGION).locate()


async def test_a_refused_key_tells_of_the_session_token_that_was_sent_with_it(service, refusal):
    key = AccessKey("AK", "SK-secret", "session-token-1")
    for credentials, told in ((key, True), (KEY, False)):
        service.say(refusal(401, "APIGW.0301", "verify aksk signature fail"))
        with pytest.raises(CredentialsInvalid) as caught:
            await service.provider(credentials).read(JOB)
        assert ("A securityToken was sent with this key" in caught.value.message) is told
        assert "session-token-1" not in caught.value.message


async def test_a_region_that_is_mistyped_is_named_when_its_host_is_not_reached(service):
    settings = ModelArtsSettings(region="cn-north4", project_id=PROJECT)
    with pytest.raises(NotSent, match=r"is none of those that are known; did you mean cn-north-4\?"):
        await service.say(httpx.ConnectError("no")).provider(KEY, settings).read(JOB)
    with pytest.raises(NotSent) as caught:
        await service.say(httpx.ConnectError("no")).provider(KEY, SETTINGS).read(JOB)
    assert "known" not in caught.value.message
