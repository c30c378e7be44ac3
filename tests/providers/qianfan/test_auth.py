"""What goes over the wire is signed, each time anew."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from trainsweep.core.errors import ConfigurationError, CredentialsInvalid
from trainsweep.core.external import Target, Thing
from trainsweep.providers.credentials import AccessKey, Password
from trainsweep.providers.qianfan.auth import BceAuth
from trainsweep.providers.qianfan.provider import QianfanProvider
from trainsweep.providers.qianfan.settings import QianfanSettings
from trainsweep.providers.qianfan.signing import Signable, parse_authorization, parse_query, verify

START = datetime(2026, 1, 31, 8, 9, 10, tzinfo=UTC)


async def send_twice(key, url):
    """The requests as they arrive, sent a minute apart from one built request."""
    arrived = []
    clock = iter((START, START + timedelta(minutes=1)))

    def receive(request):
        arrived.append((dict(request.headers), str(request.url)))
        return httpx.Response(200)

    auth = BceAuth(key, lambda: next(clock))
    async with httpx.AsyncClient(auth=auth, transport=httpx.MockTransport(receive)) as client:
        request = client.build_request("POST", url, json={"taskId": "task-1"})
        await client.send(request)
        await client.send(request)
    return arrived


def is_verified(headers, url, secret_key):
    parsed = httpx.URL(url)
    request = Signable("POST", parsed.path, parse_query(parsed.query.decode()), headers)
    return verify(request, parse_authorization(headers["authorization"]), secret_key)


@pytest.mark.parametrize("host", ["qianfan.baidubce.com", "127.0.0.1:8080"])
async def test_every_sending_is_signed_for_its_own_time_and_for_the_host_with_its_port(host):
    arrived = await send_twice(AccessKey("ak", "secret"), f"https://{host}/v2/finetuning?Action=StopFineTuningTask")
    assert [headers["x-bce-date"] for headers, _ in arrived] == ["2026-01-31T08:09:10Z", "2026-01-31T08:10:10Z"]
    for headers, url in arrived:
        authorization = parse_authorization(headers["authorization"])
        assert authorization.names == ("host", "x-bce-date")
        assert authorization.expires == 1800
        assert authorization.timestamp == headers["x-bce-date"]
        assert headers["host"] == host
        assert is_verified(headers, url, "secret")
        assert not is_verified(headers, url, "another secret")


async def test_the_token_of_temporary_keys_is_sent_and_signed():
    key = AccessKey("ak", "secret", "session/token==")
    for headers, url in await send_twice(key, "https://qianfan.baidubce.com/v2/finetuning?Action=X"):
        assert headers["x-bce-security-token"] == "session/token=="
        assert "x-bce-security-token" in parse_authorization(headers["authorization"]).names
        assert is_verified(headers, url, "secret")


def test_user_and_password_are_no_credentials_for_qianfan():
    with pytest.raises(ConfigurationError, match="accessKey and secretKey") as caught:
        QianfanProvider(QianfanSettings(), Password("user", "hunter22"), now=lambda: START)
    assert "hunter22" not in caught.value.message


def test_trailing_slashes_of_the_endpoint_are_dropped():
    assert QianfanSettings("https://qianfan.example//").endpoint == "https://qianfan.example"
    assert QianfanSettings().endpoint == "https://qianfan.baidubce.com"


@pytest.mark.parametrize(
    "endpoint", ["", "qianfan.baidubce.com", "ftp://host", "https://", "https://u:p@host", "https://host?a=1", "h\x00"]
)
def test_an_endpoint_that_is_no_plain_url_is_a_configuration_error(endpoint):
    with pytest.raises(ConfigurationError, match=r"qianfan\.endpoint"):
        QianfanSettings(endpoint)


@pytest.mark.parametrize(
    "key",
    [
        AccessKey("bce-v3/ALTAK-abc/0123456789", "secret"),
        AccessKey("ALTAKabc", "bce-v3/ALTAK-abc/0123456789"),
        AccessKey("Bearer bce-v3/ALTAK-abc/0123456789", "secret"),
    ],
)
def test_an_api_key_for_models_is_recognised_and_not_quoted(key):
    with pytest.raises(ConfigurationError, match=r"is an API key .* fine-tuning needs the access key") as caught:
        QianfanProvider(QianfanSettings(), key, now=lambda: START)
    assert "0123456789" not in caught.value.message


@pytest.mark.parametrize(
    ("key", "remark"),
    [
        (AccessKey("aB3" * 8, "secret-key"), "looks like that of an application"),
        (AccessKey("ALTAKfake0001", "secret-key", "session-token"), "A securityToken was sent with this key"),
        (AccessKey("ALTAKfake0001", "secret-key"), ""),
        (AccessKey("ALTAK" + "x" * 19, "secret-key"), ""),
        (AccessKey("0123456789abcdef" * 2, "secret-key"), ""),
    ],
)
async def test_a_refused_key_that_looks_odd_is_told_why(service, key, remark):
    service.say(httpx.Response(403, json={"code": "InvalidAccessKeyId", "message": "no such key"}))
    with pytest.raises(CredentialsInvalid) as caught:
        await service.provider(key).read(Target(Thing.TUNING_TASK, "task-1"))
    assert remark in caught.value.message
    assert remark or caught.value.message.endswith("no such key")
