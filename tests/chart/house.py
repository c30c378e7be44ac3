"""A full house: a resource of each kind on an account of its namespace, and one on the account of the cluster."""

from __future__ import annotations

import asyncio
from typing import Any

from ..e2e.world import HUAWEI, World, until

CLUSTER_ACCOUNT = "shared"
#: Name to (kind, spec). The remote things are those of the simulators' demo.
RESOURCES: dict[str, tuple[str, dict[str, Any]]] = {
    "a-job": ("TrainingJob", {"jobID": "155500"}),
    "a-version": ("TrainingJobVersion", {"jobID": "155502", "versionName": "V0001"}),
    "a-config": ("TrainingJobConfig", {"configName": "my_job_config"}),
    "a-task": ("FineTuningTask", {"taskID": "task-r1unn1ng0001"}),
    "a-tuning": ("FineTuningJob", {"jobName": "support-answers", "cascade": True}),
}
SHARED: dict[str, tuple[str, dict[str, Any]]] = {
    "a-shared-job": (
        "TrainingJob",
        {"jobID": "155501", "providerConfigRef": {"kind": "ClusterProviderConfig", "name": CLUSTER_ACCOUNT}},
    )
}
#: Of the same kinds, with ids that nothing has.
NOTHING: dict[str, dict[str, Any]] = {
    "TrainingJob": {"jobID": "999"},
    "TrainingJobVersion": {"jobID": "999", "versionID": "1"},
    "TrainingJobConfig": {"configName": "no_such_config"},
    "FineTuningTask": {"taskID": "task-n0th1ng00001"},
    "FineTuningJob": {"jobID": "job-n0th1ng00001"},
}


async def fill(world: World, *, shared: bool) -> dict[str, str]:
    """Apply everything and wait until it is ready; the answer is kind by name. `shared`: the cluster's account too."""
    resources = RESOURCES | (SHARED if shared else {})
    if shared:
        account = (await world.api.get("ProviderConfig", HUAWEI) or {})["spec"]
        reference = account["credentials"]["secretRef"] | {"namespace": world.namespace}
        spec = account | {
            "credentials": {"secretRef": reference},
            "allowedNamespaces": {"names": [world.namespace]},
        }
        await world.api.apply("ClusterProviderConfig", CLUSTER_ACCOUNT, spec=spec)
    for name, (kind, spec) in resources.items():
        await world.resource(kind, name, **spec)
    for name, (kind, _) in resources.items():
        await world.reaches(kind, name, "Available")
    for kind, name in (("ProviderConfig", HUAWEI), ("ProviderConfig", "baidu"), ("Secret", HUAWEI)):
        await until(lambda kind=kind, name=name: finalizers(world, kind, name), f"{kind} {name} is protected")
    if shared:
        await until(
            lambda: finalizers(world, "ClusterProviderConfig", CLUSTER_ACCOUNT), "the shared account is protected"
        )
    return {name: kind for name, (kind, _) in resources.items()}


async def finalizers(world: World, kind: str, name: str) -> list[str]:
    body = await world.api.get(kind, name)
    return (body or {"metadata": {}})["metadata"].get("finalizers", [])


async def jostle(world: World, kind: str, name: str, asked: Any) -> None:
    """Change a resource under the operator's hands, again and again, until `asked()`."""
    for attempt in range(40):
        about = f"{name}-{attempt}"
        await world.resource(kind, about, **NOTHING[kind])

        async def nudge(part: int, about: str = about) -> None:
            for turn in range(12):
                await world.api.patch(kind, about, {"metadata": {"labels": {f"nudge-{part}": str(turn)}}})

        await asyncio.gather(*(nudge(part) for part in range(3)))
        await world.delete(kind, about)
        if asked():
            return
    raise AssertionError(f"the operator never read a {kind} again")
