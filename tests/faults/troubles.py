"""The lots of faults: what can go wrong at the API server and at the providers."""

from __future__ import annotations

import random
from typing import Any

from .proxy import ApiFault
from .things import HUAWEI

_PAGE = "<html><head><title>Error</title></head><body><h1>An error occurred</h1></body></html>"
_BURST = (500, 502, 503, 504)
_JSON = {"Content-Type": "application/json"}


def api_fault(rng: random.Random) -> ApiFault:
    share = rng.choice((0.3, 0.7, 1.0))
    match rng.choice(("down", "down", "status", "status", "lost", "slow", "stale", "watch", "watch", "watch")):
        case "down":
            return ApiFault("down")
        case "status":
            status = rng.choice((429, 429, *_BURST))
            return ApiFault("status", share, status, retry_after=rng.choice((-1, 1, 5)) if status == 429 else -1)
        case "lost":
            return ApiFault("lost", share)
        case "slow":
            return ApiFault("slow", share, status=rng.choice((5, 30, 100)))
        case "stale":
            return ApiFault("stale")
        case _:
            return ApiFault(rng.choice(("cut", "gone", "sick", "held", "missed", "dropped")))


def provider_fault(rng: random.Random, account: str) -> dict[str, Any]:
    """Fields of the simulators' `Fault`."""
    times = rng.choice((1, 1, 2, 5, 10))
    fault: dict[str, Any] = {"match": _match(rng, account), "times": times}
    match rng.choice(("hang", "reset", "reset", "limit", "limit", "burst", "burst", "stranger", "late")):
        case "hang":
            fault |= {"hang": rng.choice(("before", "after")), "times": min(times, 2)}
        case "reset":
            fault |= {"reset": rng.choice(("before", "after"))}
        case "limit":
            wait = rng.choice(("", "1", "7", "30"))
            fault |= {"status": 429, "body": "Too many requests.", "headers": {"Retry-After": wait} if wait else {}}
        case "burst":
            fault |= {"status": rng.choice(_BURST), "body": _PAGE, "effect": rng.random() < 0.4}
        case "stranger":
            fault |= rng.choice(
                (
                    {"status": 404, "body": _PAGE},
                    {"status": 200, "body": _PAGE, "headers": {"Content-Type": "text/html"}},
                    {"status": 200, "body": ""},
                    {"status": 200, "body": '{"is_success": tr', "headers": _JSON},
                    {
                        "status": 404,
                        "body": '{"error_code": "APIGW.0101", "error_msg": "No such API."}',
                        "headers": _JSON,
                    },
                    {
                        "status": 400,
                        "body": '{"error_code": "ModelArts.9999", "error_msg": "Try later."}',
                        "headers": _JSON,
                    },
                    {"status": 200, "body": '{"is_success": false, "error_msg": "Try later."}', "headers": _JSON},
                    {"status": 302, "body": "", "headers": {"Location": "https://login.example.com/"}},
                )
            )
            fault["effect"] = rng.random() < 0.2
        case _:
            fault |= {"latency": rng.choice((1.0, 8.0, 40.0))}
    return fault


def _match(rng: random.Random, account: str) -> dict[str, str]:
    """Which calls are hit: all, or one operation."""
    if rng.random() < 0.5:
        return {}
    huawei = ("ListJobs", "ShowVersion", "StopVersion", "DeleteVersion", "DeleteJob", "ListTrainingJobs")
    huawei += ("ShowTrainingJobDetails", "StopTrainingJob", "DeleteTrainingJob", "DeleteConfig")
    baidu = ("DescribeFineTuningJobs", "DescribeFineTuningTasks", "DescribeFineTuningTask")
    baidu += ("StopFineTuningTask", "DeleteFineTuningTask", "DeleteFineTuningJob")
    return {"operation": rng.choice(huawei if account == HUAWEI else baidu)}
