"""A release of the chart, with the pods that its Deployment and its drain ask for."""

from __future__ import annotations

from typing import Any

from ..e2e.world import until
from .helm import Helm, Manifest, one
from .pods import Pod, Pods
from .rights import Right, granted

#: For the simulators, and a Lease that is soon free again.
SIMULATED = {"settings": {"allowHttpEndpoints": True, "logLevel": "debug", "leaseSeconds": 5}}


class Installed:
    """`account` and `drain` are the ServiceAccounts of the operator and of its drain."""

    account = "trainsweep"
    drain = "trainsweep-drain"

    def __init__(self, helm: Helm, pods: Pods, values: dict[str, Any]) -> None:
        self._helm = helm
        self._pods = pods
        self._values = SIMULATED | values
        self._manifests = helm.template(self._values)

    def template(self, kind: str) -> Manifest:
        """The template of the pods of the Deployment or the Job."""
        return one(self._manifests, kind)["spec"]["template"]

    async def start(self) -> Pod:
        """Install, and run the Deployment's pod until its probes succeed."""
        self._helm.upgrade(self._values)
        template = self.template("Deployment")
        pod = await self._pods.run(template)
        (container,) = template["spec"]["containers"]
        for probe in ("livenessProbe", "readinessProbe"):
            path = container[probe]["httpGet"]["path"]
            await until(lambda path=path: pod.answers(path), f"{path} answers", 60, shown=pod.log)
        return pod

    def granted(self, account: str) -> set[Right]:
        return granted(self._manifests, account)
