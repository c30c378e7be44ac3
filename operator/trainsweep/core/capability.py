"""What follows when a provider has no way to stop or to delete such a thing, in the words of the status. Pure.

A deletion policy that cannot be carried out becomes the next best one (`core.policy`), and the status says so. A
desired state that cannot be reached is refused: what is asked for is never taken for something else.
"""

from __future__ import annotations

from trainsweep.api.common import DeletionPolicy, DesiredState
from trainsweep.core.inputs import Inputs, Verb
from trainsweep.core.policy import PolicySource


def undeletable(facts: Inputs, *, stopping: bool) -> str:
    """Why what is asked for can never be, as its provider cannot delete; "" when it can. `stopping`: a stop is due
    first, which goes ahead.
    """
    record = facts.record
    if Verb.DELETE in facts.support.verbs or record.deleting:
        return ""
    if facts.desired is DesiredState.ABSENT:
        wish, instead = "desiredState: Absent cannot be reached", "set it to Stopped, or to Present"
    elif record.expiry is not None and not stopping:
        wish, instead = "ttlSecondsAfterFinished has no meaning", "leave it out"
    else:
        return ""
    return f"{sentence(cannot(facts, Verb.DELETE))}, so {wish}; {instead}."


def remark(facts: Inputs) -> str:
    """What deleting the resource means where that is less than was asked for."""
    if facts.policy_source is not PolicySource.PROVIDER:
        return ""
    does = "only stops it" if facts.policy is DeletionPolicy.STOP else "leaves it as it is"
    return f" Deleting this resource {does}, as {cannot(facts, Verb.DELETE)}."


def cannot(facts: Inputs, verb: Verb) -> str:
    return f"the provider of {facts.record.config} cannot {verb} a {facts.record.thing}"


def sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
