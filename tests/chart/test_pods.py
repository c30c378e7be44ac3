"""The two pods of the chart: what a cluster asks of pods holds for the operator's and for the drain's."""

from __future__ import annotations

from typing import Any

import pytest

from .helm import Helm, one
from .matrix import MATRIX
from .scc import RANGE, refusals

KINDS = ["Deployment", "Job"]


def template(helm: Helm, kind: str, values: dict[str, Any]) -> dict[str, Any]:
    return one(helm.template(values), kind)["spec"]["template"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("values", [{}, MATRIX["a mesh"], MATRIX["high availability"]], ids=str)
def test_the_pods_are_admitted_by_openshift_as_anybody(helm: Helm, kind: str, values: dict[str, Any]):
    assert refusals(template(helm, kind, values)["spec"]) == []


@pytest.mark.parametrize(
    ("context", "said"),
    [
        ({"runAsUser": 65532}, "runAsUser 65532 is not in the namespace's range."),
        ({"fsGroup": 65532}, "fsGroup 65532 is not in the namespace's range."),
        ({"seccompProfile": {"type": "Unconfined"}}, "Only the seccomp profile RuntimeDefault is allowed."),
        ({"runAsUser": RANGE.start, "fsGroup": RANGE.start}, None),
    ],
)
def test_openshift_refuses_ids_that_are_not_the_namespaces(helm: Helm, context: dict[str, Any], said: str | None):
    pod = template(helm, "Deployment", {"podSecurityContext": context})["spec"]
    assert refusals(pod) == ([said] if said else [])


def test_the_drain_is_made_like_the_operator(helm: Helm):
    values = MATRIX["a mesh"] | {
        "nodeSelector": {"pool": "system"},
        "tolerations": [{"key": "system", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
        "imagePullSecrets": [{"name": "mirror"}],
        "extraEnv": [{"name": "SSL_CERT_FILE", "value": "/trust/ca.crt"}],
    }
    operator, drain = (template(helm, kind, values) for kind in KINDS)
    assert operator["metadata"]["annotations"].items() <= drain["metadata"]["annotations"].items()
    same = ("nodeSelector", "tolerations", "affinity", "imagePullSecrets", "securityContext", "enableServiceLinks")
    assert {part: drain["spec"][part] for part in same} == {part: operator["spec"][part] for part in same}
    (container,) = drain["spec"]["containers"]
    assert {"name": "SSL_CERT_FILE", "value": "/trust/ca.crt"} in container["env"]
    assert [volume["name"] for volume in drain["spec"]["volumes"]] == ["trust"]
    assert container["volumeMounts"] == [{"name": "trust", "mountPath": "/trust"}]


def test_a_sidecar_can_be_kept_out_of_the_drain_alone(helm: Helm):
    operator, drain = (template(helm, kind, MATRIX["a mesh"])["metadata"] for kind in KINDS)
    for part in ("annotations", "labels"):
        assert drain[part]["sidecar.istio.io/inject"] == "false"
        assert "sidecar.istio.io/inject" not in operator[part]


def test_the_drain_can_run_beside_the_operator_that_it_stops(helm: Helm):
    """Where each node has a replica, or a volume can be mounted once, it would wait for the end that it must bring."""
    apart = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "host"}]}}
    claim = {
        "extraVolumes": [{"name": "audit", "persistentVolumeClaim": {"claimName": "audit"}}],
        "extraVolumeMounts": [{"name": "audit", "mountPath": "/audit"}],
    }
    drain = template(helm, "Job", {"affinity": apart, **claim})["spec"]
    assert not {"affinity", "volumes"} & drain.keys()
    assert "volumeMounts" not in drain["containers"][0]
