"""The options and the connection that commands share which talk to a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from kubernetes.aio.config import ConfigException

from trainsweep.cli.refusals import refusal
from trainsweep.cli.screen import complain
from trainsweep.core.errors import TrainsweepError
from trainsweep.kube.client import KubeClient, KubeError
from trainsweep.kube.login import Login

T = TypeVar("T")
#: How often a request is made again for which the API server has no time; kubectl does the same.
PATIENCE = 10

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
        chosen = Login(str(kubeconfig) if kubeconfig else None, context).chosen()
    except ConfigException:
        return "default"
    return (chosen.namespace if chosen else "") or "default"


@asynccontextmanager
async def connected(kubeconfig: Path | None, context: str | None) -> AsyncIterator[KubeClient]:
    """A client of the cluster, closed at the end."""
    login = await Login(str(kubeconfig) if kubeconfig else None, context).configuration()
    client = KubeClient(login, patience=PATIENCE)
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
    except KubeError as error:
        complain(refusal(error))
    except TrainsweepError as error:
        complain(str(error))
    raise typer.Exit(1)
