"""The keys that a simulator knows, and the lock that Huawei puts on a key after repeated failures."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, SecretStr


class Key(BaseModel):
    """An AK/SK pair of a scenario. `security_token` makes it a temporary one. `user` owns what is made with it."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    access_key: str
    secret_key: SecretStr
    security_token: SecretStr = SecretStr("")
    user: str = "demo"


class Keyring:
    """Keys by access key."""

    def __init__(self, keys: list[Key]) -> None:
        self._keys = {key.access_key: key for key in keys}

    def find(self, access_key: str) -> Key | None:
        return self._keys.get(access_key)

    def add(self, key: Key) -> None:
        self._keys[key.access_key] = key

    def replace(self, keys: list[Key]) -> None:
        """Rotate: only these keys are good from now on."""
        self._keys = {key.access_key: key for key in keys}


@dataclass(slots=True)
class _Failures:
    in_a_row: int = 0
    locked_until: float = 0.0


@dataclass(slots=True)
class Lock:
    """A key is locked for `seconds` once `limit` checks of it failed in a row, whether the key exists or not.

    Huawei, apig-faq-0003: more than 5 failures lock the key for 5 minutes. This lock closes with the fifth.
    """

    limit: int = 5
    seconds: float = 300.0
    _failures: dict[str, _Failures] = field(default_factory=dict)

    def locked(self, access_key: str, now: float) -> bool:
        failures = self._failures.get(access_key)
        return failures is not None and now < failures.locked_until

    def failed(self, access_key: str, now: float) -> None:
        failures = self._failures.setdefault(access_key, _Failures())
        failures.in_a_row += 1
        if failures.in_a_row >= self.limit:
            failures.in_a_row = 0
            failures.locked_until = now + self.seconds

    def succeeded(self, access_key: str) -> None:
        self._failures.pop(access_key, None)
