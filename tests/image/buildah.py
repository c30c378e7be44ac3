"""buildah without a container engine: chroot isolation, and a storage of its own that a directory's end removes."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Seconds. On two idle cores a base takes 25 s, a build 40 s.
_PATIENCE = 900


@dataclass(frozen=True)
class Image:
    """`files` is its root directory, unpacked; `config` has `User`, `Env`, `Entrypoint`, `Cmd` and `Labels`."""

    id: str
    config: dict[str, Any]
    files: Path

    def names(self) -> set[str]:
        """All files and directories, without the first slash."""
        return {
            os.path.relpath(os.path.join(directory, name), self.files)
            for directory, directories, files in os.walk(self.files)
            for name in (*directories, *files)
        }


class Buildah:
    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.command = ["buildah", "--storage-driver", "vfs"]
        self.command += ["--root", str(directory / "storage"), "--runroot", str(directory / "run")]

    def __call__(self, *arguments: str) -> str:
        return _output([*self.command, *arguments])

    def make_base(self, name: str) -> None:
        """This machine's Debian in its smallest form with Python, pip and venv, as slim images of Python have them."""
        archive = self._directory / "base.tar"
        packages = "--include=python3,python3-pip,python3-venv"
        _output(["mmdebstrap", "--quiet", "--variant=minbase", packages, _codename(), str(archive)])
        container = self("from", "scratch")
        self("add", container, str(archive), "/")
        self("commit", "--quiet", "--rm", container, name)
        archive.unlink()

    def make_image(self, checkout: Path, name: str, options: list[str], dist: Path, *flags: str) -> None:
        """`make image` in a checkout, and its bill of materials in `dist`; `flags` are those of make itself."""
        variables = {"ENGINE": self.command, "ENGINE_OPTIONS": options, "IMAGE": [name], "DIST": [str(dist)]}
        given = [f"{variable}={' '.join(words)}" for variable, words in variables.items()]
        _output(["make", "--directory", str(checkout), "image", *flags, *given])

    def image(self, name: str) -> Image:
        about = json.loads(self("inspect", "--type", "image", name))
        container = self("from", "--pull-never", name)
        return Image(about["FromImageID"], about["Docker"]["config"], Path(self("mount", container)))


def _output(command: list[str]) -> str:
    # `make test` tells the makes below it what it was itself told.
    environ = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, env=environ, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout.strip()


def _codename() -> str:
    lines = Path("/etc/os-release").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)["VERSION_CODENAME"].strip('"')
