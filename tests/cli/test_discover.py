"""`trainsweep discover`: everything that an account holds, in three forms, and nothing changed by looking."""

import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from rich.console import Console

from trainsweep.cli.inventory import Item
from trainsweep.cli.inventory_table import narrow
from trainsweep.core.external import ExternalState, Remote, Thing

from .conftest import SECRETS, resource

V2 = "3faf5c03-aaa1-4cbe-879d-24b05d997347"
MODELARTS_IDS = {
    *("155500", "155500/1", "155500/2", "155501", "155501/1", "155501/2", "155502", "155502/1"),
    *("my_job_config", V2),
}
QIANFAN_IDS = {
    *("job-k2f7q8m3x5ab", "task-d0ne00000002", "task-r1unn1ng0001", "task-wa1t1ng00003"),
    "job-e8mpty00job1",
}


@pytest.fixture
def discover(trainsweep, clouds):
    def discover(provider, *more, **variables):
        return trainsweep("discover", *clouds.flags(provider), *more, **variables)

    return discover


@pytest.fixture
def ids(discover):
    def ids(provider, *more):
        found = discover(provider, "--output", "json", *more)
        assert found.exit_code == 0, found.output
        return {entry["id"] for entry in json.loads(found.stdout)}

    return ids


def test_an_account_off_the_list_of_hosts_gets_no_call(discover, clouds):
    for how in ({"TRAINSWEEP_ALLOWED_ENDPOINT_HOST": "myhuaweicloud.com"}, {}):
        found = discover("modelarts", *(() if how else ("--allowed-endpoint-host", "myhuaweicloud.com")), **how)
        assert found.exit_code == 1
        assert "allowed endpoint hosts" in found.stderr
    assert not clouds.modelarts.journal.entries


def test_everything_at_modelarts_is_found(ids, clouds):
    assert ids("modelarts") == MODELARTS_IDS
    assert not clouds.changes


def test_everything_at_qianfan_is_found(ids, clouds):
    assert ids("qianfan") == QIANFAN_IDS
    assert not clouds.changes


def test_the_table_has_a_line_for_each_thing_and_tells_its_state(discover):
    lines = discover("qianfan").stdout.splitlines()
    assert lines[0].split() == ["KIND", "ID", "NAME", "STATE", "PROVIDER-STATE", "CREATED", "HOURS"]
    assert {line.split()[1] for line in lines[1:]} == QIANFAN_IDS
    task = next(line for line in lines if "task-wa1t1ng00003" in line)
    assert task.split()[:5] == ["FineTuningTask", "task-wa1t1ng00003", "support-answers", "Pending", "Waiting"]


def test_json_tells_when_it_was_made_and_what_holds_it(discover):
    found = json.loads(discover("modelarts", "-o", "json", "--kind", "trainingjobversion").stdout)
    version = next(entry for entry in found if entry["id"] == "155500/1")
    assert (version["parent"], version["name"], version["state"]) == ("155500", "V0001", "Running")
    assert version["createdAt"].endswith("Z")


def test_a_job_is_in_the_state_that_its_parts_are_in(discover):
    found = {entry["id"]: entry["state"] for entry in json.loads(discover("qianfan", "-o", "json").stdout)}
    assert (found["job-k2f7q8m3x5ab"], found["job-e8mpty00job1"]) == ("Running", "Stopped")


def test_things_are_chosen_by_kind_state_and_name(ids):
    assert ids("modelarts", "--state", "running", "--kind", "TrainingJobVersion") == {"155500/1", "155502/1"}
    assert ids("modelarts", "--name-contains", "BERT") == {"155501"}
    assert ids("qianfan", "--state", "Pending", "--state", "Succeeded") == {"task-d0ne00000002", "task-wa1t1ng00003"}


def test_manifests_name_the_account_and_the_wish(discover):
    found = discover(
        *("modelarts", "--kind", "TrainingJobVersion", "--state", "Running", "-o", "manifests"),
        *("--provider-config", "team-a/huawei", "--desired-state", "Stopped", "--deletion-policy", "Stop"),
    )
    bodies = list(yaml.safe_load_all(found.stdout))
    assert [(body["spec"]["jobID"], body["spec"]["versionID"]) for body in bodies] == [("155500", "1"), ("155502", "1")]
    assert {body["metadata"]["namespace"] for body in bodies} == {"team-a"}
    assert {body["spec"]["providerConfigRef"]["name"] for body in bodies} == {"huawei"}
    assert {(body["spec"]["desiredState"], body["spec"]["deletionPolicy"]) for body in bodies} == {("Stopped", "Stop")}


