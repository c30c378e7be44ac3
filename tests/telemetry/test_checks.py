"""What the probes say of each way in which the operator can stand."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from trainsweep.telemetry.checks import BLIND_AFTER, Check, Verdict, liveness, readiness
from trainsweep.telemetry.state import AccountState, LeaseState, QueueState, State, WatchState

NOW = 1_000_000.0
WATCHING = WatchState(alive=True, up=True, last_event=NOW - 3)
GOOD = State(
    leading=True,
    watch=WATCHING,
    last_sweep=NOW - 20,
    accounts={"team/a": AccountState("ModelArts", "CredentialsValid")},
    queues={"team/a": QueueState(depth=2, oldest=1.5)},
)


def check(name: str, checks: tuple[Check, ...]) -> Check:
    return next(check for check in checks if check.name == name)


@pytest.mark.parametrize("leading", [True, False])
def test_a_leader_and_a_replica_that_stands_by_are_ready(leading):
    checks = readiness(replace(GOOD, leading=leading), NOW)
    assert {entry.verdict for entry in checks} == {Verdict.OK}
    assert check("lease", checks).detail == ("leading" if leading else "standing by, ready to take over")


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("store", replace(GOOD, last_sweep=None)),
        ("store", replace(GOOD, last_sweep=NOW - BLIND_AFTER - 1)),
        ("watch", replace(GOOD, watch=None)),
        ("watch", replace(GOOD, watch=replace(WATCHING, up=False))),
    ],
)
def test_an_operator_that_does_not_see_the_cluster_is_not_ready(name, state):
    checks = readiness(state, NOW)
    assert [entry.name for entry in checks if entry.verdict is not Verdict.OK] == [name]
    assert check(name, checks).verdict is Verdict.FAILED


def test_a_namespace_that_may_not_be_listed_is_told_and_the_others_are_served():
    store = check("store", readiness(replace(GOOD, unseen=frozenset({"team-b"})), NOW))
    assert store.verdict is Verdict.WARNING
    assert store.detail.endswith("; namespaces left out, as they may not be listed: team-b")


def test_who_leads_is_told_by_the_one_that_stands_by():
    standby = replace(GOOD, leading=False, lease=LeaseState(holder="pod-7"))
    assert check("lease", readiness(standby, NOW)).detail == "standing by, ready to take over; pod-7 leads"


def test_a_lease_that_cannot_be_taken_makes_a_standby_unready_and_is_a_warning_to_a_leader():
    refused = replace(GOOD, lease=LeaseState(trouble="403 Forbidden: no"))
    leader, standby = (check("lease", readiness(replace(refused, leading=one), NOW)) for one in (True, False))
    assert (leader.verdict, leader.detail) == (Verdict.WARNING, "leading, but 403 Forbidden: no")
    assert standby.verdict is Verdict.FAILED
    assert standby.detail == "standing by, and the Lease cannot be taken: 403 Forbidden: no"


def test_a_quiet_cluster_is_no_fault():
    quiet = replace(GOOD, watch=replace(WATCHING, last_event=None))
    assert check("watch", readiness(quiet, NOW)).verdict is Verdict.OK


def test_trouble_of_an_account_is_told_and_does_not_make_the_replica_unready():
    accounts = {f"team/{n}": AccountState("ModelArts", "CredentialsInvalid", well=False) for n in range(7)}
    credentials = check("credentials", readiness(replace(GOOD, accounts=accounts | GOOD.accounts), NOW))
    assert credentials.verdict is Verdict.WARNING
    assert credentials.detail.startswith("7 of 8 account(s) in trouble: team/0 (CredentialsInvalid), team/1")
    assert credentials.detail.endswith(" and 2 more")


def test_a_queue_that_lags_is_told_by_the_leader_alone():
    late = replace(GOOD, queues={"team/a": QueueState(depth=9, oldest=75.0), "team/b": QueueState()})
    queues = check("queues", readiness(late, NOW))
    assert (queues.verdict, queues.detail) == (Verdict.WARNING, "behind: team/a (9 due, the oldest for 75 s)")
    assert check("queues", readiness(replace(late, leading=False), NOW)).verdict is Verdict.OK


def test_only_a_dead_thread_asks_for_a_new_process():
    dead = WatchState(alive=False, up=False)
    restarting = WatchState(alive=True, up=False)
    for state in (State(), GOOD, replace(GOOD, watch=restarting), replace(GOOD, last_sweep=None)):
        assert {entry.verdict for entry in liveness(state)} == {Verdict.OK}
    assert check("watch", liveness(replace(GOOD, watch=dead))).verdict is Verdict.FAILED


def test_a_check_is_one_line_of_json():
    line = str(Check("store", Verdict.FAILED, "not\nyet"))
    assert "\n" not in line
    assert json.loads(line) == {"check": "store", "verdict": "failed", "detail": "not\nyet"}
