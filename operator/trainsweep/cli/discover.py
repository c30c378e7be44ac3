"""`trainsweep discover`: what an account holds, as a table, as JSON, or as manifests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress

from trainsweep.accounts.account import Account
from trainsweep.accounts.secrets import read_credentials
from trainsweep.api.common import ConfigKind, DeletionPolicy, DesiredState
from trainsweep.api.provider import ProviderDescription, either, installed
from trainsweep.api.provider_config import AccountSpec
from trainsweep.calls.circuit_breaker import CircuitOpen
from trainsweep.cli.adoption import Adoption, document, object_name
from trainsweep.cli.cluster import Context, Kubeconfig, connected, finish, own_namespace
from trainsweep.cli.durations import duration
from trainsweep.cli.inventory import Inventory, Item, claimed, is_claimed, take_inventory
from trainsweep.cli.inventory_table import as_json, narrow, sums, wide
from trainsweep.cli.known import config_of, load
from trainsweep.cli.reading import AllowedHosts, AllowHttp, allowed, credentials_of_environment, reading, utc_now
from trainsweep.cli.screen import say
from trainsweep.cli.wanted import Order, Wanted, ordered
from trainsweep.cluster.cache import Cache
from trainsweep.core.errors import ConfigurationError
from trainsweep.core.external import ExternalState, Thing
from trainsweep.core.printable import json_line
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Key
from trainsweep.providers.registry import Endpoints, plugin_of

#: Characters; wider than any row.
UNBOUND = 1000


#: The flags for fields of a provider's block.
FLAGS = {"region": "--region", "projectID": "--project-id", "endpoint": "--endpoint"}


def fields_of(plugin: ProviderDescription) -> set[str]:
    """The fields of its block, as manifests name them."""
    return {field.alias or name for name, field in plugin.settings.model_fields.items()}


def provider_named(text: str) -> str:
    """The name of an installed provider, written in any case."""
    for name in installed():
        if name.lower() == text.lower():
            return name
    raise typer.BadParameter(f"{text!r} is not installed here; there are {' and '.join(installed())}.")


def used_by(field: str) -> str:
    """The providers for which a flag is, in its help."""
    names = tuple(name.lower() for name, plugin in installed().items() if field in fields_of(plugin))
    return f"With --provider {either(names)}"


def variables_of(field: str) -> list[str]:
    """The environment variables for a field of the blocks."""
    return [plugin_of(name).variables[field] for name in installed() if field in plugin_of(name).variables]


def keys_told() -> str:
    """Where each provider's keys are read."""
    return "; ".join(f"{' and '.join(plugin_of(name).credentials.required)} for {name}" for name in installed())


