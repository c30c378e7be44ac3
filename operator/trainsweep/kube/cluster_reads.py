"""What surrounds a resource and is read on demand: its namespace, and the CustomResourceDefinition of its kind.

Namespaces are not watched: reading the few that hold resources needs less permission, and the same in every mode.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from trainsweep.api.kinds import KINDS
from trainsweep.api.names import DELETION_POLICY
from trainsweep.kube import paths
from trainsweep.kube.client import KubeClient, KubeError

#: Seconds given to the discovery document to follow a definition. It takes milliseconds on an idle API server.
DISCOVERY_LAG = 1.0


@dataclass(frozen=True, slots=True)
class Namespace:
    """`policy` is the annotation trainsweep.dev/deletion-policy as written, "" when there is none."""

    policy: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    terminating: bool = False


class ClusterReads:
    """Reads with the API server; the controller decides how fresh an answer must be."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._reads_definitions: bool | None = None

    async def namespace(self, name: str) -> Namespace:
        body = await self._client.get(paths.namespace(name), metadata_only=True)
        metadata = body["metadata"]
        annotations = metadata.get("annotations") or {}
        return Namespace(
            policy=annotations.get(DELETION_POLICY, ""),
            labels=metadata.get("labels") or {},
            terminating="deletionTimestamp" in metadata,
        )

    async def crd_going(self, kind: str) -> bool:
        """The definition of the kind is being deleted, or gone already.

        One "not found" is not enough: an API server that has just started gives it, too. A second witness must agree,
        the discovery document, and without the right to read definitions two such documents one after the other.
        """
        if not await self._may_read_definitions():
            return await self._withdrawn(kind) and await self._withdrawn(kind)
        try:
            body = await self._client.get(paths.definition(kind), metadata_only=True)
        except KubeError as error:
            if error.status != 404:
                raise
            return await self._withdrawn(kind)
        return "deletionTimestamp" in body["metadata"]

    async def _may_read_definitions(self) -> bool:
        """Asked once: an account with rights in some namespaces only may not."""
        if self._reads_definitions is None:
            question = {"group": "apiextensions.k8s.io", "resource": "customresourcedefinitions", "verb": "get"}
            # A right to some names is not a right to all: ask about one of ours.
            name = paths.definition(next(iter(KINDS))).rpartition("/")[2]
            answer = await self._client.post(
                paths.ACCESS_REVIEWS, {"spec": {"resourceAttributes": question | {"name": name}}}
            )
            self._reads_definitions = bool(answer["status"]["allowed"])
        return self._reads_definitions

    async def _withdrawn(self, kind: str) -> bool:
        """The same out of the discovery document, which every account may read. What is being removed can no longer be
        created.
        """
        await asyncio.sleep(DISCOVERY_LAG)
        try:
            resources = (await self._client.get(paths.DISCOVERY))["resources"]
        except KubeError as error:
            if error.status == 404:
                return True
            raise
        verbs = next((entry["verbs"] for entry in resources if entry["name"] == KINDS[kind].plural), ())
        return "create" not in verbs
