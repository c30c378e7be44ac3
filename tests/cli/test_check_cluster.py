"""`trainsweep check` names what is wrong with the login and the cluster, each in one line of its own."""

from __future__ import annotations

import copy
import json
import secrets
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.operator_rights import OPERATOR, grant

from trainsweep_devtools.devcluster import ControlPlane, PlainProgress, User, find_binaries

from .conftest import CRDS, Clouds, Cluster, Run, resource

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(180)]

EXEC = "client.authentication.k8s.io/v1"
SERVICE_ACCOUNT = "system:serviceaccount:trainsweep:trainsweep"

Findings = dict[str, dict[str, Any]]


def findings(found: Any, exit_code: int) -> Findings:
    entries = json.loads(found.stdout)
    assert found.exit_code == exit_code, entries
    assert all("\n" not in entry["found"] for entry in entries)
    return {entry["check"]: entry for entry in entries if entry["about"] == "cluster"}


def one(found: Findings, name: str, verdict: str) -> str:
    entry = found[name]
    assert entry["verdict"] == verdict, entry
    return f"{entry['found']} {entry['advice'] or ''}"


# The login.


@pytest.fixture
def log_in(trainsweep: Run, defined: Cluster, tmp_path: Path) -> Callable[..., str]:
    """What is said of the API server with a kubeconfig that `change(cluster, user)` has changed."""

    def log_in(change: Callable[[dict[str, Any], dict[str, Any]], None], *, verdict: str = "failed") -> str:
        config = json.loads(defined.plane.kubeconfig.read_text())
        change(config["clusters"][0]["cluster"], config["users"][0]["user"])
        path = tmp_path / "kubeconfig"
        path.write_text(json.dumps(config))
        found = trainsweep("check", "--kubeconfig", str(path), "-n", "default", "-o", "json")
        return one(findings(found, 1 if verdict == "failed" else 0), "API server", verdict)

    return log_in


