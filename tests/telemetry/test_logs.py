"""What an operator writes: a line for each change, none for a poll, found by the resource's key, and never a secret."""

from __future__ import annotations

import base64
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from trainsweep.telemetry import audit, logs
from trainsweep_devtools.simulators.keys import Key

from ..core.given import a_resource
from ..e2e.world import BAIDU, HUAWEI, PROJECT, World
from ..operator_rights import OPERATOR
from .served import Served

#: Libraries that quote headers, and so credentials, below WARNING.
TALKATIVE = ("httpx", "httpcore", "aiohttp", "kopf", "kubernetes", "urllib3", "asyncio", "rest")
DESCRIBED = ("TrainingJob", "FineTuningTask", "ProviderConfig", "Event")
WRONG = "not-the-secret-key-but-a-secret-all-the-same"


def temporary(name: str) -> Key:
    """A key with a token; both look different in each form in which a secret may be quoted."""
    words = {"secret_key": SecretStr(f"{name}/secret+key=="), "security_token": SecretStr(f"{name}/security+token==")}
    return Key(access_key=f"AK{name.upper()}", **words)


def words_of(key: Key) -> dict[str, str]:
    """What the Secret of an account holds."""
    words = {"accessKey": key.access_key, "secretKey": key.secret_key.get_secret_value()}
    token = key.security_token.get_secret_value()
    return words | ({"securityToken": token} if token else {})


def forms(secret: str) -> dict[str, str]:
    """A secret as it is, as a Secret holds it, and as a URL or a signed text does."""
    encoded = base64.b64encode(secret.encode()).decode()
    return {"plain": secret, "base64": encoded.rstrip("="), "quoted": quote(secret, safe="")}


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """Logging as it was before the test, restored after it."""
    root, ours = logging.getLogger(), logging.getLogger("trainsweep")
    before = root.handlers[:], root.level, ours.level
    yield root
    root.handlers[:], (root.level, ours.level) = before[0], before[1:]


#: Speaks as every library of the operator, in a process that holds no library of the tests.
SPEAKERS = """
import logging, sys
from trainsweep import app
from trainsweep.telemetry import logs

logs.configure(pretty=False, level="debug")
loaded = {name for name in logging.root.manager.loggerDict if not name.startswith("trainsweep")}
talkative = set(sys.argv[1:])
for name in loaded | talkative | {f"{name}.inner.part" for name in talkative}:
    logging.getLogger(name).info("Authorization: secret")
logging.getLogger("trainsweep.controller").debug("shown")
"""


def test_no_level_of_ours_lets_libraries_say_more_than_warnings():
    ran = subprocess.run(
        [sys.executable, "-c", SPEAKERS, *TALKATIVE], capture_output=True, text=True, check=True, timeout=60
    )
    assert [json.loads(line)["message"] for line in (ran.stdout + ran.stderr).splitlines()] == ["shown"]


@pytest.mark.parametrize("pretty", [True, False])
def test_an_exception_is_told_with_the_line_that_it_belongs_to(pretty, root, capsys):
    logs.configure(pretty=pretty, level="info")
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("trainsweep.controller").exception("a pass failed", extra={"resource": "TrainingJob a/b"})
    text = capsys.readouterr().err
    assert "ValueError: broken" in text
    assert "TrainingJob a/b" in text.splitlines()[0]
    assert pretty or len(text.splitlines()) == 1


@pytest.mark.apiserver
async def test_the_lines_of_a_resource_are_found_by_its_key_one_for_each_change(quiet_world: World):
    world = quiet_world
    operator = await Served.start(world)
    await world.resource("TrainingJob", "llama", jobName="llama-lora")
    await world.reaches("TrainingJob", "llama", "Available")
    await world.api.patch("TrainingJob", "llama", {"spec": {"desiredState": "Stopped"}})
    await world.reaches("TrainingJob", "llama", "Stopped")
    await world.delete("TrainingJob", "llama")
    await operator.process.stop()
    found = [line for line in operator.lines() if line.get("resource") == f"TrainingJob {world.namespace}/llama"]
    changes = [(line["message"], line.get("reason"), line.get("state")) for line in found]
    assert len(changes) == len(set(changes)), "no change is told twice"
    reasons = [reason for _, reason, _ in changes]
    assert reasons[0] == "Available"
    assert "Stopping" in reasons
    assert "Stopped" in reasons
    assert changes[-1][0] == "released"


@pytest.mark.apiserver
async def test_polls_leave_no_line(quiet_world: World):
    world = quiet_world
    operator = await Served.start(world)
    await world.resource("TrainingJob", "mnist", jobID="155500")
    await world.resource("FineTuningTask", "task", taskID="task-r1unn1ng0001")
    await world.reaches("TrainingJob", "mnist", "Available")
    await world.reaches("FineTuningTask", "task", "Available")
    await world.polls(world.modelarts, 1, operation="ListJobs")
    before = operator.lines()
    await world.polls(world.modelarts, 4, operation="ListJobs")
    assert operator.lines() == before


