"""Every reason that a condition or an event can carry, with what it means and what a person can do.

The documentation's troubleshooting table is generated from this enum, and tests compare the two.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """`meaning` is one sentence for the person who reads it in `kubectl describe`."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Reason:
        """Carry the sentence beside the value."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    @classmethod
    def of(cls, word: str) -> Reason:
        """The reason that is written so; errors carry theirs as a word."""
        return next(reason for reason in cls if reason.value == word)

    # Reached.
    AVAILABLE = "Available", "The remote thing exists and is only watched, as desiredState Present asks."
    STOPPED = "Stopped", "Nothing of the remote thing runs any more."
    ABSENT = "Absent", "The remote thing is proven gone."

    # Under way.
    OBSERVING = "Observing", "The provider has not been read yet."
    STOPPING = "Stopping", "A stop was asked for, or is about to be; the operator waits for the end."
    DELETING = "Deleting", "A delete was asked for, or is about to be; the operator waits until the thing is gone."
    UNKNOWN_STATE = "UnknownState", "The provider reports a state that is not known; it is shown and never acted on."
    NOT_EMPTY = "NotEmpty", "The fine-tuning job still holds tasks; set cascade: true or delete the tasks first."
    NOT_STOPPABLE = "NotStoppable", "The provider refuses to stop the run in its present state; tried again later."
    DELETE_FAILED = "DeleteFailed", "The provider refused or failed the delete; tried again with growing pauses."
    DELETION_HELD = "DeletionHeld", "The deletion guard holds the batch until it is approved or withdrawn."

    # Not acting, on purpose.
    PAUSED = "ReconcilePaused", "The annotation trainsweep.dev/paused is set; nothing is read or changed."
    PLAN_MODE = "PlanMode", "The account is in mode Plan: what would be done is in status.plannedAction."
    RECONCILED = "ReconcileSuccess", "The last look at the provider worked."

    # Stalled until a person changes something.
    NOT_FOUND = "NotFound", "The remote thing does not exist; it is still looked for at the idle interval."
    AMBIGUOUS_NAME = "AmbiguousName", "More than one remote thing has this name; name it by id."
    EXPECTATION_FAILED = "ExpectationFailed", "The remote thing is not what spec.expect describes; nothing is touched."
    IDENTITY_CHANGED = (
        "IdentityChanged",
        "What this resource names now is not the pinned thing, or lies in another account; it is not touched.",
    )
    CONFLICT = "ManagementConflict", "Another resource manages the same remote thing; this one never acts."
    INVALID_SPEC = "InvalidSpec", "The spec does not fit the provider or kind."
    NOT_ALLOWED = "NamespaceNotAllowed", "The ClusterProviderConfig does not allow this namespace."

    OUT_OF_BOUNDS = "OutOfBounds", "The ClusterProviderConfig shares the account within bounds that forbid this call."

    # Waiting for the cluster's side.
    CONFIG_NOT_FOUND = "ProviderConfigNotFound", "The ProviderConfig or ClusterProviderConfig does not exist."
    SECRET_NOT_FOUND = "SecretNotFound", "The Secret of the ProviderConfig does not exist."
    SECRET_KEY_MISSING = "SecretKeyMissing", "The Secret lacks the keys that the provider needs, or holds unfit ones."
    REFERENCE_NOT_FOUND = "ReferenceNotFound", "The resource named by jobRef does not exist."
    ENDPOINT_NOT_ALLOWED = "EndpointNotAllowed", "The endpoint is not https, or its host is not an allowed one."

    # The provider's side.
    CREDENTIALS_INVALID = "CredentialsInvalid", "Key, token, signature or clock were refused; mend the Secret."
    PERMISSION_DENIED = "PermissionDenied", "The credentials are good but may not do this."
    RATE_LIMITED = "RateLimited", "The provider asks for fewer calls; the operator slows down."
    PROVIDER_UNAVAILABLE = "ProviderUnavailable", "The provider gives no usable answer; retried with growing pauses."
    OUTCOME_UNKNOWN = "OutcomeUnknown", "A call got no answer; the remote thing is read again before anything else."
    REFUSED = "Refused", "The provider refused the call."
    WRONG_STATE = "WrongState", "The provider refused the call in the thing's present state; read again."
    QUOTA_EXCEEDED = "QuotaExceeded", "A quota of the account stands in the way."
    MISROUTED = "Misrouted", "The answer is not about the thing: wrong endpoint, project, or a withdrawn API."
    MALFORMED_ANSWER = "MalformedAnswer", "The answer is not one of this API (HTML, empty, broken JSON)."

    AUDIT_UNAVAILABLE = "AuditUnavailable", "The audit log cannot be written, so no stop or delete goes out."

    # Events alone.
    HANDED_OVER = "HandedOver", "Another resource that names the same thing has taken it over; nothing was called."
    LEFT_BEHIND = "FinalizerRemoved", "The cleanup finalizer was taken off by somebody else; the remote thing stays."
    LET_GO = "ReleasedExternalResource", "The resource was let go and the remote thing was left as it is."
    DELETED_EXTERNAL = "DeletedExternalResource", "The remote thing is proven gone; a deleted resource was freed."
    STOPPED_EXTERNAL = "StoppedExternalResource", "The remote run ended and the resource was freed."
    CANNOT_STOP = "CannotStopExternalResource", "A stop was refused or failed."
    CANNOT_DELETE = "CannotDeleteExternalResource", "A delete was refused or failed."
    FORCE_ORPHAN_IGNORED = "ForceOrphanIgnored", "The force-orphan annotation names another id; nothing was done."

    # The account's own conditions.
    CONFIG_READY = "CredentialsValid", "The provider accepts the credentials."
    IN_USE = "InUse", "Resources may still need this account; it goes when they are gone."
