"""Kubeconfig files, read and merged as kubectl does: the first file that names something decides.

The loader of `kubernetes.aio` is not used: it takes the last current-context, keeps inline certificates in files that
a cleaner of /tmp removes, and goes on without a login when a plugin fails.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from kubernetes.aio.config import ConfigException


@dataclass(frozen=True, slots=True)
class Entry:
    """A cluster, user or context as written, and the directory from which its relative paths start."""

    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    directory: Path = Path()

    def path(self, name: str) -> Path | None:
        """The file that a field names, None when it names none."""
        written = self.body.get(name)
        return self.directory / Path(str(written)).expanduser() if written else None

    def pem(self, name: str) -> bytes:
        """What `name`-data holds inline, else the content of the file that `name` names; b"" for neither."""
        if inline := self.body.get(f"{name}-data"):
            try:
                return base64.b64decode(inline, validate=False)
            except (binascii.Error, ValueError, TypeError):
                raise ConfigException(f"{name}-data of the kubeconfig is not base64; write it again.") from None
        return read_bytes(path, name) if (path := self.path(name)) else b""


@dataclass(frozen=True, slots=True)
class Chosen:
    """One context with all that it leads to."""

    context: str
    namespace: str
    cluster: Entry
    user_name: str
    user: Entry


def default_files(environ: Mapping[str, str] = os.environ) -> list[Path]:
    """Those of KUBECONFIG, else ~/.kube/config; they need not exist."""
    named = [Path(name).expanduser() for name in environ.get("KUBECONFIG", "").split(os.pathsep) if name]
    return named or [Path(environ.get("HOME") or Path.home()) / ".kube" / "config"]


def choose(files: Sequence[Path], context: str | None = None) -> Chosen:
    """The context of that name, by default the current one. Raises `ConfigException` with what to mend."""
    read = [(path, _read(path)) for path in files if path.exists()]
    where = ", ".join(str(path) for path in files)
    wanted = context or next((str(body["current-context"]) for _, body in read if body.get("current-context")), "")
    if not wanted:
        raise ConfigException(f"{where}: no current-context is set; choose one with --context.")
    found = _find(read, "contexts", wanted)
    if found is None:
        known = ", ".join(sorted({name for _, body in read for name in _names(body, "contexts")})) or "none"
        raise ConfigException(f"{where}: there is no context {wanted}; there are: {known}.")
    cluster = _find(read, "clusters", str(found.body.get("cluster", "")))
    if cluster is None or not cluster.body.get("server"):
        raise ConfigException(f"{where}: the context {wanted} names no cluster with a server.")
    user_name = str(found.body.get("user") or "")
    user = _find(read, "users", user_name) if user_name else Entry()
    if user is None:
        raise ConfigException(f"{where}: the context {wanted} names the user {user_name}, who is not in it.")
    return Chosen(wanted, str(found.body.get("namespace") or ""), cluster, user_name, user)


def read_bytes(path: Path, what: str) -> bytes:
    """Raises `ConfigException` for a file that cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigException(f"{what}: {path} cannot be read ({error.strerror}).") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        body = yaml.safe_load(read_bytes(path, "the kubeconfig"))
    except (yaml.YAMLError, UnicodeDecodeError):
        raise ConfigException(f"{path}: this is no YAML.") from None
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise ConfigException(f"{path}: this is no kubeconfig.")
    return body


def _names(body: Mapping[str, Any], kind: str) -> list[str]:
    return [str(entry.get("name")) for entry in body.get(kind) or () if isinstance(entry, dict)]


def _find(read: Sequence[tuple[Path, Mapping[str, Any]]], kind: str, name: str) -> Entry | None:
    for path, body in read:
        for entry in body.get(kind) or ():
            if isinstance(entry, dict) and entry.get("name") == name:
                return Entry(entry.get(kind.removesuffix("s")) or {}, path.absolute().parent)
    return None
