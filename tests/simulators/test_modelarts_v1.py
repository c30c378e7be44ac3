"""The V1 API: what the historical pages promise."""

import pytest


def numbers(answer):
    return [job["job_id"] for job in answer.body["jobs"]]


def add_jobs(modelarts, count):
    for number in range(count):
        modelarts.simulator.add("v1-job", name=f"more-{number:04d}", age=1000 - number, versions=[{"state": "RUNNING"}])


def test_the_demo_holds_the_jobs_of_the_seeds(modelarts):
    answer = modelarts("GET", "/training-jobs", query="sortBy=create_time&order=asc")

    assert answer.body["is_success"] is True
    assert answer.body["job_total_count"] == 3
    assert numbers(answer) == [155501, 155500, 155502]


def test_a_list_entry_shows_the_newest_version(modelarts):
    entry = modelarts("GET", "/training-jobs", query="search_content=mnist").body["jobs"][0]

    assert (entry["job_id"], entry["version_id"], entry["status"], entry["version_count"]) == (155500, 2, 10, 2)


def test_pages_begin_with_one_and_hold_ten(modelarts):
    add_jobs(modelarts, 20)

    pages = [
        modelarts("GET", "/training-jobs", query=f"sortBy=create_time&order=asc&page={page}") for page in (1, 2, 3, 4)
    ]

    assert [len(page.body["jobs"]) for page in pages] == [10, 10, 3, 0]
    assert len({id for page in pages for id in numbers(page)}) == 23


@pytest.mark.parametrize("query", ["page=0", "page=x", "per_page=1001", "per_page=0", "sortBy=colour", "order=up"])
def test_a_parameter_out_of_range_is_refused(modelarts, query):
    answer = modelarts("GET", "/training-jobs", query=query)

    assert (answer.status, answer.body["is_success"], answer.body["error_code"]) == (400, False, "ModelArts.0104")


def test_a_list_is_narrowed_by_status_name_and_workspace(modelarts):
    modelarts.simulator.add("v1-job", name="elsewhere", workspace="w1", versions=[{"state": "RUNNING"}])

    assert numbers(modelarts("GET", "/training-jobs", query="status=8")) == [155502]
    assert numbers(modelarts("GET", "/training-jobs", query="search_content=bert")) == [155501]
    assert len(numbers(modelarts("GET", "/training-jobs", query="workspace_id=w1"))) == 1


def test_versions_are_paged_only_when_a_page_is_asked_for(modelarts):
    for _ in range(13):
        modelarts.simulator.add("version", job=155502)
    path = "/training-jobs/155502/versions"

    assert len(modelarts("GET", path).body["versions"]) == 14
    assert len(modelarts("GET", path, query="page=1").body["versions"]) == 10
    assert len(modelarts("GET", path, query="page=2").body["versions"]) == 4


def test_a_version_has_its_times_in_milliseconds(modelarts):
    detail = modelarts("GET", "/training-jobs/155502/versions/1").body
    now = modelarts.clock.now * 1000

    assert (detail["job_id"], detail["version_name"], detail["status"]) == (155502, "V0001", 8)
    assert detail["create_time"] < detail["start_time"] <= now


def test_a_stopped_version_is_killing_and_then_killed(modelarts):
    stop = modelarts("POST", "/training-jobs/155502/versions/1/stop")

    assert (stop.status, stop.body, stop.effect) == (200, {"is_success": True}, True)
    assert modelarts.status("155502/1") == 9
    modelarts.clock.advance(3)
    assert modelarts.status("155502/1") == 12


def test_a_finished_version_cannot_be_stopped(modelarts):
    stop = modelarts("POST", "/training-jobs/155500/versions/2/stop")

    assert stop.body["is_success"] is False
    assert not stop.effect


def test_a_deleted_version_is_gone_after_a_while_and_its_job_stays(modelarts):
    delete = modelarts("DELETE", "/training-jobs/155501/versions/2")

    assert delete.body == {"is_success": True}
    assert modelarts.status("155501/2") == 10
    modelarts.clock.advance(2)
    versions = modelarts("GET", "/training-jobs/155501/versions").body["versions"]
    assert [version["version_id"] for version in versions] == [1]


def test_a_deleted_job_is_gone_after_a_while_with_its_versions(modelarts):
    modelarts("DELETE", "/training-jobs/155500")

    assert 155500 in numbers(modelarts("GET", "/training-jobs"))
    modelarts.clock.advance(2)
    assert 155500 not in numbers(modelarts("GET", "/training-jobs"))
    assert modelarts("GET", "/training-jobs/155500/versions").body["is_success"] is False
    assert modelarts("GET", "/training-jobs/155500/versions/1").body["is_success"] is False


