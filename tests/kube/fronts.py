"""What stands between a client and the API server in a company: a TLS front of another name, and a proxy."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

#: The only name in the certificate of the front.
NAME = "api.company.example"


@dataclass(frozen=True)
class Identity:
    """A certificate and its key, in PEM."""

    certificate: bytes
    key: bytes

    def write(self, directory: Path, name: str) -> tuple[Path, Path]:
        files = directory / f"{name}.crt", directory / f"{name}.key"
        for file, content in zip(files, (self.certificate, self.key), strict=True):
            file.write_bytes(content)
        return files


class Authority:
    """A certificate authority of a test."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority")])
        self.certificate = _pem(self._sign(self._name, self._key, ca=True))

    def issue(self, name: str, *, ends: datetime | None = None) -> Identity:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._sign(subject, key, ca=False, ends=ends)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return Identity(_pem(certificate), private)

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, ca: bool, ends: datetime | None = None
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        name = str(subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value).replace(" ", "-")
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=ca,
            crl_sign=ca,
            encipher_only=False,
            decipher_only=False,
        )
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(ends or now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


@dataclass
class Front:
    """`url` is where it listens; `met` are the names in the clients' certificates, or what was asked of a proxy."""

    url: str = ""
    met: list[str] = field(default_factory=list)


@asynccontextmanager
async def tls_front(server: str, authority: Authority, directory: Path) -> AsyncIterator[Front]:
    """Ends TLS under the name NAME, asks for a certificate of the authority, and passes the bytes on."""
    front = Front()
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust.load_cert_chain(*authority.issue(NAME).write(directory, "front"))
    trust.load_verify_locations(cadata=authority.certificate.decode())
    trust.verify_mode = ssl.CERT_OPTIONAL
    upstream = ssl.create_default_context()
    upstream.check_hostname, upstream.verify_mode = False, ssl.CERT_NONE

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peercert") or {}
        front.met += [value for part in peer.get("subject", ()) for name, value in part if name == "commonName"]
        where = urlsplit(server)
        await _join(reader, writer, *await asyncio.open_connection(where.hostname, where.port, ssl=upstream))

    async with _listening(serve, trust) as port:
        front.url = f"https://127.0.0.1:{port}"
        yield front


@asynccontextmanager
async def connect_proxy() -> AsyncIterator[Front]:
    """A proxy that makes tunnels, wherever to."""
    front = Front()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, target, _ = head.split(" ", 2)
        front.met.append(f"{method} {target}")
        host, _, port = target.rpartition(":")
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await _join(reader, writer, *await asyncio.open_connection(host, int(port)))

    async with _listening(serve, None) as port:
        front.url = f"http://127.0.0.1:{port}"
        yield front


@asynccontextmanager
async def _listening(serve, trust: ssl.SSLContext | None) -> AsyncIterator[int]:
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=trust)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _join(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    far_reader: asyncio.StreamReader,
    far_writer: asyncio.StreamWriter,
) -> None:
    async def pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while part := await source.read(1 << 16):
                sink.write(part)
                await sink.drain()
        sink.close()

    try:
        await asyncio.gather(pass_on(reader, far_writer), pass_on(far_reader, writer))
    finally:
        for end in (writer, far_writer):
            end.close()
