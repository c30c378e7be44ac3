"""Who owns a thing that several resources name, and who takes over."""

import pytest

from trainsweep.api.common import Mode
from trainsweep.cluster.cache import Cache
from trainsweep.core.account_id import AccountID
from trainsweep.core.external import Target, Thing
from trainsweep.providers.registry import identity

from .test_store import GOING, HELD, TARGET_ID, a_config, a_record

HERE = AccountID("Qianfan", "qianfan.baidubce.com")
PINNED = {"externalID": TARGET_ID, "account": HERE.to_status()}
TEAM_B = {"namespace": "team-b"}


@pytest.fixture
def store():
    store = Cache()
    store.put_config(a_config())
    store.put_config(a_config(namespace="team-b"))
    return store


def put(store, *records):
    for record in records:
        store.put(record)
    return records


def owner(store, record, account=HERE):
    found = store.ownership.claim(record.key, account, Target(record.thing, TARGET_ID))
    return found.key if found else None


class TestWithinANamespace:
    def test_a_single_claimant_is_the_owner(self, store):
        (record,) = put(store, a_record())
        assert owner(store, record) is None

    def test_the_oldest_is_the_owner_in_whatever_order_they_ask(self, store):
        old, new = put(store, a_record("old", age=9), a_record("new", age=1))
        assert owner(store, new) == old.key
        assert owner(store, old) is None

    def test_one_that_has_seen_the_thing_comes_before_one_that_is_older(self, store):
        old, new = put(store, a_record("old", age=9), a_record("new", age=1, status=PINNED))
        assert owner(store, old) == new.key
        assert owner(store, new) is None

    def test_a_pinned_thing_is_claimed_without_a_pass_so_that_a_restart_changes_nothing(self, store):
        put(store, a_record("owner", age=1, status=PINNED))
        (rival,) = put(store, a_record("rival", age=9))
        assert owner(store, rival).name == "owner"

    def test_two_configs_that_mean_the_same_account_are_one_account(self, store):
        store.put_config(a_config("same"))
        first = a_record("owner", age=9, status=PINNED)
        other = a_record("other", age=1, spec={"providerConfigRef": {"name": "same"}})
        put(store, first, other)
        assert owner(store, other) == first.key

    def test_the_same_id_in_another_account_is_another_thing(self, store):
        store.put_config(a_config("elsewhere", endpoint="https://elsewhere.example"))
        other = a_record("other", age=1, spec={"providerConfigRef": {"name": "elsewhere"}})
        put(store, a_record("owner", age=9, status=PINNED), other)
        assert owner(store, other, AccountID("Qianfan", "elsewhere.example")) is None

    def test_the_host_of_an_account_may_be_written_in_any_case(self, store):
        store.put_config(a_config("loud", endpoint="https://QIANFAN.Baidubce.com:443/"))
        other = a_record("other", age=1, spec={"providerConfigRef": {"name": "loud"}})
        first, other = put(store, a_record("owner", age=9, status=PINNED), other)
        assert owner(store, other, identity(store.configs[other.config].spec)) == first.key

    def test_a_resource_that_is_gone_or_freed_owns_nothing(self, store):
        first, rival = put(store, a_record("owner", age=9, status=PINNED, **HELD), a_record("rival", age=1))
        assert owner(store, rival) == first.key
        put(store, a_record("owner", version=2, age=9, status=PINNED, **GOING))
        assert owner(store, rival) is None
        store.tombstone(first.key, first.uid)
        assert owner(store, rival) is None

    def test_a_resource_that_is_being_cleaned_up_still_owns_its_thing(self, store):
        first, rival = put(store, a_record("owner", age=9, status=PINNED, **HELD, **GOING), a_record("rival", age=1))
        assert owner(store, rival) == first.key

    def test_one_that_could_not_reach_the_thing_stands_back_until_its_account_changes(self, store):
        old, new = put(store, a_record("old", age=9), a_record("new", age=1))
        assert owner(store, new) == old.key
        assert store.ownership.looked(old.key, reached=False)
        assert not store.ownership.looked(old.key, reached=False)
        assert owner(store, new) is None
        store.ownership.let_look_again({old.key})
        assert owner(store, new) == old.key

    @pytest.mark.parametrize(
        "more",
        [
            {"annotations": {"trainsweep.dev/paused": "true"}},
            {
                "status": {
                    "observedGeneration": 1,
                    "conditions": [{"type": "Ready", "status": "False", "reason": "NamespaceNotAllowed"}],
                }
            },
        ],
        ids=["paused", "not allowed"],
    )
    def test_one_that_cannot_act_owns_nothing_that_it_has_not_seen(self, store, more):
        _, new = put(store, a_record("old", age=9, **more), a_record("new", age=1))
        assert owner(store, new) is None

    def test_one_that_waits_for_an_older_one_keeps_its_place(self, store):
        conflict = {"type": "Ready", "status": "False", "reason": "ManagementConflict"}
        waits = {"observedGeneration": 1, "conditions": [conflict, {"type": "Stalled", "status": "False"}]}
        stalled = waits | {"conditions": [conflict, {"type": "Stalled", "status": "True"}]}
        old, new = put(store, a_record("old", age=9, status=waits), a_record("new", age=1))
        assert owner(store, new) == old.key
        put(store, a_record("old", age=9, version=2, status=stalled))
        assert owner(store, new) is None

    def test_a_paused_one_keeps_what_it_has_seen(self, store):
        paused = {"annotations": {"trainsweep.dev/paused": "true"}}
        old, new = put(store, a_record("old", age=9, status=PINNED, **paused), a_record("new", age=1))
        assert owner(store, new) == old.key

    def test_one_whose_account_leads_elsewhere_now_owns_nothing_here(self, store):
        elsewhere = {"externalID": TARGET_ID, "account": {"provider": "Qianfan", "host": "elsewhere.example"}}
        _, new = put(store, a_record("old", age=9, status=elsewhere), a_record("new", age=1))
        assert owner(store, new) is None

    def test_a_pass_whose_resource_went_meanwhile_is_no_error(self, store):
        assert owner(store, a_record()) is None


