"""Programs that only tests need, built with Go out of modules that pin every dependency, and kept in the user's cache.

A tool is a directory beside this file, with `go.mod`, `go.sum` and a `tools.go` that imports its command. It is built
again when one of these changes. The cache: `tools/NAME-DIGEST-linux-amd64/NAME` beside the local control plane's.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trainsweep_devtools.devcluster import Progress
from trainsweep_devtools.devcluster.cache import Cache, holds, publish
from trainsweep_devtools.devcluster.command import follow
from trainsweep_devtools.devcluster.golang import find_go

#: Seconds without a word from Go, while modules are downloaded or packages compiled.
SILENCE = 180.0


@dataclass(frozen=True)
class Tool:
    """`package` is the command's import path, `flags` go to `go build` beside `-trimpath`."""

    name: str
    module: Path
    package: str
    flags: tuple[str, ...] = ("-ldflags", "-s -w")

    @property
    def digest(self) -> str:
        """Changes with anything that the program is made of."""
        files = [(self.module / file).read_text() for file in ("go.mod", "go.sum")]
        return hashlib.sha256("\0".join([*files, self.package, *self.flags]).encode()).hexdigest()[:12]


TOOLS = Path(__file__).parent
GITOPS_AGENT = Tool("gitops-agent", TOOLS / "gitops-agent", "github.com/argoproj/gitops-engine/agent")

#: As Helm's own Makefile does it: the version, and the Kubernetes release that `helm template` and `lint` suppose.
_VARIABLES = {
    "internal/version.version": "v3.22.0",
    **{
        f"{package}.k8sVersion{part}": value
        for package in ("pkg/chartutil", "pkg/lint/rules")
        for part, value in (("Major", "1"), ("Minor", "36"))
    },
}
HELM = Tool(
    "helm",
    TOOLS / "helm",
    "helm.sh/helm/v3/cmd/helm",
    ("-ldflags", " ".join(["-s -w", *(f"-X helm.sh/helm/v3/{name}={value}" for name, value in _VARIABLES.items())])),
)


def obtain(tool: Tool, progress: Progress, environ: Mapping[str, str] | None = None) -> Path:
    """The program, built if the cache lacks it. Raises DevClusterError when there is no Go or the build fails."""
    environ = os.environ if environ is None else environ
    shared = Cache.of_user(environ)
    cache = Cache(shared.root.parent / "tools")
    shelf = cache.directory(tool.name, tool.digest)
    if not holds(shelf, (tool.name,)):
        with shared.locked(progress):
            go = find_go(shared, progress, environ)
        with cache.locked(progress):
            if not holds(shelf, (tool.name,)):
                progress.step(f"Building {tool.name} with Go (a minute or two when nothing is cached)")
                _build(tool, go, cache, environ)
    return shelf / tool.name


def _build(tool: Tool, go: Path, cache: Cache, environ: Mapping[str, str]) -> None:
    # The user's settings for proxies and caches, without those that would change the outcome.
    kept = {name: value for name, value in environ.items() if name not in ("GOROOT", "GOOS", "GOARCH", "GOEXPERIMENT")}
    settings = kept | {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": "-mod=readonly"}
    with cache.staging() as staging:
        program = staging / tool.name
        command = [str(go), "build", "-v", "-trimpath", *tool.flags, "-o", str(program), tool.package]
        for _ in follow(command, directory=tool.module, environ=settings, silence=SILENCE):
            pass
        publish({tool.name: program}, cache.directory(tool.name, tool.digest))
