"""`trainsweep release`: let resources go by hand, for the day the operator is gone."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from trainsweep.api.common import ConfigKind
from trainsweep.api.kinds import KINDS, REMOTE_KINDS
from trainsweep.api.names import FINALIZER, IN_USE_FINALIZER
from trainsweep.cli.cluster import Context, Kubeconfig, connected, finish
from trainsweep.cli.screen import fill, say
from trainsweep.cluster.decode import key_of
from trainsweep.core.external import ExternalState
from trainsweep.core.last_status import LastStatus
from trainsweep.core.resource import Key
from trainsweep.kube import paths
from trainsweep.kube.client import KubeClient, KubeError

#: How often an object that somebody changes at the same time is tried.
TRIES = 5


@dataclass(frozen=True, slots=True)
class Held:
    """An object that carries one of our finalizers. `left` is the remote id that may stay behind, "" when none; `needs`
    is the path of what it cannot clean up without: the account of a resource, the Secret of an account.
    """

    path: str
    label: str
    version: str
    finalizers: tuple[str, ...]
    left: str = ""
    state: str = ""
    needs: str = ""


def release(
    resource: Annotated[
        str | None, typer.Argument(help="One resource as KIND/NAME, for example TrainingJob/mnist.", show_default=False)
    ] = None,
    namespace: Annotated[str | None, typer.Option("--namespace", "-n", help="The namespace, or all of it.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every resource of the cluster.")] = False,
    orphan: Annotated[
        bool, typer.Option("--orphan", help="Also let go what leaves a remote thing behind, and list what that is.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Remove Trainsweep's finalizers. Nothing remote is stopped or deleted.

    Stop the operator first: a running one puts them back. Without --orphan, only resources whose remote thing is known
    to be absent are let go, and the accounts and Secrets that the others need are kept with them.

    For example:

    $ trainsweep release TrainingJob/mnist -n team-a --orphan

    $ trainsweep release --all --orphan --yes

    Exit codes: 0 all were let go, 1 some were not, 2 wrong usage.
    """
    if (resource is not None) + everything + (namespace is not None and resource is None) != 1:
        raise typer.BadParameter("Name one resource (KIND/NAME with -n), or a namespace (-n), or --all.")
    one = _key(resource, namespace) if resource else None
    if not finish(lambda: _release(one, namespace or "", orphan=orphan, yes=yes, where=(kubeconfig, context))):
        raise typer.Exit(1)


async def _release(one: Key | None, namespace: str, *, orphan: bool, yes: bool, where: tuple[Any, Any]) -> bool:
    async with connected(*where) as client:
        held = await find_held(client, namespace, one)
        staying = [] if orphan else kept(held)
        going = [entry for entry in held if entry not in staying]
        Console().print(table_of(held, staying))
        if going and not yes:
            typer.confirm(f"Remove the finalizers of {len(going)} object(s)?", abort=True)
        for entry in going:
            await let_go(client, entry)
    say(f"{len(going)} let go, {len(staying)} kept.")
    if staying:
        say("The kept ones may leave a remote thing behind, or are needed for that; --orphan lets them go.")
    return not staying


def kept(held: list[Held]) -> list[Held]:
    """What may leave a remote thing behind, and what that needs to clean up one day."""
    paths_needed: set[str] = set()
    for _ in range(2):  # accounts are needed by resources, Secrets by accounts
        paths_needed |= {entry.needs for entry in held if entry.left or entry.path in paths_needed}
    return [entry for entry in held if entry.left or entry.path in paths_needed]


async def find_held(client: KubeClient, namespace: str, one: Key | None = None) -> list[Held]:
    """What carries our finalizers: one resource, or all of a namespace, or with "" everything.

    Resources come first and accounts last, as the operator frees them: a Secret is found by its account alone.
    """
    if one:
        bodies = [(one.kind, await client.get(paths.resource(one)))]
    else:
        bodies = [
            (kind.name, body)
            for kind in KINDS.values()
            if kind.scope == "Namespaced" or not namespace
            for body in await list_kind(client, kind.name, namespace)
        ]
    secrets = {place for kind, body in bodies if not one and (place := _secret_of(kind, body))}
    found = [_resource(kind, body) for kind, body in bodies if kind in REMOTE_KINDS]
    found += [secret for place in sorted(secrets) if (secret := await _secret(client, *place))]
    found += [_resource(kind, body) for kind, body in bodies if kind not in REMOTE_KINDS]
    return [entry for entry in found if {FINALIZER, IN_USE_FINALIZER} & set(entry.finalizers)]


