"""`python -m benchmarks.accounts [NUMBER]`: what ProviderConfigs cost in memory, and how long they block the loop.

Each one is opened as the operator does it, and its credentials are checked over TLS by a server in a process of its
own. Less than a minute with 2,000. Read from /proc: Linux only.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import ssl
import subprocess
import sys
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from trainsweep.accounts.account import Account
from trainsweep.accounts.ceilings import UNLIMITED
from trainsweep.api.provider_config import ProviderConfigSpec
from trainsweep.core.errors import ProviderError
from trainsweep.providers.credentials import AccessKey
from trainsweep.providers.pacing import paced
from trainsweep.providers.registry import Endpoints, open_provider

NUMBER = 2000
#: So many accounts are looked after at the same time, as in the operator.
WORKERS = 8
ANSWER = b'{"requestId": "r-1", "result": {"jobList": [], "hasMore": false, "marker": ""}}'


def main() -> int:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else NUMBER
    with tempfile.TemporaryDirectory() as directory:
        cert, key = Path(directory) / "tls.crt", Path(directory) / "tls.key"
        made_from = (
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=here",
        )
        names = ("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert)
        subprocess.run(["openssl", "req", "-x509", *made_from, *names], check=True, capture_output=True)  # noqa: S607
        os.environ["SSL_CERT_FILE"] = str(cert)
        ours, theirs = multiprocessing.Pipe()
        server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, cert, key), daemon=True)
        server.start()
        asyncio.run(measure(number, ours.recv()))
        server.terminate()
    return 0


def serve(told: Connection, cert: Path, key: Path) -> None:
    """A provider that knows no task."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):  # the other side has ended it
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
                size = next((line for line in head if line.startswith(b"content-length")), b": 0")
                await reader.readexactly(int(size.partition(b":")[2]))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER))
                await writer.drain()
        writer.close()

    async def forever() -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(cert, key)
        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context, backlog=1000)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(forever())


async def measure(number: int, port: int) -> None:
    before, lag = resident(), Lag()
    watching = asyncio.create_task(lag.watch())
    names, opened, failed = iter(range(number)), [], 0
    clock = asyncio.get_running_loop().time
    begun = clock()

    async def work() -> None:
        nonlocal failed
        for name in names:
            account = await open_account(name, port)
            opened.append(account)
            try:
                await account.probe()
            except ProviderError as error:
                failed += 1
                if failed == 1:
                    print(f"refused: {error}")

    await asyncio.gather(*(work() for _ in range(WORKERS)))
    took, used = clock() - begun, resident() - before
    watching.cancel()
    print(f"{number:,} ProviderConfigs: {used / 2**20:.0f} MiB more than without, {used / number / 1024:.0f} KiB each")
    print(f"opened and checked in {took:.1f} s, {failed} refused; longest turn of the loop {lag.longest * 1000:.0f} ms")
    print(f"resident now {resident() / 2**20:.0f} MiB; the limit of the chart is 512 MiB")
    for account in opened:
        await account.aclose()


async def open_account(number: int, port: int) -> Account:
    spec = ProviderConfigSpec.model_validate(
        {
            "provider": "Qianfan",
            "qianfan": {"endpoint": f"https://127.0.0.1:{port}"},
            "credentials": {"secretRef": {"name": f"keys-{number}"}},
        }
    )
    here = Endpoints(http=True)
    account = Account(spec, now=now, wake=lambda _: None, troubled=lambda: None)
    transport = paced(account.gate, UNLIMITED.in_flight(spec), here)
    keys = AccessKey(access_key=f"ALTAK{number:08}", secret_key=f"secret-{number:024}")
    provider = open_provider(spec, keys, endpoints=here, transport=transport, now=now)
    await account.use(provider, keys, transport.clock)
    return account


class Lag:
    """The longest time in which the loop did nothing else."""

    longest = 0.0

    async def watch(self) -> None:
        clock = asyncio.get_running_loop().time
        last = clock()
        while True:
            await asyncio.sleep(0)
            self.longest, last = max(self.longest, clock() - last), clock()


def resident() -> int:
    """Bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    sys.exit(main())
