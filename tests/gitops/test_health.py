"""What Argo CD, Flux and kstatus make of every status that the operator can write, in every order of its conditions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest
import yaml

from trainsweep.api.kinds import KINDS
from trainsweep.core.reasons import Reason

from .evaluators import RULES, argo_cd, flux
from .kstatus import kstatus
from .statuses import Case, every_case

#: Not acting, on purpose: somebody decided so, and somebody has to decide otherwise.
ON_PURPOSE = (Reason.PAUSED, Reason.PLAN_MODE, Reason.DELETION_HELD)
#: What only events say; and how things stand for a moment, between a look at the provider and what follows from it.
NEVER_IN_A_STATUS = {
    Reason.LET_GO,
    Reason.DELETED_EXTERNAL,
    Reason.STOPPED_EXTERNAL,
    Reason.CANNOT_STOP,
    Reason.CANNOT_DELETE,
    Reason.FORCE_ORPHAN_IGNORED,
    Reason.HANDED_OVER,
    Reason.LEFT_BEHIND,
}


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return every_case()


def orders(case: Case) -> Iterator[dict[str, Any]]:
    """The object with its conditions in each possible order."""
    status = case.body["status"]
    for conditions in permutations(status.get("conditions", ())):
        yield case.body | {"status": status | ({"conditions": list(conditions)} if conditions else {})}


def meant_for_kstatus(case: Case) -> str:
    if case.deleting:
        return "Terminating"
    if case.standing is None or not case.current:
        return "InProgress"
    if case.standing.stalled:
        return "Failed"
    if case.standing.ready is None:  # paused: it stays as it was
        return "Current" if ("Ready", "True") in {word[:2] for word in case.words} else "InProgress"
    return "Current" if case.standing.ready else "InProgress"


def meant_for_argo_cd(case: Case) -> str:
    if case.deleting or case.standing is None or not case.current:
        return "Progressing"
    if case.standing.stalled:
        return "Degraded"
    if case.standing.reason in ON_PURPOSE and not case.standing.ready:
        return "Suspended"
    return "Healthy" if case.standing.ready else "Progressing"


def test_the_cases_hold_every_reason_that_a_condition_can_carry(cases: list[Case]):
    told = {reason for case in cases for _, _, reason in case.words}
    assert {reason.value for reason in Reason} - told == {reason.value for reason in NEVER_IN_A_STATUS}


def test_the_cases_hold_every_answer(cases: list[Case]):
    assert {meant_for_kstatus(case) for case in cases} == {"Terminating", "InProgress", "Failed", "Current"}
    assert {meant_for_argo_cd(case) for case in cases} == {"Progressing", "Degraded", "Suspended", "Healthy"}


def test_kstatus_reads_what_is_meant(cases: list[Case]):
    wrong = [str(case) for case in cases for body in orders(case) if kstatus(body) != meant_for_kstatus(case)]
    assert wrong == []


def test_flux_reads_what_kstatus_does(cases: list[Case]):
    health = flux()
    wrong = [
        str(case)
        for case in cases
        for body in orders(case)
        if health(body) != kstatus(body).replace("Terminating", "InProgress")
    ]
    assert wrong == []


def test_argo_cd_reads_what_is_meant(cases: list[Case]):
    health = argo_cd()
    wrong = [str(case) for case in cases for body in orders(case) if health(body)[0] != meant_for_argo_cd(case)]
    assert wrong == []


def test_argo_cd_always_shows_a_sentence(cases: list[Case]):
    health = argo_cd()
    assert [str(case) for case in cases if not health(case.body)[1].endswith(".")] == []


def test_argo_cd_shows_what_stands_in_the_way_of_a_deletion(cases: list[Case]):
    health = argo_cd()
    stuck = [case for case in cases if case.deleting and case.current and case.standing and case.standing.stalled]
    assert stuck
    for case in stuck:
        assert case.standing
        assert health(case.body)[1] == f"Deleting: {case.standing.message}"


def test_a_resource_under_way_is_not_stalled_as_well(cases: list[Case]):
    assert not [str(case) for case in cases if {"Reconciling", "Stalled"} <= {word[0] for word in case.words}]


def test_abnormal_conditions_are_there_only_while_they_are_true(cases: list[Case]):
    kinds = {"Reconciling", "Stalled"}
    assert not [str(case) for case in cases if any(word[0] in kinds and word[1] != "True" for word in case.words)]


def test_every_condition_tells_its_generation(cases: list[Case]):
    for case in cases:
        status = case.body["status"]
        about = {condition["observedGeneration"] for condition in status.get("conditions", ())}
        assert about <= {status["observedGeneration"]}


def test_a_pause_does_not_pass_an_unseen_spec_for_reached(cases: list[Case]):
    paused = [case for case in cases if case.standing and case.standing.reason is Reason.PAUSED and case.current]
    unseen = [case for case in paused if case.body["metadata"]["generation"] > 2]
    assert unseen
    assert not [str(case) for case in unseen if not case.deleting and kstatus(case.body) == "Current"]


def test_flux_has_a_rule_for_every_kind():
    manifest = yaml.safe_load((RULES / "flux-health.yaml").read_text())
    assert {rule["kind"] for rule in manifest["spec"]["healthCheckExprs"]} == set(KINDS)
