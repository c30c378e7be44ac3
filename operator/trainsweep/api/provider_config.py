"""The specs of ProviderConfig and ClusterProviderConfig: an account at a provider and how it is to be treated."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trainsweep.api.common import (
    MAX_SECONDS,
    RULES_KEY,
    DesiredState,
    ErrorClassName,
    Mode,
    Model,
    NamespaceName,
    ObjectName,
    ProviderName,
    Rule,
    constant,
    immutable,
    shape,
)

_ENDPOINT = r"^https?://([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?$"
_NEW_CONFIG = (
    "Another account needs another provider config: resources that use this one would otherwise look for their remote"
    " things in the wrong place."
)

Endpoint = Annotated[
    str,
    Field(
        max_length=255,
        pattern=_ENDPOINT,
        json_schema_extra=shape(
            "Write the endpoint as https://host or https://host:port, without path, user, query or fragment."
        ),
    ),
]
# The API server compares a whole number with the minimum rounded down, and so takes 0 for 0.01: hence the rule.
Rate = Annotated[
    float,
    Field(
        ge=0.01,
        le=1000,
        json_schema_extra={RULES_KEY: [Rule("self >= 0.01", "A rate is at least 0.01, one call in 100 s.").schema()]},
    ),
]
#: A region becomes part of the host that credentials are sent to: nothing in it may end the name.
REGION = r"^[a-z][a-z0-9]*(-[a-z0-9]+)+$"
Region = Annotated[
    str,
    Field(
        max_length=32,
        pattern=REGION,
        json_schema_extra=shape("A region is lower-case letters, digits and hyphens, such as cn-north-4."),
    ),
]
ProjectID = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z0-9-]+$",
        json_schema_extra=shape("The id of a project is letters, digits and hyphens."),
    ),
]
LabelValue = Annotated[str, Field(max_length=63)]
Word = Annotated[str, Field(min_length=1, max_length=128)]


class ModelArts(Model):
    """A project of a Huawei account with ModelArts."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.region) || has(self.endpoint)",
            "Set region (the endpoint of Huawei Cloud follows from it) or endpoint (any other cloud).",
        ),
        Rule("has(self.projectID) || has(self.projectName)", "Set projectID or projectName."),
        Rule(
            "has(self.projectID) || has(self.region) || has(self.iamEndpoint)",
            "Looking up projectName needs IAM: set region or iamEndpoint, or set projectID.",
        ),
        immutable(
            "region",
            "projectID",
            "projectName",
            "domainName",
            "workspaceID",
            "endpoint",
            "iamEndpoint",
            instead=_NEW_CONFIG,
        ),
    )

    region: Region | None = None
    """The region, such as cn-north-4. The endpoints of Huawei Cloud follow from it; elsewhere set endpoint and, for
    password or projectName, iamEndpoint. It cannot change."""

    project_id: ProjectID | None = None
    """The id of the project in that region. It wins over projectName. It cannot change."""

    project_name: Word | None = None
    """The name of the project, often that of the region; its id is looked up in IAM. It cannot change."""

    domain_name: Word | None = None
    """The name of the account (IAM domain), needed with username and password unless the Secret holds domainName. It
    cannot change."""

    workspace_id: Word | None = None
    """The workspace whose jobs are listed. Unset: the default workspace, 0. It cannot change."""

    endpoint: Endpoint | None = None
    """The base URL of ModelArts, such as https://modelarts.eu-de.otc.t-systems.com. Unset: it follows from region. It
    must be https and the vendor's, unless the operator's settings allow others. It cannot change."""

    iam_endpoint: Endpoint | None = None
    """The base URL of IAM, such as https://iam.eu-de.otc.t-systems.com. Unset: it follows from region. The same holds
    for it: credentials are sent there. It cannot change."""


class Qianfan(Model):
    """Baidu Qianfan."""

    rules: ClassVar[tuple[Rule, ...]] = (immutable("endpoint", instead=_NEW_CONFIG),)

    endpoint: Endpoint = "https://qianfan.baidubce.com"
    """The base URL of Qianfan, by default the public one. It must be https and the vendor's, unless the operator's
    settings allow others. It cannot change."""


class SecretRef(Model):
    """A Secret in the namespace of the provider config."""

    name: ObjectName
    """The name of the Secret, in the namespace of this provider config."""


