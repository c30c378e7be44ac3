"""The simulator satisfies OpenAI's own client, unmodified."""

import openai
import pytest
from aiohttp.test_utils import TestServer

from trainsweep_openai.simulator import KEY, Simulator


@pytest.fixture
async def simulated():
    simulator = Simulator()
    async with TestServer(simulator.app()) as server:
        client = openai.AsyncOpenAI(api_key=KEY, base_url=str(server.make_url("/v1")), max_retries=0)
        yield simulator, client
        await client.close()


async def test_it_lists_over_all_pages_the_newest_first(simulated):
    simulator, client = simulated
    found = [job.id async for job in client.fine_tuning.jobs.list(limit=2)]
    assert found == [*reversed(simulator.jobs)]


async def test_it_retrieves_and_cancels(simulated):
    simulator, client = simulated
    assert (await client.fine_tuning.jobs.retrieve("ftjob-demo0002")).status == "running"
    assert (await client.fine_tuning.jobs.cancel("ftjob-demo0002")).status == "cancelled"
    assert simulator.cancelled == ["ftjob-demo0002"]


async def test_its_refusals_are_those_that_the_client_knows(simulated):
    simulator, client = simulated
    with pytest.raises(openai.NotFoundError, match="Could not find"):
        await client.fine_tuning.jobs.retrieve("ftjob-nobody")
    with pytest.raises(openai.BadRequestError, match="already succeeded"):
        await client.fine_tuning.jobs.cancel("ftjob-demo0001")
    simulator.key = "another"
    with pytest.raises(openai.AuthenticationError):
        await client.fine_tuning.jobs.retrieve("ftjob-demo0002")
