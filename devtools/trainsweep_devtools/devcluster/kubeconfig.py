"""Who may speak to the API server, and the files by which clients do."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class User:
    """A user of the API server. RBAC decides what it may do: by its name, and by its groups.

    The name is the key under which it is given. A name of the form `system:serviceaccount:NAMESPACE:NAME` stands in for
    that service account.
    """

    groups: tuple[str, ...] = ()
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)


#: RBAC refuses nothing to this group.
ADMINISTRATORS = "system:masters"


def token_file(users: Mapping[str, User]) -> str:
    """The content of `--token-auth-file`: a line `token,user,uid,"group,group"` for each user.

    https://kubernetes.io/docs/reference/access-authn-authz/authentication/#static-token-file
    """
    content = io.StringIO()
    rows = csv.writer(content, lineterminator="\n")
    rows.writerows([user.token, name, name, ",".join(user.groups)] for name, user in users.items())
    return content.getvalue()


def kubeconfig(server: str, authority: bytes, name: str, user: User) -> str:
    """A kubeconfig that stands alone: `authority` is the CA in PEM. It is JSON, which every reader of YAML takes."""
    cluster = {"server": server, "certificate-authority-data": base64.b64encode(authority).decode()}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "trainsweep", "cluster": cluster}],
        "users": [{"name": name, "user": {"token": user.token}}],
        "contexts": [{"name": "trainsweep", "context": {"cluster": "trainsweep", "user": name}}],
        "current-context": "trainsweep",
    }
    return json.dumps(content, indent=2) + "\n"


def write_private(path: Path, content: str) -> None:
    """Write a file that only its owner can read, from its first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)
