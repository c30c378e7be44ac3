"""How pip reaches the package index on this machine, in the form in which the Dockerfile takes it: as build secrets."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

_PASSED_ON = ("index-url", "extra-index-url", "trusted-host", "proxy", "default-timeout", "timeout")


def secrets(directory: Path) -> list[str]:
    """Options of a build; the files that they name are in `directory`, or are this machine's certificates."""
    settings = _settings()
    lines = [f"{name} = {value}" for name, value in settings.items() if name in _PASSED_ON]
    options = []
    if "cert" in settings:
        lines.append("cert = /run/secrets/ca")
        options += ["--secret", f"id=ca,src={settings['cert']}"]
    configuration = directory / "pip.conf"
    configuration.touch(mode=0o600)  # the address of an index may hold a password
    configuration.write_text("\n".join(["[global]", *lines, ""]))
    return [*options, "--secret", f"id=pip,src={configuration}"]


def _settings() -> dict[str, str]:
    """pip's own view of its files and environment: lines such as `global.timeout='60'`, the environment's `:env:.…`."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    found: dict[str, dict[str, str]] = {"global": {}, ":env:": {}}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in found:
            found[section][name] = ast.literal_eval(value)
    return found["global"] | found[":env:"]
