"""A local control plane: real etcd, kube-apiserver and, when asked for, kube-controller-manager, as plain processes.

    with ControlPlane.start(find_binaries(controllers=False, progress=PlainProgress())) as plane:
        subprocess.run(["kubectl", "--kubeconfig", plane.kubeconfig, "get", "namespaces"])

The way of a start:

    binaries.py       where the programs come from: KUBEBUILDER_ASSETS, cache, download, build in turn
      cache.py        the user's cache: one lock, whole files only
      download.py     the envtest release archive
      build.py        `go build` from checked sums;  golang.py finds Go, command.py follows it
    controlplane.py   start, ready, fault, stop
      arguments.py    the command lines;  kubeconfig.py the clients' files and users;  port.py the port
      process.py      a process that cannot outlive us, by way of supervisor.py

Linux and macOS. Nothing here is needed by the operator itself.
"""

from trainsweep_devtools.devcluster.arguments import Component
from trainsweep_devtools.devcluster.binaries import Binaries, find_binaries
from trainsweep_devtools.devcluster.controlplane import ControlPlane
from trainsweep_devtools.devcluster.errors import DevClusterError
from trainsweep_devtools.devcluster.kubeconfig import User
from trainsweep_devtools.devcluster.progress import PlainProgress, Progress

__all__ = [
    "Binaries",
    "Component",
    "ControlPlane",
    "DevClusterError",
    "PlainProgress",
    "Progress",
    "User",
    "find_binaries",
]
