"""The metrics' own port: TLS whose certificate is renewed in place, and tokens."""

from __future__ import annotations

import os
import ssl
import subprocess
from pathlib import Path

import httpx
import pytest

from trainsweep.settings import Settings
from trainsweep.telemetry.certificate import Certificate, CertificateUnusable
from trainsweep.telemetry.metrics import Metrics
from trainsweep.telemetry.metrics_server import serve_metrics

ANYWHERE = "127.0.0.1:0"


def write(directory: Path, name: str) -> Certificate:
    """A certificate for `name`, made by openssl."""
    cert, key = directory / "tls.crt", directory / "tls.key"
    subject = ("-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1")
    command = (
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    )
    subprocess.run([*command, *subject, "-keyout", key, "-out", cert], check=True, capture_output=True, timeout=60)
    return Certificate(cert, key)


async def get(url: str, trusted: Path, **headers: str) -> httpx.Response:
    context = ssl.create_default_context(cafile=str(trusted))
    async with httpx.AsyncClient(verify=context, trust_env=False, timeout=10) as client:
        return await client.get(f"{url}/metrics", headers=headers)


async def test_a_renewed_certificate_is_used_at_once(tmp_path):
    certificate = write(tmp_path, "first")
    async with serve_metrics(ANYWHERE, Metrics(), certificate=certificate) as url:
        assert url.startswith("https://")
        assert (await get(url, certificate.certificate)).status_code == 200
        old = certificate.certificate.read_bytes()
        write(tmp_path, "second")
        assert (await get(url, certificate.certificate)).status_code == 200
        (tmp_path / "old.crt").write_bytes(old)
        with pytest.raises(httpx.ConnectError):
            await get(url, tmp_path / "old.crt")


async def test_a_certificate_that_cannot_be_read_again_leaves_the_former_one(tmp_path):
    certificate = write(tmp_path, "first")
    trusted = tmp_path / "trusted.crt"
    trusted.write_bytes(certificate.certificate.read_bytes())
    async with serve_metrics(ANYWHERE, Metrics(), certificate=certificate) as url:
        certificate.certificate.write_text("half a file")
        os.utime(certificate.certificate, ns=(1, 1))
        assert (await get(url, trusted)).status_code == 200
        certificate.certificate.unlink()
        assert (await get(url, trusted)).status_code == 200


def test_a_missing_certificate_is_told_by_name(tmp_path):
    with pytest.raises(CertificateUnusable, match=r"--metrics-tls-cert .*absent.crt"):
        Certificate(tmp_path / "absent.crt", tmp_path / "absent.key")


@pytest.mark.parametrize(
    ("authorization", "status"),
    [("Bearer good", 200), ("bearer  good", 200), ("Bearer bad", 403), ("Basic good", 401), ("", 401)],
)
async def test_a_token_decides(authorization, status):
    async def admit(token: str) -> int:
        return {"good": 200, "": 401}.get(token, 403)

    async with (
        serve_metrics(ANYWHERE, Metrics(), admit=admit) as url,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        headers = {"Authorization": authorization} if authorization else {}
        answer = await client.get(f"{url}/metrics", headers=headers)
        assert answer.status_code == status
        assert ("process_" in answer.text) == (status == 200)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"metrics_tls_cert": Path("a"), "metrics_address": ":1"}, "belong together"),
        ({"metrics_tls_cert": Path("a"), "metrics_tls_key": Path("b")}, "give the address too"),
        ({"metrics_authentication": True, "metrics_address": ":1"}, "must not travel in the clear"),
    ],
)
def test_settings_that_do_not_fit_each_other_are_refused(given, said):
    with pytest.raises(ValueError, match=said):
        Settings(**given)
