"""Whatever a kubeconfig holds, the watch and the writer go the same way to the API server."""

from __future__ import annotations

import asyncio
import base64
import copy
import gc
import json
import stat
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from kubernetes.aio.config import ConfigException, incluster_config
from tests.e2e.conftest import install_crds

from trainsweep.cluster.informer import Informer
from trainsweep.kube import paths
from trainsweep.kube.client import KubeClient
from trainsweep.kube.login import Login
from trainsweep_devtools.devcluster import ControlPlane

from .fronts import NAME, Authority, Front, connect_proxy, tls_front

pytestmark = [
    pytest.mark.apiserver,
    pytest.mark.timeout(120),
    # A watch that ends while it connects leaves its socket to the collector, which warns.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

EXEC = "client.authentication.k8s.io/v1"


@dataclass
class Ground:
    """A kubeconfig to change, and what stands around the API server."""

    directory: Path
    cluster: dict[str, Any]
    user: dict[str, Any]
    authority: Authority
    front: Front
    proxy: Front
    files: list[Path] = field(default_factory=list)

    @property
    def token(self) -> str:
        return str(self.user["token"])

    def write(self, name: str = "kubeconfig", **parts: Any) -> Path:
        """The whole file, or one of some parts."""
        whole = {
            "clusters": [{"name": "c", "cluster": self.cluster}],
            "users": [{"name": "u", "user": self.user}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "team-a"}}],
            "current-context": "x",
        }
        path = self.directory / name
        path.write_text(json.dumps({"apiVersion": "v1", "kind": "Config"} | (parts or whole)))
        return path

    def login(self) -> Login:
        return Login(str(self.write()))

    def program(self, body: str, **settings: Any) -> None:
        """Log in by a program; `body` is Python that may call `answer(token)` and `refuse(words)`."""
        path = self.directory / "login-program"
        path.write_text(
            f"#!{sys.executable}\nimport json, os, pathlib, sys\n"
            "info = json.loads(os.environ['KUBERNETES_EXEC_INFO'])\n"
            "def answer(**status):\n"
            f"    print(json.dumps({{'apiVersion': '{EXEC}', 'kind': 'ExecCredential', 'status': status}}))\n"
            "    sys.exit(0)\n"
            "def refuse(words):\n    sys.exit(words)\n"
            f"here, token = pathlib.Path({str(self.directory)!r}), {self.token!r}\n{body}\n"
        )
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        plugin = {"apiVersion": EXEC, "command": "./login-program", "interactiveMode": "Never"}
        self.user = {"exec": plugin | settings}

    def behind_front(self) -> None:
        self.cluster = {
            "server": self.front.url,
            "certificate-authority-data": _base64(self.authority.certificate),
            "tls-server-name": NAME,
        }


@pytest_asyncio.fixture
async def ground(control_plane: ControlPlane, tmp_path: Path) -> AsyncIterator[Ground]:
    install_crds(control_plane)
    written = json.loads(control_plane.kubeconfig.read_text())
    cluster, user = written["clusters"][0]["cluster"], written["users"][0]["user"]
    authority = Authority()
    async with tls_front(control_plane.server, authority, tmp_path) as front, connect_proxy() as proxy:
        yield Ground(tmp_path, copy.deepcopy(cluster), copy.deepcopy(user), authority, front, proxy)


async def both_speak(login: Login) -> None:
    """The writer has an answer, and the watch is up."""
    client = KubeClient(await login.configuration(), log_in=login.configuration)
    try:
        assert (await client.get(paths.namespace("default")))["metadata"]["name"] == "default"
    finally:
        await client.aclose()
    await watch_comes_up(login)


async def watch_comes_up(login: Login, seconds: float = 40) -> None:
    watch = Informer(login, lambda *_: None, namespaces=("default",), listing=lambda: None)
    watch.start()
    try:
        async with asyncio.timeout(seconds):
            while not (watch.state and watch.state.up):  # noqa: ASYNC110 (another thread decides)
                await asyncio.sleep(0.02)
    finally:
        await asyncio.to_thread(watch.stop)
        gc.collect()


