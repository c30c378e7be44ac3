"""Where each value of the chart arrives: a row for each leaf of values.schema.json.

A place is a kind, with a name where it is needed, and the way into the manifest: "Deployment spec replicas". A row may
need other values beside its own to be rendered at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .helm import Manifest

_OPERATOR = "Deployment spec template spec"
_DRAIN = "Job spec template spec"
_BOTH = (_OPERATOR, _DRAIN)
_ENVIRONMENT = f"{_OPERATOR} containers 0 env"
_PEER = [{"namespaceSelector": {"matchLabels": {"team": "probe"}}}]
_DIGEST = f"sha256:{'a' * 64}"
_ALL = ("Deployment", "Job", "Service", "PodDisruptionBudget", "CustomResourceDefinition/trainingjobs.trainsweep.dev")


@dataclass(frozen=True)
class Row:
    """`value` is set, `found` is what is then at all `places` (by default the value itself). Such as `absent` are kinds
    that are not rendered then."""

    value: Any
    places: tuple[str, ...] = ()
    found: Any = None
    beside: dict[str, Any] = field(default_factory=dict)
    absent: tuple[str, ...] = ()

    @property
    def expected(self) -> Any:
        return self.value if self.found is None else self.found


def row(value: Any, *places: str, found: Any = None, absent: tuple[str, ...] = (), **beside: Any) -> Row:
    return Row(value, places, found, beside, absent)


def variable(name: str, value: Any, text: str) -> Row:
    return row(value, f"{_ENVIRONMENT} {name}", found=text)


def each(prefixes: tuple[str, ...], way: str) -> tuple[str, ...]:
    return tuple(f"{prefix} {way}" for prefix in prefixes)


_MONITOR = {"metrics": {"serviceMonitor": {"enabled": True}}}
_RULE = {"metrics": {"prometheusRule": {"enabled": True}}}
_BOARD = {"metrics": {"dashboard": {"enabled": True}}}
_POLICY = {"networkPolicy": {"enabled": True}}
_RULES = "ClusterRole/trainsweep rules 3"

PLACES: dict[str, Row] = {
    "nameOverride": row("007", "Deployment spec selector matchLabels app.kubernetes.io/name"),
    "fullnameOverride": row("on", "Deployment metadata name", f"{_ENVIRONMENT} TRAINSWEEP_LEASE_NAME"),
    "image.repository": row("m.example/t", *each(_BOTH, "containers 0 image"), found="m.example/t:0.1.0"),
    "image.tag": row("1.20", *each(_BOTH, "containers 0 image"), found="trainsweep/trainsweep:1.20"),
    "image.digest": row(_DIGEST, *each(_BOTH, "containers 0 image"), found=f"trainsweep/trainsweep@{_DIGEST}"),
    "image.pullPolicy": row("Never", *each(_BOTH, "containers 0 imagePullPolicy")),
    "imagePullSecrets": row([{"name": "probe"}], *each(_BOTH, "imagePullSecrets")),
    "scopedNamespaces": row(["123"], f"{_ENVIRONMENT} TRAINSWEEP_NAMESPACE", found="123", absent=("ClusterRole",)),
    "settings.deletionPolicy": variable("TRAINSWEEP_DELETION_POLICY", "Stop", "Stop"),
    "settings.allowedEndpointHost": variable("TRAINSWEEP_ALLOWED_ENDPOINT_HOST", ["a.b", "c.d"], "a.b c.d"),
    "settings.allowHttpEndpoints": variable("TRAINSWEEP_ALLOW_HTTP_ENDPOINTS", True, "true"),
    "settings.logFormat": variable("TRAINSWEEP_LOG_FORMAT", "pretty", "pretty"),
    "settings.logLevel": variable("TRAINSWEEP_LOG_LEVEL", "error", "error"),
    "settings.metricsAccountLabels": variable("TRAINSWEEP_METRICS_ACCOUNT_LABELS", "Off", "Off"),
    "settings.auditLog": variable("TRAINSWEEP_AUDIT_LOG", "/audit/log", "/audit/log"),
    "settings.maxCallsPerSecond": variable("TRAINSWEEP_MAX_CALLS_PER_SECOND", 2.5, "2.5"),
    "settings.maxCallsInFlight": variable("TRAINSWEEP_MAX_CALLS_IN_FLIGHT", 3, "3"),
    "settings.drainSeconds": variable("TRAINSWEEP_DRAIN_SECONDS", 0, "0"),
    "settings.leaseSeconds": variable("TRAINSWEEP_LEASE_SECONDS", 7.5, "7.5"),
    "crds.install": row(False, absent=("CustomResourceDefinition",)),
    "crds.keep": row(False, "CustomResourceDefinition/trainingjobs.trainsweep.dev metadata annotations", found=()),
    "drainPolicy": row("Delete", f"{_DRAIN} containers 0 args 1", found="--policy=Delete"),
    "drainTimeoutSeconds": row(1_000_000, "Job spec activeDeadlineSeconds"),
    "drainPodAnnotations": row({"probe": "1"}, "Job spec template metadata annotations"),
    "drainPodLabels": row("yes", "Job spec template metadata labels probe"),
    "replicaCount": row(0, "Deployment spec replicas"),
    "podDisruptionBudget.enabled": row(False, absent=("PodDisruptionBudget",)),
    "podDisruptionBudget.maxUnavailable": row(0, "PodDisruptionBudget spec maxUnavailable"),
    "updateStrategy.type": row("Recreate", "Deployment spec strategy type"),
    "updateStrategy.rollingUpdate": row({"maxSurge": 0}, "Deployment spec strategy rollingUpdate"),
    "topologySpreadConstraints": row([], f"{_OPERATOR} topologySpreadConstraints", found=()),
    "priorityClassName": row("1e3", *each(_BOTH, "priorityClassName")),
    "resources.requests": row("9m", *each(_BOTH, "containers 0 resources requests cpu")),
    "resources.limits": row("1Gi", *each(_BOTH, "containers 0 resources limits memory")),
    "resources.claims": row([{"name": "probe"}], *each(_BOTH, "containers 0 resources claims")),
    "nodeSelector": row({"pool": "1"}, *each(_BOTH, "nodeSelector")),
    "tolerations": row([{"key": "probe", "operator": "Exists"}], *each(_BOTH, "tolerations")),
    "affinity": row({"nodeAffinity": {"x": 1}}, *each(_BOTH, "affinity")),
    "podAnnotations": row({"probe": "1"}, *each(("Deployment", "Job"), "spec template metadata annotations")),
    "podLabels": row("yes", *each(("Deployment", "Job"), "spec template metadata labels probe")),
    "commonLabels": row("yes", *each(_ALL, "metadata labels probe")),
    "podSecurityContext": row(1001, *each(_BOTH, "securityContext fsGroup")),
    "securityContext": row(False, *each(_BOTH, "containers 0 securityContext privileged")),
    "extraArgs": row(["--context=probe"], f"{_OPERATOR} containers 0 args", found=["run", "--context=probe"]),
    "extraEnv": row([{"name": "A", "value": "b"}], *each(_BOTH, "containers 0 env A"), found="b"),
    "extraVolumes": row([{"name": "v", "emptyDir": {}}], *each(_BOTH, "volumes")),
    "extraVolumeMounts": row([{"name": "v", "mountPath": "/v"}], *each(_BOTH, "containers 0 volumeMounts")),
    "serviceAccount.create": row(False, absent=("ServiceAccount/trainsweep",), serviceAccount={"name": "theirs"}),
    "serviceAccount.name": row("42", "ServiceAccount/42 metadata name", f"{_OPERATOR} serviceAccountName"),
    "serviceAccount.annotations": row({"probe": "1"}, "ServiceAccount/trainsweep metadata annotations"),
    "rbac.create": row(False, absent=("ClusterRole", "Role", "ClusterRoleBinding", "RoleBinding")),
    "rbac.clusterWide": row(True, "ClusterRole/trainsweep metadata name", found="trainsweep", scopedNamespaces=["a"]),
    "rbac.secretNames": row(["1"], f"{_RULES} resourceNames"),
    "rbac.protectSecrets": row(False, f"{_RULES} verbs", found=["get"], absent=("ValidatingAdmissionPolicy",)),
    "rbac.secretPolicy": row(False, absent=("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")),
    "rbac.aggregate": row(False, absent=("ClusterRole/trainsweep-view", "ClusterRole/trainsweep-approver")),
    "metrics.tls.secretName": row("probe", f"{_OPERATOR} volumes 0 secret secretName"),
    "metrics.authentication": row(
        True,
        f"{_ENVIRONMENT} TRAINSWEEP_METRICS_AUTHENTICATION",
        found="true",
        metrics={"tls": {"secretName": "tls"}},
    ),
    "metrics.serviceMonitor.endpoint": row("yes", "ServiceMonitor spec endpoints 0 probe", **_MONITOR),
    "metrics.serviceMonitor.enabled": row(True, "ServiceMonitor metadata name", found="trainsweep"),
    "metrics.serviceMonitor.interval": row("90s", "ServiceMonitor spec endpoints 0 interval", **_MONITOR),
    "metrics.serviceMonitor.labels": row("yes", "ServiceMonitor metadata labels probe", **_MONITOR),
    "metrics.prometheusRule.enabled": row(True, "PrometheusRule metadata name", found="trainsweep"),
    "metrics.prometheusRule.runbookUrl": row(
        "https://w.example/",
        "PrometheusRule spec groups 0 rules 0 annotations runbook_url",
        found="https://w.example/deletion-stuck/",
        **_RULE,
    ),
    "metrics.prometheusRule.labels": row("yes", "PrometheusRule metadata labels probe", **_RULE),
    "metrics.dashboard.enabled": row(True, "ConfigMap metadata name", found="trainsweep-dashboard"),
    "metrics.dashboard.labels": row("yes", "ConfigMap metadata labels probe", **_BOARD),
    "metrics.dashboard.annotations": row({"probe": "1"}, "ConfigMap metadata annotations", **_BOARD),
    "networkPolicy.enabled": row(True, "NetworkPolicy metadata name", found="trainsweep"),
    "networkPolicy.metricsFrom": row(_PEER, "NetworkPolicy spec ingress 0 from", **_POLICY),
    "networkPolicy.dnsPorts": row([9953], "NetworkPolicy spec egress 0 ports 0 port", found=9953, **_POLICY),
    "networkPolicy.dnsTo": row(_PEER, "NetworkPolicy spec egress 0 to", **_POLICY),
    "networkPolicy.apiServerPorts": row([16443], "NetworkPolicy spec egress 1 ports 0 port", found=16443, **_POLICY),
    "networkPolicy.apiServerTo": row(_PEER, "NetworkPolicy spec egress 1 to", **_POLICY),
    "networkPolicy.egressPorts": row([8443], "NetworkPolicy spec egress 2 ports 0 port", found=8443, **_POLICY),
    "networkPolicy.extraEgress": row([{"to": _PEER}], "NetworkPolicy spec egress 3 to", found=_PEER, **_POLICY),
    "extraObjects": row(
        [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}], "ConfigMap/x metadata name", found="x"
    ),
}
#: What a row sets is an object with any keys; this one is set in it.
KEYS = {
    "drainPodLabels": "probe",
    "podLabels": "probe",
    "commonLabels": "probe",
    "podSecurityContext": "fsGroup",
    "securityContext": "privileged",
    "resources.requests": "cpu",
    "resources.limits": "memory",
    "metrics.serviceMonitor.labels": "probe",
    "metrics.serviceMonitor.endpoint": "probe",
    "metrics.prometheusRule.labels": "probe",
    "metrics.dashboard.labels": "probe",
}


def at(manifests: list[Manifest], place: str) -> Any:
    """What is there; an empty tuple when there is nothing. A list of variables is looked up by name."""
    what, *way = place.split(" ")
    found: Any = one_of(manifests, what)
    for step in way:
        if isinstance(found, list):
            named = [entry for entry in found if isinstance(entry, dict) and entry.get("name") == step]
            found = named[0]["value"] if named else found[int(step)]
        else:
            found = found.get(step, ())
    return found


def one_of(manifests: list[Manifest], what: str) -> Manifest:
    """By KIND, where there is but one, or by KIND/NAME."""
    (found,) = some(manifests, what)
    return found


def some(manifests: list[Manifest], what: str) -> list[Manifest]:
    kind, _, name = what.partition("/")
    return [entry for entry in manifests if entry["kind"] == kind and name in ("", entry["metadata"]["name"])]
