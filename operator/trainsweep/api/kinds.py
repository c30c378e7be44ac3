"""The seven kinds: their names, models and printer columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trainsweep.api.common import Model
from trainsweep.api.fine_tuning import FineTuningJobSpec, FineTuningTaskSpec
from trainsweep.api.names import GROUP
from trainsweep.api.provider import either, holders, installed
from trainsweep.api.provider_config import ClusterProviderConfigSpec, ProviderConfigSpec
from trainsweep.api.status import ProviderConfigStatus, RemoteStatus, Status
from trainsweep.api.training import TrainingJobConfigSpec, TrainingJobSpec, TrainingJobVersionSpec


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `kubectl get`. Those with `wide` are shown by `-o wide` only."""

    name: str
    path: str
    description: str
    type: Literal["string", "integer", "date"] = "string"
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of the API and all that its CustomResourceDefinition is made from."""

    name: str
    plural: str
    singular: str
    short: tuple[str, ...]
    scope: Literal["Namespaced", "Cluster"]
    spec: type[Model]
    status: type[Status]
    columns: tuple[Column, ...]
    description: str

    @property
    def crd_name(self) -> str:
        return f"{self.plural}.{GROUP}"


def _condition(kind: str, field: str) -> str:
    return f'.status.conditions[?(@.type=="{kind}")].{field}'


_AGE = Column("Age", ".metadata.creationTimestamp", "Time since this resource was created.", type="date")
_READY = Column("Ready", _condition("Ready", "status"), "Whether the desired state is reached.")
_REASON = Column("Reason", _condition("Ready", "reason"), "Why it is ready or not, in one word.")
_MESSAGE = Column("Message", _condition("Ready", "message"), "Why it is ready or not, in a sentence.", wide=True)

REMOTE_COLUMNS = (
    _READY,
    Column("State", ".status.externalState", "The remote state in one vocabulary for all providers."),
    Column("Desired", ".spec.desiredState", "The state that the remote thing should be in."),
    Column("External-ID", ".status.externalID", "The provider's id of the remote thing."),
    _REASON,
    _AGE,
    Column("Policy", ".status.effectiveDeletionPolicy", "What deleting this resource does now.", wide=True),
    Column("Provider-State", ".status.providerState", "The remote state in the provider's own word.", wide=True),
    Column("Synced", _condition("Synced", "status"), "Whether the last call to the provider worked.", wide=True),
    _MESSAGE,
)
CONFIG_COLUMNS = (
    Column("Ready", _condition("Ready", "status"), "Whether the account can be used."),
    Column("Provider", ".spec.provider", f"{either(tuple(installed()))}."),
    Column("Mode", ".spec.mode", "Enforce, or Plan: nothing is stopped or deleted."),
    Column("Resources", ".status.resources", "How many resources use this account.", type="integer"),
    Column("Held", ".status.held.count", "How many deletions the guard holds back.", type="integer"),
    Column("Circuit", ".status.circuit.state", "Whether calls go out to this account."),
    _REASON,
    _AGE,
    _MESSAGE,
)


def _remote(name: str, short: str, spec: type[Model], what: str, done: str = "watched, stopped or deleted") -> Kind:
    singular = name.lower()
    where = f" of {either(names)}" if (names := holders(name)) else ""
    description = f"{what}{where} that is {done} as the spec says."
    return Kind(name, f"{singular}s", singular, (short,), "Namespaced", spec, RemoteStatus, REMOTE_COLUMNS, description)


_REMOTE = (
    _remote("TrainingJob", "tj", TrainingJobSpec, "A training job"),
    _remote("TrainingJobVersion", "tjv", TrainingJobVersionSpec, "A version of a training job"),
    _remote("TrainingJobConfig", "tjc", TrainingJobConfigSpec, "A saved job config", "watched or deleted"),
    _remote("FineTuningTask", "ftt", FineTuningTaskSpec, "A fine-tuning task"),
    _remote("FineTuningJob", "ftj", FineTuningJobSpec, "A fine-tuning job"),
)
_CONFIGS = (
    Kind(
        "ProviderConfig",
        "providerconfigs",
        "providerconfig",
        # kubectl takes pc for the built-in PriorityClass where both exist, so there is a second one.
        ("pc", "pcfg"),
        "Namespaced",
        ProviderConfigSpec,
        ProviderConfigStatus,
        CONFIG_COLUMNS,
        "An account at a provider for the resources of one namespace.",
    ),
    Kind(
        "ClusterProviderConfig",
        "clusterproviderconfigs",
        "clusterproviderconfig",
        ("cpc",),
        "Cluster",
        ClusterProviderConfigSpec,
        ProviderConfigStatus,
        CONFIG_COLUMNS,
        "An account at a provider, shared with chosen namespaces.",
    ),
)

#: The kinds that stand for a remote thing, by name.
REMOTE_KINDS: dict[str, Kind] = {kind.name: kind for kind in _REMOTE}
#: All kinds, by name.
KINDS: dict[str, Kind] = REMOTE_KINDS | {kind.name: kind for kind in _CONFIGS}
