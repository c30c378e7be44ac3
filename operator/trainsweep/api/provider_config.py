"""The specs of ProviderConfig and ClusterProviderConfig: an account at a provider and how it is to be treated."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, create_model
from pydantic_core import PydanticCustomError

from trainsweep.api.common import (
    MAX_SECONDS,
    RULES_KEY,
    DesiredState,
    ErrorClassName,
    Mode,
    Model,
    NamespaceName,
    ObjectName,
    Rule,
    constant,
)
from trainsweep.api.provider import either, installed
from trainsweep.api.provider_settings import NEW_CONFIG, ProviderSettings, Word

_PROVIDERS = tuple(installed().values())

# The API server compares a whole number with the minimum rounded down, and so takes 0 for 0.01: hence the rule.
Rate = Annotated[
    float,
    Field(
        ge=0.01,
        le=1000,
        json_schema_extra={RULES_KEY: [Rule("self >= 0.01", "A rate is at least 0.01, one call in 100 s.").schema()]},
    ),
]
LabelValue = Annotated[str, Field(max_length=63)]


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


_SECRET = f"The Secret with the credentials. {' '.join(f'{each.name}: {each.keys}.' for each in _PROVIDERS)}"


class CredentialsRef(Model):
    """Where the credentials are."""

    secret_ref: Annotated[SecretRef, Field(description=_SECRET)]


class ClusterCredentialsRef(Model):
    """Where the credentials are."""

    secret_ref: Annotated[ClusterSecretRef, Field(description=_SECRET)]


def _unset(limit: str) -> str:
    """What holds for each provider while a limit is not set."""
    return f"Unset: {', '.join(f'{getattr(each.limits, limit):g} for {each.name}' for each in _PROVIDERS)}."


class RateLimit(Model):
    """How fast this account is called. What is unset takes the provider's default."""

    reads_per_second: Rate | None = Field(
        None,
        description=f"Reads per second. {_unset('reads')} It drops by itself while the provider answers 429.",
    )

    writes_per_second: Rate | None = Field(None, description=f"Stops and deletes per second. {_unset('writes')}")

    burst: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """How many calls may go out at once after a quiet time. Unset: twice the rate."""

    max_in_flight: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        None, description=f"How many calls may wait for an answer at the same time. {_unset('in_flight')}"
    )


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


def _one_block() -> Rule:
    """Exactly the block of the provider that is named."""

    def alone(chosen: str) -> str:
        rest = (f"!has(self.{each.block})" for each in _PROVIDERS if each.name != chosen)
        block = next(each.block for each in _PROVIDERS if each.name == chosen)
        return " && ".join((f"has(self.{block})", *rest))

    *first, last = (each.name for each in _PROVIDERS)
    rule = "".join(f"self.provider == '{name}' ? {alone(name)} : " for name in first) + alone(last)
    blocks = ", ".join(
        f"{each.block}{'' if each.settings.needs else ' (it may be {})'} for provider {each.name}"
        for each in _PROVIDERS
    )
    return Rule(rule, f"Set exactly the block of the provider: {blocks}.")


def _is_installed(name: str) -> str:
    if name not in installed():
        raise PydanticCustomError(
            "unknown_provider",
            "no provider {name} is installed beside this operator, only {known}",
            {"name": repr(name[:64]), "known": either(tuple(installed()))},
        )
    return name


class _Chosen(Model):
    provider: Annotated[
        str,
        AfterValidator(_is_installed),
        Field(
            description=f"{either(tuple(each.title for each in _PROVIDERS))}. It cannot change.",
            json_schema_extra={"enum": [*installed()], **constant(f"provider cannot change. {NEW_CONFIG}")},
        ),
    ]


if TYPE_CHECKING:

    class _Described(_Chosen): ...
else:
    _Described = create_model(
        "_Described",
        __base__=_Chosen,
        **{
            each.field: (
                Annotated[
                    each.settings | None,
                    Field(
                        alias=each.block,
                        description=f"The account at {each.name}; only with provider {each.name}."
                        + ("" if each.settings.needs else " It may be empty: {}."),
                    ),
                ],
                None,
            )
            for each in _PROVIDERS
        },
    )


class AccountSpec(_Described):
    """An account at a provider, and how it is to be treated. Each installed provider has its block here."""

    rules: ClassVar[tuple[Rule, ...]] = (_one_block(),)

    @property
    def settings(self) -> ProviderSettings | None:
        """The block of the provider; None when it is missing."""
        block: ProviderSettings | None = getattr(self, installed()[self.provider].field)
        return block

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
