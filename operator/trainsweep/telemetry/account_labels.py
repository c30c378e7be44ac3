"""How metrics name accounts: more people read metrics than may see ProviderConfigs. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum


class AccountLabels(StrEnum):
    ACCOUNT = "Account"
    NAMESPACE = "Namespace"
    OFF = "Off"


#: From `namespace/name` of a ProviderConfig, or the name of a ClusterProviderConfig, to the label.
Label = Callable[[str], str]


def label_of(choice: AccountLabels) -> Label:
    """A ClusterProviderConfig is no tenant's, and keeps its name unless labels are off."""
    match choice:
        case AccountLabels.ACCOUNT:
            return by_account
        case AccountLabels.NAMESPACE:
            return _by_namespace
        case AccountLabels.OFF:
            return _nameless


def by_account(place: str) -> str:
    return place


def _nameless(_: str) -> str:
    return ""


def _by_namespace(place: str) -> str:
    namespace, slash, _ = place.partition("/")
    return f"{namespace}/*" if slash else place


def sums(label: Label, values: Iterable[tuple[str, float]]) -> dict[str, float]:
    """What the accounts of a label have together."""
    found: dict[str, float] = {}
    for place, value in values:
        found[label(place)] = found.get(label(place), 0) + value
    return found


def worst(label: Label, values: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The highest value of the accounts of a label."""
    found: dict[str, float] = {}
    for place, value in values:
        found[label(place)] = max(found.get(label(place), 0), value)
    return found
