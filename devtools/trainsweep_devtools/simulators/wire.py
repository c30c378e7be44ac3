"""One call and one answer as data: what a simulator decides on, with HTTP left to `server`."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it came: `path` and `query_string` undecoded, `headers` looked up without regard to case."""

    method: str
    path: str
    query_string: str
    headers: Mapping[str, str]
    body: bytes = b""

    def header(self, name: str) -> str:
        return self.headers.get(name, "")

    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    def json(self) -> dict[str, Any]:
        """The body as an object, `{}` when there is none. Raises ValueError for anything else."""
        if not self.body:
            return {}
        value = json.loads(self.body)
        if not isinstance(value, dict):
            raise ValueError("the body must be a JSON object")
        return value


@dataclass(frozen=True, slots=True)
class Action:
    """What a call asks for: an operation by its documented name, the ids in its path, and the thing it is about."""

    operation: str
    ids: Mapping[str, str] = field(default_factory=dict)
    target: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `effect` tells the journal that the call changed something."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    effect: bool = False


class Rejection(Exception):
    """Leaves a handler with an answer that says no."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def json_reply(
    payload: object, *, status: int = 200, headers: Mapping[str, str] | None = None, effect: bool = False
) -> Reply:
    """An answer with a JSON body."""
    return Reply(
        status=status,
        body=json.dumps(payload, ensure_ascii=False).encode(),
        headers={"Content-Type": "application/json; charset=utf-8", **(headers or {})},
        effect=effect,
    )


def new_request_id() -> str:
    return uuid.uuid4().hex
