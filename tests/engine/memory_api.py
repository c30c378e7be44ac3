"""An API server in memory, at the level of `KubeClient`: optimistic locking, finalizers, generations, a watch."""

import asyncio
import copy
import itertools
import json
from collections import deque
from collections.abc import Callable
from typing import Any

from trainsweep.api.kinds import KINDS
from trainsweep.api.names import GROUP
from trainsweep.core.resource import Key
from trainsweep.kube import paths
from trainsweep.kube.client import KubeError

from .virtual_time import Clock

LATENCY = 0.002


class MemoryApi:
    """What outlives the operator. Users call `create`, `edit`, `delete`; the operator has a `MemoryClient`."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.objects: dict[str, dict[str, Any]] = {}
        self.writes: list[tuple[float, str, dict[str, Any]]] = []
        self.events: list[dict[str, Any]] = []
        self.faults: deque[str] = deque()
        #: Kinds that are not served for a while: their lists, reads and patches are answered with 404.
        self.unserved: set[str] = set()
        #: Paths that the operator's role does not cover.
        self.forbidden: set[str] = set()
        #: Kinds whose handler is not ready: everything about them is answered with 404, though the objects are there.
        self.unserved: set[str] = set()
        self.watch_delay = 0.003
        #: Called with an object of ours right before its cleanup finalizer goes.
        self.before_release: Callable[[dict[str, Any]], None] = lambda body: None
        #: Called with an object of ours and a patch of its status, right before that is stored.
        self.before_status: Callable[[dict[str, Any], dict[str, Any]], None] = lambda body, status: None
        self.watchers: list[MemoryClient] = []
        self.version = 1
        self._uids = itertools.count(1)

    def create(self, kind: str, namespace: str, name: str, spec: dict[str, Any], **metadata: Any) -> dict[str, Any]:
        path = paths.resource(Key(kind, namespace, name))
        assert path not in self.objects
        body = {"kind": kind, "metadata": {"namespace": namespace, "name": name, **metadata}, "spec": spec}
        body["metadata"] |= {
            "uid": f"uid-{next(self._uids)}",
            "generation": 1,
            "creationTimestamp": self.clock.now().isoformat(),
        }
        self.put(path, body)
        return body

    def put(self, path: str, body: dict[str, Any]) -> None:
        """Store an object as it is, and tell those who watch."""
        body["metadata"]["resourceVersion"] = self._next_version()
        self.objects[path] = body
        self._tell(body, gone=False)

    def edit(
        self, kind: str, namespace: str, name: str, spec: dict[str, Any] | None = None, **annotations: Any
    ) -> None:
        """Change a spec; annotations are named without our group, None removes one."""
        path = paths.resource(Key(kind, namespace, name))
        named = {f"trainsweep.dev/{word.replace('_', '-')}": value for word, value in annotations.items()}
        patch: dict[str, Any] = {"metadata": {"annotations": named}} if named else {}
        self._merge(path, patch | ({"spec": spec} if spec else {}))

    def delete(self, kind: str, namespace: str, name: str) -> None:
        self.delete_path(paths.resource(Key(kind, namespace, name)))

    def delete_path(self, path: str) -> None:
        body = copy.deepcopy(self.objects[path])
        body["metadata"].setdefault("deletionTimestamp", self.clock.now().isoformat())
        self._store(path, body)

    def get(self, kind: str, namespace: str, name: str) -> dict[str, Any] | None:
        return self.objects.get(paths.resource(Key(kind, namespace, name)))

    def of_kind(self, *kinds: str) -> list[dict[str, Any]]:
        """In the order of their names, as etcd keeps them."""
        return [body for _, body in sorted(self.objects.items()) if body.get("kind") in kinds]

    def patch(self, path: str, patch: dict[str, Any]) -> dict[str, Any]:
        """A merge patch by the operator. Raises `KubeError` as the API server answers."""
        status_only = path.endswith("/status")
        target = path.removesuffix("/status")
        if target in self.forbidden:
            raise KubeError(403, "Forbidden", f"{target} is forbidden")
        if target not in self.objects or self.objects[target].get("kind") in self.unserved:
            raise KubeError(404, "NotFound", f"{target} not found")
        now = self.objects[target]["metadata"]
        wanted = patch.get("metadata", {})
        for name in ("resourceVersion", "uid"):
            if name in wanted and wanted[name] != now[name]:
                raise KubeError(409, "Conflict", f"the {name} is {now[name]}, not {wanted[name]}")
        self.writes.append((self.clock.seconds, path, patch))
        if status_only:
            self.before_status(self.objects[target], patch.get("status", {}))
        allowed = {"status": patch.get("status", {})} if status_only else {**patch, "status": {}}
        allowed["metadata"] = {k: v for k, v in wanted.items() if k not in ("resourceVersion", "uid")}
        return self._merge(target, allowed)

    def serves_not(self, path: str) -> bool:
        """Whether the handler of the kind that a path is about is not ready. The definition itself is always served."""
        return path.startswith(paths.DISCOVERY) and any(f"/{KINDS[kind].plural}" in path for kind in self.unserved)

    def patch_event(self, name: str, patch: dict[str, Any]) -> dict[str, Any]:
        event = next(event for event in self.events if event["metadata"]["name"] == name)
        event.update(patch)
        return event

    def _next_version(self) -> str:
        self.version += 1
        return str(self.version)

    def _merge(self, path: str, patch: dict[str, Any]) -> dict[str, Any]:
        before = self.objects[path]
        body = merged(before, patch)
        if body == before:
            return body
        if "deletionTimestamp" in before["metadata"]:
            kept = set(before["metadata"].get("finalizers") or ())
            if not set(body["metadata"].get("finalizers") or ()) <= kept:
                raise KubeError(422, "Invalid", "no new finalizers can be added if the object is being deleted")
        if body.get("spec") != before.get("spec"):
            body["metadata"]["generation"] += 1
        return self._store(path, body)

    def _store(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        cleanup = "trainsweep.dev/cleanup"
        before = self.objects[path]
        if cleanup in (before["metadata"].get("finalizers") or ()) and cleanup not in (
            body["metadata"].get("finalizers") or ()
        ):
            self.before_release(before)
        if "deletionTimestamp" in body["metadata"] and not body["metadata"].get("finalizers"):
            body["metadata"]["resourceVersion"] = self._next_version()
            del self.objects[path]
            self._tell(body, gone=True)
        else:
            self.put(path, body)
        return body

    def _tell(self, body: dict[str, Any], *, gone: bool) -> None:
        if body.get("kind") in KINDS:
            for watcher in self.watchers:
                watcher.tell(body["kind"], gone, copy.deepcopy(body))


class MemoryClient:
    """The operator's side, for one life. A killed client never answers and changes nothing any more."""

    def __init__(self, api: MemoryApi) -> None:
        self._api = api
        self.killed = False
        #: Seconds that an event takes to this client; None: as long as to any.
        self.watch_delay: float | None = None
        self._sink: Callable[[str, bool, dict[str, Any]], None] = lambda kind, gone, body: None
        self._told: deque[tuple[str, bool, dict[str, Any]]] = deque()

    def watch(self, sink: Callable[[str, bool, dict[str, Any]], None]) -> None:
        """What is there is told first, as kopf lists it. Events arrive in their order, a moment after the change."""
        self._sink, self._loop = sink, asyncio.get_running_loop()
        self._api.watchers = [other for other in self._api.watchers if not other.killed] + [self]
        for body in self._api.of_kind(*KINDS):
            if body["kind"] not in self._api.unserved:
                self.tell(body["kind"], gone=False, body=copy.deepcopy(body))

    def tell(self, kind: str, gone: bool, body: dict[str, Any]) -> None:
        if not self.killed:
            delay = self._api.watch_delay if self.watch_delay is None else self.watch_delay
            self._told.append((kind, gone, body))
            self._loop.call_later(delay, self._deliver)

    def hurry(self) -> None:
        """Hand over what is on its way: a connection that hung is made anew."""
        for _ in range(len(self._told)):
            self._deliver()

    def _deliver(self) -> None:
        if self._told:
            event = self._told.popleft()
            if not self.killed:
                self._sink(*event)

    async def get(self, path: str, query: object = None, *, metadata_only: bool = False) -> dict[str, Any]:
        return await self._exchange(lambda: self._read(path), path)

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Events are kept; what an operator asks about its own rights is always granted."""
        if path.endswith("/events"):
            return await self._exchange(lambda: self._api.events.append(body) or body)
        return await self._exchange(lambda: body | {"status": {"allowed": True}})

    async def merge(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        patch = json.loads(json.dumps(body))
        if "/events/" in path:
            return await self._exchange(lambda: self._api.patch_event(path.rpartition("/")[2], patch))
        return await self._exchange(lambda: self._api.patch(path, patch), path)

    async def pages(self, path: str):
        kind = next(kind.name for kind in KINDS.values() if kind.plural == path.rpartition("/")[2])

        def page() -> dict[str, Any]:
            if kind in self._api.unserved:
                raise KubeError(404, "NotFound", "the server could not find the requested resource")
            return {"metadata": {"resourceVersion": str(self._api.version)}, "items": self._api.of_kind(kind)}

        yield await self._exchange(page, path)

    async def aclose(self) -> None:
        pass

    def _read(self, path: str) -> dict[str, Any]:
        if path in self._api.forbidden:
            raise KubeError(403, "Forbidden", f"{path} is forbidden")
        if path not in self._api.objects or self._api.objects[path].get("kind") in self._api.unserved:
            raise KubeError(404, "NotFound", f"{path} not found")
        return copy.deepcopy(self._api.objects[path])

    async def _exchange(self, effect: Callable[[], Any], path: str = "") -> Any:
        await self._pass(LATENCY)
        fault = self._api.faults.popleft() if self._api.faults else ""
        if fault == "refused":
            raise KubeError(500, "InternalError", "etcd is tired")
        if self._api.serves_not(path) or (fault == "missing" and GROUP in path):
            raise KubeError(404, "NotFound", "the server could not find the requested resource")
        answer = copy.deepcopy(effect())
        await self._pass(LATENCY)
        if fault == "lost":
            raise KubeError(0, "Unreachable", "the connection was cut")
        return answer

    async def _pass(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if self.killed:
            raise asyncio.CancelledError


def merged(body: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    result = dict(body) if isinstance(body, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result
