"""Connections: names are resolved without holding up others, and lead to no address inside of the cluster."""

import asyncio
import ipaddress
import socket
import threading
from datetime import UTC, datetime

import httpcore
import httpx
import pytest

from trainsweep.core.errors import NotSent
from trainsweep.core.external import Target, Thing
from trainsweep.providers.connections import Backend, DirectTransport, UnknownHost, connections
from trainsweep.providers.credentials import AccessKey
from trainsweep.providers.endpoints import Endpoints
from trainsweep.providers.http import Held
from trainsweep.providers.pacing import paced
from trainsweep.providers.qianfan.provider import QianfanProvider
from trainsweep.providers.qianfan.settings import QianfanSettings
from trainsweep.providers.resolver import HostNotFound, Resolver, look_up
from trainsweep.providers.trust_store import TrustStores

NOW = datetime(2026, 1, 31, 8, 0, 0, tzinfo=UTC)
NOWHERE = ipaddress.ip_address("192.0.2.1")


@pytest.fixture
async def service():
    """The port of a server on 127.0.0.1 that answers every request with 204."""

    async def serve(reader, writer):
        while await reader.read(65536):
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
def silence():
    """Set at the end of a test, so that look-ups that hang come to an end."""
    over = threading.Event()
    yield over
    over.set()


def names(table, silence=None):
    """A resolver that knows a table of names; one that leads to None is never answered."""

    def lookup(host):
        if host not in table:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if table[host] is None:
            silence.wait()
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return table[host]

    return Resolver(lookup)


def client(resolver, endpoints=None, most=1):
    backend = Backend(resolver, (endpoints or Endpoints(http=True)).admits_address)
    return httpx.AsyncClient(transport=DirectTransport(most, backend), timeout=httpx.Timeout(5.0))


async def test_a_name_is_resolved_and_its_host_is_asked(service):
    async with client(names({"provider.example": ["127.0.0.1"]})) as http:
        answer = await http.get(f"http://provider.example:{service}/")
    assert answer.status_code == 204


async def test_forty_names_that_hang_hold_up_no_other(service, silence):
    table = {f"hangs-{number}.example": None for number in range(40)} | {"good.example": ["127.0.0.1"]}
    resolver = names(table, silence)
    hanging = [asyncio.create_task(resolver.addresses(host)) for host in table if host != "good.example"]
    async with client(resolver) as http:
        assert (await http.get(f"http://good.example:{service}/")).status_code == 204
    assert not any(task.done() for task in hanging)
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)


async def test_a_name_is_looked_up_once_for_all_who_ask():
    asked, go, loop, begun = [], threading.Event(), asyncio.get_running_loop(), asyncio.Event()

    def lookup(host):
        asked.append(host)
        loop.call_soon_threadsafe(begun.set)
        go.wait(5)
        return ["192.0.2.1"]

    resolver = Resolver(lookup)
    callers = [asyncio.create_task(resolver.addresses("provider.example")) for _ in range(10)]
    await begun.wait()
    go.set()
    assert await asyncio.gather(*callers) == [[NOWHERE]] * 10
    assert asked == ["provider.example"]


async def test_a_caller_that_gives_up_leaves_the_look_up_to_the_others(silence):
    resolver = names({"hangs.example": None}, silence)
    patient = asyncio.create_task(resolver.addresses("hangs.example"))
    impatient = asyncio.create_task(resolver.addresses("hangs.example"))
    await asyncio.sleep(0)
    impatient.cancel()
    silence.set()
    with pytest.raises(OSError, match="Temporary failure"):
        await patient


async def test_no_more_names_than_the_limit_are_looked_up_at_once(silence, monkeypatch):
    monkeypatch.setattr("trainsweep.providers.resolver.MOST_LOOKUPS", 2)
    resolver = names({"a.example": None, "b.example": None, "c.example": ["192.0.2.1"]}, silence)
    hanging = [asyncio.create_task(resolver.addresses(host)) for host in ("a.example", "b.example")]
    await asyncio.sleep(0)
    with pytest.raises(OSError, match="too many"):
        await resolver.addresses("c.example")
    silence.set()
    await asyncio.gather(*hanging, return_exceptions=True)
    assert await resolver.addresses("c.example") == [NOWHERE]


async def test_an_address_needs_no_look_up():
    resolver = names({})
    assert await resolver.addresses("192.0.2.1") == [NOWHERE]
    assert await resolver.addresses("::1") == [ipaddress.ip_address("::1")]


