"""`trainsweep plan`: the operator's own decisions, told beforehand, and nothing changed anywhere."""

import json

import pytest
import yaml

from .conftest import API_VERSION, resource

DELETE_JOB = resource("TrainingJob", "a-job", jobID="155500", desiredState="Absent")
STOP_TASK = resource("FineTuningTask", "a-task", account="baidu", taskID="task-r1unn1ng0001", desiredState="Stopped")
STEPS_OF_DELETE_JOB = ["Stop TrainingJobVersion 155500/1", "Delete TrainingJob 155500"]


@pytest.fixture
def plan(trainsweep, clouds, write):
    """Plan objects beside the accounts of the simulators."""

    def plan(*objects, flags=()):
        found = trainsweep("plan", "-f", write(*clouds.accounts(), *objects), "--allow-http-endpoints", *flags)
        assert not clouds.changes
        return found

    return plan


@pytest.fixture
def planned(plan):
    """The one entry of the plan of one object, and the exit code."""

    def planned(*objects, flags=()):
        found = plan(*objects, flags=("-o", "json", *flags))
        assert found.stdout, found.stderr
        entries = json.loads(found.stdout)
        return entries[0] | {"texts": [step["text"] for step in entries[0]["steps"]], "exit_code": found.exit_code}

    return planned


def test_a_plan_tells_the_steps_and_the_cause(plan):
    found = plan(DELETE_JOB)
    assert found.exit_code == 3
    assert "TrainingJob default/a-job  155500 mnist-resnet50, Running" in found.stdout
    for step in (*STEPS_OF_DELETE_JOB, "because desiredState is Absent", "Nothing was changed"):
        assert step in found.stdout


def test_json_names_every_target(planned):
    entry = planned(DELETE_JOB)
    assert [(step["action"], step["targets"]) for step in entry["steps"]] == [
        ("Stop", [{"kind": "TrainingJobVersion", "id": "155500/1"}]),
        ("Delete", [{"kind": "TrainingJob", "id": "155500"}]),
    ]
    assert (entry["externalState"], entry["result"]["reason"], entry["problem"]) == ("Running", "Absent", None)


def test_nothing_to_do_is_told_by_the_exit_code(planned):
    entry = planned(resource("TrainingJob", "watched", jobID="155500"))
    assert (entry["exit_code"], entry["texts"], entry["result"]["reason"]) == (0, [], "Available")


def test_manifests_of_both_providers_are_planned_in_their_order(plan):
    found = plan(STOP_TASK, DELETE_JOB, flags=("-o", "json"))
    assert [entry["name"] for entry in json.loads(found.stdout)] == ["a-task", "a-job"]


def test_a_deletion_is_planned_under_its_policy(planned):
    task = resource("FineTuningTask", "t", account="baidu", taskID="task-r1unn1ng0001")
    assert [text.split()[0] for text in planned(task, flags=("--deleting",))["texts"]] == ["Stop", "Delete", "Free"]
    orphaned = resource("FineTuningTask", "t", account="baidu", taskID="task-r1unn1ng0001", deletionPolicy="Orphan")
    entry = planned(orphaned, flags=("--deleting",))
    assert (entry["exit_code"], [text.split()[0] for text in entry["texts"]]) == (0, ["Free"])


def test_the_policy_of_a_namespace_in_the_files_counts(planned):
    annotations = {"trainsweep.dev/deletion-policy": "Stop"}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default", "annotations": annotations}}
    task = resource("FineTuningTask", "t", account="baidu", taskID="task-r1unn1ng0001")
    entry = planned(namespace, task, flags=("--deleting",))
    assert [text.split()[0] for text in entry["texts"]] == ["Stop", "Free"]


def test_a_name_is_looked_up(planned):
    entry = planned(resource("TrainingJob", "by-name", jobName="yolo-v3-detector", desiredState="Stopped"))
    assert (entry["externalID"], entry["texts"]) == ("155502", ["Stop TrainingJobVersion 155502/1"])


