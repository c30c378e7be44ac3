"""What follows from a change of a namespace, whoever of those that read it is the first to see it."""

import asyncio

from trainsweep.cluster.cache import Cache
from trainsweep.cluster.namespace_monitor import NamespaceMonitor
from trainsweep.core.external import Thing
from trainsweep.kube import paths
from trainsweep.kube.cluster_reads import Namespace

from .test_store import a_record
from .virtual_time import virtual_time
from .world import NAMESPACE, World


@virtual_time
async def test_all_in_a_namespace_hear_of_a_change_that_any_of_them_has_read():
    store, woken, states = Cache(), [], [Namespace(), Namespace(), Namespace(policy="Orphan")]
    record = a_record()
    store.put(record)
    store.put(a_record("elsewhere", namespace="team-b"))

    async def read(_name: str) -> Namespace:
        return states.pop(0)

    monitor = NamespaceMonitor(read, store, wake=woken.append)
    for _ in range(2):
        await monitor.get(record.key.namespace, asyncio.get_running_loop().time())
        await asyncio.sleep(1)
    assert woken == []
    await monitor.get(record.key.namespace, asyncio.get_running_loop().time())
    assert woken == [record.key]


def test_a_label_that_lets_a_namespace_in_is_noticed_though_another_resource_has_read_it_first(world: World):
    shared = {"kind": "ClusterProviderConfig", "name": "shared"}
    allowed = {"allowedNamespaces": {"selector": {"matchLabels": {"tenant": "yes"}}}}
    secret = {"credentials": {"secretRef": {"name": "keys", "namespace": NAMESPACE}}}
    world.api.create("ClusterProviderConfig", "", "shared", {"provider": "Qianfan", "qianfan": {}, **secret, **allowed})
    for number in range(9):  # each has its turn, so that none comes soon
        name = f"team-{number}"
        world.api.objects[paths.namespace(name)] = {"metadata": {"name": name}}
        spec = {"taskID": f"task-{number}", "providerConfigRef": shared}
        world.api.create("FineTuningTask", name, "run", spec)
    world.run(35)
    for task in ("task-a1", "task-a2"):
        world.remotes.add(Thing.TUNING_TASK, task)
    world.declare("first", taskID="task-a1", providerConfigRef=shared)
    world.run(5)
    assert world.ready("first") == ("False", "NamespaceNotAllowed")
    world.api.objects[paths.namespace(NAMESPACE)] = {"metadata": {"name": NAMESPACE, "labels": {"tenant": "yes"}}}
    world.run(31)
    world.declare("second", taskID="task-a2", providerConfigRef=shared)
    world.run(30)
    assert world.ready("first") == world.ready("second") == ("True", "Available")
