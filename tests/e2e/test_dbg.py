import json, pytest, logging
from .world import *
pytestmark = pytest.mark.apiserver
KIND="TrainingJobVersion"
async def test_b(quiet_world):
    world=quiet_world
    world.modelarts.faults.add(match={"operation": "ListVersions"}, hang="before")
    await world.resource(KIND, "it", jobID="155501", versionID="2")
    first = await world.start_process("--log-level","debug")
    async def held() -> bool:
        return "trainsweep.dev/cleanup" in (await world.api.get(KIND, "it"))["metadata"].get("finalizers", ())
    await until(held, "the finalizer is stored")
    await first.kill()
    await world.api.delete(KIND, "it")
    await world.start_process("--log-level","debug")
    try: await world.gone(KIND,"it",timeout=14)
    except AssertionError: print("NOT GONE")
    print("\n".join(l[:400] for l in first.log.read_text().splitlines() if "kopf" not in l))
    for e in world.modelarts.journal.entries: print(e.time, e.operation,e.target,e.status)
