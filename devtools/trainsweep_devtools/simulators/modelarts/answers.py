"""The forms of ModelArts' refusals: V1, V2, gateway. Source: the error code appendix of the API reference."""

from __future__ import annotations

from collections.abc import Callable

from trainsweep_devtools.simulators.modelarts.scenario import Switches
from trainsweep_devtools.simulators.switches import Answer
from trainsweep_devtools.simulators.wire import Call, Reply, json_reply, new_request_id
from trainsweep_devtools.simulators.world import Missing, Taken, WrongState


def gateway(status: int, number: str, message: str, prefix: str = "APIGW") -> Reply:
    """The gateway's own form, with the request id in body and header."""
    request_id = new_request_id()
    return json_reply(
        {"error_msg": message, "error_code": f"{prefix}.{number}", "request_id": request_id},
        status=status,
        headers={"X-Request-Id": request_id},
    )


def not_published(switches: Switches) -> Reply:
    """No such API here: wrong path or method, or an API that was withdrawn."""
    return gateway(
        404, "0101", "The API does not exist or has not been published in the environment", switches.gateway_prefix
    )


def v1_failure(switches: Switches, answer: Answer) -> Reply:
    status = answer.status if switches.failure_status is None else switches.failure_status
    body = {"is_success": False, switches.error_text: answer.message, "error_code": answer.code}
    return json_reply(body, status=status)


def v2_failure(status: int, code: str, message: str) -> Reply:
    body = {"error_msg": message, "error_code": f"ModelArts.{code}", "error_solution": "See the API reference."}
    return json_reply(body, status=status)


def v1_success(payload: dict[str, object] | None = None, *, effect: bool = False) -> Reply:
    return json_reply({"is_success": True, **(payload or {})}, effect=effect)


def answer_v1(switches: Switches, work: Callable[[], Reply]) -> Reply:
    """Run a V1 handler and put what the world refuses into V1's form."""
    missing = {"job": switches.missing_job, "version": switches.missing_version, "config": switches.missing_config}
    try:
        return work()
    except Missing as error:
        answer = missing[error.kind]
        return v1_failure(switches, answer.model_copy(update={"message": f"{answer.message} ({error})"}))
    except WrongState as error:
        answer = switches.wrong_state
        return v1_failure(switches, answer.model_copy(update={"message": f"{answer.message} ({error})"}))
    except Taken as error:
        return v1_failure(switches, Answer(status=400, code="ModelArts.0103", message=str(error)))
    except (ValueError, TypeError, AttributeError) as error:
        return v1_failure(switches, Answer(status=400, code="ModelArts.0104", message=f"Invalid parameter: {error}"))


def answer_v2(work: Callable[[], Reply]) -> Reply:
    """Run a V2 handler and put what the world refuses into V2's form."""
    try:
        return work()
    except Missing as error:
        return v2_failure(400, "2775", f"Training job not found: {error}")
    except WrongState as error:
        code = "2796" if "terminated" in str(error) else "2878"
        return v2_failure(409, code, str(error))
    except Taken as error:
        return v2_failure(400, "2751", str(error))
    except (ValueError, TypeError, AttributeError) as error:
        return v2_failure(400, "2787", f"Invalid parameter: {error}")


def whole_number(query: dict[str, str], name: str, default: int, low: int, high: int) -> int:
    """A paging parameter in its documented range. Raises ValueError otherwise."""
    text = query.get(name) or str(default)
    if not text.isdecimal() or not low <= int(text) <= high:
        raise ValueError(f"{name} must be a number from {low} to {high}, not {text!r}")
    return int(text)


def page_of(call: Call) -> tuple[int, int]:
    """(page, per_page) of a V1 list."""
    query = call.query()
    return whole_number(query, "page", 1, 1, 65535), whole_number(query, "per_page", 10, 1, 1000)
