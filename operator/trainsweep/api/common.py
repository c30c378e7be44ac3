"""What the models of all kinds share: the base model, CEL rules as data, and the small vocabularies.

The text under a field is its description in `kubectl explain`; a model's docstring describes the object.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

#: The key of CEL rules in a CustomResourceDefinition's schema.
RULES_KEY = "x-kubernetes-validations"
#: The largest number of seconds accepted anywhere (68 years), so that adding it to a date stays a date.
MAX_SECONDS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Rule:
    """A CEL rule of the schema and the sentence that a person reads when it does not hold.

    `one_of` repeats a rule of the form "exactly one of these fields" as data, for those who check it without a server.
    """

    rule: str
    message: str
    reason: str = "FieldValueInvalid"
    one_of: tuple[str, ...] = ()

    def schema(self) -> dict[str, str]:
        return {"rule": self.rule, "message": self.message, "reason": self.reason}


def exactly_one(*fields: str, names: str) -> Rule:
    """One of `fields` is set and the others are not; `names` says what the chosen one names ("the training job")."""
    present = ", ".join(f"has(self.{field})" for field in fields)
    message = f"Set exactly one of {' and '.join(fields)}: it names {names}."
    return Rule(f"[{present}].exists_one(set, set)", message, one_of=fields)


def immutable(*fields: str, instead: str) -> Rule:
    """None of the optional `fields` is set, changed or removed after creation; `instead` says what to do."""
    same = (f"(has(self.{f}) ? has(oldSelf.{f}) && self.{f} == oldSelf.{f} : !has(oldSelf.{f}))" for f in fields)
    message = f"{', '.join(fields)} cannot be set, changed or removed after creation. {instead}"
    return Rule(" && ".join(same), message, reason="FieldValueForbidden")


def constant(message: str) -> dict[str, Any]:
    """Schema of a required field that never changes, for `Field(json_schema_extra=...)`."""
    return {RULES_KEY: [Rule("self == oldSelf", message, reason="FieldValueForbidden").schema()]}


def shape(message: str) -> Callable[[dict[str, Any]], None]:
    """For `Field(pattern=..., json_schema_extra=shape(...))`: a bad value is refused with a sentence, not a regex."""

    def pattern_to_rule(schema: dict[str, Any]) -> None:
        schema[RULES_KEY] = [Rule(f"self.matches(r'{schema.pop('pattern')}')", message).schema()]

    return pattern_to_rule


def camel_case(name: str) -> str:
    """Name a field as manifests do: `project_id` is `projectID`."""
    camel = to_camel(name)
    return f"{camel[:-2]}ID" if name.endswith("_id") else camel


def _add_rules(schema: dict[str, Any], model: type[Model]) -> None:
    rules = [rule.schema() for base in reversed(model.__mro__) for rule in vars(base).get("rules", ())]
    if rules:
        schema[RULES_KEY] = rules


class Model(BaseModel):
    """Base of all models: camelCase outside, immutable, unknown fields ignored.

    `rules` of a model and of its bases become CEL rules of the schema; the API server checks them, the model does not.
    """

    model_config = ConfigDict(
        alias_generator=camel_case,
        populate_by_name=True,
        extra="ignore",
        frozen=True,
        use_attribute_docstrings=True,
        json_schema_extra=_add_rules,
    )
    rules: ClassVar[tuple[Rule, ...]] = ()

    def manifest(self) -> dict[str, Any]:
        """The object as JSON for the API server, without what is unset."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class DesiredState(StrEnum):
    PRESENT = "Present"
    STOPPED = "Stopped"
    ABSENT = "Absent"


class DeletionPolicy(StrEnum):
    DELETE = "Delete"
    STOP = "Stop"
    ORPHAN = "Orphan"


class Mode(StrEnum):
    ENFORCE = "Enforce"
    PLAN = "Plan"


class ConfigKind(StrEnum):
    PROVIDER_CONFIG = "ProviderConfig"
    CLUSTER_PROVIDER_CONFIG = "ClusterProviderConfig"


