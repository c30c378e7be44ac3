"""The envtest release archive of kubernetes-sigs/controller-tools: etcd, kube-apiserver and kubectl for one platform.

URLs and SHA-512 sums are those of the project's index, https://github.com/kubernetes-sigs/controller-tools
(envtest-releases.yaml). The sums are kept here, in archives.json, so that an altered release is noticed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Any

import httpx

from trainsweep_devtools.devcluster.cache import Cache, holds, publish, this_platform
from trainsweep_devtools.devcluster.errors import DevClusterError
from trainsweep_devtools.devcluster.progress import Progress

#: Seconds without a connection, or without a byte, after which the download gives way.
SILENCE = 10.0
_RELEASES = "https://github.com/kubernetes-sigs/controller-tools/releases/download"


def archives() -> dict[str, Any]:
    """`{"version": "1.36.2", "sha512": {"linux-amd64": "ea74…"}}`."""
    loaded: dict[str, Any] = json.loads((files(__package__) / "archives.json").read_text())
    return loaded


def shelf(cache: Cache) -> Path:
    return cache.directory("envtest", archives()["version"])


def download(
    names: tuple[str, ...], cache: Cache, progress: Progress, transport: httpx.BaseTransport | None = None
) -> Path:
    """Fetch, verify and unpack; the answer is the directory that holds `names`. Needs the cache's lock.

    Raises DevClusterError when nothing arrives for `SILENCE` seconds, or when what arrives is not the archive.
    """
    version = archives()["version"]
    archive = f"envtest-v{version}-{this_platform()}.tar.gz"
    url = f"{_RELEASES}/envtest-v{version}/{archive}"
    progress.step(f"Downloading etcd and kube-apiserver {version} from github.com")
    with cache.staging() as staging:
        try:
            digest = _fetch(url, staging / archive, progress, transport)
        except httpx.TimeoutException:
            raise DevClusterError(f"Nothing arrived from github.com for {SILENCE:.0f} s.") from None
        except httpx.HTTPStatusError as error:
            raise DevClusterError(f"github.com answers {error.response.status_code} for {archive}.") from None
        except httpx.HTTPError as error:
            raise DevClusterError(f"github.com cannot be reached: {error}.") from None
        if digest != archives()["sha512"][this_platform()]:
            raise DevClusterError(f"{archive} is not the archive that was released: its SHA-512 differs.")
        _unpack(staging / archive, names, staging)
        if not holds(staging, names):
            raise DevClusterError(f"{archive} does not hold {' and '.join(names)}.")
        publish({name: staging / name for name in names}, shelf(cache))
    return shelf(cache)


def _fetch(url: str, target: Path, progress: Progress, transport: httpx.BaseTransport | None) -> str:
    digest = hashlib.sha512()
    client = httpx.Client(timeout=SILENCE, follow_redirects=True, transport=transport)
    with client, client.stream("GET", url) as answer, target.open("wb") as file:
        answer.raise_for_status()
        total = int(answer.headers.get("content-length", 0))
        for chunk in answer.iter_bytes(1 << 16):
            digest.update(chunk)
            file.write(chunk)
            progress.advance(answer.num_bytes_downloaded, total)
    return digest.hexdigest()


def _unpack(archive: Path, names: tuple[str, ...], directory: Path) -> None:
    """Write only the wanted programs, under their own names: a path inside the archive decides nothing."""
    with tarfile.open(archive) as opened:
        for member in opened:
            name = PurePosixPath(member.name).name
            source = opened.extractfile(member) if name in names and member.isfile() else None
            if source:
                with source, (directory / name).open("wb") as file:
                    shutil.copyfileobj(source, file)
