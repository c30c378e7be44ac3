"""How to reach the API server is said by the kubeconfig alone: to the writer as to the watch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from trainsweep.kube.client import KubeClient
from trainsweep.kube.login import Login
from trainsweep_devtools.devcluster import ControlPlane

pytestmark = pytest.mark.apiserver

NAMESPACE = "/api/v1/namespaces/default"


@pytest_asyncio.fixture
async def client(control_plane: ControlPlane) -> AsyncIterator[KubeClient]:
    client = KubeClient(await Login(str(control_plane.kubeconfig)).configuration())
    yield client
    await client.aclose()


async def test_a_login_in_a_netrc_file_does_not_get_in_the_way(
    client: KubeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert (await client.get(NAMESPACE))["metadata"]["name"] == "default"


async def test_a_proxy_of_the_environment_is_not_asked(client: KubeClient, monkeypatch: pytest.MonkeyPatch):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    assert (await client.get(NAMESPACE))["metadata"]["name"] == "default"