class ErrorClassName(StrEnum):
    """The classes of `core.errors` that an answer can be assigned to."""

    NOT_FOUND = "NotFound"
    WRONG_STATE = "WrongState"
    REFUSED = "Refused"
    MISROUTED = "Misrouted"
    CREDENTIALS_INVALID = "CredentialsInvalid"
    PERMISSION_DENIED = "PermissionDenied"
    RATE_LIMITED = "RateLimited"
    QUOTA_EXCEEDED = "QuotaExceeded"
    UNAVAILABLE = "Unavailable"


#: The form that Kubernetes gives names (RFC 1123): they become parts of paths and must not lead elsewhere.
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"

#: The name of a namespaced or cluster-scoped object.
ObjectName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=253,
        pattern=rf"^{_LABEL}(\.{_LABEL})*$",
        json_schema_extra=shape("The name of an object is lower-case letters, digits, hyphens and dots."),
    ),
]
NamespaceName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=63,
        pattern=rf"^{_LABEL}$",
        json_schema_extra=shape("The name of a namespace is lower-case letters, digits and hyphens."),
    ),
]
#: A name at the provider. Providers differ in what they allow; equality is all that counts here.
RemoteName = Annotated[str, Field(min_length=1, max_length=128)]


class ProviderConfigRef(Model):
    """The account in which the remote thing lives."""

    kind: ConfigKind = ConfigKind.PROVIDER_CONFIG
    """ProviderConfig (the default) is looked up in the namespace of this resource; ClusterProviderConfig is shared by
    the namespaces that it allows."""

    name: ObjectName
    """The name of the provider config."""


#: A time that every part of the operator can read: the API server's own check lets year 0 and impossible offsets pass.
Moment = Annotated[
    AwareDatetime,
    Field(json_schema_extra={"pattern": r"^[1-9][0-9]{3}-.*([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"}),
]


class Expect(Model):
    """What must be true of the remote thing before it is stopped or deleted."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.name) || has(self.createdBefore) || has(self.createdAfter)",
            "Set at least one of name, createdBefore and createdAfter, or leave expect out: empty, it checks nothing.",
        ),
        Rule(
            "!has(self.createdBefore) || !has(self.createdAfter) || self.createdAfter < self.createdBefore",
            "createdAfter must be earlier than createdBefore, else nothing can match.",
        ),
    )

    name: RemoteName | None = None
    """The remote thing's name, compared for equality."""

    created_before: Moment | None = None
    """RFC 3339 time, for example 2026-01-31T00:00:00Z. The remote thing must have been created earlier than this."""

    created_after: Moment | None = None
    """RFC 3339 time, for example 2026-01-31T00:00:00Z. The remote thing must have been created later than this."""


#: The forms that Kubernetes gives the words of a condition (apimachinery, metav1.Condition).
_CONDITION_TYPE = (
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$"
)
_CONDITION_REASON = r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"


class Condition(Model):
    """One aspect of the resource's state, in the standard form of Kubernetes conditions."""

    type: Annotated[str, Field(max_length=316, pattern=_CONDITION_TYPE)]
    """Which aspect: Ready, Synced, Reconciling or Stalled."""

    status: Annotated[str, Field(json_schema_extra={"enum": ["True", "False", "Unknown"]})]
    """True, False or Unknown."""

    reason: Annotated[str, Field(min_length=1, max_length=1024, pattern=_CONDITION_REASON)]
    """The cause in one word, for programs."""

    message: Annotated[str, Field(max_length=32768)]
    """The cause in a sentence, for people."""

    last_transition_time: AwareDatetime
    """When the status last changed, not when it was last checked."""

    observed_generation: Annotated[int, Field(ge=0)]
    """The metadata.generation that this condition is about; a lower one than the resource's is out of date."""


class LastCall(Model):
    """The most recent stop or delete call to the provider and its answer."""

    operation: str
    """The provider's operation that was called."""

    time: AwareDatetime
    """When the call was answered, or given up."""

    success: bool
    """Whether the provider accepted the call. Accepted is not done: externalState tells when it is."""

    request_id: str | None = None
    """The provider's id of the call, to quote to its support. Unset when it gave none."""

    error_code: str | None = None
    """The provider's error code. Unset on success."""

    error_message: str | None = None
    """The provider's error message, without secrets. Unset on success."""
