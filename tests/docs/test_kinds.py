"""Commands name our kinds so that no other group's kind of the same name can be meant.

A cluster may hold a TrainingJob of SageMaker's controller or a ProviderConfig of Crossplane; kubectl then takes
whichever group it finds first, and `pc` is Kubernetes' own short name of PriorityClass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from trainsweep.api.kinds import KINDS
from trainsweep.api.names import CATEGORY, GROUP

from .pages import PAGES, ROOT, blocks, name, prose

NOTES = ROOT / "charts" / "trainsweep" / "templates" / "NOTES.txt"
OURS = {word for kind in KINDS.values() for word in (kind.singular, kind.plural, *kind.short)}
_INLINE = re.compile(r"`(kubectl [^`]+)`")
#: A word of a command: a kind, or kinds with commas between, then maybe an object's name or a field.
_WORD = re.compile(r"(?<![\w./-])([a-z]+(?:,[a-z]+)*)((?:\.[\w.-]+)?)(?=[/\s`'\"]|$)")


def commands(text: str) -> Iterator[str]:
    """What is typed in blocks, and what is quoted in sentences."""
    for block in blocks(text):
        yield from (line for line in block.text.splitlines() if "kubectl " in line)
    yield from _INLINE.findall(prose(text))


def ambiguous(command: str) -> list[str]:
    """Our kinds in a kubectl command without our group behind them."""
    typed = re.sub(r"'[^']*'|\"[^\"]*\"", "", command.partition("kubectl ")[2].partition(" | ")[0])
    return [
        word
        for word, group in _WORD.findall(typed)
        if set(word.split(",")) & OURS and not f"{group}.".startswith(f".{GROUP}.")
    ]


@pytest.mark.parametrize("page", [*PAGES, NOTES], ids=name)
def test_every_command_says_that_our_kinds_are_meant(page: Path):
    text = page.read_text()
    found = text.splitlines() if page == NOTES else commands(text)
    assert [line for line in found if ambiguous(line)] == []


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("kubectl get trainingjob mnist", ["trainingjob"]),
        ("$ kubectl wait --for=condition=Ready trainingjob/mnist", ["trainingjob"]),
        ("kubectl get pc,tj", ["pc,tj"]),
        ("kubectl explain trainingjob.spec", ["trainingjob"]),
        (f"kubectl get {CATEGORY} -A", []),
        (f"kubectl get trainingjobs.{GROUP}", []),
        (f"kubectl delete trainingjob.{GROUP}/mnist", []),
        ("kubectl logs deployment/trainsweep | grep 'TrainingJob team-a/mnist'", []),
    ],
)
def test_what_counts_as_ambiguous(command: str, found: list[str]):
    assert ambiguous(command) == found
