"""What resources share: the account with its credentials and its guard, on virtual time."""

import asyncio
from datetime import timedelta

import pytest

from trainsweep.accounts.credentials_check import CredentialsCheck
from trainsweep.core.errors import Unavailable
from trainsweep.core.external import ExternalState, Thing
from trainsweep.core.last_status import format_time
from trainsweep.kube import paths

from .virtual_time import virtual_time
from .world import ELSEWHERE, FAST, NAMESPACE, TASK

SUCCEEDED, ABSENT = ExternalState.SUCCEEDED, ExternalState.ABSENT
V2 = "9f2c7d3a-0000-4000-8000-00000000000a"


class TestAccounts:
    def test_a_provider_config_made_again_leads_to_the_new_account_and_never_to_the_old_one(self, world):
        world.remotes.add(Thing.JOB, V2, SUCCEEDED)
        world.elsewhere.add(Thing.JOB, V2, SUCCEEDED)
        world.run(5)
        world.api.delete("ProviderConfig", NAMESPACE, "modelarts")
        spec = {"provider": "ModelArts", "modelArts": {"region": "cn-north-4", "projectID": ELSEWHERE}}
        spec |= {"credentials": {"secretRef": {"name": "keys"}}}
        world.api.create("ProviderConfig", NAMESPACE, "modelarts", spec)
        world.declare("run", "TrainingJob", jobID=V2, desiredState="Absent")
        world.run(60)
        assert world.calls == []
        assert world.elsewhere.state(V2) is ABSENT

    def test_a_slow_account_holds_up_no_other(self, world):
        world.elsewhere.latency = 100_000
        spec = {"provider": "ModelArts", "modelArts": {"region": "cn-north-4", "projectID": ELSEWHERE}}
        world.api.create("ProviderConfig", NAMESPACE, "slow", spec | {"credentials": {"secretRef": {"name": "keys"}}})
        for number in range(40):
            waiting = {
                "providerConfigRef": {"name": "slow"},
                "jobID": f"{V2[:-2]}{number:02}",
                "desiredState": "Absent",
            }
            world.declare(f"waits-{number}", "TrainingJob", **waiting)
        world.run(5)
        world.remotes.add(Thing.TUNING_TASK, "task-a1")
        world.declare("run", taskID="task-a1", desiredState="Absent")
        world.run(60)
        assert world.ready("run") == ("True", "Absent")
        assert world.ready("waits-0", "TrainingJob") != ("True", "Absent")

    def test_a_correction_of_the_error_classes_is_taken_over(self, world):
        world.run(5)
        correction = [{"status": 418, "class": "NotFound"}]
        world.api.edit("ProviderConfig", NAMESPACE, "qianfan", {"errorClasses": correction})
        world.run(5)
        assert [entry.status for entry in world.opened[-1].error_classes] == [418]

    def test_refused_credentials_are_told_once_and_a_new_secret_is_used_within_its_age(self, world):
        world.remotes.add(Thing.TUNING_TASK, "task-a1")
        world.declare("run", taskID="task-a1")
        world.run(5)
        world.remotes.faults.append("bad signature")
        world.run(30)
        account = world.condition("ProviderConfig", "qianfan")
        assert (account["status"], account["reason"]) == ("False", "CredentialsInvalid")
        assert world.ready("run") == ("True", "Available")
        world.set_secret("second")
        world.run(61)
        assert world.condition("ProviderConfig", "qianfan")["status"] == "True"

    def test_an_edit_of_the_mode_that_arrives_inside_an_answer_is_not_lost(self, world):
        world.remotes.add(Thing.TUNING_TASK, "task-a1", SUCCEEDED)
        world.api.edit("ProviderConfig", NAMESPACE, "qianfan", {"mode": "Plan"})
        world.run(5)
        world.api.watch_delay = 30
        world.declare("run", taskID="task-a1", desiredState="Absent")
        world.run(29.9)
        world.api.edit("ProviderConfig", NAMESPACE, "qianfan", {"mode": "Enforce"})
        world.run(10)  # the number of resources is written, and the answer holds the edit
        assert world.calls == [("delete", "task-a1")]


