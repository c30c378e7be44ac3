"""Which deletion policy is in force: the resource's own, else its namespace's, else the operator's, as far as the
provider can carry it out.
"""

from __future__ import annotations

from enum import StrEnum

from trainsweep.api.common import DeletionPolicy
from trainsweep.api.names import DELETION_POLICY
from trainsweep.api.provider import ALL_VERBS, Verb
from trainsweep.core.errors import ConfigurationError
from trainsweep.core.reasons import Reason


class PolicySource(StrEnum):
    """Who set the policy that is in force."""

    RESOURCE = "resource"
    NAMESPACE = "namespace"
    OPERATOR = "operator"
    #: The provider: it cannot do what was asked for, and this is what it can.
    PROVIDER = "provider"
    #: Nobody: what the namespace says makes no sense.
    UNCLEAR = "unclear"


def effective_policy(
    own: DeletionPolicy | None, annotation: str, default: DeletionPolicy, verbs: frozenset[Verb] = ALL_VERBS
) -> tuple[DeletionPolicy, PolicySource]:
    """The policy and who set it. Where the provider cannot delete, Delete comes to mean Stop, and where it cannot stop
    either, Orphan. Raises `ConfigurationError` for an unknown word on the namespace: it must never come to mean Delete.
    """
    policy, source = _asked_for(own, annotation, default)
    if policy is not DeletionPolicy.DELETE or Verb.DELETE in verbs:
        return policy, source
    return DeletionPolicy.STOP if Verb.STOP in verbs else DeletionPolicy.ORPHAN, PolicySource.PROVIDER


def _asked_for(
    own: DeletionPolicy | None, annotation: str, default: DeletionPolicy
) -> tuple[DeletionPolicy, PolicySource]:
    if own is not None:
        return own, PolicySource.RESOURCE
    if not annotation:
        return default, PolicySource.OPERATOR
    try:
        return DeletionPolicy(annotation), PolicySource.NAMESPACE
    except ValueError:
        message = f"The namespace's annotation {DELETION_POLICY} is {annotation!r}; it must be Delete, Stop or Orphan."
        raise ConfigurationError(Reason.INVALID_SPEC, message) from None
