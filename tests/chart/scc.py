"""What OpenShift's SecurityContextConstraints `restricted-v2`, which every authenticated user has, ask of a pod.

Source: github.com/openshift/cluster-kube-apiserver-operator,
bindata/bootkube/scc-manifests/0000_20_kube-apiserver-operator_00_scc-restricted-v2.yaml. A namespace's ranges are in
its annotations `openshift.io/sa.scc.uid-range` and `openshift.io/sa.scc.supplemental-groups`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

#: An example of what OpenShift assigns: the first id and one past the last.
RANGE = range(1_000_650_000, 1_000_660_000)
_VOLUMES = {
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected"),
    "secret",
}
_HOST = ("hostNetwork", "hostPID", "hostIPC")


def refusals(pod: dict[str, Any]) -> list[str]:
    """Why a pod's spec would not be admitted, a sentence each."""
    return list(_refusals(pod))


def _refusals(pod: dict[str, Any]) -> Iterator[str]:
    shared = pod.get("securityContext", {})
    for field in _HOST:
        if pod.get(field):
            yield f"{field} is not allowed."
    if shared.get("fsGroup", RANGE.start) not in RANGE:
        yield f"fsGroup {shared['fsGroup']} is not in the namespace's range."
    for volume in pod.get("volumes", ()):
        if not volume.keys() - {"name"} <= _VOLUMES:
            yield f"Volume {volume['name']} is of a type that is not allowed."
    for container in pod.get("containers", ()):
        yield from _of_container(container, shared)


def _of_container(container: dict[str, Any], shared: dict[str, Any]) -> Iterator[str]:
    own = container.get("securityContext", {})
    capabilities = own.get("capabilities", {})
    user = own.get("runAsUser", shared.get("runAsUser", RANGE.start))
    seccomp = own.get("seccompProfile", shared.get("seccompProfile", {"type": "RuntimeDefault"}))
    if user not in RANGE:
        yield f"runAsUser {user} is not in the namespace's range."
    if seccomp != {"type": "RuntimeDefault"}:
        yield "Only the seccomp profile RuntimeDefault is allowed."
    if own.get("privileged") or own.get("allowPrivilegeEscalation"):
        yield "Privileges are not allowed."
    if capabilities.get("drop") not in (["ALL"], None) or set(capabilities.get("add", ())) - {"NET_BIND_SERVICE"}:
        yield "All capabilities must be dropped."
    if any("hostPort" in port for port in container.get("ports", ())):
        yield "Ports of the host are not allowed."