async def list_kind(client: KubeClient, kind: str, namespace: str) -> list[dict[str, Any]]:
    """All objects of a kind; none where its definition is not installed."""
    try:
        return [body async for page in client.list(paths.collection(kind, namespace)) for body in page]
    except KubeError as error:
        if error.status == 404:
            return []
        raise


def _resource(kind: str, body: dict[str, Any]) -> Held:
    key, metadata = key_of(kind, body), body["metadata"]
    past = LastStatus.parse(json.dumps(body.get("status") or {}))
    spec = body.get("spec") or {}
    may_stay = kind in REMOTE_KINDS and past.external_state != ExternalState.ABSENT
    named = next(
        (str(spec[field]) for field in ("jobID", "jobName", "configName", "taskID") if field in spec), "unknown"
    )
    return Held(
        path=paths.resource(key),
        label=str(key),
        version=metadata["resourceVersion"],
        finalizers=tuple(metadata.get("finalizers") or ()),
        left=(past.external_id or named) if may_stay else "",
        state=past.external_state,
        needs=_need(kind, body),
    )


def _need(kind: str, body: dict[str, Any]) -> str:
    if place := _secret_of(kind, body):
        return paths.secret(*place)
    reference = body["spec"]["providerConfigRef"]
    account = reference.get("kind") or ConfigKind.PROVIDER_CONFIG.value
    home = body["metadata"]["namespace"] if account == ConfigKind.PROVIDER_CONFIG else ""
    return paths.resource(Key(account, home, reference["name"]))


def _secret_of(kind: str, body: dict[str, Any]) -> tuple[str, str] | None:
    if kind in REMOTE_KINDS:
        return None
    reference = body["spec"]["credentials"]["secretRef"]
    return reference.get("namespace") or body["metadata"]["namespace"], reference["name"]


async def _secret(client: KubeClient, namespace: str, name: str) -> Held | None:
    path = paths.secret(namespace, name)
    try:
        metadata = (await client.get(path, metadata_only=True))["metadata"]
    except KubeError as error:
        if error.status == 403:  # nor may the operator, where the same names are allowed to both
            say(f"Secret {namespace}/{name} may not be read; a finalizer on it stays.", colour="yellow", err=True)
        elif error.status != 404:
            raise
        return None
    finalizers = tuple(metadata.get("finalizers") or ())
    return Held(path, f"Secret {namespace}/{name}", metadata["resourceVersion"], finalizers)


async def let_go(client: KubeClient, entry: Held) -> None:
    """Remove our finalizers. Raises `KubeError` 409 when somebody else goes on changing the object."""
    for tried in range(TRIES):
        remaining = [name for name in entry.finalizers if name not in (FINALIZER, IN_USE_FINALIZER)]
        patch = {"metadata": {"finalizers": remaining or None, "resourceVersion": entry.version}}
        try:
            await client.merge(entry.path, patch)
            return
        except KubeError as error:
            if error.status == 404:
                return
            if error.status != 409 or tried == TRIES - 1:
                raise
        entry = await _again(client, entry)


async def _again(client: KubeClient, entry: Held) -> Held:
    """The same object as it is now; without finalizers when it is gone."""
    try:
        metadata = (await client.get(entry.path, metadata_only=True))["metadata"]
    except KubeError as error:
        if error.status != 404:
            raise
        return replace(entry, finalizers=())
    return replace(entry, version=metadata["resourceVersion"], finalizers=tuple(metadata.get("finalizers") or ()))


def table_of(held: list[Held], staying: list[Held]) -> Table:
    table = Table(title="Objects with finalizers of Trainsweep", title_justify="left")
    for column in ("object", "remote thing left behind", "its last known state", "let go"):
        table.add_column(column)
    for entry in held:
        fill(table, entry.label, entry.left or "none", entry.state, "no" if entry in staying else "yes")
    return table


def _key(resource: str, namespace: str | None) -> Key:
    kind, _, name = resource.partition("/")
    known = {alias.lower(): entry for entry in KINDS.values() for alias in (entry.name, entry.plural, *entry.short)}
    if kind.lower() not in known or not name:
        kinds = ", ".join(KINDS)
        raise typer.BadParameter(f"{resource!r} is not KIND/NAME with one of the kinds {kinds}.")
    entry = known[kind.lower()]
    if entry.scope == "Namespaced" and not namespace:
        raise typer.BadParameter(f"A {entry.name} lives in a namespace; name it with -n.")
    return Key(entry.name, (namespace or "") if entry.scope == "Namespaced" else "", name)
