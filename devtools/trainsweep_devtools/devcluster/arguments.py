"""The command line of each component. All run in the control plane's directory, so file names are relative to it.

Relative names also keep the paths of etcd's Unix sockets short, whose length the system limits to about 100 characters.
etcd insists on `host:port` in its URLs; for `unix://` it takes the whole as the name of the socket's file. So no port
but the API server's is taken, and no other user of the machine can reach etcd.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any


class Component(StrEnum):
    """A process of the control plane, in the order of their start."""

    ETCD = "etcd"
    API_SERVER = "kube-apiserver"
    CONTROLLERS = "kube-controller-manager"


CERTIFICATE = "certificates/apiserver.crt"
_KEY = "certificates/apiserver.key"
TOKENS = "tokens.csv"
AUDIT_POLICY = "audit-policy.json"
CONTROLLERS_USER = "system:kube-controller-manager"
_CONTROLLERS = (
    "clusterrole-aggregation-controller",
    "garbage-collector-controller",
    "namespace-controller",
    "serviceaccount-controller",
)
_ETCD_SOCKET = "unix://etcd:0"

#: One line for each request, written when it is over: who, what, and the status of the answer, without bodies.
AUDIT_POLICY_CONTENT: dict[str, Any] = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived", "ResponseStarted"],
    "rules": [{"level": "Metadata"}],
}


def etcd() -> list[str]:
    return [
        "--data-dir=data",
        # The data lives as long as the control plane: a power cut may have it.
        "--unsafe-no-fsync",
        f"--listen-client-urls={_ETCD_SOCKET}",
        "--listen-peer-urls=unix://peer:0",
        # Required beside the above; told to other members, of which there are none.
        "--advertise-client-urls=http://127.0.0.1:2379",
        "--log-level=warn",
    ]


def api_server(port: int, audit_log: Path | None) -> list[str]:
    arguments = [
        f"--etcd-servers={_ETCD_SOCKET}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        "--permit-port-sharing",  # with the reservation, see port.py
        # It makes a certificate and a key there at its first start, before it reads the flags below; the
        # certificate's file also holds the CA that signed it.
        "--cert-dir=certificates",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={_KEY}",
        f"--service-account-signing-key-file={_KEY}",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--endpoint-reconciler-type=none",
        "--authorization-mode=RBAC",
        f"--token-auth-file={TOKENS}",
        # There is nobody to run a pod, so none needs a service account's token.
        "--disable-admission-plugins=ServiceAccount",
        "--profiling=false",
    ]
    if audit_log:
        arguments += [
            f"--audit-policy-file={AUDIT_POLICY}",
            f"--audit-log-path={audit_log}",
            # In megabytes. The default rotates at 100, and a rotated log would be counted in part.
            "--audit-log-maxsize=100000",
        ]
    return arguments


def controllers() -> list[str]:
    """Garbage collector, namespaces, service accounts, and the one that fills the roles `view`, `edit` and `admin`.

    The garbage collector notices a new CRD within 30 s, which no flag changes; a restart makes it notice at once.
    """
    return [
        f"--kubeconfig={CONTROLLERS_USER}.kubeconfig",
        f"--controllers={','.join(_CONTROLLERS)}",
        "--leader-elect=false",
        "--secure-port=0",
        "--kube-api-qps=1000",
        "--kube-api-burst=2000",
        "--profiling=false",
    ]
