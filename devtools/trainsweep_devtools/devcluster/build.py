"""Build the programs from the Go module proxy, out of a module that pins every dependency by version and checksum.

`source/` holds that module as text: k8s.io/kubernetes, whose staging modules have to be replaced by their releases, and
etcd's server, which Kubernetes uses a client of anyway. Cold, on two cores: 3 min 15 s for etcd and kube-apiserver; the
controllers, built after them, take 45 s more. Go's own caches make the next time a matter of seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path

from trainsweep_devtools.devcluster.cache import Cache, publish
from trainsweep_devtools.devcluster.command import follow
from trainsweep_devtools.devcluster.golang import find_go
from trainsweep_devtools.devcluster.progress import Progress

KUBERNETES = "1.36.3"
_PACKAGES = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
}
#: `go build` names a program after its package's last element that is not a version.
_BUILT_AS = {"etcd": "server"}
_TYPICAL = {"kube-apiserver": "some 3 minutes", "kube-controller-manager": "under a minute"}
#: How many modules the commands need, when none is there yet.
_MODULES = 141
#: Seconds without a word from `go list`. It says when a module's download begins, not how it goes on, and the
#: largest of them is 30 MB: the 10 s of a plain download would give up on slow but living lines.
SILENCE = 120.0


def shelf(cache: Cache) -> Path:
    return cache.directory("kubernetes", KUBERNETES)


def build(names: tuple[str, ...], cache: Cache, progress: Progress, environ: Mapping[str, str]) -> Path:
    """Build programs; the answer is the directory that holds them. Needs the cache's lock.

    Raises DevClusterError with Go's last words when a module cannot be had or does not compile.
    """
    go = str(find_go(cache, progress, environ))
    packages = [_PACKAGES[name] for name in names]
    settings = _settings(environ)
    with cache.staging() as module:
        for file in ("go.mod", "go.sum", "tools.go"):
            (module / file).write_text((files(__package__) / "source" / f"{file}.txt").read_text())

        progress.step("Downloading the sources of Kubernetes and etcd from the Go module proxy")
        command = [go, "list", "-trimpath", "-deps", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}", *packages]
        missing = _count_missing(follow(command, directory=module, environ=settings, silence=SILENCE), progress)

        progress.step(f"Building {' and '.join(names)} with Go ({_TYPICAL[names[-1]]} when nothing is cached)")
        command = [go, "build", "-v", "-trimpath", "-ldflags", _linker_flags(), "-o", "bin/", *packages]
        for done, _ in enumerate(follow(command, directory=module, environ=settings), start=1):
            progress.advance(min(done, missing), missing)
        publish({name: module / "bin" / _BUILT_AS.get(name, name) for name in names}, shelf(cache))
    return shelf(cache)


def _count_missing(lines: Iterable[str], progress: Progress) -> int:
    """How many packages Go's build cache lacks, which is how many lines `go build -v` will write."""
    downloaded = missing = 0
    for line in lines:
        if line.startswith("go: downloading"):
            downloaded += 1
            progress.advance(min(downloaded, _MODULES), _MODULES)
        elif line:
            missing += 1
    return missing


def _settings(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for Go: the user's, for proxies and caches, without what would change the outcome."""
    kept = {name: value for name, value in environ.items() if name not in ("GOROOT", "GOOS", "GOARCH", "GOEXPERIMENT")}
    return kept | {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": "-mod=readonly"}


def _linker_flags() -> str:
    major, minor, _ = KUBERNETES.split(".")
    version = {"gitVersion": f"v{KUBERNETES}", "gitMajor": major, "gitMinor": minor}
    return " ".join(
        ["-s", "-w", *(f"-X k8s.io/component-base/version.{name}={value}" for name, value in version.items())]
    )
