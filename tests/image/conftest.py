"""The image and its base, built once, and the end-to-end world for its operator."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..e2e.conftest import quiet_world, served_plane
from .buildah import Buildah, Image
from .package_index import secrets

__all__ = ["quiet_world", "served_plane"]

ROOT = Path(__file__).parents[2]
BASE = "localhost/base"
_LEFT_OUT = (".venv", ".hypothesis", "*_cache", "__pycache__", "dist", "site")
_PROGRAMS = ("buildah", "mmdebstrap", "bwrap")


@pytest.fixture(scope="session")
def buildah() -> Iterator[Buildah]:
    missing = [program for program in _PROGRAMS if not shutil.which(program)]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed: apt-get install buildah mmdebstrap bubblewrap")
    if os.geteuid():
        pytest.skip("an image is built and entered here by root only")
    # Gigabytes that pytest would keep for three more runs.
    with tempfile.TemporaryDirectory(prefix="trainsweep-image-") as directory:
        yield Buildah(Path(directory))


@pytest.fixture(scope="session")
def base(buildah: Buildah) -> Image:
    buildah.make_base(BASE)
    return buildah.image(BASE)


@pytest.fixture(scope="session")
def options(base: Image, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The options of a build on the base."""
    build = ["--isolation", "chroot", "--pull-never", "--build-arg", f"BASE={BASE}"]
    return [*build, *secrets(tmp_path_factory.mktemp("secrets"))]


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout, as it is now: what is edited meanwhile would make two builds differ."""
    copy = tmp_path_factory.mktemp("checkout") / "trainsweep"
    return shutil.copytree(ROOT, copy, symlinks=True, ignore=shutil.ignore_patterns(*_LEFT_OUT))


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `make image` writes the bill of materials."""
    return tmp_path_factory.mktemp("dist")


@pytest.fixture(scope="session")
def image(buildah: Buildah, checkout: Path, options: list[str], dist: Path) -> Image:
    buildah.make_image(checkout, "localhost/trainsweep", options, dist)
    return buildah.image("localhost/trainsweep")
