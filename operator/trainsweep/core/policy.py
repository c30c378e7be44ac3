"""Which deletion policy is in force: the resource's own, else its namespace's, else the operator's."""

from __future__ import annotations

from trainsweep.api.common import DeletionPolicy
from trainsweep.api.names import DELETION_POLICY
from trainsweep.core.errors import ConfigurationError
from trainsweep.core.reasons import Reason


def effective_policy(own: DeletionPolicy | None, annotation: str, default: DeletionPolicy) -> DeletionPolicy:
    """Raises `ConfigurationError` for an unknown word on the namespace: it must never come to mean Delete."""
    if own is not None:
        return own
    if not annotation:
        return default
    try:
        return DeletionPolicy(annotation)
    except ValueError:
        message = f"The namespace's annotation {DELETION_POLICY} is {annotation!r}; it must be Delete, Stop or Orphan."
        raise ConfigurationError(Reason.INVALID_SPEC, message) from None
