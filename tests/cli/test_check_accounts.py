"""`trainsweep check` names what stands between an account and its provider, in one line of its own."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.kube.fronts import Authority

from trainsweep.providers import connections
from trainsweep.providers.resolver import Resolver

from .conftest import KEYS, PROJECT, Clouds, Cluster, Run

pytestmark = pytest.mark.apiserver

Check = Callable[..., dict[str, dict[str, Any]]]


@pytest.fixture
def check(trainsweep: Run, clouds: Clouds, cluster_: Cluster, monkeypatch: pytest.MonkeyPatch) -> Check:
    """The findings about one account, by what was looked at. `exit_code` is what is expected of the whole."""
    for name in ("https_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)

    def check(account: str, *flags: str, exit_code: int = 1, **variables: str) -> dict[str, dict[str, Any]]:
        options = (*cluster_.flags, "-n", cluster_.namespace, "--account", account, "--allow-http-endpoints", *flags)
        found = trainsweep("check", *options, "--output", "json", **variables)
        findings = [entry for entry in json.loads(found.stdout) if entry["about"] != "cluster"]
        assert found.exit_code == exit_code, findings
        assert not clouds.changes
        return {entry["check"]: entry for entry in findings}

    return check


@pytest.fixture
def configure(clouds: Clouds, cluster_: Cluster) -> Callable[..., None]:
    """The accounts of both simulators; what is given changes the Secret or the ProviderConfig of one of them."""

    def configure(account: str = "", *, secret: Any = None, **block: Any) -> None:
        bodies = clouds.accounts()
        for body in bodies:
            if body["metadata"]["name"] != account:
                continue
            if body["kind"] == "Secret" and secret is not None:
                body["stringData"] = secret
            elif body["kind"] == "ProviderConfig" and block:
                body["spec"]["modelArts"] = block
        cluster_.apply(*bodies)

    return configure


@pytest.fixture
def lookup(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str], list[str]]], None]:
    """A name server that answers as told."""
    return lambda answer: monkeypatch.setattr(connections, "RESOLVER", Resolver(answer))


def nowhere(host: str) -> list[str]:
    return ["192.0.2.1"]  # for documentation: nothing is there


def one(found: dict[str, dict[str, Any]], name: str, verdict: str) -> str:
    entry = found[name]
    assert entry["verdict"] == verdict, entry
    assert "\n" not in entry["found"]
    return f"{entry['found']} {entry['advice'] or ''}"


@pytest.mark.parametrize("account", ["huawei", "baidu"])
def test_an_account_that_is_well(check: Check, configure: Callable[..., None], account: str):
    configure()
    found = check(account, exit_code=0)
    assert {entry["verdict"] for name, entry in found.items() if name != "operator"} == {"ok"}
    assert "no operator has looked at it" in one(found, "operator", "warning")
    assert "straight, at 127.0.0.1" in one(found, "way", "ok")
    assert "at once" in one(found, "limits", "ok")
    assert "Enforce" in one(found, "mode", "ok")
    if account == "huawei":
        assert PROJECT in one(found, "project", "ok")
        assert "default workspace" in one(found, "workspace", "ok")


def test_what_the_operator_says_is_told(check: Check, configure: Callable[..., None], cluster_: Cluster):
    configure()
    ready = {
        "type": "Ready",
        "status": "False",
        "reason": "ProviderUnavailable",
        "message": "no connection could be made",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
        "observedGeneration": 1,
    }
    cluster_.status("providerconfig", "huawei", {"observedGeneration": 1, "conditions": [ready]})
    found = check("huawei")
    assert "ProviderUnavailable: no connection could be made" in one(found, "operator", "failed")
    assert found["credentials"]["verdict"] == "ok"


def test_an_account_that_does_not_exist(check: Check, trainsweep: Run, cluster_: Cluster):
    found = trainsweep("check", *cluster_.flags, "-n", cluster_.namespace, "--account", "none")
    assert found.exit_code == 1
    assert "there is no account named none" in found.stdout


# Reaching the provider.


def test_a_name_server_that_never_answers(check: Check, configure: Callable[..., None], lookup: Any):
    over = threading.Event()
    lookup(lambda host: over.wait(30) and [])
    configure("huawei", region="cn-north-4", projectID=PROJECT)
    try:
        found = check("huawei")
    finally:
        over.set()
    assert "the name server did not answer for modelarts.cn-north-4.myhuaweicloud.com" in one(found, "way", "failed")
    assert "credentials" not in found, "nothing is sent when the way is not free"


@pytest.mark.parametrize("store", ["missing.pem", "empty.pem", "a-folder"])
def test_certificates_that_are_none(
    check: Check, configure: Callable[..., None], lookup: Any, tmp_path: Path, store: str
):
    (tmp_path / "empty.pem").write_text("")
    (tmp_path / "a-folder").mkdir()
    lookup(nowhere)
    configure("huawei", region="cn-north-4", projectID=PROJECT)
    found = check("huawei", SSL_CERT_FILE=str(tmp_path / store))
    assert f"SSL_CERT_FILE of the operator names {tmp_path / store}" in one(found, "TLS", "failed")


@pytest.fixture
def untrusted(tmp_path: Path) -> Iterator[str]:
    """A TLS server on this machine whose authority nobody knows."""

    class Answer(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None: ...

    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust.load_cert_chain(*Authority().issue("localhost").write(tmp_path, "server"))
    server = HTTPServer(("127.0.0.1", 0), Answer)
    server.socket = trust.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    thread.join(30)
    server.server_close()


def test_a_certificate_that_is_not_trusted(check: Check, configure: Callable[..., None], untrusted: str):
    configure("huawei", endpoint=untrusted, projectID=PROJECT)
    found = check("huawei", SSL_CERT_FILE="", SSL_CERT_DIR="")
    assert "the certificate of localhost is not trusted by certifi" in one(found, "TLS", "failed")
    assert "SSL_CERT_FILE" in found["TLS"]["advice"]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_proxy_that_is_away_is_named_without_its_password(check: Check, configure: Callable[..., None]):
    configure("huawei", region="cn-north-4", projectID=PROJECT)
    port = closed_port()
    found = check("huawei", HTTPS_PROXY=f"http://somebody:pa55word@127.0.0.1:{port}", NO_PROXY="10.0.0.0/8")
    assert "pa55word" not in json.dumps(found)
    assert f"through the proxy 127.0.0.1:{port} of HTTPS_PROXY" in one(found, "way", "ok")
    assert "no connection could be made through the proxy" in one(found, "connection", "failed")


@pytest.mark.parametrize("exceptions", ["*.myhuaweicloud.com", ".myhuaweicloud.com"])
def test_a_host_that_no_proxy_names_is_reached_straight(
    check: Check, configure: Callable[..., None], lookup: Any, tmp_path: Path, exceptions: str
):
    lookup(nowhere)
    configure("huawei", region="cn-north-4", projectID=PROJECT)
    missing = str(tmp_path / "missing")  # nothing is sent
    found = check("huawei", HTTPS_PROXY="http://127.0.0.1:9", NO_PROXY=exceptions, SSL_CERT_FILE=missing)
    assert "modelarts.cn-north-4.myhuaweicloud.com straight, at 192.0.2.1" in one(found, "way", "ok")


def test_a_mistyped_region(check: Check, configure: Callable[..., None], lookup: Any):
    def unknown(host: str) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    lookup(unknown)
    configure("huawei", region="cn-north4", projectID=PROJECT)
    found = check("huawei")
    assert "did you mean cn-north-4?" in one(found, "endpoint", "warning")
    assert "the host modelarts.cn-north4.myhuaweicloud.com was not found" in one(found, "way", "failed")


def test_a_provider_that_is_away(check: Check, configure: Callable[..., None]):
    configure("huawei", endpoint=f"http://127.0.0.1:{closed_port()}", projectID=PROJECT)
    assert "127.0.0.1: no connection could be made" in one(check("huawei"), "connection", "failed")


def test_an_endpoint_of_nobody_is_not_called(check: Check, configure: Callable[..., None]):
    configure("huawei", endpoint="https://collector.example", projectID=PROJECT)
    found = check("huawei")
    assert "collector.example is none of the vendor's" in one(found, "endpoint", "failed")
    assert found.keys().isdisjoint({"way", "credentials"})


# Keys.


def test_a_token_left_from_a_temporary_key(check: Check, configure: Callable[..., None], clouds: Clouds):
    key = {"accessKey": KEYS["HUAWEICLOUD_SDK_AK"], "secretKey": KEYS["HUAWEICLOUD_SDK_SK"]}
    configure("huawei", secret={**key, "securityToken": "left-from-another"})
    clouds.modelarts.faults.add(times=99, status=401, body={"error_code": "ModelArts.4401"})
    found = check("huawei")
    assert "with a securityToken" in one(found, "Secret", "ok")
    assert "A securityToken was sent with this key" in one(found, "credentials", "failed")


def test_a_secret_that_is_being_deleted(check: Check, configure: Callable[..., None], cluster_: Cluster):
    configure()
    cluster_.kubectl("patch", "secret", "huawei", "--type=merge", "-p", '{"metadata":{"finalizers":["a.b/c"]}}')
    cluster_.kubectl("delete", "secret", "huawei", "--wait=false")
    found = check("huawei")
    assert "is being deleted Name another Secret" in one(found, "Secret", "failed")
    cluster_.kubectl("patch", "secret", "huawei", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ({"accessKey": "bce-v3/ALTAK-abc/def", "secretKey": "x"}, "is an API key (bce-v3/...)"),
        ({"accessKey": "A1b2C3d4E5f6G7h8I9j0K1l2", "secretKey": "x"}, "looks like that of an application"),
    ],
)
def test_a_key_of_the_wrong_kind(check: Check, configure: Callable[..., None], secret: dict[str, str], words: str):
    configure("baidu", secret=secret)
    found = check("baidu")
    assert words in " ".join(entry["found"] for entry in found.values() if entry["verdict"] == "failed")


def test_a_user_that_may_see_no_projects(check: Check, configure: Callable[..., None], clouds: Clouds):
    url = clouds.urls["ModelArts"]
    configure("huawei", endpoint=url, iamEndpoint=url, projectName="cn-north-4")
    clouds.modelarts.faults.add(
        match={"operation": "ListProjects"}, times=9, status=403, body={"error_code": "IAM.0002"}
    )
    assert "set modelArts.projectID" in one(check("huawei"), "project", "failed")


def test_a_wrong_key(check: Check, configure: Callable[..., None]):
    configure("huawei", secret={"accessKey": KEYS["HUAWEICLOUD_SDK_AK"], "secretKey": "a-key-that-nobody-has-seen"})
    found = check("huawei")
    assert "refused: " in one(found, "credentials", "failed")
    assert "a-key-that-nobody-has-seen" not in json.dumps(found)


def test_a_secret_without_keys(check: Check, configure: Callable[..., None]):
    configure("huawei", secret={"token": "x"})
    assert "needs the keys accessKey and secretKey" in one(check("huawei"), "Secret", "failed")