def program(directory: Path, body: str) -> dict[str, Any]:
    path = directory / "login-program"
    path.write_text(f"#!{sys.executable}\nimport sys\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {"apiVersion": EXEC, "command": str(path), "interactiveMode": "Never"}


def replaced(user: dict[str, Any], **by: Any) -> None:
    user.clear()
    user |= by


def test_a_login_that_is_well(log_in: Callable[..., str]):
    told = log_in(lambda cluster, user: None, verdict="ok")
    assert "by the context trainsweep as admin" in told


def test_a_login_program_that_fails(log_in: Callable[..., str], tmp_path: Path):
    plugin = program(tmp_path, "sys.exit('the session has ended: run sso login')")
    told = log_in(lambda cluster, user: replaced(user, exec=plugin))
    assert "failed with exit code 1: the session has ended: run sso login" in told


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize(
    ("cluster", "words"),
    [
        ({"proxy-url": "http://somebody:pa55word@127.0.0.1:9"}, "the proxy 127.0.0.1:9 does not pass the call on"),
        ({"proxy-url": "socks5://127.0.0.1:9"}, "proxy-url of the kubeconfig is no http:// or https:// URL"),
        ({"tls-server-name": "another.example"}, "its certificate is not trusted (Hostname mismatch"),
        ({"certificate-authority-data": ""}, "its certificate is not trusted"),
        ({"certificate-authority": "/nowhere/ca.crt", "certificate-authority-data": ""}, "/nowhere/ca.crt cannot be"),
        ({"server": f"https://127.0.0.1:{closed_port()}"}, "no connection could be made"),
        ({"server": "https://no-such-host.invalid"}, "Check server in the kubeconfig"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_way_to_the_api_server_that_is_none(log_in: Callable[..., str], cluster: dict[str, str], words: str):
    told = log_in(lambda there, user: there.update(cluster))
    assert words in told
    assert "pa55word" not in told


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ({"token": "nobody-s"}, "it does not accept the login (401)"),
        ({"token": "e30.eyJleHAiOiAxMDAwMDAwMDAwfQ.x"}, "it ended at 2001-09-09 01:46 UTC"),
        ({}, "it takes this login for nobody (system:anonymous)"),
        ({"auth-provider": {"name": "gcp"}}, "logs in by the auth provider 'gcp', and it is not supported"),
        ({"tokenFile": "/nowhere/token"}, "tokenFile: /nowhere/token cannot be read"),
    ],
)
def test_a_user_that_is_none(log_in: Callable[..., str], user: dict[str, Any], words: str):
    assert words in log_in(lambda cluster, there: replaced(there, **user))


def test_a_server_that_is_not_verified_is_a_warning(log_in: Callable[..., str]):
    def change(cluster: dict[str, Any], user: dict[str, Any]) -> None:
        del cluster["certificate-authority-data"]
        cluster["insecure-skip-tls-verify"] = True

    assert "certificate is not verified" in log_in(change, verdict="warning")


def test_no_login_at_all(trainsweep: Run):
    found = trainsweep("check", "-o", "json")
    assert "neither a kubeconfig" in one(findings(found, 1), "API server", "failed")


# What is in the cluster.


@pytest.fixture(scope="module")
def plane(control_plane: ControlPlane) -> Iterator[Cluster]:
    """An API server without our kinds, with a user that has the rights of the chart and a ServiceAccount without."""
    users = {OPERATOR: User(), SERVICE_ACCOUNT: User()}
    with ControlPlane.start(find_binaries(False, PlainProgress()), users=users) as plane:
        grant(plane)
        yield Cluster(plane, "default")


@pytest.fixture
def own(plane: Cluster) -> Cluster:
    found = Cluster(plane.plane, f"check-{secrets.token_hex(4)}")
    found.kubectl("create", "namespace", found.namespace)
    return found


@pytest.fixture
def check(trainsweep: Run, own: Cluster) -> Callable[..., Findings]:
    def check(*flags: str, exit_code: int = 0, user: str = "") -> Findings:
        kubeconfig = own.plane.kubeconfig_for(user) if user else own.plane.kubeconfig
        command = ("check", "--kubeconfig", str(kubeconfig), "--lease-namespace", own.namespace, "-o", "json", *flags)
        return findings(trainsweep(*command), exit_code)

    return check


def install(cluster: Cluster, *bodies: dict[str, Any]) -> None:
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=yaml.safe_dump_all(bodies))
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")


def definitions() -> list[dict[str, Any]]:
    return [yaml.safe_load(path.read_text()) for path in sorted(CRDS.glob("*.yaml"))]


def test_kinds_missing_then_of_another_version_then_well(check: Callable[..., Findings], own: Cluster):
    found = check(exit_code=1)
    assert "not installed: trainingjobs.trainsweep.dev" in one(found, "kinds", "failed")
    assert "trainsweep crds | kubectl apply" in found["kinds"]["advice"]
    older = copy.deepcopy(definitions())
    for body in older:
        if body["metadata"]["name"] == "trainingjobs.trainsweep.dev":
            del body["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["expect"]
    install(own, *older)
    found = eventually(lambda: check(exit_code=1), lambda found: "another version" in found["kinds"]["found"])
    assert "of another version: trainingjobs.trainsweep.dev at spec.expect" in one(found, "kinds", "failed")
    install(own, *definitions())
    found = eventually(check, lambda found: found["kinds"]["verdict"] == "ok")
    assert "7 kinds of trainsweep.dev/v1alpha1, as in this version" in one(found, "kinds", "ok")


def eventually(ask: Callable[[], Findings], holds: Callable[[Findings], bool], seconds: float = 30) -> Findings:
    """Definitions and policies are in force a moment after they are stored."""
    end = time.monotonic() + seconds
    while True:
        try:
            found = ask()
            if holds(found):
                return found
        except AssertionError:
            if time.monotonic() > end:
                raise
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.2)


@pytest.fixture
def installed(own: Cluster) -> None:
    install(own, *definitions())


@pytest.mark.usefixtures("installed")
def test_a_service_account_without_rights_is_told_which(check: Callable[..., Findings]):
    found = check(exit_code=1, user=SERVICE_ACCOUNT)
    told = one(found, "rights", "failed")
    assert f"{SERVICE_ACCOUNT} may not get trainingjobs.trainsweep.dev" in told
    assert "more" in told
    assert "roles of the chart" in told


@pytest.mark.usefixtures("installed")
def test_with_the_rights_of_the_chart_all_is_well(check: Callable[..., Findings]):
    found = check(user=OPERATOR)
    assert f"{OPERATOR} (your login, not the operator's own) has all" in one(found, "rights", "ok")
    assert "2 definitions may not be read by this login" in one(found, "kinds", "ok")


@pytest.mark.usefixtures("installed")
def test_a_policy_that_refuses_the_finalizer_is_named(check: Callable[..., Findings], own: Cluster):
    name = f"no-finalizers-{own.namespace}"
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": ["trainsweep.dev"],
                        "apiVersions": ["*"],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": ["trainingjobs"],
                    }
                ]
            },
            "validations": [{"expression": "!has(object.metadata.finalizers)", "message": "finalizers are forbidden"}],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"]},
    }
    flags = ("-n", own.namespace)
    assert f"a new TrainingJob in {own.namespace} would be admitted" in one(check(*flags), "patches", "ok")
    own.apply(policy, binding)
    try:
        found = eventually(lambda: check(*flags, exit_code=1), lambda _: True)
        assert "finalizers are forbidden" in one(found, "patches", "failed")
        own.apply(resource("TrainingJob", "a-job", jobID="155500"))
        told = one(check(*flags, exit_code=1), "patches", "failed")
        assert f"the finalizer of TrainingJob {own.namespace}/a-job" in told
        assert "Exempt the operator's ServiceAccount" in told
    finally:
        own.kubectl("delete", "validatingadmissionpolicybinding,validatingadmissionpolicy", name)
    assert "finalizers" not in own.kubectl("get", "trainingjobs.trainsweep.dev", "a-job", "-o", "yaml")


