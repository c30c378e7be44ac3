"""The watch by itself, against an API server that fails it."""

from __future__ import annotations

import asyncio
import gc
import random
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from trainsweep.devcluster import ControlPlane
from trainsweep.engine.watch import Watch
from trainsweep.kube.client import Login

from .proxy import ApiFault, Proxy, Trouble
from .upstream import Upstream

pytestmark = pytest.mark.apiserver
#: Kinds with a stream of their own.
STREAMS = 6


@pytest_asyncio.fixture
async def proxy(served_plane: ControlPlane) -> AsyncIterator[Proxy]:
    async with Upstream.open(served_plane.kubeconfig_for("operator")) as upstream:
        proxy = Proxy(upstream, random.Random(0), lambda moment: True)
        async with proxy.serve():
            yield proxy


@pytest.mark.parametrize("trouble", ["sick", "gone", "cut"])
async def test_a_watch_goes_on_after_the_api_server_ended_it(proxy: Proxy, tmp_path: Path, trouble: Trouble):
    login = Login(str(proxy.kubeconfig(tmp_path / "kubeconfig")))
    restarted = threading.Event()
    watch = Watch(login, lambda *event: None, namespaces=("default",), restarted=restarted.set)
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
    assert restarted.is_set() == (trouble == "sick"), "only an error that ends the watch asks for a sweep"
    assert watch.state
    assert not watch.state.alive, "the thread has ended"


async def streams(proxy: Proxy, *, other_than: frozenset[object]) -> frozenset[object]:
    """The watches that are open, once all are and none is one of those."""
    while len(proxy.streams) < STREAMS or proxy.streams & other_than:
        await asyncio.sleep(0.02)
    return frozenset(proxy.streams)