async def an_account_of_each_kind(world: World, brief: Key) -> None:
    """Beside the two of the world: a user with a password, a key that is wrong, and one with a token."""
    user = world.modelarts.scenario.users[0]
    await world.secret("iam", username=user.name, password=user.password.get_secret_value())
    await world.secret("wrong", accessKey="AKWRONG", secretKey=WRONG)
    world.modelarts.keyring.add(brief)
    await world.secret("brief", **words_of(brief))
    endpoint = world.urls[HUAWEI]
    scope = {"endpoint": endpoint, "iamEndpoint": endpoint, "projectID": PROJECT, "domainName": "demo-account"}
    for name in ("iam", "wrong", "brief"):
        await world.account(name, provider="ModelArts", modelArts=scope)


@pytest.mark.apiserver
async def test_a_whole_run_writes_no_secret_anywhere(quiet_world: World):
    """Each kind of credentials, both providers, refusals that quote, outages, a rotation, all at level debug."""
    world = quiet_world
    user, brief, rotated = world.modelarts.scenario.users[0], temporary("brief"), temporary("rotated")
    await an_account_of_each_kind(world, brief)
    operator = await Served.start(world, "--log-level", "debug")

    await world.resource("TrainingJob", "by-password", account="iam", jobID="155501")
    await world.resource("TrainingJob", "by-wrong-key", account="wrong", jobID="155502")
    await world.resource("TrainingJob", "by-token", account="brief", jobID="155500")
    await world.resource("TrainingJob", "by-key", jobName="llama-lora", desiredState="Absent")
    await world.resource("FineTuningTask", "task", taskID="task-r1unn1ng0001")
    await world.reaches("TrainingJob", "by-password", "Available")
    await world.reaches("TrainingJob", "by-token", "Available")
    await world.reaches("TrainingJob", "by-key", "Absent")
    await world.reaches("FineTuningTask", "task", "Available")
    await world.reaches("TrainingJob", "by-wrong-key", "CredentialsInvalid")
    tokens = set(world.modelarts.iam._tokens)
    assert tokens, "the password was used"

    world.modelarts.faults.add(match={"operation": "DeleteJob"}, status=503, body="try later")
    world.qianfan.faults.add(match={"operation": "DeleteFineTuningTask"}, reset="before")
    world.modelarts.iam.revoke_tokens()
    await world.delete("TrainingJob", "by-password")
    tokens |= set(world.modelarts.iam._tokens)
    quoting = {"error_code": "ModelArts.0104", "error_msg": f"quoted: {brief.security_token.get_secret_value()}"}
    world.modelarts.faults.add(match={"operation": "DeleteJob", "target": "155500"}, status=400, body=quoting)
    await world.api.patch("TrainingJob", "by-token", {"spec": {"desiredState": "Absent"}})
    await world.reaches("TrainingJob", "by-token", "Absent")
    await world.secret(BAIDU, **words_of(rotated))
    world.qianfan.rotate([rotated])
    token = forms(rotated.security_token.get_secret_value())
    quoting = {"code": "Denied", "message": f"quoted: {token['plain']} {token['quoted']}"}
    world.qianfan.faults.add(match={"operation": "StopFineTuningTask"}, status=400, body=quoting)
    await world.delete("FineTuningTask", "task")
    pages = [(await operator.ask(path)).text for path in ("/metrics", "/readyz?verbose", "/livez?verbose")]
    seen = [json.dumps(await world.api.list(kind)) for kind in DESCRIBED]
    await operator.process.stop()

    login = json.loads(world.plane.kubeconfig_for(OPERATOR).read_text())
    keys = [*world.modelarts.scenario.access_keys, *world.qianfan.scenario.access_keys, rotated, brief]
    secrets = {
        "the key of the wrong account": WRONG,
        "the password": user.password.get_secret_value(),
        "the token of the API server": login["users"][0]["user"]["token"],
        **{f"the key of {key.access_key}": key.secret_key.get_secret_value() for key in keys},
        **{f"the token of {key.access_key}": key.security_token.get_secret_value() for key in (rotated, brief)},
        **{f"token {number}": token for number, token in enumerate(sorted(tokens))},
    }
    log, audit = operator.process.log.read_text(), operator.process.audit.read_text()
    everything = "\n".join([log, audit, *pages, *seen])
    assert "CredentialsInvalid" in everything
    assert "by-password" in audit
    assert audit.count("quoted: ") == 2
    told = [
        (what, form) for what, secret in secrets.items() for form, text in forms(secret).items() if text in everything
    ]
    assert told == []
    assert "Signature=" not in everything
    assert "bce-auth-v1/" not in everything


@pytest.mark.parametrize("formatter", [logs.JsonFormatter(), logs.PrettyFormatter()], ids=["json", "pretty"])
def test_a_line_is_one_line_and_nothing_in_it_is_obeyed_by_a_terminal(formatter):
    hostile = "a\x1b[2Jb\x9b31mc\u202ed\ne\u2028f"
    record = logging.makeLogRecord({"msg": "it happened", "levelname": "INFO", "resource": hostile})
    line = formatter.format(record)
    assert line.isprintable()
    if isinstance(formatter, logs.JsonFormatter):
        assert json.loads(line)["resource"] == hostile


def test_a_line_of_the_audit_log_is_escaped_the_same(tmp_path):
    audit.configure(tmp_path / "audit.log")
    audit.write("left", a_resource(), why="a\x9bb\u202ec")
    audit.log.handlers[0].close()
    line = (tmp_path / "audit.log").read_text(encoding="utf-8").rstrip("\n")
    assert line.isprintable()
    assert json.loads(line)["why"] == "a\x9bb\u202ec"