@pytest.mark.usefixtures("installed")
def test_whether_an_operator_is_at_work(check: Callable[..., Findings], own: Cluster):
    assert "there is no Lease" in one(check(), "operator", "skipped")
    lease(own, datetime.now(UTC))
    assert "pod-1 leads by the Lease" in one(check(), "operator", "ok")
    lease(own, datetime.now(UTC) - timedelta(hours=1))
    assert "by pod-1: no operator runs" in one(check(exit_code=1), "operator", "failed")
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "trainsweep", "labels": dict(LABELS)},
        "spec": {
            "selector": {"matchLabels": LABELS},
            "template": {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "x", "image": "x"}]}},
        },
    }
    own.apply(deployment)
    assert "0 of 1 pods ready" in one(check(exit_code=1), "operator", "failed")


LABELS = {"app.kubernetes.io/name": "trainsweep", "app.kubernetes.io/component": "operator"}


def lease(cluster: Cluster, renewed: datetime) -> None:
    spec = {
        "holderIdentity": "pod-1",
        "leaseDurationSeconds": 15,
        "renewTime": renewed.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "trainsweep"}, "spec": spec}
    cluster.apply(body)


# The whole.


def test_a_table_says_it_all_in_lines_and_nothing_is_changed(trainsweep: Run, clouds: Clouds, cluster_: Cluster):
    cluster_.apply(*clouds.accounts())
    found = trainsweep("check", *cluster_.flags, "-n", cluster_.namespace, "--allow-http-endpoints")
    assert found.exit_code == 0
    for words in ("ok       API server", f"ProviderConfig {cluster_.namespace}/huawei", "Nothing was changed."):
        assert words in found.stdout
    assert [write for write in cluster_.writes() if "dryRun=All" not in write] == []
    assert clouds.changes == []
