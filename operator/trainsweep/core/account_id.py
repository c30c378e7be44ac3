"""Which remote account an id belongs to: an id means nothing without it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

#: So many fingerprints of access keys are remembered, the newest last.
REMEMBERED_KEYS = 4


@dataclass(frozen=True, slots=True)
class AccountID:
    """The place where an id was found (`status.account`).

    `host` is the network location of the API. `project` is the id of a project, "" where the provider has
    none or while only its name is known; `open` says that it is not known yet. `keys` are fingerprints of access keys
    that are known to lead here, for providers that do not tell which account a key belongs to.
    """

    provider: str
    host: str
    project: str = ""
    open: bool = False
    keys: tuple[str, ...] = ()

    @classmethod
    def parse(cls, status: Any) -> AccountID | None:
        """From `status.account`; None when there is none, or none that can be read."""
        if not isinstance(status, Mapping):
            return None
        words = [status.get(name, "") for name in ("provider", "host", "project")]
        if not all(isinstance(word, str) for word in words) or not (words[0] and words[1]):
            return None
        keys = status.get("keys") or ()
        provider, host, project = words
        return cls(provider, host, project, keys=tuple(key for key in keys if isinstance(key, str)))

    def to_status(self) -> dict[str, Any]:
        fields = {"provider": self.provider, "host": self.host, "project": self.project, "keys": list(self.keys)}
        return {name: value for name, value in fields.items() if value}

    def may_be(self, other: AccountID) -> bool:
        """Whether both may mean the same account. A project that is only named could be any."""
        if (self.provider, self.host) != (other.provider, other.host):
            return False
        return self.open or other.open or self.project == other.project

    def is_surely(self, other: AccountID) -> bool:
        return not (self.open or other.open) and self.may_be(other)

    def seen_with(self, keys: tuple[str, ...]) -> AccountID:
        """The same account, now seen with these keys, too."""
        new = tuple(key for key in keys if key not in self.keys)
        return replace(self, keys=(*self.keys, *new)[-REMEMBERED_KEYS:]) if new else self

    def __str__(self) -> str:
        project = f", project {self.project}" if self.project else ""
        return f"{self.provider} at {self.host}{project}"
