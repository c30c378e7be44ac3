"""Which deletion policy is in force: the resource's own, else its namespace's, else the operator's."""

from __future__ import annotations

from enum import StrEnum

from trainsweep.api.common import DeletionPolicy
from trainsweep.api.names import DELETION_POLICY
from trainsweep.core.errors import ConfigurationError
from trainsweep.core.reasons import Reason


class PolicySource(StrEnum):
    """Who set the policy that is in force."""

    RESOURCE = "resource"
    NAMESPACE = "namespace"
    OPERATOR = "operator"
    #: Nobody: what the namespace says makes no sense.
    UNCLEAR = "unclear"


def effective_policy(
    own: DeletionPolicy | None, annotation: str, default: DeletionPolicy
) -> tuple[DeletionPolicy, PolicySource]:
    """The policy and who set it. Raises `ConfigurationError` for an unknown word on the namespace: it must never come
    to mean Delete.
    """
    if own is not None:
        return own, PolicySource.RESOURCE
    if not annotation:
        return default, PolicySource.OPERATOR
    try:
        return DeletionPolicy(annotation), PolicySource.NAMESPACE
    except ValueError:
        message = f"The namespace's annotation {DELETION_POLICY} is {annotation!r}; it must be Delete, Stop or Orphan."
        raise ConfigurationError(Reason.INVALID_SPEC, message) from None