class TestAnAccountThatComesLate:
    def spec(self, **more):
        spec = {"provider": "Qianfan", "qianfan": {}, "credentials": {"secretRef": {"name": "keys"}}}
        return spec | {"rateLimit": FAST} | more

    @pytest.fixture
    def waiting(self, world):
        world.remotes.add(Thing.TUNING_TASK, "task-a1", SUCCEEDED)
        world.api.create(TASK, NAMESPACE, "run", {"providerConfigRef": {"name": "late"}, "taskID": "task-a1"})
        world.run(5)
        assert world.ready("run") == ("False", "ProviderConfigNotFound")

    @pytest.mark.usefixtures("waiting")
    def test_in_mode_plan_finds_no_finalizer_on_those_who_waited_for_it(self, world):
        world.api.create("ProviderConfig", NAMESPACE, "late", self.spec(mode="Plan"))
        world.run(60)
        assert world.ready("run") == ("True", "Available")
        world.api.delete(TASK, NAMESPACE, "run")
        world.run(60)
        assert world.api.of_kind(TASK) == []
        assert world.calls == []

    @pytest.mark.usefixtures("waiting")
    def test_puts_one_on_them_before_anything_else(self, world):
        world.api.create("ProviderConfig", NAMESPACE, "late", self.spec())
        world.run(60)
        world.api.delete(TASK, NAMESPACE, "run")
        world.run(60)
        assert world.api.of_kind(TASK) == []
        assert world.calls == [("delete", "task-a1")]

    @pytest.mark.usefixtures("waiting")
    def test_is_not_waited_for_by_one_that_is_deleted(self, world):
        world.api.delete(TASK, NAMESPACE, "run")
        world.run(10)
        assert world.api.of_kind(TASK) == []

    def test_a_secret_that_is_missed_is_told_while_the_last_good_credentials_are_used(self, world):
        world.remotes.add(Thing.TUNING_TASK, "task-a1", SUCCEEDED)
        world.declare("run", taskID="task-a1", deletionPolicy="Orphan")
        world.run(5)
        world.api.delete_path(paths.secret(NAMESPACE, "keys"))
        world.run(70)
        account = world.condition("ProviderConfig", "qianfan")
        assert (account["status"], account["reason"]) == ("False", "SecretNotFound")
        assert "last good credentials" in account["message"]
        world.api.edit(TASK, NAMESPACE, "run", {"desiredState": "Absent"})
        world.run(60)
        assert world.ready("run") == ("True", "Absent")
        world.set_secret("again")
        world.run(10)
        assert world.condition("ProviderConfig", "qianfan")["status"] == "True"

    def test_an_endpoint_that_is_barred_is_not_called_with_the_last_good_credentials(self, world):
        world.run(5)
        world.remotes.add(Thing.TUNING_TASK, "task-a1", SUCCEEDED)
        world.barred = True
        world.set_secret("another")
        world.run(70)
        world.declare("run", taskID="task-a1", desiredState="Absent")
        world.run(60)
        assert world.ready("run") == ("False", "EndpointNotAllowed")
        assert world.calls == []


