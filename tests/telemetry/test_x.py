from ..e2e.world import *
from .served import Served
async def test_x(quiet_world):
    world = quiet_world
    operator = await Served.start(world)
    await world.resource("TrainingJob", "deleted", jobID="155501")
    await world.reaches("TrainingJob", "deleted", "Available")
    await world.delete("TrainingJob", "deleted")
    for _ in range(5):
        await asyncio.sleep(1.5)
        print(world.api_writes())
        print(await operator.total("trainsweep_api_requests_total", verb="patch"))
        print([l for l in (await operator.ask("/metrics")).text.splitlines() if "api_requests" in l and "patch" in l])
