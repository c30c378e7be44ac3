"""Every setting of `trainsweep run`: its unit, its default, and when to change it.

Each one is a flag and an environment variable named alike: `allow_http_endpoints` is `--allow-http-endpoints` and
`TRAINSWEEP_ALLOW_HTTP_ENDPOINTS`. The command line and the documentation are made from this class.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from trainsweep.api.common import DeletionPolicy


class LogFormat(StrEnum):
    JSON = "json"
    PRETTY = "pretty"


def setting(default: Any, text: str) -> Any:
    """A field with its description for `--help` and the documentation."""
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    namespace: tuple[str, ...] = setting(
        (), "Watch this namespace only; may be given several times. By default all namespaces are watched."
    )
    deletion_policy: DeletionPolicy = setting(
        DeletionPolicy.DELETE,
        "What deleting a resource does when neither it nor its namespace says: Delete, Stop or Orphan.",
    )
    allow_http_endpoints: bool = setting(
        False, "Allow provider endpoints without TLS. For simulators and tests: credentials travel in the clear."
    )
    allowed_endpoint_host: tuple[str, ...] = setting(
        (), "Allow only provider endpoints of this host and its subdomains; may be given several times. Default: any."
    )
    kubeconfig: Path | None = setting(
        None, "The kubeconfig file. Default: KUBECONFIG, then ~/.kube/config, then the pod's service account."
    )
    context: str | None = setting(None, "The context of the kubeconfig. Default: its current one.")
    log_format: LogFormat = setting(LogFormat.JSON, "json for machines, pretty for people.")
    log_level: str = setting("info", "debug, info, warning or error. debug shows every poll; secrets are never shown.")
    audit_log: Path | None = setting(
        None, "Append the audit lines (one before and one after every remote write) to this file. Default: stdout."
    )
    drain_seconds: float = setting(
        20.0, "Seconds given to calls under way at the end. Keep it below the pod's terminationGracePeriodSeconds."
    )
