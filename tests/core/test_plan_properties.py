"""What holds for `plan()` whatever the facts are."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from trainsweep.api.common import DeletionPolicy, Mode
from trainsweep.api.provider import ALL_VERBS, KindSupport
from trainsweep.core.account_id import AccountID
from trainsweep.core.decision import AddFinalizer, Delete, Observe, RemoveFinalizer, Stop
from trainsweep.core.external import ExternalState, Remote, Target, Thing
from trainsweep.core.inputs import Absent, Asked, Inputs, Obstacle, Verb
from trainsweep.core.last_status import format_time
from trainsweep.core.plan import plan
from trainsweep.core.policy import effective_policy
from trainsweep.core.reasons import Reason
from trainsweep.core.status import status_of

from .given import NOW, OTHER, a_resource

times = st.one_of(
    st.none(),
    st.integers(-7200, 7200).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),
)
seconds = st.one_of(st.none(), st.integers(1, 7200), st.just(2**31 - 1))
states = st.sampled_from(list(ExternalState))
calls = st.builds(Asked, st.floats(0.0, 7200.0), st.integers(1, 2000))
ids = st.sampled_from(["task-a1", "part-0", "part-1", "other"])


def remotes(inner=None):
    return st.builds(
        Remote,
        id=ids,
        name=st.sampled_from(["llama", "mistral", ""]),
        state=states,
        provider_state=st.sampled_from(["Running", "", "???"]),
        created_at=times,
        started_at=times,
        finished_at=times,
        parts=st.one_of(st.none(), st.just(()), st.lists(inner, max_size=3).map(tuple))
        if inner is not None
        else st.just(()),
    )


obstacles = st.builds(
    Obstacle, st.sampled_from(list(Reason)), st.text(max_size=9), stalled=st.booleans(), configuration=st.booleans()
)


@st.composite
def records(draw):
    thing = draw(st.sampled_from(list(Thing)))
    spec = {
        "desiredState": draw(st.sampled_from(["Present", "Absent"] + ["Stopped"] * (thing is not Thing.CONFIG))),
        "activeDeadlineSeconds": draw(seconds),
        "ttlSecondsAfterFinished": draw(seconds),
        "expect": draw(st.sampled_from([None, {"name": "llama"}, {"createdBefore": "2026-05-01T12:00:00Z"}])),
    }
    if thing is Thing.TUNING_JOB:
        spec["cascade"] = draw(st.booleans())
    status = {
        "externalID": draw(st.sampled_from(["", "task-a1"])),
        "externalState": draw(st.sampled_from(["", "Running", "Absent"])),
        "account": draw(st.sampled_from([None, {"provider": "ModelArts", "host": "here", "project": "a"}])),
        **{
            field: format_time(value)
            for field in ("createdAt", "startedAt", "finishedAt")
            if (value := draw(times)) is not None
        },
    }
    return a_resource(
        thing,
        spec={name: value for name, value in spec.items() if value is not None},
        status=draw(st.sampled_from([None, status])),
        held=draw(st.booleans()),
        deleting=draw(st.booleans()),
        paused=draw(st.booleans()),
        force_orphan=draw(st.sampled_from(["", "task-a1", "other"])),
    )


ACCOUNTS = [
    None,
    AccountID("ModelArts", "here", "a"),
    AccountID("ModelArts", "here", "b"),
    AccountID("ModelArts", "here", open=True),
]


@st.composite
def any_facts(draw):
    record = draw(records())
    seen = draw(st.one_of(st.none(), st.just(Absent("proof")), remotes(remotes())))
    verbs = draw(st.one_of(st.just(ALL_VERBS), st.frozensets(st.sampled_from(list(Verb)))))
    asked_for = draw(st.sampled_from(list(DeletionPolicy)))
    policy, source = effective_policy(asked_for, "", DeletionPolicy.DELETE, verbs)
    return Inputs(
        record=record,
        policy=policy,
        policy_source=source,
        support=KindSupport(verbs=verbs, id_returns=record.thing is Thing.CONFIG),
        now=NOW,
        mode=draw(st.sampled_from(list(Mode))),
        crd_going=draw(st.booleans()),
        owner=draw(st.sampled_from([None, None, None, OTHER])),
        obstacle=draw(st.one_of(st.none(), st.none(), obstacles)),
        target=Target(record.thing, "task-a1") if isinstance(seen, Remote) else None,
        seen=seen,
        fresh=draw(st.booleans()),
        heir=draw(st.sampled_from([None, None, OTHER])),
        heir_unsure=draw(st.sampled_from([None, None, OTHER])),
        account=draw(st.sampled_from(ACCOUNTS)),
        held_back=draw(st.sampled_from(["", "", "held"])),
        unaudited=draw(st.sampled_from(["", "", "no room"])),
        asked=draw(st.dictionaries(st.tuples(st.sampled_from(list(Verb)), ids), calls, max_size=3)),
    )


def asks_for_a_call(facts: Inputs) -> set[type]:
    """The calls that spec or deletion allow, by invariant 1: written without a look at the code under test."""
    record = facts.record
    if record.deleting:
        return {
            DeletionPolicy.DELETE: {Stop, Delete},
            DeletionPolicy.STOP: {Stop},
            DeletionPolicy.ORPHAN: set(),
        }[facts.policy]
    allowed: set[type] = set()
    if record.spec.desired_state == "Absent":
        allowed |= {Stop, Delete}
    if record.spec.desired_state == "Stopped" or record.spec.active_deadline_seconds is not None:
        allowed |= {Stop}
    if record.spec.ttl_seconds_after_finished is not None:
        allowed |= {Stop, Delete}
    return allowed


@given(any_facts())
def test_there_is_an_answer_for_all_facts_and_a_status_for_every_answer(facts):
    decided = plan(facts)
    assert isinstance(decided.action, Observe | AddFinalizer | Stop | Delete | RemoveFinalizer | None)
    assert status_of(facts, decided, {})["observedGeneration"] == facts.record.generation


@given(any_facts())
def test_nothing_is_stopped_or_deleted_that_nobody_asked_for(facts):
    action = plan(facts).action
    if isinstance(action, Stop | Delete):
        assert type(action) in asks_for_a_call(facts)
        assert action.targets


@given(any_facts())
def test_nothing_is_asked_of_a_provider_that_it_cannot_do(facts):
    action = plan(facts).action
    if isinstance(action, Stop | Delete):
        assert {Stop: Verb.STOP, Delete: Verb.DELETE}[type(action)] in facts.support.verbs


@given(any_facts())
def test_a_spec_that_cannot_be_read_in_whole_is_let_go_or_waits(facts):
    action = plan(replace(facts, record=replace(facts.record, problem="spec.expect cannot be read"))).action
    assert action is None or (isinstance(action, RemoveFinalizer) and action.left)


@given(any_facts())
def test_a_call_follows_only_a_read_by_id_of_a_known_state(facts):
    action = plan(facts).action
    if isinstance(action, Stop | Delete):
        assert facts.fresh
        assert isinstance(facts.seen, Remote)
        called = {target.id for target in action.targets}
        touched = [part for part in facts.seen.parts or () if part.id in called] or [facts.seen]
        assert all(part.state is not ExternalState.UNKNOWN for part in touched)


@given(any_facts())
def test_what_is_active_is_stopped_before_it_is_deleted(facts):
    action = plan(facts).action
    if isinstance(action, Delete):
        assert isinstance(facts.seen, Remote)
        runs = facts.seen.parts or (facts.seen,)
        assert not any(run.state.active or run.state is ExternalState.STOPPING for run in runs)


@given(any_facts())
def test_restraint_is_never_overridden(facts):
    restrained = facts.mode is Mode.PLAN or facts.record.paused or facts.owner is not None or facts.obstacle is not None
    restrained = restrained or bool(facts.moved or facts.held_back or facts.unaudited or facts.heir_unsure)
    restrained = restrained or (facts.record.deleting and facts.heir is not None)
    orphan = facts.record.deleting and facts.policy is DeletionPolicy.ORPHAN
    unheld = not facts.record.has_finalizer and (facts.record.deleting or facts.policy is not DeletionPolicy.ORPHAN)
    if restrained or orphan or unheld or (facts.record.deleting and facts.crd_going):
        assert not isinstance(plan(facts).action, Stop | Delete)


@given(any_facts())
def test_the_finalizer_goes_only_for_the_listed_reasons(facts):
    action = plan(facts).action
    if not isinstance(action, RemoveFinalizer):
        return
    record, past, seen = facts.record, facts.record.past, facts.seen
    found = facts.target.id if facts.target else ""
    assert record.deleting
    assert record.has_finalizer
    assert (
        isinstance(seen, Absent)
        or facts.policy is DeletionPolicy.ORPHAN
        or (facts.policy is DeletionPolicy.STOP and isinstance(seen, Remote) and not seen.state.active)
        or (record.force_orphan and record.force_orphan in {past.external_id, record.given_id, found})
        or facts.crd_going
        or facts.owner is not None
        or facts.heir is not None
        or (facts.obstacle is not None and facts.obstacle.configuration and not past.observed)
    )
    if isinstance(seen, Absent) and not action.left:
        assert facts.obstacle is None


@given(any_facts())
def test_an_id_of_another_account_neither_acts_nor_is_freed_by_what_that_account_says(facts):
    if not facts.moved:
        return
    action = plan(facts).action
    assert action is None or isinstance(action, AddFinalizer | RemoveFinalizer)
    if isinstance(action, RemoveFinalizer):
        record = facts.record
        asked_by_hand = record.force_orphan in (record.known_ids | ({facts.target.id} if facts.target else set()))
        by_the_cluster = facts.policy is DeletionPolicy.ORPHAN or facts.crd_going or facts.owner or facts.heir
        assert asked_by_hand or by_the_cluster


@given(any_facts())
def test_conditions_keep_the_kstatus_rules(facts):
    decided = plan(facts)
    standing = decided.standing
    assert not (standing.progressing and standing.stalled)
    assert not (standing.ready and (standing.progressing or standing.stalled))
    if standing.ready is False and not isinstance(decided.action, RemoveFinalizer):
        assert standing.progressing or standing.stalled
    conditions = status_of(facts, decided, {})["conditions"]
    kinds = [condition["type"] for condition in conditions]
    assert kinds[:2] == ["Ready", "Synced"]
    assert len(set(kinds)) == len(kinds)
    assert all(condition["observedGeneration"] == facts.record.generation for condition in conditions)
    assert all(condition["status"] == "True" for condition in conditions[2:])


@given(any_facts())
def test_equal_facts_give_an_equal_status_so_that_rest_costs_no_write(facts):
    assert status_of(facts, plan(facts), {}) == status_of(facts, plan(facts), {})
