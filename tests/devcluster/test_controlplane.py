"""The real thing: what it serves, to whom, through faults, and that nothing of it stays."""

import json
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from trainsweep_devtools.devcluster import Binaries, Component, ControlPlane, DevClusterError, User

pytestmark = pytest.mark.apiserver

OWNED = """
apiVersion: v1
kind: ConfigMap
metadata:
  name: owned
  ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: owner, uid: %s}]
"""


def eventually(condition, what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def processes_of(port: str) -> list[str]:
    table = subprocess.run(["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True)  # noqa: S607
    return [line for line in table.stdout.splitlines() if f"--secure-port={port}" in line]


def port_of(server: str) -> str:
    return server.rpartition(":")[2]


def client(plane: ControlPlane) -> httpx.Client:
    """A client that verifies the server by the CA in the kubeconfig, as any other client does."""
    content = json.loads(plane.kubeconfig.read_text())
    trust = ssl.create_default_context()
    trust.load_verify_locations(cafile=plane.directory / "certificates" / "apiserver.crt")
    token = content["users"][0]["user"]["token"]
    return httpx.Client(base_url=plane.server, verify=trust, headers={"Authorization": f"Bearer {token}"}, timeout=2)


@pytest.fixture(scope="module")
def plane(binaries, tmp_path_factory):
    users = {"reader": User(), "system:serviceaccount:default:operator": User(groups=("system:serviceaccounts",))}
    log = tmp_path_factory.mktemp("audit") / "audit.log"
    with ControlPlane.start(binaries, controllers=True, users=users, audit_log=log) as started:
        yield started


def test_it_serves_the_default_namespace_at_once(plane, kubectl):
    assert kubectl(plane.kubeconfig, "get", "namespace", "default", "-o", "name").stdout == "namespace/default\n"


def test_it_has_the_version_that_its_clients_expect(plane, kubectl):
    version = json.loads(kubectl(plane.kubeconfig, "version", "-o", "json").stdout)["serverVersion"]
    assert (version["major"], version["minor"]) == ("1", "36")
    assert version["gitVersion"].startswith("v1.36.")


def test_a_user_may_do_what_rbac_grants_and_no_more(plane, kubectl):
    mine = plane.kubeconfig_for("reader")
    assert "Forbidden" in kubectl(mine, "get", "configmaps").stderr
    kubectl(plane.kubeconfig, "create", "rolebinding", "reader", "--clusterrole=view", "--user=reader")
    eventually(lambda: kubectl(mine, "get", "configmaps").returncode == 0, "the binding never took effect")
    assert "is forbidden" in kubectl(mine, "create", "configmap", "refused").stderr


def test_a_user_can_stand_in_for_a_service_account(plane, kubectl):
    answer = kubectl(plane.kubeconfig_for("system:serviceaccount:default:operator"), "auth", "whoami", "-o", "json")
    assert json.loads(answer.stdout)["status"]["userInfo"]["username"] == "system:serviceaccount:default:operator"


def test_nobody_else_has_a_kubeconfig(plane):
    with pytest.raises(KeyError, match="stranger"):
        plane.kubeconfig_for("stranger")


def test_files_with_tokens_are_the_owners_alone(plane):
    private = [*plane.directory.glob("*.kubeconfig"), plane.directory / "tokens.csv"]
    assert len(private) == 5
    assert {path.stat().st_mode & 0o777 for path in private} == {0o600}
    assert plane.directory.stat().st_mode & 0o777 == 0o700


def test_a_service_account_gets_a_token_that_the_server_accepts(plane, kubectl):
    kubectl(plane.kubeconfig, "create", "serviceaccount", "robot")
    token = kubectl(plane.kubeconfig, "create", "token", "robot").stdout.strip()
    answer = kubectl(
        Path("/dev/null"),
        "auth",
        "whoami",
        f"--token={token}",
        f"--server={plane.server}",
        f"--certificate-authority={plane.directory / 'certificates' / 'apiserver.crt'}",
    )
    assert "system:serviceaccount:default:robot" in answer.stdout


def test_the_audit_log_counts_each_request_once(plane, kubectl):
    kubectl(plane.kubeconfig, "create", "configmap", "counted")
    entries = [json.loads(line) for line in plane.audit_log.read_text().splitlines()]
    counted = [
        entry for entry in entries if entry["verb"] == "create" and entry.get("objectRef", {}).get("name") == "counted"
    ]
    assert [(entry["user"]["username"], entry["responseStatus"]["code"]) for entry in counted] == [("admin", 201)]
    assert {entry["stage"] for entry in entries} == {"ResponseComplete"}
    assert {entry["level"] for entry in entries} == {"Metadata"}


def test_a_deleted_namespace_goes_away(plane, kubectl):
    kubectl(plane.kubeconfig, "create", "namespace", "passing")
    kubectl(plane.kubeconfig, "create", "configmap", "inside", "--namespace=passing")
    assert kubectl(plane.kubeconfig, "delete", "namespace", "passing", "--timeout=50s").returncode == 0
    assert "NotFound" in kubectl(plane.kubeconfig, "get", "namespace", "passing").stderr


def test_what_is_owned_goes_with_its_owner(plane, kubectl):
    kubectl(plane.kubeconfig, "create", "configmap", "owner")
    uid = kubectl(plane.kubeconfig, "get", "configmap", "owner", "-o", "jsonpath={.metadata.uid}").stdout
    assert kubectl(plane.kubeconfig, "create", "-f", "-", stdin=OWNED % uid).returncode == 0
    kubectl(plane.kubeconfig, "delete", "configmap", "owner")
    eventually(
        lambda: kubectl(plane.kubeconfig, "get", "configmap", "owned").returncode, "the owned one was not collected"
    )


def test_a_killed_api_server_refuses_and_comes_back_as_it_was(plane, kubectl):
    kubectl(plane.kubeconfig, "create", "configmap", "lasting")
    plane.kill(Component.API_SERVER)
    with client(plane) as http, pytest.raises(httpx.ConnectError):
        http.get("/readyz")
    plane.run(Component.API_SERVER)
    assert kubectl(plane.kubeconfig, "get", "configmap", "lasting").returncode == 0


def test_data_survive_a_crash_of_everything(plane, kubectl):
    kubectl(plane.kubeconfig, "create", "configmap", "surviving")
    plane.kill(Component.API_SERVER)
    plane.restart(Component.ETCD)
    plane.run(Component.API_SERVER)
    assert kubectl(plane.kubeconfig, "get", "configmap", "surviving").returncode == 0


def test_a_paused_api_server_is_silent_until_it_goes_on(plane):
    with client(plane) as http:
        plane.pause(Component.API_SERVER)
        with pytest.raises(httpx.TimeoutException):
            http.get("/readyz")
        plane.resume(Component.API_SERVER)
        eventually(lambda: http.get("/readyz", timeout=30).text == "ok", "it did not go on")


def test_a_stopped_one_leaves_no_process_no_port_and_no_file(binaries):
    with ControlPlane.start(binaries) as plane:
        port = port_of(plane.server)
        assert processes_of(port)
    assert processes_of(port) == []
    assert not plane.directory.exists()
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # closed connections may linger, a listener may not
        free.bind(("127.0.0.1", int(port)))
    plane.stop()


def test_in_a_directory_of_its_own_it_finds_its_data_again(binaries, kubectl, tmp_path):
    # Longer than a Unix socket's path may be.
    directory = tmp_path / ("long" * 30)
    with ControlPlane.start(binaries, directory=directory) as plane:
        kubectl(plane.kubeconfig, "create", "configmap", "kept")
    with ControlPlane.start(binaries, directory=directory) as plane:
        assert kubectl(plane.kubeconfig, "get", "configmap", "kept").returncode == 0


def test_controllers_that_were_not_found_cannot_be_started(binaries, tmp_path):
    server_only = Binaries(binaries.etcd, binaries.kube_apiserver)
    with pytest.raises(DevClusterError, match="find_binaries was not asked for the controllers"):
        ControlPlane.start(server_only, controllers=True, directory=tmp_path / "plane")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda s: s.name)
def test_the_command_prints_a_kubeconfig_and_leaves_nothing_however_it_ends(binaries, number):
    command = [sys.executable, "-m", "trainsweep_devtools.devcluster"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        assert running.stdout is not None
        printed = re.fullmatch(r"export KUBECONFIG=(\S+)\n", running.stdout.readline())
        assert printed
        kubeconfig = Path(printed[1])
        port = port_of(json.loads(kubeconfig.read_text())["clusters"][0]["cluster"]["server"])
        assert processes_of(port)
        running.send_signal(number)
        assert running.wait() == (-signal.SIGKILL if number is signal.SIGKILL else 0)
    eventually(lambda: not processes_of(port), "a process was left")
    eventually(lambda: not kubeconfig.parent.exists(), "the directory was left")
