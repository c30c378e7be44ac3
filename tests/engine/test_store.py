import json
from datetime import UTC, datetime

import pytest

from trainsweep.cluster.cache import Cache, Change, newer
from trainsweep.cluster.decode import Config, Unreadable, decode

ENDPOINT = "https://qianfan.baidubce.com"
TARGET_ID = "task-a1"


def a_body(name="run", *, kind="FineTuningTask", version=1, uid="", age=0, spec=None, status=None, **metadata):
    identity = {"FineTuningTask": {"taskID": TARGET_ID}, "TrainingJobVersion": {"versionID": "3"}}.get(kind, {})
    return {
        "metadata": {
            "namespace": "team-a",
            "name": name,
            "uid": uid or f"uid-{name}",
            "generation": 1,
            "resourceVersion": str(version),
            "creationTimestamp": datetime(2026, 5, 1, 12, 60 - 1 - age, tzinfo=UTC).isoformat(),
            **metadata,
        },
        "spec": {"providerConfigRef": {"name": "account"}, **identity, **(spec or {})},
        "status": status or {},
    }


def a_record(name="run", **more):
    record = decode(more.get("kind", "FineTuningTask"), a_body(name, **more))
    assert not isinstance(record, Unreadable), record
    return record


def a_config(name="account", *, version=1, uid="", endpoint=ENDPOINT, namespace="team-a", **spec):
    words = {"provider": "Qianfan", "qianfan": {"endpoint": endpoint}, "credentials": {"secretRef": {"name": "keys"}}}
    config = decode(
        "ProviderConfig",
        a_body(name, kind="ProviderConfig", version=version, uid=uid, namespace=namespace, spec={**words, **spec}),
    )
    assert isinstance(config, Config), config
    return config


HELD = {"finalizers": ["trainsweep.dev/cleanup"]}
GOING = {"deletionTimestamp": "2026-05-01T12:00:00Z"}
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
ENDED = {"externalState": "Succeeded", "startedAt": "2026-05-01T10:00:00Z", "finishedAt": "2026-05-01T11:00:00Z"}
RUNNING = {"externalState": "Running", "startedAt": "2026-05-01T11:00:00Z"}


@pytest.fixture
def store():
    store = Cache()
    store.put_config(a_config())
    return store


class TestViews:
    def test_an_older_or_equal_view_changes_nothing(self, store):
        store.put(a_record(version=10))
        for version in (9, 10):
            assert store.put(a_record(version=version, spec={"desiredState": "Absent"})) is Change.NOTHING
        assert store.records[a_record().key].spec.desired_state == "Present"

    def test_a_new_status_alone_is_told_from_a_change(self, store):
        assert store.put(a_record(version=1)) is Change.SUBSTANCE
        assert store.put(a_record(version=2, status={"externalID": TARGET_ID})) is Change.STATUS
        assert store.put(a_record(version=3, spec={"desiredState": "Absent"})) is Change.SUBSTANCE

    def test_versions_are_compared_as_numbers(self):
        assert newer("10", "9")
        assert not newer("9", "10")
        assert not newer("9", "9")
        assert newer("b", "a")

    def test_another_object_of_the_same_name_replaces_the_first_one_whatever_its_version(self, store):
        first = a_record(version=100, uid="first")
        store.put(first)
        second = a_record(version=5, uid="second", spec={"providerConfigRef": {"name": "another"}})
        assert store.put(second) is Change.SUBSTANCE
        assert first.config not in store.users
        assert store.users[second.config] == {second.key}

    def test_a_late_view_of_the_object_that_was_replaced_does_not_bring_it_back(self, store):
        for put, make in ((store.put, a_record), (store.put_config, a_config)):
            put(make(version=10, uid="first"))
            put(make(version=20, uid="second"))
            assert put(make(version=11, uid="first")) is Change.NOTHING
        assert store.records[a_record().key].uid == store.configs[a_config().key].uid == "second"

    def test_what_is_gone_stays_gone_however_late_a_view_of_it_comes(self, store):
        record = a_record(version=5)
        store.put(record)
        assert store.tombstone(record.key, record.uid)
        assert store.put(a_record(version=6)) is Change.NOTHING
        assert store.records == {}
        assert store.users == {}

    def test_the_end_of_a_former_object_does_not_take_its_successor_along(self, store):
        successor = a_record(uid="second")
        store.put(successor)
        assert not store.tombstone(successor.key, "first")
        assert store.records == {successor.key: successor}

    def test_a_decision_stands_while_nothing_but_the_status_has_changed(self, store):
        record = a_record(version=1)
        store.put(record)
        store.put(a_record(version=2, status={"externalID": TARGET_ID}))
        assert store.unchanged(record)
        store.put(a_record(version=3, annotations={"trainsweep.dev/paused": "true"}))
        assert not store.unchanged(record)
        store.tombstone(record.key, record.uid)
        assert not store.unchanged(record)

    def test_versions_are_found_by_the_job_that_they_refer_to(self, store):
        version = a_record("v", kind="TrainingJobVersion", spec={"jobRef": {"name": "job"}})
        store.put(version)
        job = version.key._replace(kind="TrainingJob", name="job")
        assert store.referrers[job] == {version.key}
        store.tombstone(version.key, version.uid)
        assert store.referrers == {}


