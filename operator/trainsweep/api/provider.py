"""The providers that are installed, as far as the models of the API depend on them.

A provider is found by the entry point group `trainsweep.providers`; `trainsweep.providers.plugin` adds what it does to
what is described here. The models are made from these descriptions once, when they are imported.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any

from pydantic.alias_generators import to_snake

from trainsweep.api.provider_settings import ProviderSettings

GROUP = "trainsweep.providers"


class PluginError(Exception):
    """An installed provider cannot be used; the text says which package to mend."""


class Verb(StrEnum):
    """What can be asked of a provider."""

    STOP = "stop"
    DELETE = "delete"


ALL_VERBS = frozenset(Verb)


@dataclass(frozen=True, slots=True)
class IDForm:
    """The form of an id: a regular expression that it matches as a whole, in a syntax that RE2 knows too; its greatest
    length; and the sentence for whoever writes another one, which begins with the name of the field.
    """

    pattern: str
    longest: int
    sentence: str


@dataclass(frozen=True, slots=True)
class KindSupport:
    """What a provider has of one of the remote kinds.

    `verbs` says what the provider can do with such a thing, itself or run by run. `ids` holds the form of each field of
    the spec that names the thing by an id ("jobID"). `part_of` is the kind of the things that hold these, "" where they
    are listed by themselves; `by_parent`: a list of them is cheap only once it is known which thing holds them.
    `id_returns`: an id may come to mean another thing once the first one is gone, so that the time of creation must
    tell the two apart.
    """

    verbs: frozenset[Verb] = ALL_VERBS
    ids: Mapping[str, IDForm] = field(default_factory=dict)
    part_of: str = ""
    by_parent: bool = False
    id_returns: bool = False

    def misfit(self, spec: Any) -> str:
        """The sentence about the first id of a spec that is not in its form, "" when all are."""
        for name, form in self.ids.items():
            value = getattr(spec, to_snake(name), None)
            if value is not None and (len(value) > form.longest or not re.fullmatch(form.pattern, value)):
                return form.sentence
        return ""


#: What is assumed of a thing whose provider is not known.
UNKNOWN = KindSupport()


@dataclass(frozen=True, slots=True)
class Limits:
    """How fast an account is called when its ProviderConfig does not say: calls per second, and calls at a time."""

    reads: float
    writes: float
    in_flight: int


@dataclass(frozen=True, kw_only=True)
class ProviderDescription:
    """`name` is what `spec.provider` says, `block` the field of the spec that holds its `settings`, `title` a name with
    the vendor's. `kinds` are the remote kinds that it has; `keys` says in words which keys the Secret holds.
    """

    name: str
    title: str
    block: str
    settings: type[ProviderSettings]
    kinds: Mapping[str, KindSupport]
    limits: Limits
    keys: str

    @property
    def field(self) -> str:
        """The name of the block in Python."""
        return to_snake(self.block)


@cache
def installed() -> Mapping[str, ProviderDescription]:
    """All providers by name, in the order of their names. Raises `PluginError` when one of them cannot be used."""
    found: dict[str, ProviderDescription] = {}
    for entry in entry_points(group=GROUP):
        plugin = _load(entry)
        if plugin.name in found or any(plugin.block == other.block for other in found.values()):
            raise PluginError(f"Two installed packages bring the provider {plugin.name}; remove one of them.")
        found[plugin.name] = plugin
    if not found:
        raise PluginError(f"No package has an entry point {GROUP}, so there is no provider; install trainsweep by pip.")
    return MappingProxyType(dict(sorted(found.items())))


def _load(entry: EntryPoint) -> ProviderDescription:
    whose = f"the package {entry.dist.name}" if entry.dist else entry.value
    try:
        plugin = entry.load()
    except Exception as error:
        raise PluginError(
            f"The provider {entry.name} of {whose} cannot be loaded: {error}. Install that package again, or remove it."
        ) from error
    if not isinstance(plugin, ProviderDescription):
        raise PluginError(f"The entry point {entry.name} of {whose} leads to no ProviderPlugin.")
    return plugin


def holders(kind: str) -> tuple[str, ...]:
    """The names of the providers that have things of a kind."""
    return tuple(name for name, plugin in installed().items() if kind in plugin.kinds)


def either(names: tuple[str, ...]) -> str:
    """Names in a sentence: "A, B or C"."""
    return " or ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def id_form(kind: str, name: str) -> IDForm:
    """The form of a field for all providers together. Each of them checks its own when a resource uses it."""
    forms = {
        plugin.name: plugin.kinds[kind].ids[name]
        for plugin in installed().values()
        if kind in plugin.kinds and name in plugin.kinds[kind].ids
    }
    if not forms:
        return IDForm(".+", 256, f"{name} is not empty.")
    if len(forms) == 1:
        return next(iter(forms.values()))
    pattern = "|".join(f"({form.pattern})" for form in forms.values())
    sentences = " ".join(f"{provider}: {form.sentence}" for provider, form in forms.items())
    return IDForm(f"({pattern})", max(form.longest for form in forms.values()), sentences)
