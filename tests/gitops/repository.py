"""A git repository on disk, as the source of truth of a GitOps engine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import yaml


class Repository:
    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self._git("init", "--quiet", "--initial-branch=main")
        self.commit()

    def commit(self, **manifests: dict[str, Any] | None) -> None:
        """Write a file for each manifest, remove those given as None, and commit."""
        for name, manifest in manifests.items():
            file = self.path / f"{name}.yaml"
            if manifest is None:
                file.unlink()
            else:
                file.write_text(yaml.safe_dump(manifest))
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message", f"Change {', '.join(manifests) or 'nothing'}")

    def _git(self, *arguments: str) -> None:
        # Nobody's own settings: no signing, no hooks, no other default branch.
        nobody = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        author = {
            f"GIT_{role}_{field}": "test@example.com" for role in ("AUTHOR", "COMMITTER") for field in ("NAME", "EMAIL")
        }
        subprocess.run(
            ["git", *arguments],  # noqa: S607 (whichever git is on the PATH)
            cwd=self.path,
            env=os.environ | nobody | author,
            check=True,
            capture_output=True,
        )
