"""A call and what is left of it: the audit before and after, the answer in memory, the time of the write."""

import asyncio
import json
import logging
from datetime import UTC, datetime

import pytest

from trainsweep.api.common import DeletionPolicy
from trainsweep.calls.gate import Fenced
from trainsweep.controller.attempt_state import AttemptState
from trainsweep.controller.execute import execute, next_target, verb_of
from trainsweep.core.decision import Delete, Stop
from trainsweep.core.errors import Malformed, NotFound, OutcomeUnknown, RateLimited, Refused, WrongState
from trainsweep.core.external import ExternalState, Receipt, Remote, Target, Thing
from trainsweep.core.inputs import Asked, Inputs, Verb
from trainsweep.core.resource import Key
from trainsweep.telemetry import audit

from .test_store import a_record
from .virtual_time import virtual_time

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
FIRST, SECOND = (Target(Thing.TUNING_TASK, f"task-{name}") for name in ("a1", "b2"))
SEEN = Remote("task-a1", "llama", ExternalState.RUNNING, "Running")


class Account:
    """Notes what the audit said by the time that each call arrived."""

    def __init__(self, lines, *answers):
        self.lines, self.answers = lines, list(answers)
        self.calls, self.audited = [], []

    async def ask(self, verb, target, wanted):
        await asyncio.sleep(1)
        self.audited.append([line["event"] for line in self.lines])
        self.calls.append((verb, target))
        answer = self.answers.pop(0) if self.answers else Receipt("req-1")
        if isinstance(answer, BaseException):
            raise answer
        return answer


@pytest.fixture
def lines():
    """The audit log, parsed."""
    found = []

    class Lines(logging.Handler):
        def emit(self, record):
            found.append(json.loads(record.getMessage()))

    handler = Lines()
    audit.log.addHandler(handler)
    level = audit.log.level
    audit.log.setLevel(logging.INFO)
    yield found
    audit.log.removeHandler(handler)
    audit.log.setLevel(level)


@pytest.fixture
def memory():
    return AttemptState("uid-run", Key("ProviderConfig", "team-a", "account"))


async def carry_out(action, account, memory):
    """The call that comes next of an action."""
    facts = Inputs(a_record(), DeletionPolicy.DELETE, NOW, seen=SEEN)
    target = next_target(action, memory)
    return await execute(verb_of(action), target, facts, memory, account, now=lambda: NOW, still=lambda: True)


def test_the_intent_is_on_record_before_the_call_and_the_result_after_it(lines, memory):
    @virtual_time
    async def run():
        account = Account(lines)
        assert await carry_out(Stop((FIRST,)), account, memory) is None
        assert account.audited == [["intent"]]

    run()
    intent, result = lines
    said = {"resource": "FineTuningTask team-a/run", "uid": "uid-run", "operation": "StopFineTuningTask"}
    said |= {"because": "desiredState", "policySource": "operator"}
    said |= {"target": "task-a1", "policy": "Delete", "state": "Running", "account": "ProviderConfig team-a/account"}
    assert said.items() <= intent.items()
    assert "success" not in intent
    assert said.items() <= result.items()
    assert (result["success"], result["requestID"]) == (True, "req-1")


def test_an_accepted_call_is_remembered_with_its_time(lines, memory):
    @virtual_time
    async def run():
        await carry_out(Delete((FIRST,)), Account(lines), memory)
        now = asyncio.get_running_loop().time()
        assert memory.last_write == now
        assert memory.asked(now + 3) == {(Verb.DELETE, "task-a1"): Asked(3.0)}

    run()
    assert memory.call == {
        "operation": "DeleteFineTuningTask",
        "time": "2026-05-01T12:00:00Z",
        "success": True,
        "requestID": "req-1",
    }