class TestProof:
    """A ProviderConfig says that the provider accepts it only when it does."""

    def begin(self, world, fault):
        world.kill()
        world.remotes.probe_faults = fault
        world.start()
        world.run(10)

    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            ("outage", "ProviderUnavailable"),
            ("page of HTML", "MalformedAnswer"),
            ("forbidden", "PermissionDenied"),
            ("wrong place", "Misrouted"),
            ("too fast", "RateLimited"),
            ("no such project", "InvalidSpec"),
        ],
    )
    def test_what_stands_in_the_way_is_told_until_it_is_gone(self, world, fault, reason):
        self.begin(world, fault)
        for _ in range(20):
            account = world.condition("ProviderConfig", "qianfan")
            assert (account["status"], account["reason"]) == ("False", reason)
            world.run(30)
        world.remotes.probe_faults = ""
        world.run(600)
        assert world.condition("ProviderConfig", "qianfan")["status"] == "True"
        asked = len(world.remotes.journal)
        world.run(3600)
        assert len(world.remotes.journal) == asked, "once proven, nobody asks again"

    def test_any_call_that_works_proves_the_account(self, world):
        self.begin(world, "forbidden")
        world.remotes.add(Thing.TUNING_TASK, "task-a1")
        world.declare("run", taskID="task-a1")
        world.run(10)
        assert world.ready("run") == ("True", "Available")
        assert world.condition("ProviderConfig", "qianfan")["status"] == "True"

    def test_it_is_asked_for_less_and_less_often(self, world):
        self.begin(world, "forbidden")
        world.run(3600)
        assert 12 <= len(world.remotes.journal) / 2 <= 22

    def test_accounts_that_share_a_refused_key_do_not_lock_it(self, world):
        world.kill()
        world.remotes.probe_faults = "bad signature"
        for number in range(7):
            spec = {"provider": "Qianfan", "qianfan": {}, "credentials": {"secretRef": {"name": "keys"}}}
            world.api.create("ProviderConfig", NAMESPACE, f"more-{number}", spec)
        world.api.delete("ProviderConfig", NAMESPACE, "modelarts")
        world.start()
        world.run(50)
        assert len(world.remotes.journal) == 1
        for number in range(7):
            assert world.condition("ProviderConfig", f"more-{number}")["reason"] == "CredentialsInvalid"
        world.run(600)
        assert len(world.remotes.journal) <= 5
        world.remotes.probe_faults = ""
        world.run(600)
        for number in range(7):
            assert world.condition("ProviderConfig", f"more-{number}")["status"] == "True"

    def test_a_long_retry_after_is_told_on_the_account_and_ends_with_a_new_secret(self, world):
        world.remotes.add(Thing.TUNING_TASK, "task-a1")
        world.declare("run", taskID="task-a1")
        world.run(10)
        world.remotes.faults.append("too fast for years")
        world.run(100)
        assert world.condition("ProviderConfig", "qianfan")["reason"] == "RateLimited"
        world.set_secret("second")
        world.run(90)
        assert world.condition("ProviderConfig", "qianfan")["status"] == "True"