class TestAcrossNamespaces:
    def test_a_claim_counts_once_its_claimant_has_seen_the_thing(self, store):
        stranger, mine = put(store, a_record("squat", age=9, **TEAM_B), a_record("mine", age=1))
        assert owner(store, mine) is None
        put(store, a_record("squat", age=9, version=2, status=PINNED, **TEAM_B))
        assert owner(store, mine) == stranger.key

    def test_a_project_that_is_only_named_blocks_no_other_namespace(self, store):
        named = {"provider": "ModelArts", "modelArts": {"region": "cn-north-4", "projectName": "x"}, "qianfan": None}
        store.put_config(a_config("named", namespace="team-b", **named))
        spec = {"configName": "conf", "providerConfigRef": {"name": "named"}}
        put(store, a_record("squat", kind="TrainingJobConfig", spec=spec, status={"externalID": "conf"}, **TEAM_B))
        (mine,) = put(store, a_record("mine", kind="TrainingJobConfig", spec={"configName": "conf"}))
        here = AccountID("ModelArts", "modelarts.cn-north-4.myhuaweicloud.com", "0" * 32)
        assert store.ownership.claim(mine.key, here, Target(Thing.CONFIG, "conf")) is None


class TestHandingOver:
    def heir(self, store, record):
        return store.ownership.heir(record, HERE, Mode.ENFORCE)

    def test_a_living_resource_that_wants_the_thing_to_stay_takes_over(self, store):
        first, other = put(store, a_record("old", status=PINNED, **HELD, **GOING), a_record("new", **HELD))
        found = self.heir(store, first)
        assert (found.key, found.sure) == (other.key, True)

    @pytest.mark.parametrize(
        "more",
        [{"spec": {"desiredState": "Absent"}}, {**HELD, **GOING}, TEAM_B],
        ids=["wants it absent too", "is being deleted too", "of another namespace"],
    )
    def test_no_other_does(self, store, more):
        first, _ = put(store, a_record("old", status=PINNED, **HELD, **GOING), a_record("new", **more))
        assert self.heir(store, first) is None

    def test_one_that_could_not_reach_the_thing_does_not_take_it_over(self, store):
        first, other = put(store, a_record("old", status=PINNED, **HELD, **GOING), a_record("new"))
        store.ownership.looked(other.key, reached=False)
        assert self.heir(store, first) is None

    def test_one_that_could_still_vanish_unnoticed_is_waited_for(self, store):
        first, other = put(store, a_record("old", status=PINNED, **HELD, **GOING), a_record("new"))
        found = self.heir(store, first)
        assert (found.key, found.sure) == (other.key, False)
        assert store.ownership.heir(first, HERE, Mode.PLAN).sure, "where nothing is promised, nothing is held"
        put(store, a_record("new", version=2, status={"effectiveDeletionPolicy": "Orphan"}))
        assert self.heir(store, first).sure

    def test_one_whose_name_is_not_resolved_yet_is_waited_for(self, store):
        status = {"externalID": "job-1", "externalName": "nightly", "account": HERE.to_status()}
        first = a_record("old", kind="FineTuningJob", spec={"jobID": "job-1"}, status=status, **HELD, **GOING)
        named = a_record("new", kind="FineTuningJob", spec={"jobName": "nightly"})
        unlike = a_record("unlike", kind="FineTuningJob", spec={"jobName": "weekly"})
        put(store, first, named, unlike)
        found = self.heir(store, first)
        assert (found.key, found.sure) == (named.key, False)
        store.ownership.claim(named.key, HERE, Target(Thing.TUNING_JOB, "job-2"))
        assert self.heir(store, first) is None, "it names another one"

    def test_contenders_are_known_until_the_claim_is_given_up(self, store):
        old, new = put(store, a_record("old", age=9), a_record("new", age=1))
        owner(store, old)
        owner(store, new)
        store.tombstone(old.key, old.uid)
        assert store.ownership.contenders(old.key) == {new.key}
        store.ownership.release(old.key)
        assert store.ownership.contenders(old.key) == set()
