"""Simulators for clients that block: served from a thread with a loop of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from trainsweep_devtools.simulators.loading import load_scenario
from trainsweep_devtools.simulators.modelarts import ModelArtsScenario, ModelArtsSimulator
from trainsweep_devtools.simulators.qianfan import QianfanScenario, QianfanSimulator
from trainsweep_devtools.simulators.server import serve
from trainsweep_devtools.simulators.simulator import Simulator


@contextmanager
def served(simulator: Simulator) -> Iterator[str]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    serving = serve(simulator)
    try:
        yield asyncio.run_coroutine_threadsafe(serving.__aenter__(), loop).result(30)
    finally:
        asyncio.run_coroutine_threadsafe(serving.__aexit__(None, None, None), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def modelarts() -> Iterator[tuple[ModelArtsSimulator, str]]:
    """A simulator in which stops and deletes are done with the next read, and its URL."""
    scenario = load_scenario(ModelArtsScenario)
    scenario.timing.stopping = scenario.timing.deleting = 0
    simulator = ModelArtsSimulator(scenario)
    with served(simulator) as url:
        yield simulator, url


@pytest.fixture
def qianfan() -> Iterator[tuple[QianfanSimulator, str]]:
    """A simulator in which stops are done with the next read, and its URL."""
    scenario = load_scenario(QianfanScenario)
    scenario.timing.stopping = 0
    simulator = QianfanSimulator(scenario)
    with served(simulator) as url:
        yield simulator, url
