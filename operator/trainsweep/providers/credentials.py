"""Credentials as they come out of a Kubernetes Secret. Their repr shows no secret."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from trainsweep.core.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An AK/SK pair, with the session token of temporary keys."""

    access_key: str
    secret_key: str = field(repr=False)
    security_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Password:
    """An IAM user (ModelArts only); `domain_name` is the account's name."""

    username: str
    password: str = field(repr=False)
    domain_name: str = ""


Credentials = AccessKey | Password

#: The keys of a Secret that are looked at.
_KEYS = ("accessKey", "secretKey", "securityToken", "username", "password", "domainName")

#: Said when a key is refused that a session token was sent with.
SESSION_WAS_SENT = (
    "A securityToken was sent with this key: if the key is a permanent one, the token is left from another; remove "
    "securityToken from the Secret."
)


def parse_credentials(data: Mapping[str, str], *, where: str) -> Credentials:
    """Read the decoded data of a Secret; `where` names it in the error ("Secret team-a/account").

    Keys and tokens travel in headers: what does not fit there is refused here, as the HTTP client would quote it. Names
    and passwords travel as JSON and may be any text.
    """
    values = {name: value.strip() for name, value in data.items()}
    if values.get("accessKey") and values.get("secretKey"):
        for name in ("accessKey", "secretKey", "securityToken"):
            if not (value := values.get(name, "")).isascii() or not value.isprintable():
                message = f"{name} of {where} has a character that no key has (not printable ASCII); write it again."
                raise ConfigurationError("SecretKeyMissing", message)
        return AccessKey(values["accessKey"], values["secretKey"], values.get("securityToken", ""))
    if values.get("username") and values.get("password"):
        return Password(values["username"], values["password"], values.get("domainName", ""))
    known = [name for name in _KEYS if values.get(name)]
    # What else is in a Secret is not for everybody who may see the status.
    found = ", ".join(known) or "none of them"
    raise ConfigurationError(
        "SecretKeyMissing",
        f"{where} needs the keys accessKey and secretKey, or username and password (ModelArts); it has {found}.",
    )


def mask(text: str, secrets: Iterable[str]) -> str:
    """Replace every secret in a text that goes to a person."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, "***")
    return text
