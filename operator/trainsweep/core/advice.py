"""What a person can do about each reason: the advice of the troubleshooting page and of `trainsweep status`.

The page holds the same sentences, and a test compares the two. They are Markdown with links relative to `docs/`.
"""

from __future__ import annotations

import re

from trainsweep.core.reasons import Reason

ADVICE: dict[Reason, str] = {
    Reason.AVAILABLE: "Nothing to do.",
    Reason.STOPPED: "Nothing to do.",
    Reason.ABSENT: "Nothing to do. Delete the resource whenever you like.",
    Reason.OBSERVING: (
        "Wait. If it stays, look at the ProviderConfig, then at the operator's log: it may not run, or not "
        "watch this namespace."
    ),
    Reason.STOPPING: (
        "Wait. The column STATE shows what the provider says. A stop that was accepted and shows no effect is "
        "asked for again after a minute."
    ),
    Reason.DELETING: (
        "Wait. After the provider's word the operator still waits until the id is refused and a complete list "
        "does not hold it."
    ),
    Reason.UNKNOWN_STATE: (
        "Look at `status.providerState` and at the provider's console. When the thing reaches a known state, "
        "the operator goes on by itself. If the provider has a new word, a newer version of the operator may "
        "know it."
    ),
    Reason.NOT_EMPTY: (
        "With `cascade: true` the tasks are stopped and deleted as well. To keep the tasks, set "
        "`deletionPolicy: Orphan` or set `desiredState` back."
    ),
    Reason.NOT_STOPPABLE: (
        "Often the run has just begun or is about to end. If it stays, read the message and stop the run in "
        "the provider's console."
    ),
    Reason.DELETE_FAILED: (
        "Read the message. If the provider refuses for good, delete the thing in its console: the next read "
        "proves it gone."
    ),
    Reason.DELETION_HELD: (
        "Look at what is held; then approve it by `trainsweep approve ProviderConfig/NAME`, or withdraw it. See the "
        "runbook [guard holding](runbooks/guard-holding.md)."
    ),
    Reason.PAUSED: "Remove the annotation to go on. A paused resource that is being deleted stays until then.",
    Reason.PLAN_MODE: "If you agree with it, set `mode: Enforce` on the ProviderConfig.",
    Reason.RECONCILED: "Nothing to do. It is the reason of `Synced`.",
    Reason.NOT_FOUND: (
        "Compare id, region and project. If the thing was deleted meanwhile, delete the resource, or set "
        "`desiredState: Absent`."
    ),
    Reason.AMBIGUOUS_NAME: (
        "The message holds the ids. Identity cannot change, so make another resource with the id, and delete "
        "this one: it has pinned nothing and touches nothing until the name is unique."
    ),
    Reason.EXPECTATION_FAILED: (
        "Read the message. Is it the wrong id? Then delete the resource with `deletionPolicy: Orphan`. Is the "
        "expectation wrong? Then correct `expect`."
    ),
    Reason.IDENTITY_CHANGED: (
        "The message says which of three it is. A config was made again under its name: delete this resource, "
        "it is freed, and the new config stays; make a new resource if the new config is meant. The "
        "ProviderConfig or its Secret now leads to another account or project: `status.account` says where "
        "the id was found; make it lead there again, or free the resource by the annotation "
        "`trainsweep.dev/force-orphan`. The access key was changed and nothing that was seen with the former "
        "key was seen with this one: use a key of the account that holds the thing."
    ),
    Reason.CONFLICT: (
        "Delete one of the two: this one just goes; when the other one goes, this one takes over. In one "
        "namespace a thing is handed over: delete the owner while this one wants the thing `Present` or "
        "`Stopped`, and nothing is called. To move a thing to another namespace, set `deletionPolicy: Orphan` "
        "on the owner before you delete it."
    ),
    Reason.INVALID_SPEC: (
        "The message says which field. A field that the operator cannot read, as after a change of the "
        "definitions, is told here too: nothing is done until it is corrected, but `force-orphan` works. It "
        "is also the reason when the annotation `trainsweep.dev/deletion-policy` of the namespace is no "
        "policy, when the provider cannot do what is asked for (`desiredState: Absent` where nothing can be "
        "deleted), and when an id is not in the provider's form."
    ),
    Reason.NOT_ALLOWED: (
        "Whoever owns the ClusterProviderConfig adds the namespace to `allowedNamespaces`, or labels it. It "
        "is noticed within half a minute."
    ),
    Reason.OUT_OF_BOUNDS: (
        "The message says which of [`spec.bounds`](how-to/accounts.md#share-an-account) it is. Whoever owns "
        "the ClusterProviderConfig widens it, or the resource asks for less: another `desiredState`, another "
        "thing. One that is being deleted is freed by `deletionPolicy: Orphan`."
    ),
    Reason.CONFIG_NOT_FOUND: "Create it. A ProviderConfig is looked up in the namespace of the resource.",
    Reason.SECRET_NOT_FOUND: (
        "Create it, or correct `credentials.secretRef` of the ProviderConfig. If the Secret is being deleted "
        "while resources need it, name [another one](how-to/keys.md) there. It is also the reason when the "
        "operator may not read the Secret: see `rbac.secretNames` of the chart."
    ),
    Reason.SECRET_KEY_MISSING: (
        "`accessKey` and `secretKey`, or what else the provider takes. The message names the keys that are "
        "there, or the one that holds a character that no key has."
    ),
    Reason.REFERENCE_NOT_FOUND: (
        "Create the TrainingJob in the same namespace. While it is there and has no `status.externalID` yet, "
        "the reason is `Observing`."
    ),
    Reason.ENDPOINT_NOT_ALLOWED: (
        "Credentials go to the hosts of the vendors, or to those that the operator's `--allowed-endpoint-host` "
        "names. Correct the endpoint or that setting. Plain http, and endpoints on this machine, need "
        "`--allow-http-endpoints` and are meant for simulators."
    ),
    Reason.CREDENTIALS_INVALID: (
        "See the runbook [credentials invalid](runbooks/credentials-invalid.md). Calls to the account are "
        "suspended meanwhile, so that the provider does not lock the key."
    ),
    Reason.PERMISSION_DENIED: (
        "Give the user the right to list, read, stop and delete training jobs at the provider, or look "
        "whether the account is in arrears."
    ),
    Reason.RATE_LIMITED: (
        "Nothing, unless it stays, which the ProviderConfig then tells: lower its `rateLimit`, or see who "
        "else uses the quota. A `Retry-After` is followed for at most ten minutes; a new Secret ends it."
    ),
    Reason.PROVIDER_UNAVAILABLE: "See the runbook [circuit open](runbooks/circuit-open.md).",
    Reason.OUTCOME_UNKNOWN: "Nothing. It may have taken effect; the next read shows it.",
    Reason.REFUSED: "Read the message: it is in the provider's words.",
    Reason.WRONG_STATE: "Nothing, unless it stays. Often the run has ended by itself in the same moment.",
    Reason.QUOTA_EXCEEDED: "Raise the quota at the provider.",
    Reason.MISROUTED: (
        "Compare `endpoint`, `region` and `projectID` of the ProviderConfig with the provider's console."
    ),
    Reason.MALFORMED_ANSWER: (
        "Something between the operator and the provider answers in its place: look at proxies and at `endpoint`."
    ),
    Reason.AUDIT_UNAVAILABLE: (
        "Make room on the device of `--audit-log`, or mend its rights. The call is tried again with growing pauses."
    ),
    Reason.HANDED_OVER: "Nothing is to be done: the other resource is in the message.",
    Reason.LEFT_BEHIND: (
        "The line `left` in the audit log names the thing and its last state. Delete it in the provider's "
        "console, or declare it again."
    ),
    Reason.LET_GO: "The message says why. If the thing should not have stayed, make a new resource for it.",
    Reason.DELETED_EXTERNAL: (
        "Nothing to do. The event says what proved it. It is told of things that were there; a resource that "
        "never had one just goes."
    ),
    Reason.STOPPED_EXTERNAL: "Nothing to do. The remote thing is still there, as the deletion policy `Stop` asks.",
    Reason.CANNOT_STOP: "The message holds the provider's words; see `NotStoppable` above.",
    Reason.CANNOT_DELETE: "The message holds the provider's words; see `DeleteFailed` above.",
    Reason.FORCE_ORPHAN_IGNORED: "The message holds the id that would work.",
    Reason.CONFIG_READY: "Nothing to do. It is the reason of a ProviderConfig that is well.",
    Reason.IN_USE: "Wait for the resources, or delete them. `status.resources` says how many there are.",
}

_LINK = re.compile(r"\[([^][]+)\]\(([^()]+)\)")


def advice(reason: str) -> str:
    """The advice for a terminal, without Markdown; "" for a word that is no reason of this version."""
    try:
        text = ADVICE[Reason.of(reason)]
    except StopIteration:
        return ""
    return _LINK.sub(r"\1 (docs/\2)", text).replace("`", "")
