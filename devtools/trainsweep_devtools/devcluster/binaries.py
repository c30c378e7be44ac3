"""Where the control plane's programs come from. The first of these that has them wins:

    1. the directory that KUBEBUILDER_ASSETS names
    2. the user's cache, filled by an earlier run
    3. the envtest release archive (etcd and kube-apiserver; it carries no kube-controller-manager)
    4. a build with Go

The user's current kubectl context is not among them: which existing cluster to use is for the caller to be told.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from trainsweep_devtools.devcluster import build, download
from trainsweep_devtools.devcluster.cache import Cache, holds
from trainsweep_devtools.devcluster.errors import DevClusterError
from trainsweep_devtools.devcluster.progress import Progress

SERVER = ("etcd", "kube-apiserver")
CONTROLLERS = ("kube-controller-manager",)


@dataclass(frozen=True)
class Binaries:
    """Paths of programs. `kube_controller_manager` is None unless controllers were asked for."""

    etcd: Path
    kube_apiserver: Path
    kube_controller_manager: Path | None = None


def find_binaries(
    controllers: bool,
    progress: Progress,
    *,
    environ: Mapping[str, str] | None = None,
    transport: httpx.BaseTransport | None = None,
) -> Binaries:
    """The programs, at once when some earlier run left them, else after a download or a build.

    `environ` stands for the process's environment and `transport` for the network of the download.
    Raises DevClusterError when no step led to them; the text is that of the last step.
    """
    environ = os.environ if environ is None else environ
    cache = Cache.of_user(environ)
    assets = _assets(environ)
    server = _first(SERVER, assets, *_server_shelves(cache)) or _obtain_server(cache, progress, environ, transport)
    if not controllers:
        return Binaries(server / "etcd", server / "kube-apiserver")
    manager = _first(CONTROLLERS, assets, build.shelf(cache)) or _obtain_controllers(cache, progress, environ)
    return Binaries(server / "etcd", server / "kube-apiserver", manager / "kube-controller-manager")


def _assets(environ: Mapping[str, str]) -> Path | None:
    if not (named := environ.get("KUBEBUILDER_ASSETS")):
        return None
    if not holds(Path(named), SERVER):
        raise DevClusterError(
            f"KUBEBUILDER_ASSETS names {named}, which does not hold both etcd and kube-apiserver. Correct or unset it."
        )
    return Path(named)


def _server_shelves(cache: Cache) -> tuple[Path, ...]:
    return build.shelf(cache), download.shelf(cache)


def _first(names: tuple[str, ...], *directories: Path | None) -> Path | None:
    return next((path for path in directories if path and holds(path, names)), None)


def _obtain_server(
    cache: Cache, progress: Progress, environ: Mapping[str, str], transport: httpx.BaseTransport | None
) -> Path:
    with cache.locked(progress):
        if found := _first(SERVER, *_server_shelves(cache)):
            return found
        try:
            return download.download(SERVER, cache, progress, transport)
        except DevClusterError as error:
            progress.gave_way(str(error))
        return build.build(SERVER, cache, progress, environ)


def _obtain_controllers(cache: Cache, progress: Progress, environ: Mapping[str, str]) -> Path:
    with cache.locked(progress):
        return _first(CONTROLLERS, build.shelf(cache)) or build.build(CONTROLLERS, cache, progress, environ)
