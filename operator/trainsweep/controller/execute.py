"""Carry out a stop or a delete: audit before and after, note the answer, say what it means for the resource."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trainsweep.accounts.account import Account
from trainsweep.calls.circuit_breaker import CircuitOpen
from trainsweep.calls.gate import Fenced
from trainsweep.controller.attempt_state import AttemptState
from trainsweep.core.decision import Delete, Standing, Stop
from trainsweep.core.errors import ConfigurationError, OutcomeUnknown, ProviderError, Refused, WrongState
from trainsweep.core.external import Remote, Target
from trainsweep.core.inputs import Asked, Inputs, Verb
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
class Setback:
    """A call that was refused or failed. `again` asks for an immediate new look: the state may just have changed."""

    standing: Standing
    again: bool


async def execute(
    action: Stop | Delete,
    facts: Inputs,
    memory: AttemptState,
    account: Account,
    *,
    now: datetime,
    still: Callable[[], bool],
) -> Setback | None:
    """Ask for each target in turn. What fails for one does not keep the others from being asked: only when all had
    their turn, the first refusal is the answer, and the first error comes up. Account-wide errors come up at once.

    `still()` says at the last moment whether the resource still asks for it.
    """
    verb = Verb.STOP if isinstance(action, Stop) else Verb.DELETE
    first: ProviderError | None = None
    call = memory.call
    for target in action.targets:
        try:
            await _ask(verb, target, facts=facts, memory=memory, account=account, now=now, still=still)
        except ProviderError as error:
            # A call without an answer may be this target's own trouble; the circuit ends the round in an outage.
            if error.account_wide and not isinstance(error, OutcomeUnknown):
                raise
            if first is None:
                first, call = error, memory.call
    if first:
        memory.call = call  # the one that the resource's standing speaks of
    if isinstance(first, Refused):
        return setback_of(verb, first)
    if first:
        raise first
    return None


async def _ask(
    verb: Verb,
    target: Target,
    *,
    facts: Inputs,
    memory: AttemptState,
    account: Account,
    now: datetime,
    still: Callable[[], bool],
) -> None:
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
    call = {"operation": operation, "time": format_time(now)}
    try:
        receipt = await account.ask(verb, target, still)
    except ProviderError as error:
        answer = {"requestID": error.request_id, "errorCode": error.code, "errorMessage": str(error)}
        memory.call = _answered(call, success=False, **answer)
        audit.write("result", facts.record, **details, success=False, **answer)
        raise
    except (CircuitOpen, Fenced, ConfigurationError) as error:
        audit.write("result", facts.record, **details, success=False, errorMessage=f"not sent: {error}")
        raise
    finally:  # a call that is cut off has no result: it may have taken effect
        memory.last_write = asyncio.get_running_loop().time()
    before = memory.asked.get((verb, target.id))
    memory.asked[(verb, target.id)] = Asked(now, before.times + 1 if before else 1)
    memory.call = _answered(call, success=True, requestID=receipt.request_id)
    audit.write("result", facts.record, **details, success=True, requestID=receipt.request_id)


def _answered(call: dict[str, Any], *, success: bool, **answer: str) -> dict[str, Any]:
    """The call with its answer, in the form of `status.lastCall`."""
    return call | {"success": success} | {name: value for name, value in answer.items() if value}


def setback_of(verb: Verb, refusal: Refused) -> Setback:
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
    return Setback(standing, again=isinstance(refusal, WrongState))
