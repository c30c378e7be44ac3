"""One annotation set or removed on each of several objects, with a sentence about each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from trainsweep.cli.refusals import refusal
from trainsweep.cli.screen import complain, say
from trainsweep.core.resource import Key
from trainsweep.kube import paths
from trainsweep.kube.client import KubeClient, KubeError

DryRun = Annotated[bool, typer.Option("--dry-run", help="Let the API server check the change, and change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@dataclass(frozen=True, slots=True)
class Edit:
    """`value` None removes the annotation. `told` goes on after the object's name. With `uid` the change is made
    only to the object that was shown, not to another one of its name. `needed` is False where it is so already.
    """

    key: Key
    annotation: str
    value: str | None
    told: str
    uid: str = ""
    needed: bool = True


async def carry_out(client: KubeClient, edits: Sequence[Edit], *, dry_run: bool) -> bool:
    """Make the changes, one by one; whether all could be made. One that is refused does not keep the others."""
    done = True
    for edit in edits:
        metadata = {"annotations": {edit.annotation: edit.value}}
        same = {"uid": edit.uid} if edit.uid else {}
        try:
            if edit.needed:
                await client.merge(paths.resource(edit.key), {"metadata": metadata | same}, dry_run=dry_run)
        except KubeError as error:
            complain(f"{edit.key}: {refusal(error)}")
            done = False
            continue
        tail = " (dry run: nothing was changed)" if dry_run and edit.needed else ""
        say(f"{edit.key} {edit.told}{tail}")
    return done


def nothing_fits() -> None:
    """Tell that the selection holds nothing, and end with failure."""
    complain("No resource fits. Look at --namespace, --selector and --context.")
    raise typer.Exit(1)