def as_it_is(ground: Ground) -> None: ...


def authority_in_a_file(ground: Ground) -> None:
    inline = ground.cluster.pop("certificate-authority-data")
    (ground.directory / "ca.crt").write_bytes(base64.b64decode(inline))
    ground.cluster["certificate-authority"] = "ca.crt"


def nothing_verified(ground: Ground) -> None:
    del ground.cluster["certificate-authority-data"]
    ground.cluster["insecure-skip-tls-verify"] = True


def token_in_a_file(ground: Ground) -> None:
    (ground.directory / "token").write_text(f"{ground.token}\n")
    ground.user = {"tokenFile": "token"}


def another_name(ground: Ground) -> None:
    ground.behind_front()


def through_a_proxy(ground: Ground) -> None:
    ground.cluster["proxy-url"] = ground.proxy.url


def another_name_through_a_proxy(ground: Ground) -> None:
    ground.behind_front()
    through_a_proxy(ground)


def inline_certificate(ground: Ground) -> None:
    ground.behind_front()
    identity = ground.authority.issue("somebody")
    ground.user |= {
        "client-certificate-data": _base64(identity.certificate),
        "client-key-data": _base64(identity.key),
    }


def certificate_in_files(ground: Ground) -> None:
    ground.behind_front()
    ground.authority.issue("somebody").write(ground.directory, "client")
    ground.user |= {"client-certificate": "client.crt", "client-key": "client.key"}


def program_with_a_token(ground: Ground) -> None:
    ground.program("answer(token=token)")


def program_that_needs_the_cluster(ground: Ground) -> None:
    ground.program(
        "cluster = info['spec'].get('cluster') or refuse('no cluster')\n"
        "answer(token=token) if cluster['server'].startswith('https://') and cluster['certificate-authority-data']"
        " and cluster['config'] == {'audience': 'us'} else refuse('not the whole cluster')",
        provideClusterInfo=True,
    )
    extension = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "us"}}
    ground.cluster["extensions"] = [extension]


def program_with_a_certificate_and_a_token(ground: Ground) -> None:
    ground.behind_front()
    identity = ground.authority.issue("somebody")
    texts = {"clientCertificateData": identity.certificate.decode(), "clientKeyData": identity.key.decode()}
    ground.program(f"answer(token=token, **{texts!r})")


ROWS: tuple[Callable[[Ground], None], ...] = (
    as_it_is,
    authority_in_a_file,
    nothing_verified,
    token_in_a_file,
    another_name,
    through_a_proxy,
    another_name_through_a_proxy,
    inline_certificate,
    certificate_in_files,
    program_with_a_token,
    program_that_needs_the_cluster,
    program_with_a_certificate_and_a_token,
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__name__.replace("_", " "))
async def test_the_watch_and_the_writer_go_the_same_way(ground: Ground, row: Callable[[Ground], None]):
    row(ground)
    await both_speak(ground.login())
    if "proxy-url" in ground.cluster:
        assert len(ground.proxy.met) >= 2
    if "certificate" in row.__name__:
        assert ground.front.met.count("somebody") >= 2


@pytest.mark.parametrize("exceptions", ["", "127.0.0.0/8", "*.example"])
async def test_proxies_of_the_environment_are_not_asked(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, exceptions: str
):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", exceptions)
    await both_speak(ground.login())


async def test_of_several_files_the_first_that_says_something_decides(ground: Ground, monkeypatch: pytest.MonkeyPatch):
    context = {"name": "x", "context": {"cluster": "c", "user": "u"}}
    first = ground.write("first", **{"current-context": "x", "users": [{"name": "u", "user": ground.user}]})
    elsewhere = {"cluster": "none", "user": "none"}
    second = ground.write(
        "second",
        **{
            "contexts": [context, {"name": "y", "context": elsewhere}],
            "clusters": [{"name": "c", "cluster": ground.cluster}],
            "users": [{"name": "u", "user": {"token": "another"}}],
            "current-context": "y",
        },
    )
    empty = ground.directory / "empty"
    empty.write_text("")
    files = (ground.directory / "missing", empty, first, second)
    monkeypatch.setenv("KUBECONFIG", ":".join(map(str, files)))
    await both_speak(Login())