def test_an_account_without_the_old_api_is_listed_with_a_remark(discover, clouds):
    withdrawn = {"error_code": "APIG.0101", "error_msg": "The API does not exist or has not been published"}
    clouds.modelarts.faults.add(match={"operation": "ListConfigs"}, times=5, status=404, body=withdrawn)
    found = discover("modelarts", "-o", "json")
    assert found.exit_code == 0
    assert {entry["id"] for entry in json.loads(found.stdout)} == MODELARTS_IDS - {"my_job_config"}
    assert "Not offered to this account" in found.stderr


def test_a_list_that_fails_is_an_error_and_not_a_short_list(discover, clouds):
    clouds.qianfan.faults.add(match={"operation": "DescribeFineTuningTasks"}, times=5, status=503, body="busy")
    found = discover("qianfan", "-o", "json")
    assert (found.exit_code, found.stdout) == (1, "")
    assert "503" in found.stderr


def test_a_refused_key_is_told_in_a_sentence_that_does_not_show_it(discover):
    found = discover("qianfan", QIANFAN_SECRET_KEY="a-wrong-secret-key")
    assert found.exit_code == 1
    assert "access key" in found.stderr
    assert "a-wrong-secret-key" not in found.output


def test_a_missing_key_is_told_by_the_name_of_its_variable(discover):
    found = discover("modelarts", HUAWEICLOUD_SDK_SK="")
    assert found.exit_code == 1
    assert "HUAWEICLOUD_SDK_SK" in found.stderr


def test_plain_http_must_be_allowed(trainsweep, clouds):
    flags = [flag for flag in clouds.flags("qianfan") if flag != "--allow-http-endpoints"]
    found = trainsweep("discover", *flags)
    assert found.exit_code == 1
    assert "--allow-http-endpoints" in found.stderr
    assert not clouds.qianfan.journal.entries


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Name the account"),
        (["--provider", "modelarts"], "--project-id"),
        (["--provider", "qianfan", "--region", "cn-north-4"], "--region belongs to ModelArts"),
        (["--provider", "qianfan", "--endpoint", "not a url"], "--endpoint is not fit"),
        (["--provider-config", "a", "--cluster-provider-config", "b"], "not both"),
        (["--provider-config", "team-a/huawei", "--namespace", "team-b"], "own namespace"),
        (["--provider", "qianfan", "--as-manifests"], "--provider-config"),
        (["--provider-config", "a", "--region", "b"], "go with --provider"),
    ],
)
def test_wrong_usage_is_told_with_what_to_do(arguments, told, trainsweep):
    found = trainsweep("discover", *arguments)
    assert found.exit_code == 2
    assert told in " ".join(found.stderr.replace("│", " ").split())


@pytest.mark.apiserver
class TestWithACluster:
    @pytest.fixture
    def discover(self, trainsweep, clouds, cluster_):
        cluster_.apply(*clouds.accounts())

        def discover(*arguments):
            found = trainsweep("discover", *cluster_.flags, "--allow-http-endpoints", *arguments)
            assert not any(secret in found.output for secret in SECRETS)
            assert not cluster_.writes()
            return found

        return discover

    def test_the_account_is_read_from_its_provider_config(self, discover, cluster_):
        found = discover("--provider-config", f"{cluster_.namespace}/huawei", "-o", "json")
        assert {entry["id"] for entry in json.loads(found.stdout)} == MODELARTS_IDS

    def test_an_account_that_does_not_exist_is_told_by_name(self, discover, cluster_):
        found = discover("--provider-config", "nobody", "--namespace", cluster_.namespace)
        assert found.exit_code == 1
        assert f"ProviderConfig {cluster_.namespace}/nobody does not exist" in found.stderr

    def test_the_api_server_takes_all_manifests_as_they_come(self, discover, cluster_):
        for account in ("huawei", "baidu"):
            found = discover("--provider-config", account, "-n", cluster_.namespace, "--as-manifests")
            applied = cluster_.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", stdin=found.stdout)
            ids = MODELARTS_IDS if account == "huawei" else QIANFAN_IDS
            assert len(applied.splitlines()) == len(ids)

    def test_unmanaged_is_what_no_resource_names(self, discover, cluster_):
        cluster_.apply(
            resource("TrainingJob", "by-id", jobID="155500"),
            resource("TrainingJob", "by-name", jobName="llama-lora"),
            resource("TrainingJobVersion", "by-ref", jobName="bert-base-chinese", versionName="V0002"),
        )
        where = ("--provider-config", "huawei", "-n", cluster_.namespace)
        found = discover(*where, "--unmanaged", "-o", "json")
        claimed = {"155500", "155500/1", "155500/2", V2, "155501/2"}
        assert {entry["id"] for entry in json.loads(found.stdout)} == MODELARTS_IDS - claimed

    def test_the_tasks_of_a_job_are_managed_with_it_only_under_cascade(self, discover, cluster_):
        cluster_.apply(resource("FineTuningJob", "job", account="baidu", jobID="job-k2f7q8m3x5ab"))
        where = ("--provider-config", "baidu", "-n", cluster_.namespace, "--unmanaged", "-o", "json")
        left = {entry["id"] for entry in json.loads(discover(*where).stdout)}
        assert left == QIANFAN_IDS - {"job-k2f7q8m3x5ab"}
        cluster_.kubectl("patch", "ftj", "job", "--type=merge", "-p", '{"spec": {"cascade": true}}')
        assert {entry["id"] for entry in json.loads(discover(*where).stdout)} == {"job-e8mpty00job1"}

    def test_what_was_adopted_is_unmanaged_no_more(self, discover, cluster_):
        where = ("--provider-config", "baidu", "-n", cluster_.namespace, "--unmanaged")
        cluster_.kubectl("apply", "-f", "-", stdin=discover(*where, "--as-manifests").stdout)
        assert json.loads(discover(*where, "-o", "json").stdout) == []