class ClusterSecretRef(Model):
    """A Secret in any namespace."""

    name: ObjectName
    """The name of the Secret."""

    namespace: NamespaceName
    """The namespace of the Secret."""


class CredentialsRef(Model):
    """Where the credentials are."""

    secret_ref: SecretRef
    """The Secret that holds accessKey and secretKey (and securityToken for temporary keys), or for ModelArts username
    and password (and domainName)."""


class ClusterCredentialsRef(Model):
    """Where the credentials are."""

    secret_ref: ClusterSecretRef
    """The Secret that holds accessKey and secretKey (and securityToken for temporary keys), or for ModelArts username
    and password (and domainName)."""


class RateLimit(Model):
    """How fast this account is called. What is unset takes the provider's default."""

    reads_per_second: Rate | None = None
    """Reads per second. Unset: 50 for ModelArts, 2 for Qianfan. It drops by itself while the provider answers 429."""

    writes_per_second: Rate | None = None
    """Stops and deletes per second. Unset: 20 for ModelArts, 1 for Qianfan."""

    burst: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """How many calls may go out at once after a quiet time. Unset: twice the rate."""

    max_in_flight: Annotated[int, Field(ge=1, le=1000)] | None = None
    """How many calls may wait for an answer at the same time. Unset: 4 for ModelArts, 4 for Qianfan."""


class Polling(Model):
    """How often remote things are read. One list refreshes all resources of a kind, so their number hardly matters."""

    active_seconds: Annotated[int, Field(ge=1, le=MAX_SECONDS)] = 15
    """Seconds between reads while something runs, stops or is being deleted. By default 15."""

    idle_seconds: Annotated[int, Field(ge=1, le=MAX_SECONDS)] = 300
    """Seconds between reads while nothing moves. By default 300."""


class DeletionGuard(Model):
    """Holds back a wave of deletions, which is more often a mistake than a wish."""

    max_deletions: Annotated[int, Field(ge=0, le=MAX_SECONDS)] = 100
    """How many resources of this account may have their remote things stopped or deleted within the window. If more
    ask, all that is not under way is held until the annotation trainsweep.dev/approve-deletions-until lets it go or the
    requests are withdrawn. By default 100; 0 holds every stop and deletion."""

    window_seconds: Annotated[int, Field(ge=1, le=MAX_SECONDS)] = 3600
    """The length of the window in seconds. By default 3600."""


class ErrorClass(Model):
    """How to understand an answer that the provider does not document."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("has(self.status) || has(self.code)", "Set status, code or both: they say which answers are meant."),
    )

    status: Annotated[int, Field(ge=100, le=599)] | None = None
    """The HTTP status of the answer. Unset: any."""

    code: Word | None = None
    """The provider's error code in the answer, compared for equality. Unset: any."""

    error_class: Annotated[ErrorClassName, Field(alias="class")]
    """What the answer means. NotFound counts towards a proof of absence, so be sure of it."""