def test_a_name_that_two_things_have_is_a_problem(planned, clouds):
    clouds.modelarts.add("v2-job", name="yolo-v3-detector")
    entry = planned(resource("TrainingJob", "by-name", jobName="yolo-v3-detector"))
    assert entry["exit_code"] == 1
    assert "2 things are named" in entry["problem"]


def test_a_job_ref_leads_to_a_job_in_the_files(planned):
    version = resource(
        "TrainingJobVersion", "version", jobRef={"name": "a-job"}, versionName="V0001", desiredState="Stopped"
    )
    entry = planned(version, resource("TrainingJob", "a-job", jobID="155500"))
    assert entry["texts"] == ["Stop TrainingJobVersion 155500/1"]


def test_an_id_that_does_not_exist_is_fine_for_absent_and_a_problem_for_present(planned):
    absent = planned(resource("TrainingJob", "none", jobID="999999", desiredState="Absent"))
    assert (absent["exit_code"], absent["externalState"], absent["texts"]) == (0, "Absent", [])
    present = planned(resource("TrainingJob", "none", jobID="999999"))
    assert present["exit_code"] == 1
    assert "No such remote thing" in present["problem"]


def test_of_two_that_name_the_same_thing_the_second_does_nothing(plan):
    second = resource("TrainingJob", "b-job", jobName="mnist-resnet50", desiredState="Absent")
    found = plan(DELETE_JOB, second, flags=("-o", "json"))
    first, other = json.loads(found.stdout)
    assert [step["text"] for step in first["steps"]] == STEPS_OF_DELETE_JOB
    assert other["steps"] == []
    assert "TrainingJob default/a-job manages" in other["problem"]
    assert found.exit_code == 1


def test_an_expectation_that_fails_is_a_problem(planned):
    entry = planned(DELETE_JOB | {"spec": DELETE_JOB["spec"] | {"expect": {"name": "another"}}})
    assert (entry["exit_code"], entry["texts"]) == (1, [])
    assert "expect.name" in entry["problem"]


def test_an_account_in_mode_plan_changes_nothing_and_says_what_it_holds_back(plan, clouds, trainsweep, write):
    objects = clouds.accounts()
    for body in objects:
        if body["kind"] == "ProviderConfig":
            body["spec"]["mode"] = "Plan"
    found = trainsweep("plan", "-f", write(*objects, DELETE_JOB), "--allow-http-endpoints")
    assert found.exit_code == 0
    assert "mode Plan" in found.stdout


def test_an_account_off_the_list_of_hosts_gets_no_call(plan, clouds):
    found = plan(DELETE_JOB, flags=("--allowed-endpoint-host", "myhuaweicloud.com"))
    assert found.exit_code == 1
    assert "not on the operator's list of allowed endpoint hosts" in found.stdout
    assert not clouds.modelarts.journal.entries


