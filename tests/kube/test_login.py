"""A login that cannot be had says where it was looked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kubernetes.aio.config import ConfigException

from trainsweep.kube.login import Login


async def test_a_kubeconfig_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigException, match=r"/missing\.yaml: "):
        await Login(str(tmp_path / "missing.yaml")).configuration()


async def test_neither_a_kubeconfig_nor_a_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("KUBE")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(ConfigException, match=r"neither a kubeconfig .* nor a pod's service account"):
        await Login().configuration()
