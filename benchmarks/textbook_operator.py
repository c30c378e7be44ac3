"""What one writes after an evening with kopf's manual: a handler for creation, one for deletion, the rest by default.

It is not a strawman: it does what is asked, with the same signature on its calls, on the same kind of resource. It has
no lists shared between resources, no policies, no guard, no names, and knows one account.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import httpx
import kopf

from trainsweep.providers.credentials import AccessKey
from trainsweep.providers.modelarts.auth import AccessKeyAuth

POLL = 1.0

_jobs = httpx.AsyncClient(
    base_url=os.environ["MODELARTS_ENDPOINT"],
    auth=AccessKeyAuth(
        AccessKey(os.environ["MODELARTS_ACCESS_KEY"], os.environ["MODELARTS_SECRET_KEY"]), lambda: datetime.now(UTC)
    ),
    headers={"Content-Type": "application/json"},
    timeout=30,
)


@kopf.on.create("trainsweep.dev", "v1alpha1", "trainingjobs")
async def adopt(spec: kopf.Spec, patch: kopf.Patch, meta: kopf.Meta, **_: Any) -> None:
    response = await _read(spec["jobID"])
    response.raise_for_status()
    job = response.json()
    patch.status["externalID"] = spec["jobID"]
    patch.status["providerState"] = job["status"]["phase"] if "status" in job else "JOBSTAT_COMPLETED"
    patch.status["conditions"] = [
        {
            "type": "Ready",
            "status": "True",
            "reason": "Available",
            "message": "The job is there.",
            "lastTransitionTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "observedGeneration": meta["generation"],
        }
    ]


@kopf.on.delete("trainsweep.dev", "v1alpha1", "trainingjobs")
async def remove(spec: kopf.Spec, retry: int, **_: Any) -> None:
    if retry == 0:
        (await _jobs.delete(_path(spec["jobID"]))).raise_for_status()
    elif (await _read(spec["jobID"])).is_client_error:
        return
    raise kopf.TemporaryError("The job is not gone yet.", delay=POLL)


async def _read(job_id: str) -> httpx.Response:
    return await _jobs.get(f"{_path(job_id)}/versions" if job_id.isdecimal() else _path(job_id))


def _path(job_id: str) -> str:
    version = "v1" if job_id.isdecimal() else "v2"
    return f"/{version}/{os.environ['MODELARTS_PROJECT']}/training-jobs/{job_id}"