@pytest.mark.parametrize(
    "row",
    [
        (WrongState("just ended", code="X.1", request_id="req-9"), Stop, "NotStoppable", True),
        (Refused("no", code="X.1", request_id="req-9"), Stop, "NotStoppable", False),
        (NotFound("gone", code="X.1", request_id="req-9"), Delete, "DeleteFailed", False),
    ],
)
def test_a_refusal_is_told_in_the_provider_s_words(lines, memory, row):
    refusal, action, reason, again = row

    @virtual_time
    async def run():
        rejection = await carry_out(action((FIRST,)), Account(lines, refusal), memory)
        assert (rejection.standing.reason, rejection.again) == (reason, again)
        assert refusal.message in rejection.standing.message
        assert rejection.standing.progressing
        assert not rejection.standing.synced

    run()
    assert memory.accepted == {}
    assert (memory.call["success"], memory.call["errorCode"], memory.call["requestID"]) == (False, "X.1", "req-9")
    assert [line["success"] for line in lines if line["event"] == "result"] == [False]


def test_one_target_that_is_refused_lets_the_others_go_first(lines, memory):
    account = Account(lines, Refused("no"))

    @virtual_time
    async def run():
        for _ in range(3):
            await carry_out(Stop((FIRST, SECOND)), account, memory)

    run()
    assert [target for _, target in account.calls] == [FIRST, SECOND, FIRST]


@pytest.mark.parametrize("error", [Malformed("HTML"), RateLimited("slow down")])
def test_an_error_that_is_no_refusal_comes_up(lines, memory, error):
    @virtual_time
    async def run():
        with pytest.raises(type(error)):
            await carry_out(Stop((FIRST,)), Account(lines, error), memory)

    run()
    assert memory.call["errorMessage"] == str(error)


def test_a_call_without_an_answer_comes_up_and_counts_as_a_write(lines, memory):
    @virtual_time
    async def run():
        with pytest.raises(OutcomeUnknown):
            await carry_out(Stop((FIRST,)), Account(lines, OutcomeUnknown("no answer")), memory)
        assert memory.last_write == asyncio.get_running_loop().time()

    run()
    assert memory.accepted == {}
    assert memory.call["success"] is False


def test_a_call_that_is_cut_off_has_no_result_as_it_may_have_taken_effect(lines, memory):
    @virtual_time
    async def run():
        with pytest.raises(asyncio.CancelledError):
            await carry_out(Stop((FIRST,)), Account(lines, asyncio.CancelledError()), memory)

    run()
    assert memory.call == {}
    assert [line["event"] for line in lines] == ["intent"]


def test_a_call_that_never_went_out_says_so(lines, memory):
    @virtual_time
    async def run():
        with pytest.raises(Fenced):
            await carry_out(Stop((FIRST,)), Account(lines, Fenced("it is not wanted any more")), memory)

    run()
    assert memory.call == {}
    assert (lines[1]["success"], lines[1]["errorMessage"]) == (False, "not sent: it is not wanted any more")


def test_nothing_is_sent_while_its_intent_cannot_be_written(memory):
    class Full(logging.Handler):
        def emit(self, record):
            raise OSError(28, "No space left on device")

    full, level = Full(), audit.log.level
    audit.log.addHandler(full)
    audit.log.setLevel(logging.INFO)
    account = Account([])

    @virtual_time
    async def run():
        with pytest.raises(audit.Unwritable, match="No space left on device"):
            await carry_out(Stop((FIRST,)), account, memory)

    try:
        run()
    finally:
        audit.log.removeHandler(full)
        audit.log.setLevel(level)
    assert account.calls == []


def test_the_audit_goes_to_its_file_and_nowhere_else(tmp_path, capsys):
    before, propagate, level = list(audit.log.handlers), audit.log.propagate, audit.log.level
    try:
        audit.configure(tmp_path / "audit.log")
        audit.write("left", a_record(), target="task-a1", state="", why="the deletion policy is Orphan")
        audit.log.handlers[0].close()
    finally:
        audit.log.handlers[:], audit.log.propagate = before, propagate
        audit.log.setLevel(level)
    (line,) = [json.loads(text) for text in (tmp_path / "audit.log").read_text().splitlines()]
    assert (line["event"], line["target"], line["deleting"]) == ("left", "task-a1", False)
    assert "state" not in line
    assert capsys.readouterr() == ("", "")
