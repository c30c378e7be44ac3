"""Which objects a command is about: by name, by label, or all of a namespace, as kubectl takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from trainsweep.api.kinds import KINDS, REMOTE_KINDS, Kind
from trainsweep.api.names import GROUP
from trainsweep.cluster.decode import decode, key_of
from trainsweep.core.resource import Key, Resource
from trainsweep.kube import paths
from trainsweep.kube.client import KubeClient, KubeError


def begun(incomplete: str) -> list[str]:
    """What is offered for a KIND/NAME that is begun: the kinds."""
    return [f"{kind}/" for kind in KINDS if kind.lower().startswith(incomplete.lower())]


Targets = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KIND/NAME]...",
        help="Resources, for example TrainingJob/mnist or tj/mnist.",
        show_default=False,
        autocompletion=begun,
    ),
]
NamespaceOption = Annotated[
    str, typer.Option("--namespace", "-n", help="The namespace; by default the context's.", show_default=False)
]
Everywhere = Annotated[bool, typer.Option("--all-namespaces", "-A", help="In every namespace.")]
Selector = Annotated[
    str, typer.Option("--selector", "-l", help="All resources with these labels, such as team=vision.")
]
Everything = Annotated[bool, typer.Option("--all", help="All resources of the namespace.")]


@dataclass(frozen=True, slots=True)
class Selection:
    """Objects by `keys`, or all of `kinds` in a namespace ("" is every one) that the label selector admits."""

    keys: tuple[Key, ...] = ()
    kinds: tuple[str, ...] = ()
    namespace: str = ""
    selector: str = ""


def kind_named(word: str) -> Kind | None:
    """A kind by any of its names, with or without the group, in any case."""
    plain = word.lower().removesuffix(f".{GROUP}")
    for kind in KINDS.values():
        if plain in (kind.name.lower(), kind.plural, *kind.short):
            return kind
    return None


def key_named(target: str, namespace: str) -> Key:
    """The object that KIND/NAME names. Raises `typer.BadParameter`."""
    word, _, name = target.partition("/")
    kind = kind_named(word)
    if kind is None or not name:
        raise typer.BadParameter(f"{target!r} is not KIND/NAME with one of the kinds {', '.join(KINDS)}.")
    return Key(kind.name, namespace if kind.scope == "Namespaced" else "", name)


def select(
    targets: Sequence[str] | None,
    *,
    namespace: str,
    selector: str = "",
    everywhere: bool = False,
    everything: bool = False,
    kinds: Sequence[str] = tuple(REMOTE_KINDS),
) -> Selection:
    """What is meant; a target without a name is a kind. Raises `typer.BadParameter` for what is not clear."""
    named = [target for target in targets or () if "/" in target]
    words = [target for target in targets or () if "/" not in target]
    by_rule = bool(selector or everything or everywhere)
    if bool(named) == by_rule or (named and words):
        raise typer.BadParameter("Name resources as KIND/NAME, or choose them by --selector, --all or -A; not both.")
    if named:
        keys = tuple(dict.fromkeys(key_named(target, namespace) for target in named))
        _check({key.kind for key in keys}, kinds)
        return Selection(keys)
    chosen = tuple(dict.fromkeys(_kind(word) for word in words)) or tuple(kinds)
    _check(set(chosen), kinds)
    return Selection(kinds=chosen, namespace="" if everywhere else namespace, selector=selector)


async def find(client: KubeClient, selection: Selection) -> list[tuple[Key, dict[str, Any]]]:
    """The objects with their bodies, in the order of kinds and names. Raises `KubeError`."""
    if selection.keys:
        return [(key, await client.get(paths.resource(key))) for key in selection.keys]
    query = {"labelSelector": selection.selector} if selection.selector else None
    found = []
    for kind in selection.kinds:
        namespace = selection.namespace if KINDS[kind].scope == "Namespaced" else ""
        try:
            async for page in client.list(paths.collection(kind, namespace), query):
                found += [(key_of(kind, body), body) for body in page]
        except KubeError as error:
            if error.status != 404:  # a definition that is not installed holds nothing
                raise
    return found


async def find_resources(client: KubeClient, selection: Selection) -> list[Resource]:
    """Those of them whose spec can be read. Raises `KubeError`."""
    found = [decode(key.kind, body) for key, body in await find(client, selection)]
    return [record for record in found if isinstance(record, Resource)]


def _kind(word: str) -> str:
    kind = kind_named(word)
    if kind is None:
        raise typer.BadParameter(f"{word!r} is none of the kinds {', '.join(KINDS)}.")
    return kind.name


def _check(given: set[str], allowed: Sequence[str]) -> None:
    if odd := sorted(given - set(allowed)):
        raise typer.BadParameter(f"A {odd[0]} cannot be chosen here; the kinds are {', '.join(allowed)}.")
