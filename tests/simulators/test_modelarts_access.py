"""Who may pass at ModelArts: signatures, the lock, tokens, projects, the gateway."""

import pytest
from pydantic import SecretStr

from trainsweep_devtools.simulators.keys import Key

PROJECT = "0123456789abcdef0123456789abcdef"
JOBS = f"/v1/{PROJECT}/training-jobs"
PASSWORD = {"user": {"name": "demo", "password": "demo-password", "domain": {"name": "demo-account"}}}


def token_request(identity=None, project="cn-north-4"):
    identity = identity or {"methods": ["password"], "password": PASSWORD}
    return {"auth": {"identity": identity, "scope": {"project": {"name": project}}}}


def get_token(modelarts, **wanted):
    answer = modelarts.send(modelarts.call("POST", "/v3/auth/tokens", token_request(**wanted)))
    assert answer.status == 201
    return answer.headers["X-Subject-Token"], answer.body["token"]


def with_token(modelarts, token, path=JOBS):
    return modelarts.send(modelarts.call("GET", path, X_Auth_Token=token))


def signed(modelarts, sign, *, path=JOBS, access_key="", secret_key="", off=0.0, **headers):
    key = modelarts.key
    call = modelarts.call("GET", path, **headers)
    secret = secret_key or key.secret_key.get_secret_value()
    return modelarts.send(sign(call, access_key or key.access_key, secret, modelarts.wall() + off))


def test_a_call_without_credentials_is_refused(modelarts):
    answer = modelarts.send(modelarts.call("GET", JOBS))

    assert (answer.status, answer.body["error_code"]) == (401, "APIGW.0301")
    assert answer.body["error_msg"] == "Incorrect IAM authentication information: x-auth-token not found"


def test_a_wrong_secret_is_refused_in_the_gateways_form(modelarts, signed_for_huawei):
    answer = signed(modelarts, signed_for_huawei, secret_key="wrong")

    assert (answer.status, answer.body["error_code"]) == (401, "APIGW.0301")
    assert answer.body["request_id"] == answer.headers["X-Request-Id"]
    words = "Incorrect IAM authentication information: verify aksk signature fail, canonicalRequest:GET|"
    assert answer.body["error_msg"].startswith(words)


def test_an_expired_signature_is_refused_with_both_times(modelarts, signed_for_huawei):
    message = signed(modelarts, signed_for_huawei, off=-1200).body["error_msg"]

    assert message.startswith("Incorrect IAM authentication information: calc aksk signature fail:signature expired,")
    assert "signature time:" in message
    assert "server time:" in message


def test_five_failures_in_a_row_lock_the_key_for_five_minutes(modelarts, signed_for_huawei):
    for _ in range(5):
        signed(modelarts, signed_for_huawei, secret_key="wrong")

    assert "forbidden" in signed(modelarts, signed_for_huawei).body["error_msg"]
    modelarts.wall.advance(301)
    assert signed(modelarts, signed_for_huawei).status == 200


def test_a_good_call_between_failures_forgets_them(modelarts, signed_for_huawei):
    for secret in ("wrong", "wrong", "wrong", "wrong", "", "wrong", "wrong"):
        signed(modelarts, signed_for_huawei, secret_key=secret)

    assert signed(modelarts, signed_for_huawei).status == 200


def test_an_unknown_access_key_is_locked_too(modelarts, signed_for_huawei):
    messages = [signed(modelarts, signed_for_huawei, access_key="NOBODY").body["error_msg"] for _ in range(6)]

    intro = "Incorrect IAM authentication information: "
    assert set(messages[:5]) == {f"{intro}Get secretKey failed,ak:NOBODY,err:ak not exist"}
    assert messages[5] == f"{intro}AK access failed to reach the limit,forbidden"


@pytest.mark.parametrize(("off", "status"), [(-890, 200), (-910, 401), (910, 401)])
def test_a_clock_may_be_15_minutes_off(modelarts, signed_for_huawei, off, status):
    assert signed(modelarts, signed_for_huawei, off=off).status == status


def test_a_rotated_key_no_longer_passes_and_the_new_one_does(modelarts, signed_for_huawei):
    modelarts.simulator.rotate([Key(access_key="NEWKEY", secret_key=SecretStr("new-secret"))])

    assert signed(modelarts, signed_for_huawei).status == 401
    assert signed(modelarts, signed_for_huawei, access_key="NEWKEY", secret_key="new-secret").status == 200


def test_a_temporary_key_needs_its_token(modelarts, signed_for_huawei):
    key = Key(access_key="TEMP", secret_key=SecretStr("temp-secret"), security_token=SecretStr("session"))
    modelarts.simulator.keyring.add(key)
    known = {"access_key": "TEMP", "secret_key": "temp-secret"}

    assert signed(modelarts, signed_for_huawei, **known).status == 401
    assert signed(modelarts, signed_for_huawei, **known, X_Security_Token="session").status == 200


def test_a_password_buys_a_project_token(modelarts):
    token, described = get_token(modelarts)

    assert described["project"]["id"] == PROJECT
    assert described["expires_at"].endswith("Z")
    assert with_token(modelarts, token).status == 200