def test_a_deleted_config_is_gone_at_once(modelarts):
    assert modelarts("GET", "/training-job-configs/my_job_config").body["config_name"] == "my_job_config"

    assert modelarts("DELETE", "/training-job-configs/my_job_config").body == {"is_success": True}

    assert modelarts("GET", "/training-job-configs").body["config_total_count"] == 0
    assert modelarts("GET", "/training-job-configs/my_job_config").body["is_success"] is False


def test_a_config_can_be_made_changed_and_listed(modelarts):
    assert modelarts("POST", "/training-job-configs", {"config_name": "nightly", "worker_server_num": 1}).effect
    assert modelarts("PUT", "/training-job-configs/nightly", {"config_desc": "at night"}).effect

    assert modelarts("GET", "/training-job-configs/nightly").body["config_desc"] == "at night"
    names = [entry["config_name"] for entry in modelarts("GET", "/training-job-configs").body["configs"]]
    assert names == ["nightly", "my_job_config"]
    assert modelarts("GET", "/training-job-configs", query="config_type=sample").body["configs"] == []


def test_a_created_job_goes_from_init_over_waiting_to_running(modelarts):
    created = modelarts("POST", "/training-jobs", {"job_name": "new", "config": {"worker_server_num": 1}}).body

    assert (created["status"], created["version_name"]) == (1, "V0001")
    seen = []
    for seconds in (0, 2, 3):
        modelarts.clock.advance(seconds)
        seen.append(modelarts.status(f"{created['job_id']}/{created['version_id']}"))
    assert seen == [1, 7, 8]


def test_a_job_can_be_created_without_a_version(modelarts):
    config = {"worker_server_num": 1, "create_version": False}
    created = modelarts("POST", "/training-jobs", {"job_name": "empty", "config": config}).body

    assert "version_id" not in created
    assert modelarts("GET", f"/training-jobs/{created['job_id']}/versions").body["versions"] == []
    assert modelarts("GET", "/training-jobs", query="search_content=empty").body["jobs"][0]["version_count"] == 0


def test_a_job_name_is_taken_once(modelarts):
    answer = modelarts("POST", "/training-jobs", {"job_name": "mnist-resnet50", "config": {"worker_server_num": 1}})

    assert answer.body["error_code"] == "ModelArts.0103"


def test_a_second_version_follows_the_first(modelarts):
    config = {"worker_server_num": 1, "pre_version_id": 1}
    created = modelarts("POST", "/training-jobs/155502/versions", {"config": config}).body

    shown = modelarts("GET", f"/training-jobs/155502/versions/{created['version_id']}").body
    assert (shown["version_name"], shown["pre_version_id"]) == ("V0002", 1)


def test_names_of_versions_count_in_their_job_and_ids_over_all_jobs(modelarts):
    config = {"worker_server_num": 1}
    made = [modelarts("POST", "/training-jobs", {"job_name": name, "config": config}).body for name in ("a", "b")]
    follow_up = {"config": config | {"pre_version_id": made[0]["version_id"]}}
    made.append(modelarts("POST", f"/training-jobs/{made[0]['job_id']}/versions", follow_up).body)

    assert [answer["version_name"] for answer in made] == ["V0001", "V0001", "V0002"]
    ids = [answer["version_id"] for answer in made]
    assert ids == sorted(set(ids))
    assert min(ids) > 1000


def test_the_name_of_a_deleted_version_is_not_given_again(modelarts):
    modelarts("DELETE", "/training-jobs/155501/versions/2")
    modelarts.clock.advance(2)
    config = {"worker_server_num": 1, "pre_version_id": 1}

    assert modelarts("POST", "/training-jobs/155501/versions", {"config": config}).body["version_name"] == "V0003"


def test_a_create_answers_with_numbers(modelarts):
    created = modelarts("POST", "/training-jobs", {"job_name": "new", "config": {"worker_server_num": 1}}).body

    assert {type(created[name]) for name in ("job_id", "version_id", "status", "create_time")} == {int}


def test_a_run_ends_by_itself_when_its_time_is_over(modelarts):
    id = modelarts.simulator.add(
        "v1-job", name="short", versions=[{"state": "WAITING", "ends_after": 60, "ends_as": 11}]
    )

    version = modelarts("GET", f"/training-jobs/{id}/versions").body["versions"][0]["version_id"]

    modelarts.clock.advance(62)
    assert modelarts.status(f"{id}/{version}") == 8
    modelarts.clock.advance(1)
    assert modelarts.status(f"{id}/{version}") == 11


def test_an_unknown_number_can_be_shown(modelarts):
    modelarts.simulator.set_state("155502/1", "99")

    assert modelarts.status("155502/1") == 99
