"""What the tests of the local control plane share: a recording Progress, a Go that only pretends, the real programs."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from trainsweep_devtools.devcluster import Binaries, PlainProgress, find_binaries

# Answers the three commands that the build uses, and writes down what it was asked. FAKE_GO_FAILS makes a build fail.
_GO = """\
import os, pathlib, sys
with open({calls!r}, "a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
command, packages = sys.argv[1], [a for a in sys.argv if a.startswith(("k8s.io/", "go.etcd.io/"))]
if command == "env":
    print({version!r})
elif command == "list":
    print("go: downloading k8s.io/kubernetes v1.36.3", file=sys.stderr)
    print("\\n".join(packages))
elif os.environ.get("FAKE_GO_FAILS"):
    sys.exit("k8s.io/kubernetes: no space left on device")
else:
    pathlib.Path("bin").mkdir()
    for package in packages:
        name = pathlib.PurePath(package).name
        pathlib.Path("bin", "server" if name == "v3" else name).write_text("built")
        print(package, file=sys.stderr)
"""


@dataclass
class FakeGo:
    program: Path

    @property
    def calls(self) -> list[str]:
        log = self.program.with_name("calls")
        return log.read_text().splitlines() if log.exists() else []

    @property
    def built(self) -> list[str]:
        return [
            word
            for call in self.calls
            if call.startswith("build")
            for word in call.split()
            if "/v3" in word or "/cmd/" in word
        ]


@dataclass
class Recording:
    """A Progress that remembers."""

    steps: list[str] = field(default_factory=list)
    advances: list[tuple[int, int]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def step(self, text: str) -> None:
        self.steps.append(text)

    def advance(self, done: int, total: int) -> None:
        self.advances.append((done, total))

    def gave_way(self, reason: str) -> None:
        self.reasons.append(reason)


@pytest.fixture
def progress() -> Recording:
    return Recording()


@pytest.fixture
def fake_go():
    def install(program: Path, version: str = "go1.26.8") -> FakeGo:
        program.parent.mkdir(parents=True, exist_ok=True)
        calls = str(program.with_name("calls"))
        program.write_text(f"#!{sys.executable}\n{_GO.format(calls=calls, version=version)}")
        program.chmod(0o755)
        return FakeGo(program)

    return install


@pytest.fixture(scope="session")
def binaries() -> Binaries:
    return find_binaries(controllers=True, progress=PlainProgress())


@pytest.fixture
def kubectl():
    """kubectl on the file of a user; the answer is what it did, failures included."""

    def run(kubeconfig: Path, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        environ = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(kubeconfig.parent),
        }
        return subprocess.run(
            ["kubectl", f"--kubeconfig={kubeconfig}", *arguments],  # noqa: S607
            env=environ,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run
