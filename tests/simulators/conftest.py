"""Simulators without HTTP: calls signed here go straight into `Simulator.handle`, on a clock that tests turn."""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from multidict import CIMultiDict

from trainsweep_devtools.simulators import baidu_verify, huawei_verify
from trainsweep_devtools.simulators.loading import load_scenario
from trainsweep_devtools.simulators.modelarts import ModelArtsScenario, ModelArtsSimulator
from trainsweep_devtools.simulators.qianfan import QianfanScenario, QianfanSimulator
from trainsweep_devtools.simulators.wire import Call, Reply

PROJECT = "0123456789abcdef0123456789abcdef"
NOON = 1_790_000_000.0


@dataclass
class Clock:
    now: float = NOON

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Said:
    """An answer, read."""

    status: int
    body: object
    headers: dict[str, str]
    effect: bool


def read(reply: Reply) -> Said:
    body = json.loads(reply.body) if reply.body else None
    return Said(reply.status, body, dict(reply.headers), reply.effect)


def sign_for_huawei(call: Call, access_key: str, secret_key: str, now: float) -> Call:
    date = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = CIMultiDict({**call.headers, "X-Sdk-Date": date})
    signed = Call(call.method, call.path, call.query_string, headers, call.body)
    names = tuple(sorted(name.lower() for name in headers))
    canonical = huawei_verify.canonical_request(signed, names)
    text = f"SDK-HMAC-SHA256\n{date}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()
    signed.headers["Authorization"] = (
        f"SDK-HMAC-SHA256 Access={access_key}, SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return signed


def sign_for_baidu(call: Call, access_key: str, secret_key: str, now: float, *, expires: int = 1800) -> Call:
    date = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    signed = Call(
        call.method, call.path, call.query_string, CIMultiDict({**call.headers, "x-bce-date": date}), call.body
    )
    prefix = f"bce-auth-v1/{access_key}/{date}/{expires}"
    key = hmac.new(secret_key.encode(), prefix.encode(), hashlib.sha256).hexdigest()
    names = tuple(sorted(name.lower() for name in signed.headers))
    canonical = baidu_verify.canonical_request(signed, names)
    signature = hmac.new(key.encode(), canonical.encode(), hashlib.sha256).hexdigest()
    signed.headers["Authorization"] = f"{prefix}/{';'.join(names)}/{signature}"
    return signed


@dataclass
class ModelArts:
    """A ModelArts simulator with the demo's things and a client of its own."""

    clock: Clock = field(default_factory=Clock)
    wall: Clock = field(default_factory=Clock)
    scenario: ModelArtsScenario = field(default_factory=lambda: load_scenario(ModelArtsScenario))

    def __post_init__(self) -> None:
        self.simulator = ModelArtsSimulator(self.scenario, clock=self.clock, wall=self.wall)
        self.key = self.scenario.access_keys[0]

    def send(self, call: Call) -> Said:
        return read(self.simulator.handle(call, self.simulator.route(call)))

    def call(self, method: str, path: str, body: object = None, *, query: str = "", **headers: str) -> Call:
        content = b"" if body is None else json.dumps(body).encode()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return Call(method, path, query, CIMultiDict({"Host": "simulator", **names}), content)

    def __call__(self, method: str, path: str, body: object = None, *, query: str = "") -> Said:
        """Send a well signed call; `path` begins after the project."""
        version = "v2" if "-searches" in path or "actions" in path or path.startswith("/v2") else "v1"
        path = path.removeprefix("/v2")
        call = self.call(method, f"/{version}/{PROJECT}{path}", body, query=query)
        secret = self.key.secret_key.get_secret_value()
        return self.send(sign_for_huawei(call, self.key.access_key, secret, self.wall()))

    def status(self, version: str) -> int:
        job, _, number = version.partition("/")
        return self("GET", f"/training-jobs/{job}/versions/{number}").body["status"]


@dataclass
class Qianfan:
    """A Qianfan simulator with the demo's things and a client of its own."""

    clock: Clock = field(default_factory=Clock)
    wall: Clock = field(default_factory=Clock)
    scenario: QianfanScenario = field(default_factory=lambda: load_scenario(QianfanScenario))

    def __post_init__(self) -> None:
        self.simulator = QianfanSimulator(self.scenario, clock=self.clock, wall=self.wall)
        self.key = self.scenario.access_keys[0]

    def send(self, call: Call) -> Said:
        return read(self.simulator.handle(call, self.simulator.route(call)))

    def call(self, action: str, body: dict, **headers: str) -> Call:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        content = json.dumps(body).encode()
        return Call(
            "POST", "/v2/finetuning", f"Action={quote(action)}", CIMultiDict({"Host": "sim:1", **names}), content
        )

    def __call__(self, action: str, **body: object) -> Said:
        """Send a well signed call."""
        secret = self.key.secret_key.get_secret_value()
        return self.send(sign_for_baidu(self.call(action, body), self.key.access_key, secret, self.wall()))

    def status(self, task: str) -> str:
        return self("DescribeFineTuningTask", taskId=task).body["result"]["runStatus"]


@pytest.fixture
def modelarts() -> ModelArts:
    return ModelArts()


@pytest.fixture
def qianfan() -> Qianfan:
    return Qianfan()


@pytest.fixture
def signed_for_huawei():
    return sign_for_huawei


@pytest.fixture
def signed_for_baidu():
    return sign_for_baidu
