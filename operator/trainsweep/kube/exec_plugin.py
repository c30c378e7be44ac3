"""The program that a kubeconfig names to log in: https://kubernetes.io/docs/reference/access-authn-authz/authentication/
(client-go credential plugins). What goes wrong is told in the program's own words.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kubernetes.aio.config import ConfigException

from trainsweep.kube.kubeconfig import Chosen, Entry

#: Seconds for a program that may not ask a person.
LONGEST = 60.0
#: Characters of the program's words that are told.
WORDS = 400
#: Under this name a cluster holds what is meant for the program alone.
_EXTENSION = "client.authentication.k8s.io/exec"


@dataclass(frozen=True, slots=True)
class Answer:
    """A token, or a certificate with its key in PEM. `until` is when they end, if the program told."""

    token: str = field(default="", repr=False)
    certificate: bytes = b""
    key: bytes = field(default=b"", repr=False)
    until: datetime | None = None


async def run(chosen: Chosen) -> Answer:
    """Raises `ConfigException` unless the program answers with a login."""
    asked = chosen.user.body["exec"]
    command, version = str(asked.get("command") or ""), str(asked.get("apiVersion") or "")
    if not command or not version:
        raise ConfigException(f"the user {chosen.user_name}: exec needs command and apiVersion.")
    interactive = _interactive(asked, chosen.user_name)
    printed, words = await _ask(
        [_program(chosen.user, command), *map(str, asked.get("args") or ())],
        environment=_environment(asked, version, chosen.cluster, interactive=interactive),
        interactive=interactive,
        hint=str(asked.get("installHint") or ""),
    )
    return _answer(command, version, printed, words)


def _interactive(asked: Mapping[str, Any], user: str) -> bool:
    mode = asked.get("interactiveMode") or "IfAvailable"
    terminal = sys.stdin is not None and sys.stdin.isatty()
    if mode == "Always" and not terminal:
        raise ConfigException(f"the user {user}: its login program asks a person, and there is no terminal.")
    return terminal and mode != "Never"


def _program(user: Entry, command: str) -> str:
    """A path is meant from the kubeconfig's directory on, a bare name is looked for in PATH."""
    return str(user.directory / command) if os.sep in command else command


def _environment(asked: Mapping[str, Any], version: str, cluster: Entry, *, interactive: bool) -> dict[str, str]:
    spec: dict[str, Any] = {"interactive": interactive}
    if asked.get("provideClusterInfo"):
        spec["cluster"] = _cluster(cluster)
    info = {"apiVersion": version, "kind": "ExecCredential", "spec": spec}
    own = {str(entry["name"]): str(entry["value"]) for entry in asked.get("env") or ()}
    return {**os.environ, **own, "KUBERNETES_EXEC_INFO": json.dumps(info)}


def _cluster(cluster: Entry) -> dict[str, Any]:
    names = ("server", "tls-server-name", "insecure-skip-tls-verify", "proxy-url")
    told = {name: cluster.body[name] for name in names if cluster.body.get(name)}
    if authority := cluster.pem("certificate-authority"):
        told["certificate-authority-data"] = base64.b64encode(authority).decode()
    for extension in cluster.body.get("extensions") or ():
        if extension.get("name") == _EXTENSION:
            told["config"] = extension.get("extension")
    return told


async def _ask(words: list[str], *, environment: Mapping[str, str], interactive: bool, hint: str) -> tuple[bytes, str]:
    """What it printed, and what it said. A person may take any time."""
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            env=environment,
            stdin=None if interactive else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=None if interactive else asyncio.subprocess.PIPE,
        )
    except OSError as error:
        advice = f" {' '.join(hint.split())}" if hint else ""
        raise ConfigException(f"the login program {words[0]} cannot be run ({error.strerror}).{advice}") from None
    try:
        async with asyncio.timeout(None if interactive else LONGEST):
            printed, complaint = await process.communicate()
    except TimeoutError:
        raise ConfigException(f"the login program {words[0]} did not answer within {LONGEST:g} s.") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    said = " ".join((complaint or b"").decode(errors="replace").split())[-WORDS:]
    if process.returncode:
        raise ConfigException(f"the login program {words[0]} failed with exit code {process.returncode}: {said}")
    return printed, said


def _answer(command: str, version: str, printed: bytes, said: str) -> Answer:
    try:
        body = json.loads(printed)
        status = body.get("status") or {}
        if body.get("apiVersion") != version or body.get("kind") != "ExecCredential":
            raise ConfigException(f"the login program {command} answers in another version than {version}.")
        answer = Answer(
            token=str(status.get("token") or ""),
            certificate=str(status.get("clientCertificateData") or "").encode(),
            key=str(status.get("clientKeyData") or "").encode(),
            until=_moment(status.get("expirationTimestamp")),
        )
    except (ValueError, AttributeError):
        raise ConfigException(f"the login program {command} did not print an ExecCredential. {said}".strip()) from None
    if not answer.token and not (answer.certificate and answer.key):
        raise ConfigException(f"the login program {command} answered without token and certificate. {said}".strip())
    return answer


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)
