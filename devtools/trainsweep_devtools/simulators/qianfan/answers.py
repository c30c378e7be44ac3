"""The forms of Qianfan's refusals. Source: the error pages of the v2 platform API, and the vendor's own clients."""

from __future__ import annotations

from trainsweep_devtools.simulators.qianfan.scenario import Refusal
from trainsweep_devtools.simulators.wire import Reply, json_reply, new_request_id


def refusal(answer: Refusal, detail: str = "") -> Reply:
    """A refusal in the form that its switch asks for."""
    request_id = new_request_id()
    headers = {"x-bce-request-id": request_id}
    message = f"{answer.message} {detail}".strip()
    body = {"requestId": request_id, "code": answer.code, "message": message}
    match answer.form:
        case "result_false":
            return json_reply({"requestId": request_id, "result": False}, headers=headers)
        case "body_200":
            return json_reply(body, headers=headers)
        case "headers":
            return in_headers(answer.status, answer.code, message)
        case "v1":
            return json_reply(
                {"error_code": answer.v1_code, "error_msg": message, "log_id": request_id}, headers=headers
            )
        case "body":
            return json_reply(body, status=answer.status, headers=headers)


def in_headers(status: int, code: str, message: str) -> Reply:
    """The gateway's rejection: the reason only in headers, the body empty."""
    headers = {
        "x-bce-request-id": new_request_id(),
        "X-Bce-Error-Code": code,
        "X-Bce-Error-Message": message,
    }
    return Reply(status=status, headers=headers)


def failure(status: int, code: str, message: str) -> Reply:
    return refusal(Refusal(status=status, code=code, message=message))


def success(result: object, *, effect: bool = False) -> Reply:
    request_id = new_request_id()
    return json_reply(
        {"requestId": request_id, "result": result}, headers={"x-bce-request-id": request_id}, effect=effect
    )