def test_an_access_key_buys_a_token(modelarts):
    key = modelarts.key
    access = {"access": {"key": key.access_key}, "secret": {"key": key.secret_key.get_secret_value()}}

    token, _ = get_token(modelarts, identity={"methods": ["hw_ak_sk"], "hw_ak_sk": access})

    assert with_token(modelarts, token).status == 200


def test_a_wrong_password_is_refused_in_iams_form(modelarts):
    wrong = {"methods": ["password"], "password": {"user": {"name": "demo", "password": "no"}}}
    answer = modelarts.send(modelarts.call("POST", "/v3/auth/tokens", token_request(identity=wrong)))

    assert (answer.status, answer.body["error"]["code"]) == (401, 401)


def test_a_token_request_of_another_form_is_refused(modelarts):
    assert modelarts.send(modelarts.call("POST", "/v3/auth/tokens", {"auth": 1})).status == 400


def test_a_token_lives_as_long_as_the_timing_says(modelarts):
    modelarts.simulator.switch(timing={"token": 60})
    token, _ = get_token(modelarts)

    modelarts.wall.advance(59)
    assert with_token(modelarts, token).status == 200
    modelarts.wall.advance(1)
    answer = with_token(modelarts, token)
    assert (answer.status, answer.body["error_code"]) == (401, "APIGW.0307")


def test_a_changed_password_voids_the_tokens(modelarts):
    token, _ = get_token(modelarts)

    modelarts.simulator.set_password("demo", "another")

    answer = with_token(modelarts, token)
    assert (answer.status, answer.body["error_code"]) == (401, "APIGW.0301")


def test_a_token_for_a_project_that_is_not_there_is_refused(modelarts):
    assert modelarts.send(modelarts.call("POST", "/v3/auth/tokens", token_request(project="elsewhere"))).status == 401


def test_a_wrong_access_key_buys_no_token(modelarts):
    access = {"access": {"key": modelarts.key.access_key}, "secret": {"key": "wrong"}}
    request = token_request(identity={"methods": ["hw_ak_sk"], "hw_ak_sk": access})

    assert modelarts.send(modelarts.call("POST", "/v3/auth/tokens", request)).status == 401


def test_a_malformed_authorization_is_refused(modelarts):
    answer = modelarts.send(modelarts.call("GET", JOBS, Authorization="AWS4-HMAC-SHA256 Credential=x"))

    assert (answer.status, answer.body["error_code"]) == (401, "APIGW.0301")


def test_the_projects_of_the_account_are_told_by_name(modelarts):
    token, _ = get_token(modelarts)

    found = modelarts.send(modelarts.call("GET", "/v3/projects", query="name=cn-north-4", X_Auth_Token=token))
    none = modelarts.send(modelarts.call("GET", "/v3/projects", query="name=elsewhere", X_Auth_Token=token))

    assert [project["id"] for project in found.body["projects"]] == [PROJECT]
    assert none.body["projects"] == []


@pytest.mark.parametrize(
    ("switch", "expected"),
    [
        ("404 ModelArts.2786", (404, "ModelArts.2786")),
        ("403 ModelArts.0210", (403, "ModelArts.0210")),
    ],
)
def test_another_project_is_refused_as_switched(modelarts, signed_for_huawei, switch, expected):
    modelarts.simulator.switch(project_mismatch=switch)

    answer = signed(modelarts, signed_for_huawei, path="/v1/anotherproject/training-jobs")

    assert (answer.status, answer.body["error_code"]) == expected


def test_a_project_header_that_differs_from_the_path_is_refused(modelarts, signed_for_huawei):
    answer = signed(modelarts, signed_for_huawei, X_Project_Id="another")

    assert (answer.status, answer.body["error_code"]) == (403, "ModelArts.0210")


@pytest.mark.parametrize("path", ["/v1/p/no-such-api", "/v9/x", "/", f"/v1/{PROJECT}/training-jobs/1/versions/1/go"])
def test_an_unknown_path_is_the_gateways_404(modelarts, signed_for_huawei, path):
    answer = signed(modelarts, signed_for_huawei, path=path)

    assert (answer.status, answer.body["error_code"]) == (404, "APIGW.0101")


def test_every_answer_carries_a_request_id(modelarts):
    answers = [
        modelarts("GET", "/training-jobs"),
        modelarts("GET", "/training-jobs/999/versions"),
        modelarts("POST", "/training-job-searches", {}),
        modelarts("GET", "/v2/training-jobs/nobody"),
        modelarts.send(modelarts.call("POST", "/v3/auth/tokens", token_request())),
    ]

    assert len({answer.headers["X-Request-Id"] for answer in answers}) == 5


def test_the_journal_learns_who_called(modelarts, signed_for_huawei):
    token, _ = get_token(modelarts)
    simulator, key = modelarts.simulator, modelarts.key
    call = signed_for_huawei(modelarts.call("GET", JOBS), key.access_key, "whatever", modelarts.wall())

    assert simulator.claimed_key(call) == key.access_key
    assert simulator.claimed_key(modelarts.call("GET", JOBS, X_Auth_Token=token)) == "demo"
