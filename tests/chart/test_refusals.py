"""Values that cannot be meant are refused before anything is installed, by name."""

from __future__ import annotations

from typing import Any

import pytest

from .helm import NAMESPACE, Helm, HelmError


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"replicas": 2}, "replicas"),
        ({"replicaCount": "two"}, "replicaCount"),
        ({"replicaCount": -1}, "replicaCount"),
        ({"drainPolicy": "Destroy"}, "drainPolicy"),
        ({"drainTimeoutSeconds": 0}, "drainTimeoutSeconds"),
        ({"settings": {"deletionPolicy": "Remove"}}, "deletionPolicy"),
        ({"settings": {"logLevel": "chatty"}}, "logLevel"),
        ({"settings": {"allowHttpEndpoints": "yes"}}, "allowHttpEndpoints"),
        ({"settings": {"leaseName": "mine"}}, "leaseName"),
        ({"settings": {"auditLog": "audit.log"}}, "auditLog"),
        ({"settings": {"allowedEndpointHost": ["https://example.com"]}}, "allowedEndpointHost"),
        ({"scopedNamespaces": "team-a"}, "scopedNamespaces"),
        ({"scopedNamespaces": ["Team A"]}, "scopedNamespaces"),
        ({"scopedNamespaces": ["a", "a"]}, "scopedNamespaces"),
        ({"image": {"digest": "sha256:123"}}, "digest"),
        ({"image": {"pullPolicy": "Sometimes"}}, "pullPolicy"),
        ({"crds": {"keep": "yes"}}, "keep"),
        ({"podDisruptionBudget": {"maxUnavailable": "half"}}, "maxUnavailable"),
        ({"serviceAccount": {"create": False}}, "serviceAccount"),
        ({"fullnameOverride": "007"}, "fullnameOverride"),
        ({"nameOverride": "Sweep"}, "nameOverride"),
        ({"image": {"tag": "a b"}}, "tag"),
        ({"networkPolicy": {"dnsPorts": [0]}}, "dnsPorts"),
        ({"rbac": {"secretNames": "huawei"}}, "secretNames"),
        ({"metrics": {"serviceMonitor": {"interval": "often"}}}, "interval"),
        ({"settings": {"metricsAccountLabels": "All"}}, "metricsAccountLabels"),
        ({"metrics": {"prometheusRule": {"runbookUrl": "wiki"}}}, "runbookUrl"),
        ({"networkPolicy": {"egressPorts": [70000]}}, "egressPorts"),
        ({"extraObjects": [1]}, "extraObjects"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_a_wrong_value_is_refused(helm: Helm, values: dict[str, Any], said: str):
    with pytest.raises(HelmError, match="schema") as refusal:
        helm.template(values)
    assert said in str(refusal.value)


def test_tokens_are_not_taken_in_the_clear(helm: Helm):
    with pytest.raises(HelmError, match=r"metrics.authentication needs metrics.tls.secretName"):
        helm.template({"metrics": {"authentication": True}})


def test_the_namespace_of_the_operator_cannot_be_watched(helm: Helm):
    with pytest.raises(HelmError, match="Install into a namespace of its own"):
        helm.template({"scopedNamespaces": ["team-a", NAMESPACE]})


def test_an_old_kubernetes_is_refused(helm: Helm):
    with pytest.raises(HelmError, match="kubeVersion"):
        helm.template(None, "--kube-version", "1.28.0")
