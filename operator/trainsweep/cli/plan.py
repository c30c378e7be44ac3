"""`trainsweep plan`: what the operator would do about manifests, and why. Changes nothing."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from trainsweep.api.common import DeletionPolicy
from trainsweep.cli.cluster import Context, Kubeconfig, connected, finish, own_namespace
from trainsweep.cli.exit_codes import WOULD_CHANGE
from trainsweep.cli.manifests import read_manifests
from trainsweep.cli.plan_inputs import Ground
from trainsweep.cli.plan_preview import Forecast, Terms, forecast
from trainsweep.cli.reading import AllowedHosts, AllowHttp, allowed
from trainsweep.cli.screen import as_json, say
from trainsweep.core.external import Remote
from trainsweep.core.inputs import Absent
from trainsweep.core.plan import describe


class Output(StrEnum):
    TEXT = "text"
    JSON = "json"


def plan(
    *,
    filename: Annotated[
        list[Path],
        typer.Option("--filename", "-f", help="File or directory of manifests, - for standard input; may be repeated."),
    ],
    deleting: Annotated[
        bool, typer.Option("--deleting", help="Tell what deleting the resources would do, not what applying them does.")
    ] = False,
    namespace: Annotated[
        str,
        typer.Option("--namespace", "-n", help="The namespace of manifests that name none; by default the context's."),
    ] = "",
    deletion_policy: Annotated[
        DeletionPolicy,
        typer.Option(envvar="TRAINSWEEP_DELETION_POLICY", help="The operator's setting of the same name."),
    ] = DeletionPolicy.DELETE,
    allow_http_endpoints: AllowHttp = False,
    allowed_endpoint_host: AllowedHosts = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="text for people, json for scripts.")] = Output.TEXT,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Read the provider and tell, per manifest, what the operator would stop and delete, and why. Changes nothing.

    ProviderConfigs, Secrets and Namespaces are taken from the files. The cluster is read when they are missing there,
    or when --kubeconfig or --context names it; then resources that exist already, and others that own the same remote
    thing, count as well.

    For example:

    $ trainsweep plan -f cleanup.yaml

    $ trainsweep plan -f accounts.yaml -f jobs/ --deleting

    $ kustomize build . | trainsweep plan -f - --output json

    Exit codes: 0 nothing would be stopped or deleted, 1 a manifest, the cluster or the provider is in the way, 2 wrong
    usage, 3 something would be stopped or deleted.
    """
    terms = Terms(allowed(allow_http_endpoints, allowed_endpoint_host), deletion_policy, deleting)
    place = namespace or own_namespace(kubeconfig, context)
    found = finish(lambda: _plan(filename, place, terms, kubeconfig, context))
    if output is Output.JSON:
        say(as_json([_as_json(entry) for entry in found], indent=2))
    else:
        _print(found)
    if any(entry.problem for entry in found):
        raise typer.Exit(1)
    if any(entry.changes for entry in found):
        raise typer.Exit(WOULD_CHANGE)


async def _plan(
    files: list[Path], namespace: str, terms: Terms, kubeconfig: Path | None, context: str | None
) -> list[Forecast]:
    ground = Ground.of_files(read_manifests(files, namespace))
    if kubeconfig or context or not ground.whole:
        async with connected(kubeconfig, context) as client:
            await ground.add_cluster(client)
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Reading the providers", total=len(ground.subjects))
        return await forecast(ground, terms, lambda done, total: progress.update(task, completed=done, total=total))


def _print(found: list[Forecast]) -> None:
    for entry in found:
        say(str(entry.key), bold=True, end="")
        say(f"  {_what(entry)}")
        for line in _lines(entry):
            say(f"  {line}")
    counts = Counter("in the way" if entry.problem else "to change" if entry.changes else "as it is" for entry in found)
    words = {"to change": "would be changed", "as it is": "would be left alone", "in the way": "cannot be planned"}
    told = ", ".join(f"{counts[word]} {text}" for word, text in words.items() if counts[word])
    say(f"\n{len(found)} resource(s): {told or 'nothing to plan'}. Nothing was changed.")


def _what(entry: Forecast) -> str:
    match entry.seen:
        case Remote(id=remote_id, name=name, state=state, provider_state=word):
            told = f" {name}" if name not in ("", remote_id) else ""
            return f"{remote_id}{told}, {state}{f' ({word})' if word not in ('', state) else ''}"
        case Absent():
            return "absent"
        case _:
            return f"({entry.source})"


def _lines(entry: Forecast) -> list[str]:
    if entry.problem:
        return [f"! {entry.problem}"]
    rehearsal = entry.rehearsal
    if rehearsal is None:
        return []
    lines = [f"{number}. {describe(step)}" for number, step in enumerate(rehearsal.steps, 1)]
    if not lines:
        return [f"- {rehearsal.planned or 'nothing'}: {rehearsal.end.message}", *_later(entry)]
    return [*lines, f"because {entry.why}", *_later(entry)]


def _later(entry: Forecast) -> list[str]:
    after = entry.rehearsal.after if entry.rehearsal else None
    return [f"again in {after:.0f} s, by activeDeadlineSeconds or ttlSecondsAfterFinished"] if after else []


def _as_json(entry: Forecast) -> dict[str, Any]:
    remote = entry.seen if isinstance(entry.seen, Remote) else None
    rehearsal = entry.rehearsal
    return {
        "kind": entry.key.kind,
        "namespace": entry.key.namespace,
        "name": entry.key.name,
        "source": entry.source,
        "externalID": remote.id if remote else None,
        "externalName": remote.name if remote else None,
        "externalState": remote.state.value if remote else "Absent" if isinstance(entry.seen, Absent) else None,
        "providerState": remote.provider_state if remote else None,
        "steps": [_step(step) for step in rehearsal.steps] if rehearsal else [],
        "heldBack": (rehearsal.planned if rehearsal else "") or None,
        "why": entry.why or None,
        "result": {"reason": rehearsal.end.reason.value, "message": rehearsal.end.message} if rehearsal else None,
        "nextInSeconds": rehearsal.after if rehearsal else None,
        "problem": entry.problem or None,
    }


def _step(step: Any) -> dict[str, Any]:
    targets = [{"kind": target.thing.value, "id": target.id} for target in getattr(step, "targets", ())]
    return {"action": type(step).__name__, "targets": targets, "text": describe(step)}