class TestLists:
    def test_a_list_counts_as_it_is_though_versions_went_back(self):
        now = [10.0]
        store = Cache(clock=lambda: now[0])
        store.put(a_record(version=1_000_000))
        restored = a_record(version=400, spec={"desiredState": "Absent"})
        assert store.put(restored) is Change.NOTHING
        assert store.put(restored, listed=11.0) is Change.SUBSTANCE

    def test_a_list_says_nothing_of_what_was_taken_in_after_it_began(self):
        now = [10.0]
        store = Cache(clock=lambda: now[0])
        now[0] = 12.0
        store.put(a_record(version=8, spec={"desiredState": "Absent"}))
        assert store.put(a_record(version=7), listed=11.0) is Change.NOTHING

    def test_what_a_list_holds_that_began_after_its_end_was_told_is_not_gone(self):
        now = [10.0]
        store = Cache(clock=lambda: now[0])
        record = a_record(version=5)
        store.put(record)
        store.tombstone(record.key, record.uid)
        assert store.put(record, listed=9.0) is Change.NOTHING
        assert store.put(record, listed=11.0) is Change.SUBSTANCE

    def test_a_config_that_cannot_be_read_goes_on_as_it_was_known_and_says_why(self):
        store = Cache()
        store.put_config(a_config())
        body = a_body("account", kind="ProviderConfig", version=2, spec={"provider": "Another"})
        unreadable = decode("ProviderConfig", body)
        assert isinstance(unreadable, Unreadable)
        assert store.put_unreadable(unreadable) is Change.SUBSTANCE
        known = store.configs[a_config().key]
        assert known.problem == unreadable.problem
        assert known.version == "2"

    def test_nothing_is_kept_of_deadlines_of_resources_that_are_gone(self):
        store = Cache()
        for number in range(1000):
            record = a_record(f"run-{number}", spec={"activeDeadlineSeconds": 2_592_000}, status=RUNNING)
            store.put(record)
            store.tombstone(record.key, record.uid)
        assert (store.demand._deadlines, store.demand._heaps) == ({}, {})

    def test_the_heap_of_deadlines_does_not_grow_with_edits(self):
        store = Cache()
        for version in range(1, 1000):
            store.put(a_record(version=version, spec={"activeDeadlineSeconds": 10_000 + version}, status=RUNNING))
        assert sum(map(len, store.demand._heaps.values())) < 50


class TestRemovals:
    @pytest.mark.parametrize(
        ("more", "counts"),
        [
            ({"spec": {"desiredState": "Absent"}}, True),
            ({"spec": {"desiredState": "Stopped"}}, True),
            ({"spec": {"desiredState": "Present"}}, False),
            ({**HELD, **GOING}, True),
            (GOING, False),
            ({**HELD, **GOING, "spec": {"deletionPolicy": "Orphan"}}, False),
            ({"spec": {"desiredState": "Absent"}, "annotations": {"trainsweep.dev/paused": "true"}}, False),
        ],
    )
    def test_count_what_asks_for_a_call(self, store, more, counts):
        record = a_record(**more)
        store.put(record)
        assert (record.key in store.demand.asking.get(record.config, ())) is counts

    def ready(self, status, reason="Absent", kind="Ready"):
        return {"observedGeneration": 1, "conditions": [{"type": kind, "status": status, "reason": reason}]}

    def test_end_when_the_desired_state_is_reached(self, store):
        store.put(a_record(spec={"desiredState": "Absent"}))
        done = a_record(version=2, spec={"desiredState": "Absent"}, status=self.ready("True"))
        store.put(done)
        assert store.demand.asking == {}

    @pytest.mark.parametrize(
        "reason",
        [
            "ManagementConflict",
            "ExpectationFailed",
            "IdentityChanged",
            "NamespaceNotAllowed",
            "OutOfBounds",
            "AmbiguousName",
            "NotEmpty",
        ],
    )
    def test_leave_out_what_will_never_ask_as_it_is(self, store, reason):
        spec = {"desiredState": "Absent"}
        stalled = self.ready("False", reason)
        stalled["conditions"].append({"type": "Stalled", "status": "True", "reason": reason})
        record = a_record(spec=spec, status=stalled)
        store.put(record)
        assert store.demand.asking == {}
        store.put(a_record(version=2, spec=spec, status=stalled, generation=2))
        assert store.demand.asking == {record.config: {record.key}}