def test_what_runs_too_long_comes_first_with_its_hours(discover):
    found = discover("modelarts", "--kind", "TrainingJobVersion", "--sort", "hours", "-o", "json")
    seconds = [entry["runSeconds"] or -1 for entry in json.loads(found.stdout)]
    assert seconds == sorted(seconds, reverse=True)
    assert seconds[0] > 0


def test_things_are_chosen_by_how_long_they_have_run_and_how_old_they_are(discover, ids):
    running = [entry for entry in json.loads(discover("modelarts", "-o", "json").stdout) if entry["state"] == "Running"]
    longest = max(entry["runSeconds"] or 0 for entry in running)
    assert ids("modelarts", "--running-for", f"{longest + 60}s") == set()
    assert ids("modelarts", "--running-for", f"{longest - 60}s") <= {entry["id"] for entry in running}
    assert ids("modelarts", "--older-than", "9999d") == set()


def test_the_sums_are_told_beside_the_table(discover):
    found = discover("modelarts", "--kind", "TrainingJobVersion")
    assert re.search(r"^\d+ thing\(s\): .*Running.*\. [\d.]+ hours, [\d.]+ of them", found.stderr, re.MULTILINE)


def test_a_directory_gets_a_file_for_each_thing_that_says_what_was_seen(discover, tmp_path):
    where = ("--directory", str(tmp_path / "jobs"), "--provider-config", "team-a/huawei", "--kind", "TrainingJob")
    assert "manifest(s) written" in discover("modelarts", *where).stdout
    files = sorted((tmp_path / "jobs").iterdir())
    assert [yaml.safe_load(file.read_text())["kind"] for file in files] == ["TrainingJob"] * len(files)
    text = next(file.read_text() for file in files if "155500" in file.name)
    assert "# mnist-resnet50: Running" in text
    assert re.search(r"^# created 20..-", text, re.MULTILINE)


def test_a_file_that_is_there_is_kept_unless_it_is_to_be_replaced(discover, tmp_path):
    where = ("--directory", str(tmp_path), "--provider-config", "team-a/huawei", "--name-contains", "mnist")
    discover("modelarts", *where)
    file = next(path for path in tmp_path.iterdir() if path.suffix == ".yaml")
    file.write_text("edited")
    assert "is kept" in discover("modelarts", *where).stderr
    assert file.read_text() == "edited"
    discover("modelarts", *where, "--overwrite")
    assert file.read_text() != "edited"


def test_the_table_of_a_terminal_fits_eighty_columns():
    now = datetime(2026, 1, 31, tzinfo=UTC)
    job = Remote("1" * 36, "n" * 64, ExternalState.RUNNING, "x", now - timedelta(days=3), now - timedelta(hours=5))
    out = Console(width=80, file=io.StringIO())
    out.print(narrow([Item(Thing.JOB, job)], now))
    lines = out.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert {"3d", "5.0"} <= set(lines[1].split())