def test_a_deadline_ahead_is_told(planned):
    entry = planned(resource("TrainingJobVersion", "v", jobID="155500", versionID="1", activeDeadlineSeconds=100000))
    assert (entry["exit_code"], entry["texts"]) == (0, [])
    assert 0 < entry["nextInSeconds"] < 100000


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (resource("TrainingJob", "two", jobID="155500", jobName="mnist"), "Set exactly one of jobID and jobName"),
        (resource("TrainingJob", "none"), "Set exactly one of jobID and jobName"),
        (resource("TrainingJob", "typo", jobID="155500", desiredstate="Absent"), "spec.desiredstate"),
        (resource("TrainingJob", "word", jobID="155500", desiredState="Gone"), "desiredState"),
        (resource("TrainingJobConfig", "c", configName="x", desiredState="Stopped"), "desiredState"),
        (resource("FineTuningTask", "wrong-cloud", account="huawei", taskID="task-a1"), "for ModelArts"),
    ],
)
def test_what_cannot_be_right_is_told_and_the_rest_is_planned(body, told, plan):
    found = plan(body, DELETE_JOB, flags=("-o", "json"))
    wrong, good = json.loads(found.stdout)
    assert told in wrong["problem"]
    assert [step["text"] for step in good["steps"]] == STEPS_OF_DELETE_JOB
    assert found.exit_code == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", "is not YAML"),
        ("just words", "no Kubernetes object"),
        ("{apiVersion: trainsweep.dev/v1alpha1, kind: TrainJob, metadata: {name: a}}", "there is no TrainJob"),
        ("{apiVersion: trainsweep.dev/v1alpha1, kind: TrainingJob, metadata: {}}", "without metadata.name"),
    ],
)
def test_a_file_that_makes_no_sense_is_told_by_name(text, told, trainsweep, tmp_path):
    path = tmp_path / "odd.yaml"
    path.write_text(text, encoding="utf-8")
    found = trainsweep("plan", "-f", str(path))
    assert found.exit_code == 1
    assert told in found.stderr
    assert "odd.yaml" in found.stderr


def test_the_same_resource_twice_is_a_mistake(plan):
    found = plan(DELETE_JOB, DELETE_JOB)
    assert found.exit_code == 1
    assert "again in" in found.stderr


def test_without_account_and_cluster_there_is_nothing_to_read(trainsweep, write):
    found = trainsweep("plan", "-f", write(DELETE_JOB))
    assert found.exit_code == 1
    assert "No cluster to talk to" in found.stderr


def test_a_file_is_needed(trainsweep):
    assert trainsweep("plan").exit_code == 2


def test_directories_and_lists_are_read_as_kubectl_does(trainsweep, clouds, tmp_path):
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "a.yaml").write_text(yaml.safe_dump_all(clouds.accounts()), encoding="utf-8")
    items = {"apiVersion": "v1", "kind": "List", "items": [DELETE_JOB, STOP_TASK]}
    (tmp_path / "jobs" / "b.json").write_text(json.dumps(items), encoding="utf-8")
    (tmp_path / "jobs" / "notes.txt").write_text("no manifest", encoding="utf-8")
    found = trainsweep("plan", "-f", str(tmp_path / "jobs"), "--allow-http-endpoints", "-o", "json")
    assert [entry["name"] for entry in json.loads(found.stdout)] == ["a-job", "a-task"]


def test_refused_keys_are_told_once_for_each_resource_and_lock_nothing(plan, clouds):
    clouds.qianfan.rotate([])
    tasks = [resource("FineTuningTask", f"t{n}", account="baidu", taskID=f"task-{n}") for n in range(8)]
    found = plan(*tasks, flags=("-o", "json"))
    entries = json.loads(found.stdout)
    assert found.exit_code == 1
    assert all("access key" in entry["problem"] for entry in entries)
    assert len(clouds.qianfan.journal.entries) <= 4


