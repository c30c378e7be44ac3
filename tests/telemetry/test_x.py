import httpx, re, json
from ..e2e.world import World, until
async def test_x(quiet_world: World):
    world = quiet_world
    op = await world.start_process("--http-address", "127.0.0.1:0", "--log-level", "debug")
    url = await until(lambda: re.search(r'"url": "([^"]+)"', op.log.read_text()))
    base = url.group(1)
    await world.resource("TrainingJob", "mnist", jobID="155501")
    await world.resource("TrainingJob", "gone", jobName="llama-lora", desiredState="Absent")
    await world.reaches("TrainingJob", "mnist", "Available")
    await world.reaches("TrainingJob", "gone", "Absent")
    await world.delete("TrainingJob", "mnist")
    async with httpx.AsyncClient() as c:
        for p in ("livez","readyz?verbose","livez?verbose", "readyz", "metrics"):
            r = await c.get(f"{base}/{p}"); print(r.status_code, r.text)
    print(await op.stop())
    print(op.log.read_text())
