"""Carry out one stop or delete: audit before and after, note the answer, say what it means for the resource."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trainsweep.accounts.account import Account
from trainsweep.calls.circuit_breaker import CircuitOpen
from trainsweep.calls.gate import Fenced, Throttled
from trainsweep.controller.attempt_state import AttemptState
from trainsweep.core.decision import Delete, Standing, Stop
from trainsweep.core.errors import ConfigurationError, ProviderError, Refused, WrongState
from trainsweep.core.external import Remote, Target
from trainsweep.core.inputs import Inputs, Verb
from trainsweep.core.last_status import format_time
from trainsweep.core.plan import wanted
from trainsweep.core.reasons import Reason
from trainsweep.telemetry import audit

#: What each verb is called at the providers, by kind of thing (`status.lastCall.operation`).
OPERATIONS = {
    Verb.STOP: "Stop{}",
    Verb.DELETE: "Delete{}",
}


@dataclass(frozen=True, slots=True)
class Rejection:
    """A call that was refused. `again` asks for an immediate new look: the state may just have changed."""

    standing: Standing
    again: bool


def verb_of(action: Stop | Delete) -> Verb:
    return Verb.STOP if isinstance(action, Stop) else Verb.DELETE


def next_target(action: Stop | Delete, attempt: AttemptState) -> Target:
    """The target whose turn it is: one that was refused lets the others go first."""
    return min(action.targets, key=lambda target: attempt.tries.get((verb_of(action), target.id), 0))


async def execute(
    verb: Verb,
    target: Target,
    facts: Inputs,
    attempt: AttemptState,
    account: Account,
    *,
    now: Callable[[], datetime],
    still: Callable[[], bool],
) -> Rejection | None:
    """Make the call; a refusal is the answer, any other error comes up. Raises `audit.Unwritable` before the call when
    its intent cannot be written down: then nothing is sent.

    `still()` says at the last moment whether the call may go out.
    """
    operation = OPERATIONS[verb].format(target.thing.value)
    seen = facts.seen
    details = {
        "operation": operation,
        "target": target.id,
        "because": wanted(facts)[1].value,
        "policy": facts.policy.value,
        "policySource": facts.policy_source.value,
        "state": seen.state.value if isinstance(seen, Remote) else "",
        "providerState": seen.provider_state if isinstance(seen, Remote) else "",
    }
    audit.write("intent", facts.record, **details)
    attempt.tries[(verb, target.id)] = attempt.tries.get((verb, target.id), 0) + 1
    call = {"operation": operation, "time": format_time(now())}
    attempt.writing = True
    try:
        receipt = await account.ask(verb, target, still)
    except ProviderError as error:
        answer = {"requestID": error.request_id, "errorCode": error.code, "errorMessage": str(error)}
        attempt.call = _answered(call, success=False, **answer)
        audit.note("result", facts.record, **details, success=False, **answer)
        if isinstance(error, Refused):
            return rejection_of(verb, error)
        raise
    except (CircuitOpen, Throttled, Fenced, ConfigurationError) as error:
        audit.note("result", facts.record, **details, success=False, errorMessage=f"not sent: {error}")
        raise
    finally:  # a call that is cut off has no result: it may have taken effect
        attempt.writing = False
        attempt.last_write = asyncio.get_running_loop().time()
    attempt.accept(verb, target.id, attempt.last_write)
    attempt.call = _answered(call, success=True, requestID=receipt.request_id)
    audit.note("result", facts.record, **details, success=True, requestID=receipt.request_id)
    return None


def _answered(call: dict[str, Any], *, success: bool, **answer: str) -> dict[str, Any]:
    """The call with its answer, in the form of `status.lastCall`."""
    return call | {"success": success} | {name: value for name, value in answer.items() if value}


def rejection_of(verb: Verb, refusal: Refused) -> Rejection:
    """What a refusal means for the resource."""
    reason = Reason.NOT_STOPPABLE if verb is Verb.STOP else Reason.DELETE_FAILED
    message = f"The provider refused to {verb} it: {refusal}"
    standing = Standing(
        ready=False,
        reason=reason,
        message=message,
        progressing=True,
        synced=False,
        synced_reason=Reason.of(refusal.reason),
        synced_message=message,
    )
    return Rejection(standing, again=isinstance(refusal, WrongState))
