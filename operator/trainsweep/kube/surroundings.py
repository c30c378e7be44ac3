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


class Surroundings:
    """Reads with the API server; the engine decides how fresh an answer must be."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client

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
        """The definition of the kind is being deleted, or gone already."""
        try:
            body = await self._client.get(paths.definition(kind), metadata_only=True)
        except KubeError as error:
            if error.status == 404:
                return True
            if error.status == 403:
                return await self._withdrawn(kind)
            raise
        return "deletionTimestamp" in body["metadata"]

    async def _withdrawn(self, kind: str) -> bool:
        """The same out of the discovery document, which every account may read: an operator that has rights in some
        namespaces only cannot read a definition. What is being removed can no longer be created.
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
