"""What the deletion guard knows beyond those who ask: what earlier lives let through, what clocks will ask for, and who
turns out not to ask at all.
"""

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from trainsweep.core.external import ExternalState, Thing
from trainsweep.kube import paths

from .world import NAMESPACE, TASK, World

RUNNING, SUCCEEDED = ExternalState.RUNNING, ExternalState.SUCCEEDED
ACCOUNT = ("qianfan", "ProviderConfig")


@pytest.fixture
def world(world):
    """Three removals in an hour are within the limit."""
    world.api.edit("ProviderConfig", NAMESPACE, "qianfan", {"deletionGuard": {"maxDeletions": 3}})
    world.run(5)
    return world


def declare(world, numbers, state=SUCCEEDED, **spec):
    for number in numbers:
        world.remotes.add(Thing.TUNING_TASK, f"task-{number}", state)
        world.declare(f"run-{number}", taskID=f"task-{number}", **spec)


def restart(world):
    world.kill()
    world.start()
    world.run(30)


def held(world):
    return world.status(*ACCOUNT).get("held", {}).get("count", 0)


class TestOverRestarts:
    def remove(self, world, numbers, by_deletion):
        declare(world, numbers, desiredState="Present" if by_deletion else "Absent")
        world.run(10)
        for number in numbers if by_deletion else ():
            world.api.delete(TASK, NAMESPACE, f"run-{number}")
        world.run(20)

    @pytest.mark.parametrize("by_deletion", [False, True])
    def test_a_window_sees_no_more_removals_than_one_life_would_let_through(self, world, by_deletion):
        for life in range(3):
            self.remove(world, range(3 * life, 3 * life + 3), by_deletion)
            restart(world)
        assert len(world.calls) == 3
        assert held(world) == 6
        assert world.status(*ACCOUNT)["removals"]["count"] == 3

    def test_the_count_is_not_forgotten_while_the_account_cannot_be_opened(self, world):
        self.remove(world, range(3), by_deletion=False)
        world.kill()
        secret = world.api.objects.pop(paths.secret(NAMESPACE, "keys"))
        world.start()
        world.run(30)
        world.api.put(paths.secret(NAMESPACE, "keys"), secret)
        self.remove(world, [3], by_deletion=False)
        assert held(world) == 1

    def test_the_window_moves_on(self, world):
        self.remove(world, range(3), by_deletion=False)
        restart(world)
        world.run(3600)
        self.remove(world, [3], by_deletion=False)
        assert len(world.calls) == 4
        assert world.status(*ACCOUNT)["removals"]["count"] == 1

    def test_what_was_under_way_goes_on_and_what_came_meanwhile_is_held(self, world):
        world.remotes.effect = 20
        declare(world, range(3), RUNNING, desiredState="Absent")
        world.run(10)
        world.kill()
        declare(world, range(3, 6), desiredState="Absent")
        world.start()
        world.run(120)
        assert {task for verb, task in world.calls if verb == "delete"} == {"task-0", "task-1", "task-2"}
        assert held(world) == 3

    def test_of_deletions_that_were_under_way_those_go_on_that_were_asked_for_by_then(self, world):
        declare(world, range(6))
        world.run(10)
        for number in range(3):
            world.api.delete(TASK, NAMESPACE, f"run-{number}")
        world.run(1.5)
        assert world.status(*ACCOUNT)["removals"]["underWay"] == 3
        world.kill()
        world.run(1)
        for number in range(3, 6):
            world.api.delete(TASK, NAMESPACE, f"run-{number}")
        restart(world)
        assert {task for _, task in world.calls} == {"task-0", "task-1", "task-2"}
        assert [body["metadata"]["name"] for body in world.api.of_kind(TASK)] == ["run-3", "run-4", "run-5"]
        assert held(world) == 3


class TestClocks:
    def test_a_wave_that_they_make_is_held_whole_and_over_restarts(self, world):
        declare(world, range(5))
        world.run(10)
        world.kill()
        for number in range(5):
            world.api.edit(TASK, NAMESPACE, f"run-{number}", {"ttlSecondsAfterFinished": 1})
        for _ in range(3):
            restart(world)
            assert held(world) == 5
        assert world.calls == []

    def test_so_is_one_of_deadlines(self, world):
        declare(world, range(5), RUNNING, activeDeadlineSeconds=100)
        world.run(150)
        assert world.calls == []
        assert held(world) == 5

    def test_the_hold_ends_when_the_clocks_are_set_on(self, world):
        declare(world, range(5), RUNNING, activeDeadlineSeconds=100)
        world.run(150)
        for number in range(5):
            world.api.edit(TASK, NAMESPACE, f"run-{number}", {"activeDeadlineSeconds": 100_000})
        world.run(30)
        assert held(world) == 0
        world.api.edit(TASK, NAMESPACE, "run-0", {"desiredState": "Absent"})
        world.run(30)
        assert world.calls == [("stop", "task-0"), ("delete", "task-0")]


