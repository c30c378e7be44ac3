"""Parts of the operator by themselves, against an API server that fails them or says what they do not expect."""

from __future__ import annotations

import asyncio
import gc
import random
import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from trainsweep.accounts.secrets import find_secret, protect_secret
from trainsweep.api.names import IN_USE_FINALIZER
from trainsweep.cluster.decode import Config, decode
from trainsweep.cluster.informer import Informer
from trainsweep.cluster.resync import resync
from trainsweep.core.resource import Resource
from trainsweep.kube.client import KubeClient, KubeError
from trainsweep.kube.cluster_reads import ClusterReads
from trainsweep.kube.login import Login
from trainsweep_devtools.devcluster import ControlPlane

from .proxy import ApiFault, Proxy, Trouble
from .upstream import Upstream, User

pytestmark = pytest.mark.apiserver
#: Kinds with a stream of their own.
STREAMS = 6


@pytest_asyncio.fixture
async def proxy(served_plane: ControlPlane) -> AsyncIterator[Proxy]:
    async with Upstream.open(served_plane) as upstream:
        rng = random.Random(0)  # noqa: S311 (a lot, no secret)
        proxy = Proxy(upstream, rng, lambda moment: True)
        async with proxy.serve():
            yield proxy


@pytest_asyncio.fixture
async def client(proxy: Proxy, tmp_path: Path) -> AsyncIterator[KubeClient]:
    client = KubeClient(await Login(str(proxy.kubeconfig(tmp_path / "kubeconfig"))).configuration())
    yield client
    await client.aclose()


@pytest_asyncio.fixture
async def user(proxy: Proxy) -> User:
    """Somebody with an empty namespace."""
    user = User(proxy.upstream, f"faults-{secrets.token_hex(4)}")
    await user.create("Namespace", user.namespace)
    return user


@pytest.mark.parametrize("trouble", ["sick", "gone", "cut"])
async def test_a_watch_goes_on_after_the_api_server_ended_it(proxy: Proxy, tmp_path: Path, trouble: Trouble):
    login = Login(str(proxy.kubeconfig(tmp_path / "kubeconfig")))
    listings: list[float] = []
    watch = Informer(login, lambda *event: None, namespaces=("default",), listing=lambda: listings.append(0))
    watch.start()
    try:
        async with asyncio.timeout(30):
            before = await streams(proxy, other_than=frozenset())
            proxy.begin(ApiFault(trouble))
            await streams(proxy, other_than=before)
    finally:
        await asyncio.to_thread(watch.stop)
        # kopf leaves its failed tasks in cycles, whose end is loud: let that be here and now.
        gc.collect()
    assert watch.state
    assert not watch.state.alive, "the thread has ended"