class AccountSpec(Model):
    """An account at a provider, and how it is to be treated."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.provider == 'ModelArts' ? has(self.modelArts) && !has(self.qianfan)"
            " : has(self.qianfan) && !has(self.modelArts)",
            "Set exactly the block of the provider: modelArts for provider ModelArts,"
            " qianfan (it may be {}) for provider Qianfan.",
        ),
    )

    provider: Annotated[ProviderName, Field(json_schema_extra=constant(f"provider cannot change. {_NEW_CONFIG}"))]
    """ModelArts (Huawei) or Qianfan (Baidu). It cannot change."""

    model_arts: ModelArts | None = None
    """The account at ModelArts; only with provider ModelArts."""

    qianfan: Qianfan | None = None
    """The account at Qianfan; only with provider Qianfan. It may be empty: {}."""

    mode: Mode = Mode.ENFORCE
    """Enforce (the default): stop and delete as the resources say. Plan: only read, write into status.plannedAction
    what would be done, and add no finalizer, so that a resource deleted now leaves its remote thing as it is."""

    rate_limit: RateLimit = RateLimit()
    """How fast this account is called. Unset: as suits the provider."""

    polling: Polling = Polling()
    """How often remote things are read."""

    deletion_guard: DeletionGuard = DeletionGuard()
    """How many deletions are let through before a person is asked."""

    error_classes: Annotated[tuple[ErrorClass, ...], Field(max_length=64)] = ()
    """Corrections for answers that the provider does not document. The first that fits an answer decides."""


class ProviderConfigSpec(AccountSpec):
    """An account at a provider for the resources of this namespace."""

    credentials: CredentialsRef
    """Where the credentials are. The Secret is read by name; a changed Secret is noticed without a restart."""


class LabelRequirement(Model):
    """One condition on labels."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0"
            " : !has(self.values) || size(self.values) == 0",
            "Give values with the operators In and NotIn, and none with Exists and DoesNotExist.",
        ),
    )

    key: Annotated[str, Field(min_length=1, max_length=317)]
    """The label's key."""

    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    """How key and values relate: In, NotIn, Exists or DoesNotExist. NotIn also holds where the label is missing."""

    values: Annotated[tuple[LabelValue, ...], Field(max_length=64)] = ()
    """The values for In and NotIn; none for Exists and DoesNotExist."""

    def matches(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        return {
            "In": value in self.values,
            "NotIn": value not in self.values,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }[self.operator]


class LabelSelector(Model):
    """Selects namespaces by labels; all conditions must hold. An empty selector selects every namespace."""

    match_labels: Annotated[dict[str, LabelValue], Field(max_length=64, default_factory=dict)]
    """Labels that a namespace must have, with these values."""

    match_expressions: Annotated[tuple[LabelRequirement, ...], Field(max_length=64)] = ()
    """Further conditions on the labels of a namespace."""

    def matches(self, labels: Mapping[str, str]) -> bool:
        return self.match_labels.items() <= labels.items() and all(
            requirement.matches(labels) for requirement in self.match_expressions
        )


class AllowedNamespaces(Model):
    """The namespaces whose resources may use this account: those named and those selected. Unset: none."""

    names: Annotated[tuple[NamespaceName, ...], Field(max_length=256)] = ()
    """Names of namespaces."""

    selector: LabelSelector | None = None
    """Selects namespaces by their labels; {} selects every one. Who may label a namespace may then use this account."""

    def admit(self, namespace: str, labels: Mapping[str, str]) -> bool:
        """Whether resources of a namespace with these labels may use the account."""
        return namespace in self.names or (self.selector is not None and self.selector.matches(labels))


NamePattern = Annotated[str, Field(min_length=1, max_length=128)]


class Bounds(Model):
    """What the namespaces that share this account may do to remote things. Unset: all that their resources ask for."""

    name_patterns: Annotated[tuple[NamePattern, ...], Field(max_length=64)] = ()
    """Names of the remote things that may be stopped or deleted: * stands for any characters, ? for one, and
    {namespace} for the namespace of the resource, as in "{namespace}-*". What counts is status.externalName, of a
    version and of a task its own. Unset: any name."""

    desired_states: Annotated[tuple[DesiredState, ...], Field(max_length=3)] | None = None
    """How far it may go, whatever asks for it: without Absent nothing is deleted, with neither Stopped nor Absent
    nothing is stopped. Unset: [Present, Stopped, Absent]."""

    def forbid(self, namespace: str, name: str, *, delete: bool) -> str:
        """Why a remote thing of this name may not be stopped, or with `delete` deleted; "" when it may."""
        states = tuple(DesiredState) if self.desired_states is None else self.desired_states
        if delete and DesiredState.ABSENT not in states:
            return "bounds.desiredStates has no Absent: nothing may be deleted"
        if DesiredState.ABSENT not in states and DesiredState.STOPPED not in states:
            return "bounds.desiredStates has neither Stopped nor Absent: nothing may be stopped"
        patterns = [pattern.replace("{namespace}", namespace) for pattern in self.name_patterns]
        if patterns and not any(fnmatchcase(name, pattern) for pattern in patterns):
            return f"the name {name!r} fits none of bounds.namePatterns ({', '.join(patterns)})"
        return ""


#: An account that is not shared, or shared whole.
UNBOUNDED = Bounds()


class ClusterProviderConfigSpec(AccountSpec):
    """An account at a provider, shared with the namespaces that it allows."""

    credentials: ClusterCredentialsRef
    """Where the credentials are. The Secret is read by name; a changed Secret is noticed without a restart."""

    allowed_namespaces: AllowedNamespaces = AllowedNamespaces()
    """The namespaces whose resources may use this account: those named and those selected. Unset: none, so that an
    account is never shared by accident."""

    bounds: Bounds | None = None
    """What these namespaces may do to remote things. Unset: all that their resources ask for."""