class Output(StrEnum):
    TABLE = "table"
    JSON = "json"
    MANIFESTS = "manifests"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the account is described: on the command line (`spec`), or by a config in the cluster (`config`)."""

    spec: AccountSpec | None
    config: Key
    kubeconfig: Path | None
    context: str | None
    endpoints: Endpoints


def discover(
    *,
    provider_config: Annotated[
        str,
        typer.Option(
            metavar="[NAMESPACE/]NAME",
            help="The ProviderConfig in the cluster to read the account from. With --provider: its name in manifests.",
        ),
    ] = "",
    cluster_provider_config: Annotated[
        str, typer.Option(metavar="NAME", help="The same for a ClusterProviderConfig.")
    ] = "",
    provider: Annotated[
        str | None,
        typer.Option(
            help=f"Read an account without a cluster; keys come from the environment: {keys_told()}.",
            metavar=f"[{'|'.join(installed())}]",
            parser=provider_named,
            autocompletion=lambda: list(installed()),
        ),
    ] = None,
    region: Annotated[str, typer.Option(help=f"{used_by('region')}: the region, such as cn-north-4.")] = "",
    project_id: Annotated[
        str, typer.Option(envvar=variables_of("projectID"), help=f"{used_by('projectID')}: the project.")
    ] = "",
    endpoint: Annotated[str, typer.Option(help="With --provider: the base URL, where the public one is wrong.")] = "",
    kind: Annotated[
        list[Thing] | None, typer.Option(help="Only this kind; may be repeated.", case_sensitive=False)
    ] = None,
    state: Annotated[
        list[ExternalState] | None, typer.Option(help="Only in this state; may be repeated.", case_sensitive=False)
    ] = None,
    name_contains: Annotated[str, typer.Option(help="Only things whose name contains this, in any case.")] = "",
    older_than: Annotated[str, typer.Option(metavar="DURATION", help="Only what was created longer ago.")] = "",
    running_for: Annotated[
        str, typer.Option(metavar="DURATION", help="Only what is active and has run for longer, such as 12h or 3d.")
    ] = "",
    sort: Annotated[
        Order, typer.Option(help="The order: as listed, or by name, state, age or hours.", case_sensitive=False)
    ] = Order.LISTED,
    unmanaged: Annotated[
        bool, typer.Option("--unmanaged", help="Only what no resource in the cluster names (reads the cluster).")
    ] = False,
    output: Annotated[Output, typer.Option("--output", "-o", help="The form of the answer.")] = Output.TABLE,
    as_manifests: Annotated[bool, typer.Option("--as-manifests", help="Short for --output manifests.")] = False,
    directory: Annotated[
        Path | None, typer.Option(help="Write the manifests here, a file each, in place of printing them.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="With --directory: replace files.")] = False,
    desired_state: Annotated[
        DesiredState, typer.Option(help="In manifests: the desired state. Stopped and Absent cannot be undone.")
    ] = DesiredState.PRESENT,
    deletion_policy: Annotated[
        DeletionPolicy, typer.Option(help="In manifests: what deleting a resource does to its remote thing.")
    ] = DeletionPolicy.ORPHAN,
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", help="The namespace of config and manifests; by default the context's.")
    ] = "",
    allow_http_endpoints: AllowHttp = False,
    allowed_endpoint_host: AllowedHosts = None,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """List what an account holds: jobs, versions, configs, fine-tuning jobs and tasks. Only reads.

    For example:

    $ trainsweep discover --provider-config team-a/huawei

    $ trainsweep discover --provider-config team-a/huawei --kind TrainingJob --state Running

    $ trainsweep discover --provider-config huawei --name-contains nightly --output manifests --desired-state Stopped
    | kubectl apply -f -

    $ trainsweep discover --provider-config huawei --running-for 12h --sort hours

    $ trainsweep discover --provider-config huawei --unmanaged --directory jobs

    Exit codes: 0 listed, 1 provider or cluster error, 2 wrong usage.
    """
    spec = _spec(provider, region, project_id, endpoint)
    home = namespace or own_namespace(kubeconfig, context)
    config = _config(provider_config, cluster_provider_config, namespace, home)
    shape = Output.MANIFESTS if as_manifests or directory else output
    if not config.name and (spec is None or shape is Output.MANIFESTS):
        also = "" if spec is None else " (the name that the manifests give)"
        raise typer.BadParameter(f"Name the account: --provider-config{also}, or --provider without manifests.")
    place = Place(
        spec,
        config,
        kubeconfig,
        context,
        allowed(allow_http_endpoints, allowed_endpoint_host),
    )
    wanted = Wanted(
        tuple(kind or ()),
        tuple(state or ()),
        name_contains,
        duration(older_than, "--older-than") if older_than else None,
        duration(running_for, "--running-for") if running_for else None,
    )
    found = finish(lambda: _discover(place, unmanaged=unmanaged))
    now = utc_now()
    items = ordered(tuple(item for item in found.items if wanted.admits(item, now)), sort, now)
    for gap in found.gaps:
        say(gap, err=True)
    match shape:
        case Output.JSON:
            say(json_line([as_json(item, now) for item in items], indent=2))
        case Output.MANIFESTS:
            target = namespace or config.namespace or home
            adoption = Adoption(ConfigKind(config.kind), config.name, target, desired_state, deletion_policy)
            if directory:
                _write(items, adoption, directory, overwrite=overwrite)
            else:
                say("".join(document(item, adoption) for item in items), end="")
        case Output.TABLE:
            _print_table(items, now)


async def _discover(place: Place, *, unmanaged: bool) -> Inventory:
    console = Console(stderr=True)
    async with _account(place) as account:
        try:
            with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
                task = progress.add_task("Reading the account", total=None)
                inventory = await take_inventory(
                    account, lambda done, total: progress.update(task, completed=done, total=total)
                )
            if not unmanaged:
                return inventory
            store = Cache()
            async with connected(place.kubeconfig, place.context) as client:
                await load(client, store, ())
            names = await claimed(account, store)
        except CircuitOpen as circuit:
            raise circuit.cause from None
    return Inventory(tuple(item for item in inventory.items if not is_claimed(item, names)), inventory.gaps)


@asynccontextmanager
async def _account(place: Place) -> AsyncIterator[Account]:
    async with AsyncExitStack() as stack:
        if place.spec:
            spec, credentials = place.spec, credentials_of_environment(place.spec.provider)
        else:
            async with connected(place.kubeconfig, place.context) as client:
                config = await config_of(client, place.config)
                if config is None:
                    raise ConfigurationError(Reason.CONFIG_NOT_FOUND, f"{place.config} does not exist.")
                spec, credentials = config.spec, await read_credentials(client, config)
        yield await stack.enter_async_context(reading(spec, credentials, place.endpoints))


def _spec(provider: str | None, region: str, project_id: str, endpoint: str) -> AccountSpec | None:
    """The account as the flags describe it; None without --provider."""
    place = {name: value for name, value in (("region", region), ("endpoint", endpoint)) if value}
    if provider is None:
        if place:
            raise typer.BadParameter("--region and --endpoint describe an account; they go with --provider.")
        return None
    plugin = plugin_of(provider)
    known = fields_of(plugin)
    if strange := [name for name in place if name not in known]:
        owners = either(tuple(each.name for each in installed().values() if strange[0] in fields_of(each)))
        raise typer.BadParameter(f"{FLAGS[strange[0]]} belongs to {owners}; an account of {provider} has none.")
    if project_id and "projectID" in known:
        place["projectID"] = project_id
    if any(not place.keys() & set(group) for group in plugin.settings.needs):
        flags = (" or ".join(FLAGS[name] for name in group if name in FLAGS) for group in plugin.settings.needs)
        raise typer.BadParameter(f"--provider {provider.lower()} needs {', and '.join(flags)}.")
    try:
        return AccountSpec.model_validate({"provider": provider, plugin.block: plugin.settings.model_validate(place)})
    except ValidationError as error:
        first = error.errors()[0]
        raise typer.BadParameter(f"--{first['loc'][0]} is not fit: {first['msg']}.") from None


def _config(namespaced: str, cluster: str, namespace: str, home: str) -> Key:
    """The config that is meant; its name is "" when none was given."""
    if namespaced and cluster:
        raise typer.BadParameter("Give --provider-config or --cluster-provider-config, not both.")
    if cluster:
        return Key("ClusterProviderConfig", "", cluster)
    place, _, name = namespaced.rpartition("/")
    if place and namespace and place != namespace:
        raise typer.BadParameter(f"A ProviderConfig serves its own namespace: {place}, not {namespace}.")
    return Key("ProviderConfig", place or home, name)


def _print_table(items: tuple[Item, ...], now: datetime) -> None:
    if not items:
        say("Nothing found.", err=True)
        return
    console = Console()
    if console.is_terminal:
        console.print(narrow(items, now))
    else:
        Console(width=UNBOUND).print(wide(items, now))
    say(sums(items, now), err=True)


def _write(items: tuple[Item, ...], adoption: Adoption, directory: Path, *, overwrite: bool) -> None:
    """A file for each thing. What a person may have edited is kept."""
    directory.mkdir(parents=True, exist_ok=True)
    written = 0
    for item in items:
        path = directory / f"{item.thing.value.lower()}-{object_name(item)}.yaml"
        if path.exists() and not overwrite:
            say(f"{path} exists and is kept; --overwrite replaces it.", err=True)
            continue
        path.write_text(document(item, adoption), encoding="utf-8")
        written += 1
    say(f"{written} manifest(s) written to {directory}; review them, then commit or apply them.")
