"""What the probes judge by: pure, from the operator's state to one line a check, each with its reason.

Alive means that a restart would not help. Ready means that the operator sees the cluster and works, or stands by to
take over; trouble of one account or queue is told and changes nothing, as no other replica would do better.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from trainsweep.core.printable import json_line
from trainsweep.telemetry.state import LeaseState, State

#: Seconds without a complete list of our objects after which the operator counts as blind: three sweeps.
BLIND_AFTER = 1800.0
#: Seconds for which the oldest entry of a queue may have been due.
LAGGING_AFTER = 60.0
#: So many names are told; more help nobody.
TOLD = 5


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    verdict: Verdict
    detail: str

    def __str__(self) -> str:
        """One line of JSON."""
        return json_line({"check": self.name, "verdict": self.verdict, "detail": self.detail})


def liveness(state: State) -> tuple[Check, ...]:
    """That the question is answered at all shows that the event loop turns."""
    loop = Check("loop", Verdict.OK, "the event loop answers")
    if state.watch is None:
        return loop, Check("watch", Verdict.OK, "not started yet")
    if not state.watch.alive:
        return loop, Check("watch", Verdict.FAILED, "the watch's thread has ended; only a new process brings it back")
    return loop, Check("watch", Verdict.OK, "its thread runs")


def readiness(state: State, now: float) -> tuple[Check, ...]:
    """`now` in epoch seconds."""
    return _store(state, now), _watch(state, now), _lease(state), _queues(state), _accounts(state)


def _store(state: State, now: float) -> Check:
    if state.last_sweep is None:
        return Check("store", Verdict.FAILED, "our objects have not been listed completely yet")
    age = now - state.last_sweep
    told = f"our objects were last listed completely {age:.0f} s ago"
    if age > BLIND_AFTER:
        return Check("store", Verdict.FAILED, told)
    if state.unseen:
        told += f"; namespaces left out, as they may not be listed: {_listed(state.unseen)}"
        return Check("store", Verdict.WARNING, told)
    return Check("store", Verdict.OK, told)


def _watch(state: State, now: float) -> Check:
    if state.watch is None:
        return Check("watch", Verdict.FAILED, "not started yet")
    if not state.watch.up:
        return Check("watch", Verdict.FAILED, "it has no connection to the API server, or is refused")
    if state.watch.last_event is None:
        return Check("watch", Verdict.OK, "it runs; no event yet")
    return Check("watch", Verdict.OK, f"it runs; the last event came {now - state.watch.last_event:.0f} s ago")


def _lease(state: State) -> Check:
    lease = state.lease or LeaseState()
    if state.leading:
        verdict = Verdict.WARNING if lease.trouble else Verdict.OK
        return Check("lease", verdict, f"leading, but {lease.trouble}" if lease.trouble else "leading")
    if lease.trouble:
        return Check("lease", Verdict.FAILED, f"standing by, and the Lease cannot be taken: {lease.trouble}")
    others = f"; {lease.holder} leads" if lease.holder else ""
    return Check("lease", Verdict.OK, f"standing by, ready to take over{others}")


def _queues(state: State) -> Check:
    if not state.leading:
        return Check("queues", Verdict.OK, "not worked on while standing by")
    late = {name: queue for name, queue in state.queues.items() if queue.oldest > LAGGING_AFTER}
    if not late:
        return Check("queues", Verdict.OK, f"nothing has been due for more than {LAGGING_AFTER:.0f} s")
    told = _listed(f"{name} ({queue.depth} due, the oldest for {queue.oldest:.0f} s)" for name, queue in late.items())
    return Check("queues", Verdict.WARNING, f"behind: {told}")


def _accounts(state: State) -> Check:
    ill = {name: account for name, account in state.accounts.items() if not account.well}
    if not ill:
        return Check("credentials", Verdict.OK, f"no trouble with any of {len(state.accounts)} account(s)")
    told = _listed(f"{name} ({account.reason})" for name, account in ill.items())
    return Check("credentials", Verdict.WARNING, f"{len(ill)} of {len(state.accounts)} account(s) in trouble: {told}")


def _listed(entries: Iterable[str]) -> str:
    names = sorted(entries)
    more = f" and {len(names) - TOLD} more" if len(names) > TOLD else ""
    return ", ".join(names[:TOLD]) + more
