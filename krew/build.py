"""Write the plugin for krew: an archive with the wheel, and the manifest that names it.

`python krew/build.py --uri URI DIRECTORY`: the URI is where the archive will lie.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import yaml

from trainsweep import __version__

ROOT = Path(__file__).parents[1]
LAUNCHER = Path(__file__).parent / "kubectl-trainsweep"
ARCHIVE = "kubectl-trainsweep.tar.gz"
#: Where the launcher, a shell script, and wheels of all that Trainsweep needs are to be had.
PLATFORMS = [(system, machine) for system in ("linux", "darwin") for machine in ("amd64", "arm64")]


def archive(directory: Path) -> Path:
    """The same sources give the same files in it."""
    with tempfile.TemporaryDirectory() as scratch:
        build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
        subprocess.run([*build, "--wheel-dir", scratch, str(ROOT)], check=True)
        (wheel,) = Path(scratch).glob("*.whl")
        path = directory / ARCHIVE
        with tarfile.open(path, "w:gz") as packed:
            for file in (LAUNCHER, ROOT / "LICENSE", wheel):
                packed.add(file, file.name, filter=_anonymous)
    return path


def manifest(packed: Path, uri: str) -> dict[str, Any]:
    sha256 = hashlib.sha256(packed.read_bytes()).hexdigest()
    return {
        "apiVersion": "krew.googlecontainertools.github.com/v1alpha2",
        "kind": "Plugin",
        "metadata": {"name": "trainsweep"},
        "spec": {
            "version": f"v{__version__}",
            "homepage": "https://trainsweep.dev/",
            "shortDescription": "Watch, approve and end remote training work",
            "description": (
                "Tells the whole story of a Trainsweep resource: what is wanted and why, what is there, what\n"
                "happens next, and what to do where it stalls. Approves held deletions, pauses, resumes and\n"
                "refreshes resources, waits for them, and lists what an account at ModelArts or Qianfan holds.\n"
            ),
            "caveats": "Needs Python 3.11 or newer. The first call installs the plugin's packages into your cache.\n",
            "platforms": [
                {
                    "selector": {"matchLabels": {"os": system, "arch": machine}},
                    "uri": uri,
                    "sha256": sha256,
                    "bin": LAUNCHER.name,
                }
                for system, machine in PLATFORMS
            ],
        },
    }


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o755 if entry.mode & 0o100 else 0o644
    return entry


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the plugin for krew.")
    parser.add_argument("--uri", required=True, help="where the archive will lie")
    parser.add_argument("directory", type=Path)
    given = parser.parse_args()
    given.directory.mkdir(parents=True, exist_ok=True)
    packed = archive(given.directory)
    text = yaml.safe_dump(manifest(packed, given.uri), sort_keys=False)
    (given.directory / "trainsweep.yaml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