@pytest.mark.apiserver
class TestWithACluster:
    @pytest.fixture
    def plan(self, trainsweep, clouds, cluster_, write):
        def plan(*objects):
            flags = ("-n", cluster_.namespace, *cluster_.flags, "--allow-http-endpoints", "-o", "json")
            found = trainsweep("plan", "-f", write(*objects), *flags)
            assert not clouds.changes
            assert cluster_.writes() == []
            assert found.stdout, found.stderr
            return json.loads(found.stdout)

        return plan

    def test_accounts_and_keys_come_from_the_cluster(self, plan, clouds, cluster_):
        cluster_.apply(*clouds.accounts())
        (entry,) = plan(DELETE_JOB)
        assert [step["text"] for step in entry["steps"]] == STEPS_OF_DELETE_JOB

    def test_a_cluster_provider_config_serves_the_namespaces_that_it_allows(self, plan, clouds, cluster_):
        secret, config = clouds.accounts()[:2]
        reference = {"secretRef": {"name": "huawei", "namespace": cluster_.namespace}}
        shared = {
            "apiVersion": API_VERSION,
            "kind": "ClusterProviderConfig",
            "metadata": {"name": cluster_.namespace},
            "spec": config["spec"] | {"credentials": reference},
        }
        cluster_.apply(secret, shared)
        user = resource("TrainingJob", "a-job", jobID="155500", desiredState="Absent")
        user["spec"]["providerConfigRef"] = {"kind": "ClusterProviderConfig", "name": cluster_.namespace}
        assert "does not allow the namespace" in plan(user)[0]["problem"]
        shared["spec"]["allowedNamespaces"] = {
            "selector": {"matchLabels": {"kubernetes.io/metadata.name": cluster_.namespace}}
        }
        cluster_.apply(shared)
        assert [step["text"] for step in plan(user)[0]["steps"]] == STEPS_OF_DELETE_JOB
        shared["spec"]["bounds"] = {"desiredStates": ["Present", "Stopped"]}
        cluster_.apply(shared)
        assert "nothing may be deleted" in plan(user)[0]["problem"]
        cluster_.kubectl("delete", "cpc", cluster_.namespace)

    def test_a_pinned_id_is_kept_whatever_the_name_leads_to_now(self, plan, clouds, cluster_):
        by_name = resource("TrainingJob", "by-name", jobName="mnist-resnet50")
        cluster_.apply(*clouds.accounts(), by_name)
        cluster_.status("tj", "by-name", {"externalID": "155502", "externalState": "Running"})
        (entry,) = plan(by_name | {"spec": by_name["spec"] | {"desiredState": "Stopped"}})
        assert [step["text"] for step in entry["steps"]] == ["Stop TrainingJobVersion 155502/1"]

    def test_what_a_resource_of_the_cluster_owns_is_not_touched(self, plan, clouds, cluster_):
        cluster_.apply(*clouds.accounts(), resource("TrainingJob", "elder", jobID="155500"))
        (entry,) = plan(DELETE_JOB)
        assert entry["steps"] == []
        assert f"TrainingJob {cluster_.namespace}/elder manages" in entry["problem"]

    def test_an_account_that_is_nowhere_is_told_by_name(self, plan, cluster_):
        (entry,) = plan(DELETE_JOB)
        assert entry["problem"] == f"ProviderConfig {cluster_.namespace}/huawei does not exist; create it."

    @pytest.mark.parametrize("there", ["nothing", "another endpoint", "another Secret"])
    def test_a_secret_of_the_cluster_is_not_sent_where_a_file_says(self, plan, clouds, cluster_, there):
        secret, config = clouds.accounts()[:2]
        elsewhere = json.loads(json.dumps(config))
        if there == "another endpoint":
            elsewhere["spec"]["modelArts"]["endpoint"] = "https://modelarts.cn-north-4.myhuaweicloud.com"
        if there == "another Secret":
            elsewhere["spec"]["credentials"]["secretRef"]["name"] = "another"
        cluster_.apply(secret, *([] if there == "nothing" else [elsewhere]))
        (entry,) = plan(config, DELETE_JOB)
        assert entry["steps"] == []
        assert "is not sent where a file says" in entry["problem"]
        assert not clouds.modelarts.journal.entries

    def test_a_file_may_change_how_an_account_of_the_cluster_is_treated(self, plan, clouds, cluster_):
        secret, config = clouds.accounts()[:2]
        cluster_.apply(secret, config)
        (entry,) = plan(config | {"spec": config["spec"] | {"mode": "Plan"}}, DELETE_JOB)
        assert "mode Plan" in entry["heldBack"] + entry["result"]["message"]

    def test_keys_in_the_files_go_where_the_files_say(self, plan, clouds, cluster_):
        (entry,) = plan(*clouds.accounts()[:2], DELETE_JOB)
        assert [step["text"] for step in entry["steps"]] == STEPS_OF_DELETE_JOB
