"""What a sweep of some namespaces does about one that may not be listed, and what the operator makes of it."""

import asyncio
import copy

import pytest

from trainsweep.cluster.decode import decode
from trainsweep.cluster.resync import UNSEEN_EVERY, resync
from trainsweep.controller.manager import Manager, ManagerSettings
from trainsweep.core.resource import Key
from trainsweep.kube import paths
from trainsweep.kube.client import KubeError

from .virtual_time import virtual_time

A, B = "team-a", "team-b"
NAME = {"jobID": "1", "providerConfigRef": {"name": "huawei"}}


class Api:
    """Lists, by namespace, and nothing else; those in `refused` are answered with 403."""

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self.unserved = False
        self.answers: dict[str, dict] = {}
        self.jobs: dict[str, dict] = {}
        for version, namespace in enumerate((A, B), start=1):
            metadata = {"name": "mnist", "namespace": namespace, "uid": f"u-{namespace}", "generation": 1}
            self.jobs[namespace] = {"metadata": metadata | {"resourceVersion": str(version)}, "spec": NAME}

    async def get(self, path: str, *_, **__):
        if path in self.answers:
            return self.answers[path]
        raise KubeError(404, "NotFound", f"there is no {path}")

    merge = get

    async def pages(self, path: str):
        await asyncio.sleep(0)
        if self.unserved:
            raise KubeError(404, "NotFound", "the server could not find the requested resource")
        for namespace, job in self.jobs.items():
            if f"/{namespace}/" in path and namespace in self.refused:
                raise KubeError(403, "Forbidden", f"you cannot list in {namespace}")
            if path == paths.collection("TrainingJob", namespace):
                yield {"metadata": {"resourceVersion": "9"}, "items": [copy.deepcopy(job)]}


@pytest.fixture
def api():
    return Api()


async def swept(api, known=(), *, withdrawn=False):
    """(namespaces left out, names that are there, names that are gone)"""
    here, gone = [], []

    async def is_withdrawn(kind):
        return withdrawn

    left_out = await resync(
        api,
        (A, B),
        lambda kind: {one.key: one for one in known} if kind == "TrainingJob" else {},
        lambda kind, is_gone, body, begun: (gone if is_gone else here).append(body["metadata"]["namespace"]),
        is_withdrawn,
    )
    return left_out, here, gone


async def test_all_are_listed(api):
    assert await swept(api) == (frozenset(), [A, B], [])


async def test_one_that_may_not_be_listed_is_named_and_nothing_in_it_counts_as_gone(api):
    known = [decode("TrainingJob", job) for job in api.jobs.values()]
    api.refused.add(B)
    assert await swept(api, known) == (frozenset({B}), [A], [])


async def test_one_not_found_of_a_list_is_trouble_and_says_nothing_of_what_was_there(api):
    known = [decode("TrainingJob", job) for job in api.jobs.values()]
    api.unserved = True
    with pytest.raises(KubeError, match="404"):
        await swept(api, known)


async def test_a_list_that_is_not_found_counts_once_the_definition_is_gone_too(api):
    known = [decode("TrainingJob", job) for job in api.jobs.values()]
    api.unserved = True
    assert await swept(api, known, withdrawn=True) == (frozenset(), [], [A, B])


async def test_a_list_that_is_older_than_a_resource_does_not_tell_of_its_end(api):
    new = copy.deepcopy(api.jobs[A])
    new["metadata"] |= {"name": "new", "uid": "u-new", "resourceVersion": "10"}
    api.answers[paths.resource(Key("TrainingJob", A, "new"))] = new
    assert await swept(api, [decode("TrainingJob", new)]) == (frozenset(), [A, B], [])


async def test_what_a_restored_etcd_does_not_hold_is_gone_though_its_version_is_higher(api):
    lost = copy.deepcopy(api.jobs[A])
    lost["metadata"] |= {"name": "lost", "uid": "u-lost", "resourceVersion": "1000"}
    assert await swept(api, [decode("TrainingJob", lost)]) == (frozenset(), [A, B], [A])


async def test_none_that_may_be_listed_is_an_error(api):
    api.refused |= {A, B}
    with pytest.raises(KubeError, match="403 Forbidden: you cannot list in team-a"):
        await swept(api)


class _Watch:
    state = None

    def __init__(self) -> None:
        self.served: list[tuple[str, ...]] = []

    def start(self) -> None:
        pass

    def stop(self, timeout: float = 0.0) -> None:
        pass

    def serve(self, namespaces: tuple[str, ...]) -> None:
        self.served.append(namespaces)


@virtual_time
async def test_the_operator_works_on_without_it_and_takes_it_in_when_it_is_back():
    api = Api()
    api.refused.add(B)
    watch = _Watch()
    engine = Manager(api, None, ManagerSettings(namespaces=(A, B)), informer=lambda *_, **__: watch)
    running = asyncio.create_task(engine.run())
    await asyncio.sleep(1)
    assert engine.leading
    assert engine.state().unseen == {B}
    assert list(engine._store.records) == [Key("TrainingJob", A, "mnist")]
    api.refused.clear()
    await asyncio.sleep(UNSEEN_EVERY)
    assert engine.state().unseen == frozenset()
    assert len(engine._store.records) == 2
    assert watch.served == [(A,), (A, B)]
    engine.stop()
    await running
