"""The user's cache of binaries, shared by all checkouts: one writer at a time, and no reader ever sees half a file.

Layout, under `$XDG_CACHE_HOME/trainsweep/devcluster` (`~/.cache` when unset):

    lock                                    held while something is fetched or built
    kubernetes-1.36.3-linux-amd64/          built here: etcd, kube-apiserver, kube-controller-manager
    envtest-1.36.2-linux-amd64/             out of the release archive: etcd, kube-apiserver
    go-1.26.6-linux-amd64/                  Go, when the machine had none
    staging-…/                              of the one that holds the lock; left-overs go with the next lock
"""

from __future__ import annotations

import fcntl
import platform
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from trainsweep_devtools.devcluster.errors import DevClusterError
from trainsweep_devtools.devcluster.progress import Progress

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def this_platform() -> str:
    """The platform in Go's words, as in `linux-amd64`. Raises DevClusterError where no control plane can run."""
    system, machine = platform.system().lower(), platform.machine().lower()
    if system not in ("linux", "darwin") or machine not in _ARCHITECTURES:
        raise DevClusterError(
            f"There is no local control plane for {platform.system()} on {platform.machine()}. "
            "Use Linux or macOS on x86-64 or ARM64, or name a cluster with --context."
        )
    return f"{system}-{_ARCHITECTURES[machine]}"


class Cache:
    """One directory on the user's disk. Reading needs no lock, as files appear in it whole."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def of_user(cls, environ: Mapping[str, str]) -> Cache:
        # The XDG base directory specification: a relative path in the variable is to be ignored.
        configured = Path(environ.get("XDG_CACHE_HOME", ""))
        base = configured if configured.is_absolute() else Path(environ.get("HOME") or Path.home()) / ".cache"
        return cls(base / "trainsweep" / "devcluster")

    def directory(self, what: str, version: str) -> Path:
        return self.root / f"{what}-{version}-{this_platform()}"

    @contextmanager
    def locked(self, progress: Progress) -> Iterator[None]:
        """Hold the cache's lock; the kernel frees it when its holder dies. Look again at what is there once inside."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                progress.step(f"Waiting for another process that fills {self.root}")
                fcntl.flock(lock, fcntl.LOCK_EX)
            for abandoned in self.root.glob("staging-*"):
                shutil.rmtree(abandoned, ignore_errors=True)
            yield

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A scratch directory on the cache's own file system, so that a rename out of it is atomic. Needs the lock."""
        with tempfile.TemporaryDirectory(prefix="staging-", dir=self.root, ignore_cleanup_errors=True) as path:
            yield Path(path)


def publish(files: Mapping[str, Path], directory: Path) -> None:
    """Move finished programs into `directory` under their final names, each by one rename."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, path in files.items():
        path.chmod(0o755)
        path.replace(directory / name)


def holds(directory: Path, names: tuple[str, ...]) -> bool:
    return all((directory / name).is_file() for name in names)