async def test_a_program_that_fails_at_the_start_is_told_in_its_words(ground: Ground):
    ground.program("refuse('the session has ended: run sso login')")
    with pytest.raises(ConfigException, match=r"failed with exit code 1: the session has ended: run sso login"):
        await ground.login().configuration()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("answer()", "answered without token and certificate"),
        ("print('hello')", "did not print an ExecCredential"),
        ("print('{}')", "another version"),
    ],
)
async def test_an_answer_without_a_login_is_none(ground: Ground, body: str, words: str):
    ground.program(body)
    with pytest.raises(ConfigException, match=words):
        await ground.login().configuration()


async def test_the_watch_recovers_from_a_program_that_fails_once(ground: Ground):
    ground.program(
        "tried = here / 'tried'\nanswer(token=token) if tried.exists() else (tried.write_text(''), refuse('try again'))"
    )
    await watch_comes_up(ground.login(), 60)


async def test_a_token_that_ran_out_is_asked_for_again(ground: Ground):
    ground.program(
        "tried = here / 'tried'\n"
        "answer(token=token) if tried.exists() else (tried.write_text(''), answer(token='ran-out'))"
    )
    await both_speak(ground.login())
    (ground.directory / "tried").unlink()
    await watch_comes_up(ground.login(), 60)


async def test_a_pod_follows_its_token_file(ground: Ground, monkeypatch: pytest.MonkeyPatch):
    authority, token = ground.directory / "ca.crt", ground.directory / "token"
    authority.write_bytes(base64.b64decode(ground.cluster["certificate-authority-data"]))
    token.write_text("the-one-before")
    host, port = ground.cluster["server"].removeprefix("https://").split(":")
    monkeypatch.setenv("KUBECONFIG", str(ground.directory / "none"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(authority))
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(token))
    login = Login()
    client = KubeClient(await login.configuration(), log_in=login.configuration)
    token.write_text(ground.token)
    try:
        assert await client.get(paths.namespace("default"))
    finally:
        await client.aclose()
    await watch_comes_up(login)


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ({"auth-provider": {"name": "gcp"}}, "auth provider 'gcp', and it is not supported"),
        ({"auth-provider": {"name": "oidc", "config": {"id-token": "e30.eyJleHAiOiAxfQ.x"}}}, "its token ended"),
        ({"tokenFile": "nowhere"}, "cannot be read"),
        ({"client-certificate-data": "bm9uZQ==", "client-key-data": "bm9uZQ=="}, "do not fit together"),
        ({"exec": {"apiVersion": EXEC, "command": "no-such-login", "installHint": "Get it."}}, "cannot be run.*Get it"),
        ({"exec": {"apiVersion": EXEC, "command": "x", "interactiveMode": "Always"}}, "asks a person"),
    ],
)
async def test_what_cannot_log_in_is_refused_with_a_sentence(ground: Ground, user: dict[str, Any], words: str):
    ground.user = user
    with pytest.raises(ConfigException, match=words):
        await ground.login().configuration()


async def test_the_end_of_a_login_is_known(ground: Ground):
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=3)
    identity = ground.authority.issue("somebody", ends=ends)
    ground.user = {
        "client-certificate-data": _base64(identity.certificate),
        "client-key-data": _base64(identity.key),
    }
    assert (await ground.login().configuration()).until == ends
    ground.user = {"token": f"e30.{base64.urlsafe_b64encode(json.dumps({'exp': 4102444800}).encode()).decode()}.x"}
    assert (await ground.login().configuration()).until == datetime(2100, 1, 1, tzinfo=UTC)


async def test_inline_certificates_leave_no_file_behind(ground: Ground, monkeypatch: pytest.MonkeyPatch):
    place = ground.directory / "tmp"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    inline_certificate(ground)
    await both_speak(ground.login())
    assert list(place.iterdir()) == []


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