async def test_a_watch_begins_anew_when_one_of_its_streams_fails_for_good(
    proxy: Proxy, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    """As when a definition is removed: kopf ends, and leaves the other streams waiting for a login that never comes."""
    login = Login(str(proxy.kubeconfig(tmp_path / "kubeconfig")))
    watch = Informer(login, lambda *event: None, namespaces=("default",), listing=lambda: None)
    watch.start()
    try:
        async with asyncio.timeout(60):
            before = await streams(proxy, other_than=frozenset())
            gone = ApiFault("status", status=404)
            proxy.begin(gone)
            next(iter(before)).lines.put_nowait(b"")
            await until(lambda: any(line.endswith(" 404") for line in proxy.journal))
            proxy.end(gone)
            await streams(proxy, other_than=before)
    finally:
        await asyncio.to_thread(watch.stop)
        gc.collect()
    assert watch.state
    assert not watch.state.alive
    assert "asyncio" not in {record.name for record in caplog.records}, "an error that nobody asked for"


@pytest.mark.parametrize("fault", [ApiFault("down"), ApiFault("status", status=403)], ids=lambda fault: fault.trouble)
async def test_a_watch_is_up_while_what_it_asked_last_was_granted(proxy: Proxy, tmp_path: Path, fault: ApiFault):
    login = Login(str(proxy.kubeconfig(tmp_path / "kubeconfig")))
    watch = Informer(login, lambda *event: None, namespaces=("default",), listing=lambda: None)

    def up() -> bool:
        return watch.state is not None and watch.state.up

    proxy.begin(fault)
    watch.start()
    try:
        async with asyncio.timeout(60):
            await until(lambda: proxy.journal or fault.trouble == "down")
            assert not up()
            proxy.end(fault)
            await until(up)
            await streams(proxy, other_than=frozenset())
            proxy.begin(fault)
            proxy.begin(ApiFault("cut"))
            await until(lambda: not up())
            proxy.end(fault)
            await until(up)
    finally:
        await asyncio.to_thread(watch.stop)
        gc.collect()
    assert not up()


def test_a_watch_that_was_never_started_can_be_stopped(tmp_path: Path, proxy: Proxy):
    """As when the operator is asked to end while it still lists what is there."""
    login = Login(str(proxy.kubeconfig(tmp_path / "kubeconfig")))
    Informer(login, lambda *event: None, namespaces=("default",), listing=lambda: None).stop()


async def test_a_watch_follows_the_namespaces_that_it_serves(proxy: Proxy, tmp_path: Path, user: User):
    login = Login(str(proxy.kubeconfig(tmp_path / "kubeconfig")))
    seen: set[str] = set()
    watch = Informer(
        login,
        lambda kind, gone, body: seen.add(body["metadata"]["name"]),
        namespaces=("default",),
        listing=lambda: None,
    )
    watch.start()
    try:
        async with asyncio.timeout(30):
            before = await streams(proxy, other_than=frozenset())
            watch.serve((user.namespace,))
            await streams(proxy, other_than=before)
            await user.create("TrainingJob", "here", spec={"jobID": "1", "providerConfigRef": {"name": "none"}})
            await until(lambda: seen == {"here"})
    finally:
        await asyncio.to_thread(watch.stop)
        gc.collect()


async def test_a_list_from_the_past_does_not_tell_of_anybody_s_end(proxy: Proxy, user: User, client: KubeClient):
    gone: list[str] = []

    async def sweep_(*known: Resource | Config) -> None:
        here = {one.key: one for one in known}
        await resync(
            client,
            (user.namespace,),
            lambda kind: here if kind == "TrainingJob" else {},
            lambda kind, is_gone, body, _: gone.append(body["metadata"]["name"]) if is_gone else None,
            ClusterReads(client).crd_going,
        )

    stale = ApiFault("stale")
    proxy.begin(stale)
    await sweep_()
    await user.create("TrainingJob", "new", spec={"jobID": "1", "providerConfigRef": {"name": "none"}})
    (body,) = await user.list("TrainingJob")
    record = decode("TrainingJob", body)
    assert isinstance(record, Resource)
    await sweep_(record)
    assert not gone, "the list is older than the resource"
    await user.delete("TrainingJob", "new")
    proxy.end(stale)
    await sweep_(record)
    assert gone == ["new"]


async def test_a_secret_that_changed_meanwhile_is_not_taken_for_let_go(user: User, client: KubeClient):
    """Its ProviderConfig, once let go, is not there to try again."""
    spec = {"provider": "Qianfan", "qianfan": {}, "credentials": {"secretRef": {"name": "keys"}}}
    await user.create("ProviderConfig", "account", spec=spec)
    data = {"accessKey": "not-a-real-key", "secretKey": "not-a-real-secret"}
    await user.create("Secret", "keys", stringData=data, metadata={"finalizers": [IN_USE_FINALIZER]})
    (body,) = await user.list("ProviderConfig")
    account = decode("ProviderConfig", body)
    assert isinstance(account, Config)
    seen = await find_secret(client, account.secret)
    assert seen
    assert await user.delete("Secret", "keys"), "the finalizer keeps it"
    with pytest.raises(KubeError) as conflict:
        await protect_secret(client, seen, needed=False)
    assert conflict.value.status == 409
    now = await find_secret(client, account.secret)
    assert now
    await protect_secret(client, now, needed=False)
    assert await user.list("Secret") == []


async def streams(proxy: Proxy, *, other_than: frozenset[object]) -> frozenset[object]:
    """The watches that are open, once all are and none is one of those."""
    while len(proxy.streams) < STREAMS or proxy.streams & other_than:  # noqa: ASYNC110 (another thread decides)
        await asyncio.sleep(0.02)
    return frozenset(proxy.streams)


async def until(fact: Callable[[], object]) -> None:
    while not fact():  # noqa: ASYNC110 (another thread decides)
        await asyncio.sleep(0.02)
