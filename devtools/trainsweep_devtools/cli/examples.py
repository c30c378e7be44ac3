"""The manifests of `examples/`, which travel with the package, and the seeds that they replace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml

from trainsweep.api.provider import installed

MODELARTS, QIANFAN = "ModelArts", "Qianfan"


@dataclass(frozen=True, slots=True)
class Write:
    """A call that changes something at a provider, by the name that the provider's journal gives it."""

    provider: str
    operation: str
    target: str


@dataclass(frozen=True, slots=True)
class Seed:
    """One of the SDK calls that Trainsweep replaces, its example, and the calls that must arrive at the provider in
    the course of the example's life, its deletion included.
    """

    file: str
    call: str
    writes: tuple[Write, ...]


SEEDS = (
    Seed(
        "000-delete-job.yaml",
        "Estimator.delete_job_by_id()",
        (Write(MODELARTS, "StopVersion", "155500/1"), Write(MODELARTS, "DeleteJob", "155500")),
    ),
    Seed(
        "001-delete-job-config.yaml",
        "Estimator.delete_job_configs()",
        (Write(MODELARTS, "DeleteConfig", "my_job_config"),),
    ),
    Seed(
        "002-delete-job-version.yaml",
        "Estimator.delete_job_version()",
        (Write(MODELARTS, "DeleteVersion", "155501/2"),),
    ),
    Seed(
        "003-stop-job-version.yaml",
        "Estimator.stop_job_version()",
        (Write(MODELARTS, "StopVersion", "155502/1"), Write(MODELARTS, "DeleteVersion", "155502/1")),
    ),
    Seed(
        "004-delete-fine-tuning-task.yaml",
        'call_action("DeleteFineTuningTask")',
        (
            Write(QIANFAN, "StopFineTuningTask", "task-r1unn1ng0001"),
            Write(QIANFAN, "DeleteFineTuningTask", "task-r1unn1ng0001"),
        ),
    ),
)
ACCOUNTS = "accounts.yaml"


def example(file: str) -> list[dict[str, Any]]:
    """The objects of one file."""
    text = (resources.files("trainsweep_devtools") / "examples" / file).read_text(encoding="utf-8")
    return list(yaml.safe_load_all(text))


def accounts(endpoints: Mapping[str, str]) -> list[dict[str, Any]]:
    """The Secrets and ProviderConfigs of the simulators, which listen where `endpoints` says."""
    objects = example(ACCOUNTS)
    for body in objects:
        if body["kind"] == "ProviderConfig":
            provider = body["spec"]["provider"]
            body["spec"][installed()[provider].block]["endpoint"] = endpoints[provider]
    return objects