async def test_a_name_that_does_not_exist_is_told_apart_from_a_name_server_that_does_not_answer(silence):
    resolver = names({"hangs.example": None}, silence)
    silence.set()
    with pytest.raises(HostNotFound):
        await resolver.addresses("unheard-of.example")
    with pytest.raises(OSError, match="Temporary") as caught:
        await resolver.addresses("hangs.example")
    assert not isinstance(caught.value, HostNotFound)
    async with client(resolver) as http:
        with pytest.raises(UnknownHost, match=r"unheard-of\.example was not found; check the region or the endpoint"):
            await http.get("http://unheard-of.example/")
        with pytest.raises(httpx.ConnectError):
            await http.get("http://hangs.example/")


def test_the_system_knows_this_machine():
    assert "127.0.0.1" in look_up("localhost") or "::1" in look_up("localhost")


async def test_an_address_that_does_not_answer_leaves_time_for_the_next(service):
    class Refusing(httpcore.AnyIOBackend):
        async def connect_tcp(self, host, *rest):
            if host == str(NOWHERE):
                raise httpcore.ConnectTimeout
            return await super().connect_tcp(host, *rest)

    backend = Backend(names({"provider.example": [str(NOWHERE), "127.0.0.1"]}), Endpoints(http=True).admits_address)
    backend._inner = Refusing()
    async with httpx.AsyncClient(transport=DirectTransport(1, backend)) as http:
        assert (await http.get(f"http://provider.example:{service}/")).status_code == 204


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "100.100.100.200"])
async def test_no_name_leads_inside(address, service):
    async with client(names({"provider.example": [address]}), Endpoints()) as http:
        with pytest.raises(Held, match="inside of the machine or the cluster"):
            await http.get(f"http://provider.example:{service}/")


async def test_this_machine_may_be_reached_where_the_settings_say_so(service):
    inside = names({"sim.example": ["127.0.0.1"]})
    for endpoints in (Endpoints(http=True), Endpoints(hosts=("sim.example",))):
        async with client(inside, endpoints) as http:
            assert (await http.get(f"http://sim.example:{service}/")).status_code == 204
    metadata = names({"evil.example": ["169.254.169.254"]})
    async with client(metadata, Endpoints(http=True)) as http:
        with pytest.raises(Held):
            await http.get("http://evil.example/")


@pytest.fixture
def stores(tmp_path):
    (tmp_path / "empty.pem").touch()
    (tmp_path / "nonsense.pem").write_text("-----BEGIN CERTIFICATE-----\nnope\n-----END CERTIFICATE-----\n")
    return tmp_path


@pytest.mark.parametrize("name", ["missing.pem", "empty.pem", "nonsense.pem", "."])
def test_a_trust_store_without_certificates_is_told_by_its_name(stores, name):
    path = str(stores / name) if name != "." else str(stores)
    with pytest.raises(Held, match="SSL_CERT_FILE of the operator names") as caught:
        TrustStores({"SSL_CERT_FILE": path}).context()
    assert path in str(caught.value)


def test_a_folder_of_certificates_that_does_not_exist_is_told_by_its_name(stores):
    with pytest.raises(Held, match="SSL_CERT_DIR of the operator names"):
        TrustStores({"SSL_CERT_DIR": str(stores / "missing")}).context()
    assert TrustStores({"SSL_CERT_DIR": str(stores)}).context()


def test_all_accounts_share_one_context_until_the_store_is_another(stores):
    environ = {}
    trust = TrustStores(environ)
    first = trust.context()
    assert trust.context() is first
    environ["SSL_CERT_DIR"] = str(stores)
    assert trust.context() is not first


async def test_an_account_opens_no_context_before_its_first_call(monkeypatch, stores):
    monkeypatch.setenv("SSL_CERT_FILE", str(stores / "missing.pem"))
    async with httpx.AsyncClient(transport=connections(None, 1, Endpoints())) as http:
        with pytest.raises(Held, match="SSL_CERT_FILE"):
            await http.get("https://provider.example/")


async def test_a_broken_trust_store_says_so_for_reads_and_writes_and_looks_like_nothing_else(monkeypatch, stores):
    class Pace:
        async def turn(self): ...

        def check(self): ...

    monkeypatch.setenv("SSL_CERT_FILE", str(stores / "empty.pem"))
    transport = paced(Pace(), 1, Endpoints())
    provider = QianfanProvider(QianfanSettings(), AccessKey("ak", "secret"), transport=transport, now=lambda: NOW)
    task = Target(Thing.TUNING_TASK, "task-1")
    for call in (provider.probe(), provider.read(task), provider.delete(task)):
        with pytest.raises(NotSent, match=r"SSL_CERT_FILE of the operator names .*empty\.pem"):
            await call
    await provider.aclose()