class TestWhoNeverAsks:
    """One removal that is meant is not held for the sake of many that turn out to be none."""

    def test_is_not_waited_for_where_all_but_one_are_absent_already(self, world):
        world.kill()
        declare(world, [0], desiredState="Absent")
        for number in range(1, 8):
            world.declare(f"run-{number}", taskID=f"task-{number}", desiredState="Absent")
        restart(world)
        assert world.calls == [("delete", "task-0")]
        assert held(world) == 0

    def test_is_not_waited_for_where_the_namespace_says_that_deletion_only_stops(self, world):
        namespace = world.api.objects[paths.namespace(NAMESPACE)]
        namespace["metadata"]["annotations"] = {"trainsweep.dev/deletion-policy": "Stop"}
        declare(world, [0], deletionPolicy="Delete")
        declare(world, range(1, 8))
        world.run(20)
        world.kill()
        for number in range(8):
            world.api.delete(TASK, NAMESPACE, f"run-{number}")
        restart(world)
        assert world.calls == [("delete", "task-0")]
        assert world.api.of_kind(TASK) == []


#: What people do to a few resources at once.
ASKS = [
    {"desiredState": "Absent"},
    {"desiredState": "Stopped"},
    {"ttlSecondsAfterFinished": 1},
    {"activeDeadlineSeconds": 1},
    {"desiredState": "Present", "ttlSecondsAfterFinished": None, "activeDeadlineSeconds": None},
    "delete",
]
steps = st.lists(
    st.one_of(
        st.tuples(st.just("declare"), st.sampled_from([RUNNING, SUCCEEDED]), st.integers(1, 3)),
        st.tuples(st.just("ask"), st.sampled_from(ASKS), st.integers(0, 9), st.integers(1, 3)),
        st.tuples(st.just("run"), st.sampled_from([0.05, 0.5, 5, 40, 200, 700])),
        st.tuples(st.just("restart"), st.sampled_from([0, 1, 60])),
    ),
    min_size=5,
    max_size=25,
)


def take(world, step, names):
    """Do one step; `names` are those given to resources so far."""
    match step:
        case "declare", state, count:
            numbers = range(len(names), len(names) + count)
            declare(world, numbers, state)
            names += [f"run-{number}" for number in numbers]
        case "ask", ask, first, count:
            for name in names[first : first + count]:
                if not world.api.get(TASK, NAMESPACE, name):
                    continue
                if ask == "delete":
                    world.api.delete(TASK, NAMESPACE, name)
                else:
                    world.api.edit(TASK, NAMESPACE, name, ask)
        case "run", seconds:
            world.run(seconds)
        case "restart", down:
            world.run(3)
            world.kill()
            world.run(down)
            world.start()


@pytest.mark.timeout(300)
@settings(max_examples=60, phases=[Phase.generate])
@given(steps=steps, effect=st.sampled_from([0.5, 3, 30]))
def test_no_window_sees_more_than_the_limit_and_an_approval_lets_all_go(steps, effect):
    world = World(deletionGuard={"maxDeletions": 3, "windowSeconds": 600})
    world.run(2)
    world.remotes.effect = effect
    names: list[str] = []
    take(world, ("declare", SUCCEEDED, 6), names)
    for step in steps:
        take(world, step, names)
    world.run(100)
    begun: dict[str, float] = {}
    for entry in world.remotes.journal:
        if entry.verb in ("stop", "delete"):
            begun.setdefault(entry.target.id, entry.time)
    times = sorted(begun.values())
    assert all(later - earlier > 599 for earlier, later in zip(times, times[3:], strict=False))
    until = world.clock.now().replace(year=2027).isoformat()
    world.api.edit("ProviderConfig", NAMESPACE, "qianfan", approve_deletions_until=until)
    world.run(2000)
    assert held(world) == 0
    assert "DeletionHeld" not in {world.ready(body["metadata"]["name"])[1] for body in world.api.of_kind(TASK)}
    assert world.defects == []
    world.kill()
