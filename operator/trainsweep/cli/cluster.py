"""The options and the connection that commands share which talk to a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from kubernetes.aio.config import ConfigException
from kubernetes.aio.config.kube_config import list_kube_config_contexts

from trainsweep.cli.screen import complain
from trainsweep.core.errors import TrainsweepError
from trainsweep.kube.client import KubeClient, KubeError, Login

T = TypeVar("T")

Kubeconfig = Annotated[
    Path | None,
    typer.Option(
        help="The kubeconfig file. By default KUBECONFIG, then ~/.kube/config.", envvar="TRAINSWEEP_KUBECONFIG"
    ),
]
Context = Annotated[
    str | None,
    typer.Option(help="The context of the kubeconfig. By default its current one.", envvar="TRAINSWEEP_CONTEXT"),
]


def own_namespace(kubeconfig: Path | None, context: str | None) -> str:
    """The namespace that the context works in, as kubectl takes it; "default" without a kubeconfig."""
    try:
        contexts, current = list_kube_config_contexts(str(kubeconfig) if kubeconfig else None)
    except ConfigException:
        return "default"
    chosen: dict[str, Any] = next((entry for entry in contexts if entry["name"] == context), current)
    return (chosen.get("context") or {}).get("namespace") or "default"


@asynccontextmanager
async def connected(kubeconfig: Path | None, context: str | None) -> AsyncIterator[KubeClient]:
    """A client of the cluster, closed at the end."""
    client = KubeClient(await Login(str(kubeconfig) if kubeconfig else None, context).configuration())
    try:
        yield client
    finally:
        await client.aclose()


def finish(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run to the end; what goes wrong is told in a sentence, with exit code 1."""
    try:
        return asyncio.run(work())
    except ConfigException as error:
        hint = "Name one with --kubeconfig and --context, or set KUBECONFIG."
        complain(f"No cluster to talk to: {error} {hint}")
    except (KubeError, TrainsweepError) as error:
        complain(str(error))
    raise typer.Exit(1)
