"""The deletion guard: a wave is held whole, what is under way goes on, and a hold survives a restart."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainsweep.core.deletion_guard import Guard, Tally

from .given import NOW

HOUR = timedelta(hours=1)


@pytest.fixture
def guard():
    return Guard(limit=3, window=3600)


def ask(guard, *uids, now=NOW, due=0):
    return [guard.admits(uid, now, due or len(uids)) for uid in uids]


def test_up_to_the_limit_everything_passes(guard):
    assert ask(guard, "a", "b", "c") == [True] * 3
    assert (guard.held, guard.holding) == (0, False)


def test_a_wave_above_the_limit_is_held_whole_from_its_first_member_on(guard):
    assert ask(guard, "a", "b", "c", "d") == [False] * 4
    assert guard.held == 4
    assert guard.held_since == NOW


def test_a_wave_that_is_seen_only_as_it_arrives_is_held_from_the_limit_on(guard):
    assert [guard.admits(uid, NOW, due=1) for uid in "abcde"] == [True, True, True, False, False]


def test_what_is_under_way_goes_on_while_the_rest_is_held(guard):
    assert ask(guard, "a", "b") == [True, True]
    assert ask(guard, "c", "d", due=4) == [False, False]
    assert guard.admits("a", NOW, due=4)
    assert guard.held == 2


def test_the_stop_and_the_delete_of_one_resource_are_one_removal(guard):
    for uid in "abc":
        assert guard.admits(uid, NOW)  # the stop
        guard.done(uid)
    for uid in "abc":
        assert guard.admits(uid, NOW + timedelta(minutes=5))  # the delete
    assert not guard.admits("d", NOW + timedelta(minutes=5))


def test_a_removal_that_was_interrupted_goes_on_and_holds_up_nobody(guard):
    assert ask(guard, "a", "b", "c") == [True] * 3
    guard.done("b", due=3)
    assert guard.admits("b", NOW, due=3)
    assert not guard.holding


def test_the_window_moves_on(guard):
    ask(guard, "a", "b", "c")
    for uid in "abc":
        guard.done(uid)
    assert not guard.admits("d", NOW + HOUR - timedelta(seconds=1))
    guard.done("d")
    assert guard.admits("d", NOW + HOUR + timedelta(seconds=1))


def test_a_hold_does_not_end_because_time_passes(guard):
    ask(guard, "a", "b", "c", "d")
    assert not guard.admits("a", NOW + 10 * HOUR, due=4)


def test_an_approval_lets_the_batch_go_and_ends_the_hold(guard):
    ask(guard, "a", "b", "c", "d")
    guard.approved_until = NOW + HOUR
    assert ask(guard, "a", "b", "c", "d") == [True] * 4
    assert (guard.holding, guard.held) == (False, 0)


def test_an_approval_expires_and_what_did_not_go_by_then_is_held_again(guard):
    ask(guard, "a", "b", "c", "d")
    guard.approved_until = NOW + HOUR
    assert guard.admits("a", NOW, due=4)
    assert not guard.admits("b", NOW + HOUR, due=4)
    assert guard.admits("a", NOW + HOUR, due=4)


def test_a_hold_ends_when_the_last_request_is_withdrawn_and_not_before(guard):
    ask(guard, "a", "b", "c", "d")
    for left, uid in [(3, "a"), (2, "b"), (1, "c")]:
        guard.done(uid, due=left)
        assert guard.holding
    guard.done("d", due=0)
    assert not guard.holding
    assert guard.admits("e", NOW)


def test_a_hold_goes_on_after_a_restart_even_for_the_part_of_the_batch_that_asks_first():
    restarted = Guard(limit=3, window=3600)
    restarted.resume(held=4, tally=None)
    assert not restarted.admits("d", NOW, due=2)
    assert restarted.held == 1


def test_a_hold_that_was_withdrawn_while_the_operator_was_away_ends():
    restarted = Guard(limit=3, window=3600)
    restarted.resume(held=4, tally=None)
    restarted.done("bystander", due=0)
    assert restarted.admits("e", NOW, due=1)


def test_a_hold_that_rests_on_foresight_ends_when_the_others_turn_out_not_to_ask(guard):
    assert not guard.admits("a", NOW, due=4)
    guard.done("b", due=3)
    assert not guard.holding
    assert guard.admits("a", NOW, due=3)


def restarted_with(limit, *, count, under_way=0):
    restarted = Guard(limit=limit, window=3600)
    restarted.resume(held=0, tally=Tally(count, under_way, NOW))
    return restarted


def test_a_restart_remembers_what_was_let_through_until_the_window_has_passed():
    restarted = restarted_with(3, count=2)
    assert restarted.admits("a", NOW)
    assert not restarted.admits("b", NOW)
    restarted.done("b")
    assert restarted.admits("b", NOW + HOUR + timedelta(seconds=1))
    assert restarted.tally == Tally(1, 1, NOW + HOUR + timedelta(seconds=1))


def test_what_is_told_counts_each_removal_once(guard):
    assert guard.tally is None
    ask(guard, "a", "b")
    assert guard.tally == Tally(2, 2, NOW)
    for _ in range(2):
        guard.done("a")
        assert guard.tally == Tally(2, 1, NOW)
    assert guard.admits("a", NOW)
    assert guard.tally == Tally(2, 2, NOW)


def test_what_was_under_way_at_a_restart_goes_on_and_counts_once():
    restarted = restarted_with(2, count=2, under_way=2)
    assert restarted.admits("called", NOW, due=9, called=NOW - HOUR)
    assert restarted.admits("deleted", NOW, due=9, asked=NOW - HOUR)
    assert restarted.tally == Tally(2, 2, NOW)
    assert not restarted.admits("deleted-too", NOW, due=9, asked=NOW - HOUR)


def test_what_was_asked_for_later_did_not_begin_before_the_restart():
    restarted = restarted_with(2, count=1, under_way=1)
    assert restarted.admits("a", NOW + HOUR / 2, asked=NOW + HOUR / 3)
    assert not restarted.admits("b", NOW + HOUR / 2, asked=NOW + HOUR / 3)


def test_a_call_that_was_accepted_within_the_window_is_gone_on_with_even_if_nobody_counted_it():
    restarted = Guard(limit=1, window=3600)
    assert restarted.admits("a", NOW, due=9, called=NOW - HOUR)
    assert not restarted.admits("b", NOW, due=9, called=NOW - 2 * HOUR)


def test_what_was_under_way_and_never_asks_again_counts_until_the_window_has_passed():
    restarted = restarted_with(1, count=1, under_way=1)
    assert not restarted.admits("a", NOW)
    restarted.done("a")
    assert restarted.admits("a", NOW + HOUR + timedelta(seconds=1))
    assert restarted.tally == Tally(1, 1, NOW + HOUR + timedelta(seconds=1))


def test_a_limit_of_nothing_holds_every_removal():
    assert not Guard(limit=0, window=60).admits("a", NOW)


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 4000), st.booleans()), max_size=60))
def test_without_approval_no_window_sees_more_removals_than_the_limit(steps):
    guard = Guard(limit=3, window=3600)
    now, begun, under_way = NOW, {}, set()
    for uid, pause, ends in steps:
        now += timedelta(seconds=pause)
        recent = {other: at for other, at in begun.items() if at > now - HOUR}
        if guard.admits(uid, now):
            if uid not in under_way and uid not in recent:
                begun[uid] = recent[uid] = now
            under_way.add(uid)
        assert len(recent) <= 3
        if ends:
            guard.done(uid)
            under_way.discard(uid)
