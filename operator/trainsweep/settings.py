"""Every setting of `trainsweep run`: its unit, its default, and when to change it.

Each one is a flag and an environment variable named alike: `allow_http_endpoints` is `--allow-http-endpoints` and
`TRAINSWEEP_ALLOW_HTTP_ENDPOINTS`. The command line and the documentation are made from this class.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from trainsweep.api.common import DeletionPolicy

#: Seconds.
SHORTEST_LEASE = 3.0


class LogFormat(StrEnum):
    JSON = "json"
    PRETTY = "pretty"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Help(str):
    """The description of a setting, for `--help` and the documentation."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    namespace: Annotated[
        tuple[str, ...],
        Help("Watch this namespace only; may be given several times. By default all namespaces are watched."),
    ] = ()
    deletion_policy: Annotated[
        DeletionPolicy,
        Help("What deleting a resource does when neither it nor its namespace says: Delete, Stop or Orphan."),
    ] = DeletionPolicy.DELETE
    allow_http_endpoints: Annotated[
        bool,
        Help(
            "Allow provider endpoints on this machine, without TLS too; or at the hosts of allowed-endpoint-host, if it"
            " names any, without TLS. For simulators and tests: credentials travel in the clear."
        ),
    ] = False
    allowed_endpoint_host: Annotated[
        tuple[str, ...],
        Help(
            "Send credentials to this host and its subdomains alone; may be given several times. By default to the"
            " own hosts of the provider of each account."
        ),
    ] = ()
    kubeconfig: Annotated[
        Path | None,
        Help("The kubeconfig file. By default KUBECONFIG, then ~/.kube/config, then the pod's service account."),
    ] = None
    context: Annotated[str | None, Help("The context of the kubeconfig. By default its current one.")] = None
    log_format: Annotated[LogFormat, Help("json for machines, pretty for people.")] = LogFormat.JSON
    log_level: Annotated[LogLevel, Help("debug shows every poll; secrets are never shown.")] = LogLevel.INFO
    audit_log: Annotated[
        Path | None,
        Help("Append the audit lines (one before and one after every remote write) to this file. By default stdout."),
    ] = None
    drain_seconds: Annotated[
        float,
        Help("Seconds given to calls under way at the end. Keep it below the pod's terminationGracePeriodSeconds."),
    ] = 20.0
    http_address: Annotated[
        str,
        Help("Serve /livez, /readyz and /metrics on HOST:PORT; :8080 means every interface. Not served by default."),
    ] = ""
    leader_election: Annotated[
        bool, Help("Act only while holding a Lease, so that several replicas can run: one works, the others stand by.")
    ] = False
    lease_name: Annotated[
        str, Help("The name of the Lease. Operators that share the work (shards) need one name each.")
    ] = "trainsweep"
    lease_namespace: Annotated[str, Help("The namespace of the Lease: the operator's own.")] = "trainsweep"
    lease_seconds: Annotated[
        float,
        Help("Seconds after which a silent leader is replaced, at least 3. It stops acting after two thirds of that."),
    ] = 15.0

    def __post_init__(self) -> None:
        """Raises ValueError."""
        if self.lease_seconds < SHORTEST_LEASE:
            raise ValueError(
                f"--lease-seconds is {self.lease_seconds:g}; a Lease shorter than {SHORTEST_LEASE:g} s would be lost to"
                " any slow answer of the API server."
            )
