"""What a ProviderConfig's `errorClasses` say: corrections of a provider's table where its documents are silent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from trainsweep.core import errors

#: The classes that may be named, by the name in the manifest.
CLASSES: dict[str, type[errors.ProviderError]] = {
    error.__name__: error
    for error in (
        errors.NotFound,
        errors.WrongState,
        errors.QuotaExceeded,
        errors.Refused,
        errors.Misrouted,
        errors.CredentialsInvalid,
        errors.PermissionDenied,
        errors.RateLimited,
        errors.Unavailable,
    )
}


@dataclass(frozen=True, slots=True)
class ErrorOverride:
    """Answers with this HTTP `status` and provider's `code` are of class `name`. 0 and "" stand for any."""

    status: int
    code: str
    name: str


def overridden(overrides: Iterable[ErrorOverride], status: int, code: str) -> type[errors.ProviderError] | None:
    """The class of the first override that fits; None when none does."""
    for override in overrides:
        if override.status in (0, status) and override.code in ("", code) and (override.status or override.code):
            return CLASSES[override.name]
    return None
