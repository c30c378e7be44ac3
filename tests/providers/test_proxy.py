"""Requests go through the proxy of the environment, are checked there too, and reach this machine without one."""

import asyncio
import ssl
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from trainsweep.core.errors import NotSent
from trainsweep.providers.endpoints import Endpoints
from trainsweep.providers.http import Held, send
from trainsweep.providers.pacing import paced
from trainsweep.providers.proxy import is_excepted, proxy_for

HOST = "provider.example"


class Passed(Exception):
    """It must not go out any more."""


class Pace:
    """From the `until`th check on the moment has passed."""

    def __init__(self, until=100):
        self.checks = 0
        self._until = until

    async def turn(self):
        pass

    def check(self):
        self.checks += 1
        if self.checks > self._until:
            raise Passed


class Proxy:
    """Opens a tunnel to one service, wherever it is asked to, and keeps what it was asked."""

    def __init__(self, port):
        self.asked = []
        self._port = port

    async def __call__(self, reader, writer):
        self.asked.append((await reader.readuntil(b"\r\n\r\n")).partition(b" HTTP")[0].decode())
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        await asyncio.gather(pipe(reader, far_writer), pipe(far_reader, writer))


async def pipe(reader, writer):
    with suppress(ConnectionError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
    await closed(writer)


async def closed(writer):
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


class Service:
    """Answers every request with 204 and keeps what it was sent."""

    def __init__(self):
        self.received = b""

    async def __call__(self, reader, writer):
        while chunk := await reader.read(65536):
            self.received += chunk
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")


@asynccontextmanager
async def served(handler, trust=None):
    """The port. At the end, what is still open is over first."""
    at_work = set()

    async def serve(reader, writer):
        at_work.add(asyncio.current_task())
        with suppress(ConnectionError):
            await handler(reader, writer)
        await closed(writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=trust)
    async with server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.wait_for(asyncio.gather(*at_work), 10)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """The path of a key and a certificate for `HOST` that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "service.pem"
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, *form) + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
async def proxy(certificate, environment):
    """A proxy in front of a TLS service, and named by HTTPS_PROXY."""
    trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trust.load_cert_chain(certificate)
    service = Service()
    async with served(service, trust) as port:
        proxy = Proxy(port)
        proxy.service = service
        async with served(proxy) as proxy_port:
            environment(HTTPS_PROXY=f"http://127.0.0.1:{proxy_port}", SSL_CERT_FILE=str(certificate))
            yield proxy


@pytest.fixture
def environment(monkeypatch):
    """Sets the variables that say how to reach a host; no others are left."""

    def put(**variables):
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
            for spelling in (name, name.lower()):
                monkeypatch.delenv(spelling, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return put


async def test_a_request_goes_through_the_proxy_and_is_checked_before_each_first_byte(proxy):
    pace = Pace()
    async with httpx.AsyncClient(transport=paced(pace, 1, Endpoints())) as client:
        answer = await client.delete(f"https://{HOST}/v1/jobs/1")
    assert answer.status_code == 204
    assert proxy.asked == [f"CONNECT {HOST}:443"]
    assert proxy.service.received.startswith(b"DELETE /v1/jobs/1")
    assert pace.checks == 2, "before the tunnel is asked for, and before the request enters it"


async def test_nothing_enters_a_tunnel_that_stands_too_late(proxy):
    async with httpx.AsyncClient(transport=paced(Pace(until=1), 1, Endpoints())) as client:
        with pytest.raises(Passed):
            await client.delete(f"https://{HOST}/v1/jobs/1")
    assert proxy.asked == [f"CONNECT {HOST}:443"]
    assert proxy.service.received == b""


@pytest.mark.parametrize("write", [False, True])
async def test_a_tunnel_that_the_proxy_refuses_carried_nothing(environment, write):
    async def refuse(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")

    async with served(refuse) as port:
        environment(HTTPS_PROXY=f"http://127.0.0.1:{port}")
        async with httpx.AsyncClient(transport=paced(Pace(), 1, Endpoints())) as client:
            with pytest.raises(NotSent, match=r"the proxy refused to pass it on .403 Forbidden"):
                await send(client, client.build_request("DELETE", f"https://{HOST}/v1/jobs/1"), write=write)


@pytest.mark.parametrize("write", [False, True])
async def test_a_proxy_that_stays_silent_leaves_no_doubt_about_a_write(environment, write):
    async def hang_up(reader, writer):
        await reader.readuntil(b"\r\n\r\n")

    async with served(hang_up) as port:
        environment(HTTPS_PROXY=f"http://127.0.0.1:{port}")
        async with httpx.AsyncClient(transport=paced(Pace(), 1, Endpoints())) as client:
            with pytest.raises(NotSent):
                await send(client, client.build_request("DELETE", f"https://{HOST}/v1/jobs/1"), write=write)


async def test_a_proxy_that_cannot_be_used_is_told_without_its_password(environment):
    environment(HTTPS_PROXY="socks5://me:secret@proxy.example:1080")
    async with httpx.AsyncClient(transport=paced(Pace(), 1, Endpoints())) as client:
        with pytest.raises(Held, match="HTTPS_PROXY") as refusal:
            await client.get(f"https://{HOST}/")
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("https://modelarts.cn-north-4.myhuaweicloud.com/v1", "http://proxy.example:3128"),
        ("http://provider.example/", None),
        ("https://qianfan.baidubce.com/v2", None),
        ("https://10.0.0.1:8443/", None),
        ("https://127.0.0.1:8443/", None),
        ("https://[::1]:8443/", None),
        ("https://localhost/", None),
    ],
)
def test_the_way_depends_on_scheme_and_host(environment, url, proxy):
    environment(HTTPS_PROXY="proxy.example:3128", NO_PROXY=".baidubce.com,10.0.0.1")
    assert proxy_for(httpx.URL(url)) == proxy


@pytest.mark.parametrize(
    ("exceptions", "host", "excepted"),
    [
        ("*", "provider.example", True),
        ("provider.example", "provider.example", True),
        ("provider.example", "a.provider.example", True),
        ("provider.example", "otherprovider.example", False),
        (".provider.example", "a.provider.example", True),
        (".provider.example", "provider.example", True),
        ("*.provider.example", "a.provider.example", True),
        ("*.provider.example", "a.b.provider.example", True),
        ("*.provider.example", "provider.example.evil", False),
        ("Provider.Example", "provider.EXAMPLE.", True),
        ("a.example, b.example", "b.example", True),
        ("a.example b.example", "b.example", True),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.0.0.7", "10.0.0.7", True),
        ("10.0.0.7", "10.0.0.70", False),
        ("10.0.0.0/8", "a10.example", False),
        ("2001:db8::/32", "2001:db8::1", True),
        ("[2001:db8::1]", "2001:db8::1", True),
        ("2001:db8::/32", "2001:db9::1", False),
        ("provider.example:443", "provider.example", True),
        ("provider.example:8443", "provider.example", False),
        ("10.0.0.7:443", "10.0.0.7", True),
        ("[2001:db8::1]:8443", "2001:db8::1", False),
        ("", "provider.example", False),
        (", ,*.,.", "provider.example", False),
        ("10.0.0.0/99", "10.0.0.1", False),
    ],
)
def test_no_proxy_is_read_as_curl_and_go_read_it(exceptions, host, excepted):
    assert is_excepted(host, 443, exceptions) is excepted


def test_a_network_of_no_proxy_is_reached_straight(environment):
    environment(HTTPS_PROXY="http://proxy.example:3128", NO_PROXY="10.0.0.0/8,*.corp.example")
    for url in ("https://10.9.8.7:8443/", "https://a.corp.example/"):
        assert proxy_for(httpx.URL(url)) is None
    assert proxy_for(httpx.URL("https://provider.example/")) == "http://proxy.example:3128"