class TestClocks:
    """What they will make a resource ask for, the guard knows before its pass."""

    @pytest.mark.parametrize(
        ("spec", "status", "counts"),
        [
            ({"ttlSecondsAfterFinished": 3600}, ENDED, True),
            ({"ttlSecondsAfterFinished": 3601}, ENDED, False),
            ({"ttlSecondsAfterFinished": 3600}, ENDED | {"externalState": "Absent"}, False),
            ({"ttlSecondsAfterFinished": 0}, RUNNING, False),
            ({"activeDeadlineSeconds": 3600}, RUNNING, True),
            ({"activeDeadlineSeconds": 3601}, RUNNING, False),
            ({"activeDeadlineSeconds": 60}, ENDED, False),
            ({"activeDeadlineSeconds": 60}, {}, False),
        ],
    )
    def test_count_when_they_have_struck(self, store, spec, status, counts):
        record = a_record(spec=spec, status=status)
        store.put(record)
        assert store.demand.due(record.config, NOON) == counts

    def test_count_no_more_once_they_are_set_on_or_the_resource_is_gone(self, store):
        spec = {"ttlSecondsAfterFinished": 60}
        record = a_record(spec=spec, status=ENDED)
        store.put(record)
        assert store.demand.due(record.config, NOON) == 1
        store.put(a_record(version=2, spec={"ttlSecondsAfterFinished": 6000}, status=ENDED, generation=2))
        assert store.demand.due(record.config, NOON) == 0
        store.put(a_record(version=3, spec=spec, status=ENDED, generation=3))
        store.tombstone(record.key, record.uid)
        assert store.demand.due(record.config, NOON) == 0

    def test_count_what_the_guard_holds_from_the_start(self, store):
        held = {"type": "Ready", "status": "False", "reason": "DeletionHeld"}
        record = a_record(status={"observedGeneration": 1, "conditions": [held]})
        store.put(record)
        assert store.demand.asking == {record.config: {record.key}}


class TestParsing:
    def test_takes_what_decisions_need(self):
        body = a_body(
            spec={"desiredState": "Stopped"},
            annotations={
                "trainsweep.dev/paused": "true",
                "trainsweep.dev/force-orphan": "task-a1",
                "trainsweep.dev/reconcile-requested-at": "now",
            },
            managedFields=[
                {"manager": "kubectl", "time": "2026-05-01T12:00:00Z", "fieldsV1": {"f:spec": {}}},
                {"manager": "argocd", "time": "2026-05-01T13:00:00Z", "fieldsV1": {"f:spec": {}}},
                {"manager": "trainsweep", "time": "2026-05-01T14:00:00Z", "fieldsV1": {"f:status": {}}},
            ],
            **HELD,
            **GOING,
        )
        record = decode("FineTuningTask", body)
        assert (record.paused, record.force_orphan, record.requested_at) == (True, "task-a1", "now")
        assert (record.has_finalizer, record.deleting, record.manager) == (True, True, "argocd")

    @pytest.mark.parametrize("value", ["True", "yes", "1", ""])
    def test_only_the_word_true_pauses(self, value):
        assert not a_record(annotations={"trainsweep.dev/paused": value}).paused

    @pytest.mark.parametrize("spec", [{"taskID": 7}, {"providerConfigRef": None}])
    def test_without_its_account_or_identity_it_is_unreadable_with_a_sentence_and_no_error(self, spec):
        unreadable = decode("FineTuningTask", a_body(spec=spec))
        assert isinstance(unreadable, Unreadable)
        assert unreadable.problem.startswith("spec.")

    @pytest.mark.parametrize("text", ["soon", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
    def test_an_approval_that_is_no_time_approves_nothing(self, text):
        body = a_body("account", kind="ProviderConfig", spec=json.loads(a_config().spec.model_dump_json(by_alias=True)))
        body["metadata"]["annotations"] = {"trainsweep.dev/approve-deletions-until": text}
        config = decode("ProviderConfig", body)
        assert isinstance(config, Config)
        assert config.approved_until is None

    def test_the_secret_of_a_namespaced_config_is_always_in_its_own_namespace(self):
        assert a_config().secret == ("team-a", "keys")
        assert a_config(credentials={"secretRef": {"name": "keys", "namespace": "kube-system"}}).secret == (
            "team-a",
            "keys",
        )
