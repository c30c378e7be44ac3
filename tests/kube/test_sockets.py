"""No connection to the API server outlives its client, though the server hangs and does not say goodbye."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import warnings
from collections.abc import Coroutine
from typing import Any

import pytest
from tests.e2e.conftest import install_crds

from trainsweep.cluster.informer import Informer
from trainsweep.kube import paths
from trainsweep.kube.client import KubeClient
from trainsweep.kube.login import Login
from trainsweep_devtools.devcluster import Component, ControlPlane

pytestmark = pytest.mark.apiserver


def test_requests_that_were_cut_off_leave_no_connection_behind(control_plane: ControlPlane):
    async def ask_and_give_up() -> None:
        client = KubeClient(await Login(str(control_plane.kubeconfig)).configuration())
        await hang(control_plane, client)
        await client.aclose()

    assert left_behind(control_plane, ask_and_give_up()) == []


def test_a_watch_leaves_no_connection_behind(control_plane: ControlPlane):
    async def watch_and_stop() -> None:
        login = Login(str(control_plane.kubeconfig))
        watch = Informer(login, lambda *_: None, listing=lambda: None)
        watch.start()
        async with asyncio.timeout(60):
            while not (watch.state and watch.state.up):  # noqa: ASYNC110 (another thread decides)
                await asyncio.sleep(0.02)
        client = KubeClient(await login.configuration())
        await hang(control_plane, client)
        await asyncio.to_thread(watch.stop)
        await client.aclose()

    install_crds(control_plane)
    assert left_behind(control_plane, watch_and_stop()) == []


async def hang(plane: ControlPlane, client: KubeClient) -> None:
    """Let the server hang; return once it does, as a request that was cut off shows."""
    await client.get(paths.namespace("default"))
    plane.pause(Component.API_SERVER)
    with contextlib.suppress(TimeoutError):
        while True:
            async with asyncio.timeout(0.5):
                await client.get(paths.namespace("default"))


def left_behind(plane: ControlPlane, work: Coroutine[Any, Any, None]) -> list[str]:
    """What the garbage collector has to say after the loop's end. The work leaves the server hanging."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", ResourceWarning)
        try:
            asyncio.run(work)
            gc.collect()
        finally:
            plane.resume(Component.API_SERVER)
    return [str(one.message) for one in said]
