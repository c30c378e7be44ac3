"""What the chart renders, without a cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from trainsweep.api.crd import documents

from .helm import CHART, Helm, Manifest, kinds, one
from .matrix import MATRIX

matrix = pytest.mark.parametrize("values", MATRIX.values(), ids=MATRIX)


def environment(manifests: list[Manifest]) -> dict[str, str]:
    (container,) = one(manifests, "Deployment")["spec"]["template"]["spec"]["containers"]
    return {entry["name"]: entry["value"] for entry in container["env"]}


def rules(manifests: list[Manifest]) -> list[dict[str, Any]]:
    return [rule for entry in manifests if entry["kind"] in ("Role", "ClusterRole") for rule in entry["rules"]]


@matrix
def test_helm_finds_no_fault(helm: Helm, values: dict[str, Any]):
    assert "0 chart(s) failed" in helm.lint(values)


def test_a_package_renders_the_same(helm: Helm, tmp_path: Path):
    assert helm.template(chart=helm.package(tmp_path)) == helm.template()


def test_the_definitions_are_those_of_the_models_and_kept(helm: Helm):
    rendered = {entry["metadata"]["name"]: entry for entry in helm.template() if "Definition" in entry["kind"]}
    for text in documents().values():
        wanted = yaml.safe_load(text)
        found = rendered.pop(wanted["metadata"]["name"])
        assert found["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
        assert found["spec"] == wanted["spec"]
    assert not rendered


def test_definitions_can_be_left_to_others_or_not_be_kept(helm: Helm):
    assert "CustomResourceDefinition" not in kinds(helm.template({"crds": {"install": False}}))
    for entry in helm.template({"crds": {"keep": False}}):
        assert "helm.sh/resource-policy" not in entry["metadata"].get("annotations", {})


def test_a_scoped_operator_has_roles_only(helm: Helm):
    manifests = helm.template({"scopedNamespaces": ["team-a", "team-b"]})
    assert not {kind for kind in kinds(manifests) if kind.startswith("Cluster")}
    wide = kinds(helm.template({"scopedNamespaces": ["team-a"], "rbac": {"secretPolicy": False}}))
    assert not {kind for kind in wide if kind.startswith(("Cluster", "Validating"))}
    roles = [entry["metadata"]["namespace"] for entry in manifests if entry["kind"] == "Role"]
    assert sorted(set(roles)) == ["team-a", "team-b", "trainsweep"]
    assert environment(manifests)["TRAINSWEEP_NAMESPACE"] == "team-a team-b"


def test_a_scoped_operator_with_a_cluster_role_has_no_right_beyond_its_roles(helm: Helm):
    scoped = {"scopedNamespaces": ["team-a"]}
    wide = helm.template(scoped | {"rbac": {"clusterWide": True}})
    assert environment(wide)["TRAINSWEEP_NAMESPACE"] == "team-a"
    for name in ("trainsweep", "trainsweep-drain"):
        (role,) = (entry for entry in wide if (entry["kind"], entry["metadata"]["name"]) == ("ClusterRole", name))
        narrow = [entry for entry in helm.template(scoped) if entry["metadata"].get("namespace") == "team-a"]
        assert role["rules"] == one(narrow, "Role", name)["rules"]


@matrix
def test_no_role_has_a_wildcard(helm: Helm, values: dict[str, Any]):
    for rule in rules(helm.template(values)):
        assert "*" not in json.dumps(rule)


@matrix
def test_secrets_are_neither_listed_nor_watched(helm: Helm, values: dict[str, Any]):
    allowed = values.get("rbac", {}).get("secretNames")
    patched = values.get("rbac", {}).get("protectSecrets", True)
    for rule in rules(helm.template(values)):
        if "secrets" in rule.get("resources", ()):
            assert rule["verbs"] == (["get", "patch"] if patched else ["get"])
            assert rule.get("resourceNames") == allowed


def test_the_drain_only_frees_what_it_is_told_to(helm: Helm):
    def drain(policy: str) -> set[tuple[str, str]]:
        manifests = [entry for entry in helm.template({"drainPolicy": policy}) if "-drain" in entry["metadata"]["name"]]
        return {
            (resource, verb) for rule in rules(manifests) for resource in rule["resources"] for verb in rule["verbs"]
        }

    assert not {right for right in drain("Retain") if right[1] == "delete"}
    assert not {right for right in drain("Delete") if right[1] == "patch"}
    assert not drain("None")
    assert not {entry["metadata"]["name"] for entry in helm.template({"drainPolicy": "None"}) if entry["kind"] == "Job"}


def test_every_object_of_the_drain_exists_during_it_only(helm: Helm):
    for entry in helm.template():
        annotations = entry["metadata"].get("annotations", {})
        is_drain = entry["metadata"]["name"].endswith("-drain")
        assert (annotations.get("helm.sh/hook") == "pre-delete") == is_drain
        if is_drain:
            assert "hook-succeeded" in annotations["helm.sh/hook-delete-policy"]


def test_settings_become_environment_variables(helm: Helm):
    found = environment(helm.template(MATRIX["all settings and extras"]))
    assert found == {
        "TRAINSWEEP_ALLOWED_ENDPOINT_HOST": "example.com example.cn",
        "TRAINSWEEP_ALLOW_HTTP_ENDPOINTS": "true",
        "TRAINSWEEP_AUDIT_LOG": "/audit/log",
        "TRAINSWEEP_DELETION_POLICY": "Orphan",
        "TRAINSWEEP_DRAIN_SECONDS": "2.5",
        "TRAINSWEEP_HTTP_ADDRESS": ":8080",
        "TRAINSWEEP_LEADER_ELECTION": "true",
        "TRAINSWEEP_LEASE_NAME": "the-sweeper",
        "TRAINSWEEP_LEASE_NAMESPACE": "trainsweep",
        "TRAINSWEEP_LEASE_SECONDS": "30",
        "TRAINSWEEP_LOG_FORMAT": "pretty",
        "TRAINSWEEP_LOG_LEVEL": "debug",
        "TRAINSWEEP_MAX_CALLS_IN_FLIGHT": "16",
        "TRAINSWEEP_MAX_CALLS_PER_SECOND": "100",
        "TRAINSWEEP_METRICS_ACCOUNT_LABELS": "Namespace",
        "TRAINSWEEP_METRICS_ADDRESS": ":8081",
        "HTTPS_PROXY": "http://10.0.0.1:3128",
    }


@pytest.mark.parametrize(("given", "grace"), [(20, 30), (2.5, 13)])
def test_a_pod_is_given_time_to_drain(helm: Helm, given: float, grace: int):
    pod = one(helm.template({"settings": {"drainSeconds": given}}), "Deployment")["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] == grace


def test_pods_are_spread_by_their_own_labels(helm: Helm):
    deployment = one(helm.template(MATRIX["high availability"]), "Deployment")["spec"]
    (constraint,) = deployment["template"]["spec"]["topologySpreadConstraints"]
    assert constraint["labelSelector"] == deployment["selector"]
    assert constraint["topologyKey"] == "topology.kubernetes.io/zone"


def test_the_pod_of_the_drain_is_none_of_the_operator(helm: Helm):
    """The drain waits until no pod of the Deployment is left."""
    manifests = helm.template()
    labels = one(manifests, "Job")["spec"]["template"]["metadata"]["labels"]
    selector = one(manifests, "Deployment")["spec"]["selector"]["matchLabels"]
    assert not selector.items() <= labels.items()


@matrix
def test_the_selectors_find_the_pods(helm: Helm, values: dict[str, Any]):
    manifests = helm.template(values)
    labels = one(manifests, "Deployment")["spec"]["template"]["metadata"]["labels"]
    service = one(manifests, "Service")
    selectors = [one(manifests, "Deployment")["spec"]["selector"]["matchLabels"], service["spec"]["selector"]]
    for entry in manifests:
        match entry["kind"]:
            case "PodDisruptionBudget":
                selectors.append(entry["spec"]["selector"]["matchLabels"])
            case "NetworkPolicy":
                selectors.append(entry["spec"]["podSelector"]["matchLabels"])
            case "ServiceMonitor":
                assert entry["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    for selector in selectors:
        assert selector
        assert selector.items() <= labels.items()


def test_the_image_is_a_tag_or_a_digest(helm: Helm):
    def image(**values: str) -> str:
        (container,) = one(helm.template({"image": values}), "Deployment")["spec"]["template"]["spec"]["containers"]
        return container["image"]

    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
    digest = f"sha256:{'a' * 64}"
    assert image() == f"trainsweep/trainsweep:{version}"
    assert image(tag="next") == "trainsweep/trainsweep:next"
    assert image(tag="next", digest=digest, repository="mirror/t") == f"mirror/t@{digest}"


def test_rules_and_dashboard_arrive_unchanged(helm: Helm):
    manifests = helm.template(MATRIX["watched by Prometheus"])
    assert one(manifests, "PrometheusRule")["spec"] == yaml.safe_load((CHART / "files" / "rules.yaml").read_text())
    (dashboard,) = one(manifests, "ConfigMap")["data"].values()
    assert json.loads(dashboard) == json.loads((CHART / "files" / "dashboard.json").read_text())


def test_the_alerts_lead_to_the_runbooks_that_are_named(helm: Helm):
    rule = {"enabled": True, "runbookUrl": "https://wiki.example.com/sweep/"}
    groups = one(helm.template({"metrics": {"prometheusRule": rule}}), "PrometheusRule")["spec"]["groups"]
    links = [rule["annotations"]["runbook_url"] for group in groups for rule in group["rules"] if "alert" in rule]
    assert links
    assert {link.rpartition("/")[0].rpartition("/")[0] for link in links} == {"https://wiki.example.com/sweep"}


def test_metrics_for_those_alone_who_may_read_them(helm: Helm):
    found = helm.template(MATRIX["guarded metrics"])
    environment_ = environment(found)
    assert environment_["TRAINSWEEP_METRICS_AUTHENTICATION"] == "true"
    assert environment_["TRAINSWEEP_METRICS_TLS_CERT"] == "/etc/trainsweep/metrics-tls/tls.crt"
    container = one(found, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    assert container["volumeMounts"][0]["mountPath"] == "/etc/trainsweep/metrics-tls"
    (endpoint,) = one(found, "ServiceMonitor")["spec"]["endpoints"]
    assert (endpoint["port"], endpoint["scheme"]) == ("metrics", "https")
    assert endpoint["tlsConfig"] == {"insecureSkipVerify": True}
    roles = {entry["metadata"]["name"]: entry["rules"] for entry in found if entry["kind"] == "ClusterRole"}
    assert roles["trainsweep-metrics-reader"] == [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]
    assert {rule["resources"][0] for rule in roles["trainsweep-token-reviews"]} == {
        "tokenreviews",
        "subjectaccessreviews",
    }


def test_without_authentication_no_right_to_review_tokens_is_asked_for(helm: Helm):
    assert "tokenreviews" not in str(helm.template({}))


def test_the_network_policy_lets_nobody_reach_the_probes(helm: Helm):
    (rule,) = one(helm.template(MATRIX["narrow network policy"]), "NetworkPolicy")["spec"]["ingress"]
    assert rule["ports"] == [{"port": "metrics"}]
