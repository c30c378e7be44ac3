"""Credentials as they come out of a Kubernetes Secret. Their repr shows no secret."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields

from trainsweep.core.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Credentials:
    """Base of all of them. Every field is text; what is secret stays out of the repr."""

    @property
    def key(self) -> str:
        """What tells one key from another; "" where the account does not depend on the key. Never shown as it is."""
        return ""

    @property
    def words(self) -> tuple[str, ...]:
        """All fields, to compare them without keeping them."""
        return tuple(getattr(self, each.name) for each in fields(self))


@dataclass(frozen=True, slots=True)
class AccessKey(Credentials):
    """An AK/SK pair, with the session token of temporary keys."""

    access_key: str
    secret_key: str = field(repr=False)
    security_token: str = field(default="", repr=False)

    @property
    def key(self) -> str:
        return self.access_key


@dataclass(frozen=True, slots=True)
class Password(Credentials):
    """An IAM user; `domain_name` is the account's name."""

    username: str
    password: str = field(repr=False)
    domain_name: str = ""


#: The keys of a Secret that are looked at.
_KEYS = ("accessKey", "secretKey", "securityToken", "username", "password", "domainName")

#: Said when a key is refused that a session token was sent with.
SESSION_WAS_SENT = (
    "A securityToken was sent with this key: if the key is a permanent one, the token is left from another; remove "
    "securityToken from the Secret."
)


def parse_access_key(values: Mapping[str, str], *, where: str) -> AccessKey:
    """An access key of the decoded values of a Secret; `where` names it in the error ("Secret team-a/account")."""
    if found := _access_key(values, where):
        return found
    raise missing("the keys accessKey and secretKey", values, where)


def parse_login(values: Mapping[str, str], *, where: str) -> AccessKey | Password:
    """The same, or a password. Names and passwords travel as JSON and may be any text."""
    if found := _access_key(values, where):
        return found
    username, password, domain = (values.get(name, "").strip() for name in ("username", "password", "domainName"))
    if username and password:
        return Password(username, password, domain)
    raise missing("the keys accessKey and secretKey, or username and password", values, where)


def missing(wanted: str, values: Mapping[str, str], where: str, *, known: Sequence[str] = _KEYS) -> ConfigurationError:
    """The error of a Secret that lacks what is `wanted`. Of what is there it names the keys that are `known` and quotes
    nothing: what else is in a Secret is not for everybody who may see the status.
    """
    found = ", ".join(name for name in known if values.get(name)) or "none of them"
    return ConfigurationError("SecretKeyMissing", f"{where} needs {wanted}; it has {found}.")


def header_value(values: Mapping[str, str], name: str, *, where: str) -> str:
    """One value without the space around it, "" for none. Keys and tokens travel in headers: what does not fit there
    is refused here, as the HTTP client would quote it.
    """
    value = values.get(name, "").strip()
    if value.isascii() and value.isprintable():
        return value
    message = f"{name} of {where} has a character that no key has (not printable ASCII); write it again."
    raise ConfigurationError("SecretKeyMissing", message)


def _access_key(values: Mapping[str, str], where: str) -> AccessKey | None:
    if not (values.get("accessKey", "").strip() and values.get("secretKey", "").strip()):
        return None
    return AccessKey(*(header_value(values, name, where=where) for name in ("accessKey", "secretKey", "securityToken")))


def mask(text: str, secrets: Iterable[str]) -> str:
    """Replace every secret in a text that goes to a person."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, "***")
    return text