class TestTheGuard:
    @pytest.fixture
    def wave(self, world):
        world.kill()
        world.api.edit("ProviderConfig", NAMESPACE, "qianfan", {"deletionGuard": {"maxDeletions": 3}})
        for number in range(5):
            world.remotes.add(Thing.TUNING_TASK, f"task-{number}", SUCCEEDED)
            world.declare(f"run-{number}", taskID=f"task-{number}", desiredState="Absent")
        world.start()
        world.run(30)

    def approve(self, world):
        until = world.clock.now().replace(year=2027).isoformat()
        world.api.edit("ProviderConfig", NAMESPACE, "qianfan", approve_deletions_until=until)

    @pytest.mark.usefixtures("wave")
    def test_holds_a_wave_whole_and_says_so_everywhere(self, world):
        assert world.calls == []
        assert {world.ready(f"run-{number}")[1] for number in range(5)} == {"DeletionHeld"}
        assert world.status("qianfan", "ProviderConfig")["held"]["count"] == 5
        assert "DeletionHeld" in {event["reason"] for event in world.api.events}

    @pytest.mark.usefixtures("wave")
    def test_holds_it_over_restarts_however_quickly_they_follow_even_when_most_of_it_was_withdrawn(self, world):
        for number in range(3):
            world.api.edit(TASK, NAMESPACE, f"run-{number}", {"desiredState": "Present"})
        world.run(5)
        for life in (0.03, 0.2, 1.2, 30):
            world.kill()
            world.start()
            world.run(life)
        assert world.calls == []
        assert world.status("qianfan", "ProviderConfig")["held"]["count"] == 2

    @pytest.mark.usefixtures("wave")
    def test_lets_it_go_when_it_is_approved_and_is_on_watch_again_afterwards(self, world):
        self.approve(world)
        world.run(60)
        assert len(world.calls) == 5
        assert "held" not in world.status("qianfan", "ProviderConfig")

    @pytest.mark.parametrize("ahead", [0, 3600])
    def test_an_approval_ends_by_our_clock_whatever_the_providers_says(self, world, ahead):
        world.ahead = ahead
        world.api.edit("ProviderConfig", NAMESPACE, "qianfan", {"deletionGuard": {"maxDeletions": 0}})
        until = format_time(world.told() + timedelta(seconds=60))
        world.api.edit("ProviderConfig", NAMESPACE, "qianfan", approve_deletions_until=until)
        world.run(90)
        world.remotes.add(Thing.TUNING_TASK, "task-a1", SUCCEEDED)
        world.declare("run", taskID="task-a1", desiredState="Absent")
        world.run(30)
        assert world.calls == []
        assert world.ready("run") == ("False", "DeletionHeld")

    @pytest.mark.usefixtures("wave")
    def test_says_so_when_the_approval_is_no_time(self, world):
        world.api.edit("ProviderConfig", NAMESPACE, "qianfan", approve_deletions_until="tomorrow")
        world.run(10)
        message = world.condition("ProviderConfig", "qianfan")["message"]
        assert "'tomorrow' now, which is no time such as" in message
        assert world.calls == []
        self.approve(world)
        world.run(60)
        assert len(world.calls) == 5

    @pytest.mark.usefixtures("wave")
    def test_forgets_it_when_it_is_withdrawn(self, world):
        for number in range(5):
            world.api.edit(TASK, NAMESPACE, f"run-{number}", {"desiredState": "Present"})
        world.run(10)
        assert "held" not in world.status("qianfan", "ProviderConfig")
        world.api.edit(TASK, NAMESPACE, "run-0", {"desiredState": "Absent"})
        world.run(30)
        assert world.calls == [("delete", "task-0")]

    @pytest.mark.usefixtures("wave")
    def test_counts_what_is_held_also_through_an_outage(self, world):
        world.remotes.read_faults = "forbidden"
        for number in range(2):
            world.api.edit(TASK, NAMESPACE, f"run-{number}", reconcile_requested_at="now")
        world.run(70)
        assert world.status("qianfan", "ProviderConfig")["held"]["count"] == 5

    def test_forgets_the_request_of_a_resource_that_was_made_again(self, world):
        world.api.edit("ProviderConfig", NAMESPACE, "qianfan", {"deletionGuard": {"maxDeletions": 0}})
        world.remotes.add(Thing.TUNING_TASK, "task-a1", SUCCEEDED)
        world.declare("run", taskID="task-a1", desiredState="Absent", deletionPolicy="Orphan")
        world.run(10)
        assert world.status("qianfan", "ProviderConfig")["held"]["count"] == 1
        world.api.delete(TASK, NAMESPACE, "run")
        world.declare("run", taskID="task-a1", deletionPolicy="Orphan")
        world.run(10)
        assert "held" not in world.status("qianfan", "ProviderConfig")

    def test_is_not_kept_on_hold_by_resources_that_will_never_act(self, world):
        world.remotes.add(Thing.TUNING_TASK, "task-x", SUCCEEDED)
        world.declare("wrong", taskID="task-x", desiredState="Absent", expect={"name": "another"})
        world.run(5)
        world.api.edit("ProviderConfig", NAMESPACE, "qianfan", {"deletionGuard": {"maxDeletions": 1}})
        for number in range(2):
            world.remotes.add(Thing.TUNING_TASK, f"task-{number}", SUCCEEDED)
            world.declare(f"run-{number}", taskID=f"task-{number}", desiredState="Absent")
        world.run(30)
        assert world.calls == []
        self.approve(world)
        world.run(60)
        assert len(world.calls) == 2
        assert "held" not in world.status("qianfan", "ProviderConfig")


@virtual_time
async def test_a_circuit_that_opens_again_while_the_question_pauses_is_not_left_open():
    asked = []

    async def ask():
        asked.append("asked")
        if len(asked) < 3:
            raise Unavailable("The provider is away.")
        check.give()  # as every call of the account that works

    check = CredentialsCheck(ask, lambda: None)
    check.again()
    await asyncio.sleep(1)
    check.give()  # another call has worked meanwhile
    check.again()
    await asyncio.sleep(3600)
    assert (len(asked), check.given) == (3, True)
