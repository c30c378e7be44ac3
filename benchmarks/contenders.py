"""The operators that are measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.child import Child, program
from benchmarks.crowd import NAMESPACE
from benchmarks.provider import ACCESS_KEY, PROJECT, SECRET_KEY

#: Every contender is this user of the API server, and nobody else is.
USER = "operator"


@dataclass(frozen=True, slots=True)
class Contender:
    """`command` is a program with its arguments. `restarted`: once all is adopted, it is ended and another process
    starts with the resources there, works through the rest and is the one whose memory and CPU time are told.
    """

    name: str
    command: tuple[str, ...]
    restarted: bool = False

    def start(self, kubeconfig: Path, directory: Path, endpoint: str) -> Child:
        """Both read KUBECONFIG; the account's address and keys are for the one that takes them from its environment."""
        environ = {
            "KUBECONFIG": str(kubeconfig),
            "MODELARTS_ENDPOINT": endpoint,
            "MODELARTS_PROJECT": PROJECT,
            "MODELARTS_ACCESS_KEY": ACCESS_KEY,
            "MODELARTS_SECRET_KEY": SECRET_KEY,
        }
        return Child(self.command, directory / f"{self.name}.log", environ)


_TRAINSWEEP = (program("trainsweep"), "run", "--allow-http-endpoints")
_TEXTBOOK = Path(__file__).with_name("textbook_operator.py")

CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender("trainsweep", _TRAINSWEEP),
        Contender("trainsweep-restarted", _TRAINSWEEP, restarted=True),
        Contender("textbook", (program("kopf"), "run", "--standalone", "--namespace", NAMESPACE, str(_TEXTBOOK))),
    )
}
